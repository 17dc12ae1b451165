"""Personal-looking texts are found and replaced by others of the same shape."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from agentforge.forge.made_up import disguises, personal, replaced, replacements
from agentforge.types import JSONObject

MAIL, PHONE, CARD = "Grace.Hopper@navy.mil", "+49 (30) 1234-5678", "4929 1234 5678 1234"


def test_addresses_numbers_and_long_runs_of_digits_are_personal() -> None:
    args: JSONObject = {"text": f"{MAIL} called {PHONE}", "rows": [{"card": CARD, "id": 123456789012}]}
    assert personal(args) == [MAIL, PHONE, CARD, "123456789012"]


def test_dates_amounts_and_short_numbers_are_not() -> None:
    assert personal({"text": "2024-03-15 12:30, 1500.25 EUR, 8 of 12345678, 1 2 3 4", "n": 99999999}) == []


def test_a_made_up_text_has_the_shape_of_the_real_one() -> None:
    for names in (*replacements({"t": f"{MAIL} {CARD}"}), *disguises({"t": f"{MAIL} {CARD}"})):
        for real in (MAIL, CARD):
            made = names[real]
            assert made != real
            shape = [re.sub("[0-9]", "9", re.sub("[a-z]", "a", re.sub("[A-Z]", "A", text))) for text in (real, made)]
            assert shape[0] == shape[1]


def test_capitals_and_common_parts_stay_in_common() -> None:
    names = disguises({"t": "ada@x-rays.org, Ada@x-rays.org, bob@x-rays.org"})[0]
    one, other, third = (names[f"{who}@x-rays.org"] for who in ("ada", "Ada", "bob"))
    assert one != other
    assert one.lower() == other.lower()
    assert one.partition("@")[2] == third.partition("@")[2]


def test_a_text_is_the_same_wherever_it_stands_and_numbers_stay_numbers() -> None:
    args: JSONObject = {"a": MAIL, "b": [f"to {MAIL}", {MAIL: 123456789}]}
    names = replacements(args)[0]
    made = replaced(args, names)
    assert made == {"a": names[MAIL], "b": [f"to {names[MAIL]}", {names[MAIL]: int(names["123456789"])}]}


def test_the_second_way_keeps_the_digits() -> None:
    names = replacements({"t": CARD})[1]
    assert sorted(names[CARD]) == sorted(CARD)


@given(st.text(max_size=60))
def test_nothing_real_is_left(text: str) -> None:
    args: JSONObject = {"t": f"{text} {MAIL} {text}"}
    for names in replacements(args):
        assert MAIL not in str(replaced(args, names)["t"])  # type: ignore[call-overload,index] - an object
