"""A small model sees of the conversation what its request refers to, and what is still open."""

from __future__ import annotations

import pytest

from agentforge.agent.asking import asks_for_form
from agentforge.agent.reference import referred_to
from agentforge.forge.grounding import may_show_example
from agentforge.models.protocol import Message, ToolAnswer, ToolCall

NAME = [Message("user", "My name is Ada and I keep bees."), Message("assistant", "Hello Ada.")]
JUDGED = [
    Message("user", "Which number is the Roman numeral XIV?"),
    Message("assistant", "13"),
    Message("user", "That is wrong. The right answer is: 14"),
    Message("assistant", "Noted."),
]
BY_TOOL = [
    Message("user", "Which number is the Roman numeral XL?"),
    Message("assistant", calls=(ToolCall("c1", "roman_to_int", {"text": "XL"}),)),
    Message("user", answers=(ToolAnswer("c1", "40"),)),
    Message("assistant", "40"),
]
NEW = "Which number is the Roman numeral MCMXC?"


def test_judged_answers_and_those_of_tools_are_closed_and_left_out() -> None:
    assert referred_to(NEW, [*NAME, *JUDGED, *BY_TOOL]) == NAME


@pytest.mark.parametrize(
    "text",
    ["And XL?", "The same for the numeral XL please", "Explain how you did that one", "Which numeral did I ask for?"],
)
def test_a_request_that_refers_back_sees_all_of_it(text: str) -> None:
    history = [*NAME, *JUDGED, *BY_TOOL]
    assert referred_to(text, history) == history


def test_a_verdict_on_a_turn_without_an_answer_closes_it_too() -> None:
    joined = Message("user", "Which number is XIV?\n\nThat is wrong. The right answer is:\n\n14")
    assert referred_to(NEW, [joined, Message("assistant", "Noted.")]) == []


def test_nothing_is_left_of_nothing() -> None:
    assert referred_to(NEW, []) == []


@pytest.mark.parametrize(
    "text",
    [
        "Find the GCD of these numbers: 684, 778. Give only the GCD as your final answer.",
        "How long was it? Answer in HH:MM.",
        "Return True if both are anagrams.",
        "Write the factors separated by x",
    ],
)
def test_a_request_may_say_how_its_answer_is_to_be_written(text: str) -> None:
    assert asks_for_form(text)


@pytest.mark.parametrize("text", ["Which number is XIV?", "Convert 3 km to miles.", "Tell me about Ada."])
def test_most_requests_do_not(text: str) -> None:
    assert not asks_for_form(text)


@pytest.mark.parametrize(
    "text",
    [
        "Roman numerals are numbers: IX is 9. Which one is XL?",
        'The code "ab-12" becomes "AB12". What does "x-1" become?',
        "4 kg -> 12\n5 kg -> 15\nWhat of 6 kg?",
        "Order 1000 has the letter P. Which has order 1012?",
        "a | 1\nb | 2\nWhich has c?",
    ],
)
def test_a_text_with_a_value_linked_to_another_may_show_an_example(text: str) -> None:
    assert may_show_example(text)


@pytest.mark.parametrize(
    "text",
    [
        "Find the Greatest Common Divisor (GCD) of these numbers: 684, 778. Give only the GCD as your final answer.",
        "Count how many prime numbers there are between 5006 and 7048 (inclusive) ?",
        "Our rule: double the number. What is it for 21?",
        "What is 17 * 23 + 4?",
    ],
)
def test_a_text_without_one_surely_shows_none(text: str) -> None:
    assert not may_show_example(text)
