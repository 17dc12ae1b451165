"""Passages: nothing is lost, and a change moves nothing but what it touches."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentforge.memory.documents.outline import PAGE_MARK, headings_of
from agentforge.memory.documents.passages import HASH_CHARS, ID, MOST_TOKENS, Passage, passages_of, title_of
from agentforge.models.tokens import estimate

from .conftest import POLICY

DOCUMENT = "d0123456789ab"
LONG = " ".join(f"Sentence number {n} says that item {n * 7} costs {n * 3} euros." for n in range(120))


def cut(text: str) -> list[Passage]:
    return passages_of(text, DOCUMENT)


def ids(text: str) -> set[str]:
    return {passage.id for passage in cut(text)}


def at(text: str, words: str) -> Passage:
    return next(passage for passage in cut(text) if words in passage.text)


def test_a_passage_has_its_headings_its_lines_and_an_id() -> None:
    meals = at(POLICY, "28 EUR")
    assert (meals.headings, meals.first, meals.last) == (("Meals",), 5, 7)
    assert meals.place == "Meals, lines 5–7"
    assert ID.fullmatch(meals.id)
    assert meals.id.startswith(f"{DOCUMENT}.")
    assert len(meals.id) == len(DOCUMENT) + 1 + HASH_CHARS


def test_the_headings_right_above_count_to_the_lines_of_the_first_passage() -> None:
    germany, france = (one for one in cut(POLICY) if "120 EUR" in one.text)
    assert germany.place == "Hotel › Germany, lines 9–13"
    assert france.place == "Hotel › France, lines 15–17"


def test_the_same_words_under_other_headings_are_another_passage() -> None:
    germany, france = (one for one in cut(POLICY) if "120 EUR" in one.text)
    assert germany.text == france.text
    assert germany.id != france.id


def test_the_same_words_under_the_same_headings_are_the_same_passage() -> None:
    words = "Meals are paid up to 28 EUR a day, for as long as a journey lasts."
    first, second = cut(f"{words}\n\n{words}\n")
    assert first.id == second.id


def test_a_new_title_changes_no_passage() -> None:
    assert title_of(POLICY) == "Travel policy 2026"
    assert ids(POLICY) == ids(POLICY.replace("2026", "2027"))


def test_a_new_section_heading_changes_what_stands_under_it_and_nothing_else() -> None:
    renamed = POLICY.replace("### Germany", "### Austria")
    assert ids(POLICY) ^ ids(renamed) == {at(POLICY, "120 EUR").id, at(renamed, "120 EUR").id}


def test_how_a_paragraph_is_broken_into_lines_makes_no_other_passage() -> None:
    broken = POLICY.replace("28 EUR a day, ", "28 EUR\na  day,\n")
    assert ids(POLICY) == ids(broken)
    assert ids("Café au lait costs three euros, everywhere.") == ids(
        "Cafe\u0301 au lait costs three euros, everywhere."
    )


def test_a_short_line_and_one_with_a_colon_stand_with_what_they_lead_to() -> None:
    text = (
        "**Limits**\n\nFor hotels in the towns of our customers, by the night, these are the limits:\n\n- Berlin: 120\n"
    )
    [only] = cut(text)
    assert only.text == text.strip()


def test_code_between_fences_is_one_passage_and_holds_no_heading() -> None:
    after = "And this is the text after the code, with words enough."
    text = f"# Guide\n\n```sh\n# this is a comment\n\nmake all\n```\n\n{after}\n"
    code, rest = cut(text)
    assert (code.headings, rest.headings, rest.text) == ((), (), after)
    assert code.text == "```sh\n# this is a comment\n\nmake all\n```"


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("# One", "One"),
        ("###   Three ##", "Three"),
        ("## C#", "C#"),
        ("One\n===", "One"),
        ("Two\n--", "Two"),
        ("#hashtag", None),
        ("####### seven", None),
        ("- item\n---", None),
        ("a\nb\n---", None),
        ("# " + "long " * 60, None),
    ],
)
def test_what_is_a_heading(line: str, title: str | None) -> None:
    found = [heading.title for heading in headings_of(line.split("\n"))]
    assert found == ([] if title is None else [title])


def test_a_heading_with_nothing_under_it_is_a_passage_of_its_own() -> None:
    text = "# Title\n\n## Rules\n\n### Empty\n\n## Other\n\nSome words here.\n"
    assert [(one.text, one.headings) for one in cut(text)] == [
        ("### Empty", ("Rules",)),
        ("Some words here.", ("Other",)),
    ]
    assert [one.text for one in cut("# Only a title")] == ["# Only a title"]
    assert cut("") == cut(" \n\n") == []


def test_a_page_is_told_and_its_mark_is_no_text() -> None:
    text = f"{PAGE_MARK.format(1)}\n\nFirst page.\n\n{PAGE_MARK.format(2)}\n\nSecond page.\n"
    first, second = cut(text)
    assert (first.text, first.page, second.text, second.page) == ("First page.", 1, "Second page.", 2)
    assert second.place == "page 2, line 7"


def test_what_was_converted_page_by_page_has_no_headings() -> None:
    """A PDF is no Markdown: a line of its that begins so is a comment in an example."""
    text = f"{PAGE_MARK.format(1)}\n\nSome words.\n\n# DO NOT EDIT!\n\nMore\n----\n"
    assert title_of(text) == ""
    assert {one.headings for one in cut(text)} == {()}
    assert any("DO NOT EDIT!" in one.text for one in cut(text))


def test_a_long_paragraph_is_cut_at_its_sentences() -> None:
    pieces = cut(LONG)
    assert len(pieces) > 5
    assert all(piece.text.endswith("euros.") for piece in pieces)
    assert " ".join(piece.text for piece in pieces) == LONG


def test_a_change_in_a_long_paragraph_leaves_most_of_its_pieces_as_they_are() -> None:
    """They end at marks in their own words, so that they are the same again soon after the change."""
    longer = "A sentence that nobody expected stands here, and it is longer than those before and behind it by far."
    changed = LONG.replace("Sentence number 10 ", f"{longer} Sentence number 10 ")
    assert len(ids(LONG)) > 12
    assert len(ids(LONG) - ids(changed)) <= 3


def test_a_long_list_is_cut_at_its_lines() -> None:
    text = "\n".join(f"- item {n} costs {n} euros and is delivered to town {n}" for n in range(60))
    assert all(line.startswith("- item") for one in cut(text) for line in one.text.split("\n"))


WORDS = st.text(st.sampled_from("abcß é中.:#-*`=|1<>\t"), max_size=30)
LINES = st.lists(
    st.one_of(
        WORDS,
        st.just(""),
        st.sampled_from(["# T", "## A", "## B", "### C", "===", "---", "```", "- x", "    code", "<!-- page 3 -->"]),
        st.integers(30, 400).map(lambda n: "word " * n),
        st.integers(500, 1500).map(lambda n: "x" * n),
    ),
    max_size=40,
)


@given(LINES)
@example(["<!-- page 3 -->", "1", "<!-- page 3 -->", "1"])
def test_no_word_is_lost_and_none_is_told_twice(lines: list[str]) -> None:
    text = "\n".join(lines)
    marks = {at for heading in headings_of(lines) for at in range(heading.first, heading.last + 1)}
    found = cut(text)
    alone = [one for one in found if one.first - 1 in marks and one.last - 1 in marks]  # headings as passages
    body = [one for one in found if one not in alone]
    kept = [
        line for at, line in enumerate(lines) if at not in marks and not re.fullmatch(r"<!-- page \d -->", line.strip())
    ]
    in_fences = any(line.lstrip().startswith("```") for line in lines)
    if not in_fences:  # where a mark of a page is code, it is text
        assert "".join("".join(one.text.split()) for one in body) == "".join("".join(line.split()) for line in kept)
    told = " ".join([title_of(text), *(word for one in found for word in (*one.headings, one.text))])
    for heading in headings_of(lines):
        assert " ".join(heading.title.split()) in " ".join(told.split())
    covered = [at for one in found for at in range(one.first, one.last + 1)]
    assert {at for at, line in enumerate(lines, 1) if at - 1 in marks} <= set(covered)


@given(LINES)
def test_every_passage_is_bounded_and_stands_where_it_says(lines: list[str]) -> None:
    for one in cut("\n".join(lines)):
        assert estimate(one.text) <= MOST_TOKENS + 20, "the estimate of a whole is a little more than that of its parts"
        there = "".join("".join(lines[one.first - 1 : one.last]).split())
        assert "".join(one.text.split()) in there


SECTION = st.lists(st.sampled_from([*"abcdef", LONG[:1500], "- x\n- y", "limits:"]), min_size=1, max_size=5)


@given(before=SECTION, kept=SECTION, after=SECTION, changed=SECTION, place=st.sampled_from(["before", "after", "both"]))
def test_an_edit_elsewhere_changes_no_id(
    before: list[str], kept: list[str], after: list[str], changed: list[str], place: str
) -> None:
    def document(first: list[str], last: list[str]) -> str:
        parts = ["# Title", "## First", *first, "## Kept", "### Here", *kept, "## Last", *last]
        return "\n\n".join(parts)

    old = document(before, after)
    new = document(changed if place != "after" else before, changed if place != "before" else after)
    mine = ("Kept", "Here")
    assert [one.id for one in cut(old) if one.headings == mine] == [one.id for one in cut(new) if one.headings == mine]


@pytest.mark.timeout(60)
def test_hostile_texts_take_a_time_that_grows_with_their_length() -> None:
    for text in (
        "# a " + " " * 200_000 + "#",
        "x" * 200_000,
        ". " * 100_000,
        "`" * 200_000,
        "#" * 200_000,
        "=" * 200_000,
    ):
        assert cut(text)
