"""Like questions are found by their common words, and tell side by side what is rule and what is value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.agent.likeness import LONGEST, Pattern, alike, common_pattern, covered, main_form, turned
from agentforge.agent.teaching import NEAR
from agentforge.agent.told import as_told, bare_value, fill, fitting_value, in_form_of, told_type, value_text
from agentforge.registry.contract import Signature, parse_signature

FARES = [f"What does a parcel of {kg} kg to {place} cost?" for kg, place in ((4, "Oslo"), (11, "Bergen"), (2, "Ulm"))]
TRAINS = [
    "When does the train from Rome to Pisa leave on Monday?",
    "When does the train from Bari to Rome leave on Friday?",
]


def pattern_of(questions: list[str]) -> Pattern:
    found = common_pattern(questions)
    assert found is not None
    return found


def signature_of(text: str) -> Signature:
    return parse_signature(f"def f{text}")


def like(question: str, earlier: list[str]) -> list[str]:
    return alike(question, earlier, lambda one: one)


def test_questions_of_one_kind_are_found_and_others_are_not() -> None:
    assert like("What does a parcel of 7 kg to Rome cost?", [*FARES, *TRAINS]) == FARES
    assert like("When does the train from Ulm to Oslo leave on Sunday?", [*FARES, *TRAINS]) == TRAINS
    assert like("Hello there!", [*FARES, *TRAINS]) == []


def test_a_few_words_that_all_requests_share_make_none_alike() -> None:
    polite = [f"Please tell me in one short sentence {what}." for what in ("who Ada was", "why leaves fall")]
    assert like("Please tell me in one short sentence how many miles 5 kilometres are.", [*polite, *FARES]) == []


def test_the_common_words_are_the_rule_and_the_gaps_hold_the_values_as_they_were_written() -> None:
    pattern = pattern_of(FARES)
    assert pattern.gaps == 2
    assert pattern.values("What does a parcel of 7.5 kg to New York cost?") == ("7.5", "New York")
    assert pattern.shown(FARES[0], ["`weight`", "`place`"]) == "What does a parcel of `weight` kg to `place` cost?"


def test_a_question_that_differs_anywhere_else_is_not_of_the_form() -> None:
    pattern = pattern_of(FARES)
    assert pattern.values("What does a letter of 7 kg to Rome cost?") is None
    assert pattern.values("What does a parcel of 7 kg to Rome cost today?") is None


def test_rows_of_digits_that_are_equal_by_chance_belong_to_the_values() -> None:
    grids = [
        f"Count the ones of this grid:\n{rows}\n\nA grid has rows." for rows in ("0 1\n1 1", "0 1\n0 0", "0 0\n1 1")
    ]
    assert pattern_of(grids).values(grids[0]) == ("0 1\n1 1",)


def test_a_minus_belongs_to_its_number() -> None:
    sums = [f"Add these numbers up for me: {numbers} and say it." for numbers in ("-7, 3", "-4, -2", "-1, 5, 6")]
    assert pattern_of(sums).values(sums[1]) == ("-4, -2",)


@pytest.mark.parametrize(
    "questions",
    [["How much?"], ["Hello", "World"], [FARES[0], FARES[0]], [FARES[0], TRAINS[0]], ["a b c " + "x" * LONGEST] * 2],
)
def test_what_has_no_common_form_has_no_pattern(questions: list[str]) -> None:
    assert common_pattern(questions) is None


@given(st.lists(st.text(max_size=80), max_size=4), st.text(max_size=80))
def test_any_questions_can_be_laid_side_by_side(questions: list[str], other: str) -> None:
    like(other, questions)
    pattern = common_pattern(questions)
    if pattern is not None:
        for question in questions:
            assert all(value in question for value in pattern.values(question) or ["\0"])
        pattern.values(other)


@given(
    st.lists(st.tuples(st.integers(0, 999), st.sampled_from(["Oslo", "Rome", "Ulm", "Bari"])), min_size=2, max_size=5)
)
def test_the_values_that_were_put_in_come_out(given_values: list[tuple[int, str]]) -> None:
    questions = [f"What does a parcel of {kg} kg to {place} cost?" for kg, place in given_values]
    pattern = common_pattern(questions)
    if pattern is not None and pattern.gaps == 2:
        assert [pattern.values(one) for one in questions] == [(str(kg), place) for kg, place in given_values]


@pytest.mark.parametrize(
    ("signature", "questions", "first"),
    [
        ("(weight: float, place: str) -> int", FARES, {"weight": 4, "place": "Oslo"}),
        ("(place: str, weight: int) -> int", FARES, {"place": "Oslo", "weight": 4}),
        (
            "(words: list[str], order: str) -> str",
            [
                f"Sort these words in {way} order: {words}"
                for way, words in (("rising", "b, a"), ("falling", "c, e, d"))
            ],
            {"words": ["b", "a"], "order": "rising"},
        ),
        (
            "(grid: list[list[int]]) -> int",
            [
                f"In this {n} x {n} grid count the ones:\n{rows}"
                for n, rows in ((2, "0 1\n1 0"), (3, "1 0 1\n0 0 0\n1 1 1"))
            ],
            {"grid": [[0, 1], [1, 0]]},
        ),
        (
            "(words: list[str]) -> str",
            [f"Group the following words, please:\n{words}\n" for words in ('["on", "no"]', '["tea", "eat", "ant"]')],
            {"words": ["on", "no"]},
        ),
        (
            "(first: str, second: str) -> str",
            [f"Say whether these two words rhyme:\n{words}" for words in ("house mouse", "cat dog")],
            {"first": "house", "second": "mouse"},
        ),
        (
            "(number: str, source_base: int, target_base: int) -> str",
            [f"Now convert the base-{a} number {n} to base-{b}" for a, n, b in ((7, 132, 11), (6, 4003, 5))],
            {"number": "132", "source_base": 7, "target_base": 11},
        ),
        (
            "(start: int, end: int) -> int",
            [f"How many primes lie between {a} and {b}?" for a, b in ((5, 9), (7, 30))],
            {"start": 5, "end": 9},
        ),
    ],
)
def test_the_host_fills_arguments_in_where_types_and_words_leave_no_doubt(
    signature: str, questions: list[str], first: dict[str, object]
) -> None:
    filled = fill(signature_of(signature), pattern_of(questions), questions)
    assert filled is not None
    assert filled.args[0] == first


@pytest.mark.parametrize(
    "signature", ["(code: str) -> int", "(weight: int, count: int) -> int", "(a: int, b: str, c: str) -> int"]
)
def test_where_they_do_nothing_is_filled_in(signature: str) -> None:
    assert fill(signature_of(signature), pattern_of(FARES), FARES) is None


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        (["2", "-17"], "int"),
        (["2.5", "0.25"], "float"),
        (["2.50", "0.25"], "str"),
        (["2", "2.5"], "str"),
        (["007", "12"], "str"),
        (["1,000"], "str"),
        (["True", "False"], "str"),
        (["66", "3a"], "str"),
        ([], "str"),
    ],
)
def test_a_result_is_a_number_only_where_it_is_shown_as_it_was_told(answers: list[str], kind: str) -> None:
    assert told_type(answers) == kind


@given(st.lists(st.one_of(st.integers(-(10**12), 10**12), st.floats(-1e6, 1e6)).map(str), min_size=1, max_size=4))
def test_what_was_told_is_shown_again_in_the_very_form(answers: list[str]) -> None:
    kind = told_type(answers)
    assert [value_text(as_told(one, kind)) for one in answers] == answers


@pytest.mark.parametrize(
    ("answer", "signature", "value"),
    [
        ("12", "(a: int) -> int", 12),
        ("12", "(a: int) -> str", "12"),
        ("['a', 'b']", "(a: int) -> list[str]", ["a", "b"]),
        ("a, b", "(a: int) -> list[str]", ["a", "b"]),
    ],
)
def test_a_told_answer_is_read_in_the_type_of_a_tool(answer: str, signature: str, value: object) -> None:
    assert fitting_value(answer, signature_of(signature).returns) == {"returns": value}


def test_an_answer_that_fits_no_type_is_none() -> None:
    assert fitting_value("twelve", signature_of("(a: int) -> int").returns) is None


@pytest.mark.parametrize(("answer", "value"), [(" 42 ", "42"), ("[1, 2]", "[1, 2]"), ("It is 42.", None), ("", None)])
def test_of_a_sentence_nobody_knows_which_part_was_right(answer: str, value: str | None) -> None:
    assert bare_value(answer) == value


@pytest.mark.parametrize(
    ("question", "others", "near"),
    [
        ("What is the gcd of 12 and 18?", ["Find the greatest common divisor (GCD) of these numbers: 4, 6."], True),
        ("Which price has a parcel of 3 kg?", ["What does a parcel of 4 kg cost? Give only the number."], True),
        ('How often does the letter "n" stand in "am late"?', ["Return the area of an island in the grid."], False),
        ("A flight departed at 07:17 and arrived at 21:18. How long was it?", ["Sort these words by length."], False),
        ("And for 7?", ["What does a parcel of 4 kg cost?"], True),  # it tells nothing of what it is about
    ],
)  # fmt: skip
def test_telling_words_say_whether_a_request_may_be_of_another_kind(
    question: str, others: list[str], near: bool
) -> None:
    assert (covered(question, others) >= NEAR) is near


@pytest.mark.parametrize(
    ("answer", "told", "same"),
    [
        ("['1.5', '2.0']", ["['-73.0', '-30.3', '96.44']"], True),
        ("[1.5, 2.0]", ["['-73.0', '-30.3', '96.44']"], False),
        ("a,b", ["c, d, e"], False),
        ("a, b", ["c, d, e"], True),
        ("a", ["c, d, e"], True),  # one item has nothing between
        ('[["a", "b"], ["c"]]', ['[["d", "e"], ["f", "g"]]'], True),
        ("[['a', 'b'], ['c']]", ['[["d", "e"], ["f", "g"]]'], False),
        ("3 × 3 × 13", ["2 × 37"], True),
        ("[3, 3, 13]", ["2 × 37"], False),
        ("42", ["7", "x"], True),
        ("x", ["7"], False),
    ],
)
def test_an_answer_has_the_form_of_another_or_not(answer: str, told: list[str], same: bool) -> None:
    assert in_form_of(answer, told) is same


SORTED = ("Sort these words in ascending order: pear, fig", "Sort these words in ascending order: tea, rum, ale")


@pytest.mark.parametrize(
    ("question", "is_turned"),
    [
        ("Sort these words in descending order: kiwi, date", True),
        ("Sort these words in ascending order: kiwi, date", False),
        ("Which of these words comes first: kiwi, date", False),
        ("Bake the kiwi and the date in a hot oven.", False),
    ],
)
def test_a_question_with_another_word_in_the_same_form_is_another_request(question: str, is_turned: bool) -> None:
    assert turned(question, SORTED) is is_turned


@pytest.mark.parametrize(
    ("values", "main"),
    [
        (["base-7", "base-12", "binary"], [True, True, False]),
        (["base-7", "binary", "base 3"], [True, True, True]),  # two words are no value that counts
        (["base-7", "binary"], [True, True]),
        (["base-7", "octal", "binary", "base-12"], [True] * 4),  # half of them is not most
        (["base-7", "item-3", "base-2", "base-9"], [True, False, True, True]),
        (["7", "12", "2"], [True] * 3),
        (["year-1999", "year-2004", "never"], [True] * 3),  # a text of digits, perhaps
    ],
)
def test_a_word_with_a_number_in_most_questions_is_a_form_of_its_own(values: list[str], main: list[bool]) -> None:
    assert main_form([f"Convert the {value} number that was written on the door." for value in values]) == main


def test_questions_without_a_common_form_are_all_of_the_main_one() -> None:
    assert main_form(["What is the time?", "Sort these words: a, b, c."]) == [True, True]
    assert main_form(["What is the time in Rome?"]) == [True]


def test_nothing_is_turned_against_a_single_question() -> None:
    assert not turned("Sort these words in descending order: kiwi, date", SORTED[:1])
