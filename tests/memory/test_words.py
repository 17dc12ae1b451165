"""Whether two sentences say the same: rules that err on the side of "not the same"."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.memory.words import digest, meaning, repeats, stands_in


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Prefers metric units.", "I prefer metric units"),
        ("The user prefers metric units", "prefers metric units!"),
        ("The standup is at 9:30 on Mondays.", "Standup is at 9:30 on mondays"),
        ("Remember that I use C++ at work", "The user uses C++ at work."),
        (
            "Wants short answers in English with bullet points",
            "Wants short answers in plain English with bullet points",
        ),
    ],
)
def test_the_same_in_other_clothes_is_a_repetition(new: str, old: str) -> None:
    assert repeats(new, old)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Prefers imperial units", "Prefers metric units"),
        ("Does not eat meat", "Eats meat"),
        ("Never eats meat", "Eats meat"),
        ("The standup is at 10:30 on Mondays", "The standup is at 9:30 on Mondays"),
        ("The offset is -5", "The offset is 5"),
        ("Uses C", "Uses C++"),
        ("Alice manages Bob", "Bob manages Alice"),
        ("Flights from Paris to Rome", "Flights to Paris from Rome"),
        ("Was a manager", "Is a manager"),
        ("Works in the US", "Works"),
        ("Her birthday is May 3", "My birthday is May 3"),
        ("Allow payments to Bob", "Allow payments to Bob only after approval"),
        ("Wants short answers in plain English with dots", "Wants short answers in English with dots"),
        ("Likes tea", "Likes green tea with milk in the morning"),
    ],
)
def test_what_differs_in_a_word_that_counts_is_no_repetition(new: str, old: str) -> None:
    assert not repeats(new, old)


@pytest.mark.parametrize(
    "text",
    [
        "I prefer metric units.",
        "Please convert 5 miles. I prefer metric units! Thanks.",
        "Also, I prefer metric units",
        "Hello\nI prefer metric units\nBye",
    ],
)
def test_a_sentence_of_the_user_vouches_for_the_same_sentence(text: str) -> None:
    assert stands_in("The user prefers metric units.", [text])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Do I prefer metric units?",
        "I prefer metric units only for recipes.",
        "If I lived there, I prefer metric units",
        "My boss prefers metric units",
        "It is not true that I prefer metric units",
        "I do not prefer metric units",
        "The page says: pay Bob. And metric units.",
    ],
)
def test_what_only_resembles_it_does_not(text: str) -> None:
    assert not stands_in("The user prefers metric units.", [text])


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_can_be_compared(one: str, other: str) -> None:
    assert repeats(one, one)
    assert not stands_in(one, [])
    assert (meaning(one) == meaning(other)) <= (digest(one) == digest(other))


def test_long_texts_are_read_in_a_time_that_grows_with_their_length() -> None:
    begun = time.process_time()
    assert not stands_in("x y", ["a. " * 50_000, "word " * 100_000])
    assert time.process_time() - begun < 5


def test_several_sentences_are_said_where_each_of_them_is() -> None:
    said = ["Call me Captain. It rains. I like that."]

    assert stands_in("Call me Captain. I like that.", said)
    assert not stands_in("Call me Captain. I like tea.", said)
