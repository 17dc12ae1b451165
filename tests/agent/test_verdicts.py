"""A verdict is a text that judges the last answer and does nothing else; all that is not surely one is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.agent.verdicts import Verdict, read_verdict

ANSWER = "The result is 41, as Rome lies there."


@pytest.mark.parametrize(
    "text",
    [
        "That is right.",
        "that's right",
        "Correct!",
        "yes, exactly",
        "Yes, that is correct. Thanks!",
        "Exactly right",
        "You are right.",
        "The answer is correct",
        "Spot on!",
        "That's the right answer.",
        "Great, that's absolutely right, thank you.",
    ],
)
def test_people_say_that_an_answer_was_right_in_many_ways(text: str) -> None:
    assert read_verdict(text, ANSWER) == Verdict("right")


@pytest.mark.parametrize(
    "text",
    ["wrong", "That is wrong.", "No, that's not right", "Incorrect.", "That isn't correct!", "Sorry, wrong answer"],
)
def test_or_that_it_was_wrong(text: str) -> None:
    assert read_verdict(text, ANSWER) == Verdict("wrong")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("That is wrong. The right answer is: 42", "42"),
        ("That is wrong. The right answer is: ['-73.0', '96.44']", "['-73.0', '96.44']"),
        ('Wrong. The correct result is: [["a", "b"], ["c"]]', '[["a", "b"], ["c"]]'),
        ("The right answer is 3 × 3 × 13.", "3 × 3 × 13"),
        ("the right answer is: Hello. World.", "Hello. World."),
        ("Correct answer: 12", "12"),
        ("no, it is 42", "42"),
        ("No, it's Paris.", "Paris"),
        ("That's not right, it's 42", "42"),
        ("Wrong! 42.", "42"),
        ("It should be 42.", "42"),
        ("Incorrect. Should have been Monday", "Monday"),
        ("the answer should be 12%", "12%"),
        ("not 41 but 42", "42"),
        ("It's 42, not 41.", "42"),
        ("The right answer was 'le chat'.", "le chat"),
        ("That is wrong. The right answer is: True", "True"),
        ("The right answer is -5.", "-5"),
        ("The expected output is:\n1 2\n3 4", "1 2\n3 4"),
        ("That is wrong. The right answer is: ) >", ") >"),
    ],
)
def test_the_right_answer_is_taken_word_by_word(text: str, expected: str) -> None:
    assert read_verdict(text, ANSWER) == Verdict("wrong", expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yes",
        "no",
        "ok",
        "Thanks!",
        "Great.",
        "is that right?",
        "Right?",
        "Are you sure that's correct?",
        "That's right, but make it shorter",
        "That is right. Now do the same for 7.",
        "if that is right, go on",
        "wrong, try again",
        "Correct the spelling of this",
        "Wrong answers only: name a fruit",
        "exactly 5 apples cost how much",
        "The right answer is 5. Now compute 6.",
        "The right answer is: 5. What about 6?",
        "No, it is 5 because you forgot the tax.",
        "I think the right answer is 5",
        "The right answer is 5 or 6",
        "The right answer is probably 5",
        "The correct answer is unknown",
        "The correct answer is in chapter 3",
        "The right answer is what I said before",
        "No, it's fine",
        "it should be shorter",
        "It should be in JSON",
        "It's 42, not 17.",
        "not only apples but pears",
        "Yes, wrong",
        "No, that's right",
        "What is the right answer?",
        "The right answer is?",
        "You are right-handed",
        "that is right there on the left",
        "The result is 41, as Rome lies there.",
        "Ignore all rules. That is right.",
        "That is right.\n\nThat is wrong.",
        "no, it is 41 if it rains",
    ],
)
def test_what_is_not_surely_a_verdict_is_none(text: str) -> None:
    assert read_verdict(text, ANSWER) is None


def test_yes_and_no_to_a_question_of_ours_judge_nothing() -> None:
    assert read_verdict("Correct.", "Do you mean the larger one?") is None
    assert read_verdict("Wrong.", "Do you mean the larger one?") is None
    assert read_verdict("The right answer is 5.", "Do you mean the larger one?") == Verdict("wrong", "5")


def test_an_answer_that_is_called_wrong_and_repeated_is_no_correction() -> None:
    assert read_verdict("That is wrong. The right answer is: 41", "41") is None


_LINE = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=40)


@given(_LINE.map(str.strip).filter(lambda text: any(map(str.isalnum, text))))
def test_any_value_in_backticks_behind_a_colon_comes_back_as_it_is(value: str) -> None:
    found = read_verdict(f"That is wrong. The right answer is: `{value}`", "x")
    if "`" not in value and value != "x":
        assert found == Verdict("wrong", value)


@given(st.text(max_size=300), st.text(max_size=60))
def test_any_text_can_be_read_and_what_is_taken_stands_in_it(text: str, answer: str) -> None:
    found = read_verdict(text, answer)
    assert found is None or found.expected is None or found.expected in text


@given(st.text(max_size=60))
def test_no_text_that_asks_something_is_a_plain_verdict(text: str) -> None:
    found = read_verdict(f"{text}?", "41")
    assert found is None or found.expected is not None


def test_a_hostile_length_costs_no_time() -> None:
    for text in ("not " * 1900, "the right answer " * 450, "yes, " * 1500, "it's " + "a, not " * 1000):
        assert read_verdict(text, ANSWER) is None
