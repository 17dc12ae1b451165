"""What the host takes for a message that may state a rule, before any model is asked."""

from __future__ import annotations

from typing import cast

import pytest

from agentforge.agent.heard import may_state, message_of, origin_of, rule_said, session_of, stated_in
from agentforge.events import Event
from agentforge.types import JSONObject

RULE = "For your notes: our shop charges 4 EUR for each kilogram of a parcel, and 3 EUR on top."


def event(kind: str, turn: int, **data: object) -> Event:
    told = cast("JSONObject", data)
    return Event(kind, told, 0, "o", "u", "s", turn)


@pytest.mark.parametrize(
    "text",
    [
        RULE,
        "Invoice numbers always have the format INV-2031-0007: prefix, year, counter with 4 digits, each with a dash.",
        "From now on a late fee is computed as 2 % of the sum for every begun week, at most 30 EUR.",
    ],
)
def test_a_statement_with_a_value_and_the_words_of_a_rule_may_be_one(text: str) -> None:
    assert may_state(text)


@pytest.mark.parametrize(
    "text",
    [
        "That is wrong. The right answer is: 43",
        "Hello, how are you today? I always like to talk to you about each of my 3 cats.",
        "A parcel costs 4 EUR for each kilogram, and 3 EUR on top. What does one of 7 kg cost?",
        "Our parcels cost 4 EUR for each kilogram and 3 EUR on top.\nCompute the price of 7 kg.",
        "Please remember: the gate code of our storehouse in Lund is K-4417.",
        "We had a lovely time with all of our friends at the lake, and every one of them was happy.",
        "Thanks, always 3.",
    ],
)
def test_requests_verdicts_and_talk_are_none_so_that_no_model_is_asked(text: str) -> None:
    assert not may_state(text)


def test_of_a_session_the_turns_are_told_unless_they_used_or_made_a_tool() -> None:
    events = [
        event("turn_started", 1, text=RULE),
        event("completed", 1, answer="Noted.", tools_made=[], tools_used=[]),
        event("turn_started", 2, text=f"Again: {RULE}"),
        event("completed", 2, answer="Made.", tools_made=["price_parcel"], tools_used=[]),
        event("turn_started", 3, text="Thank you very much, that is all for today."),
    ]
    assert stated_in(events) == [(1, RULE)]


def test_a_message_is_cited_by_its_session_and_turn() -> None:
    rule = rule_said("a1b2", 3, RULE, untrusted=False)
    assert rule.heading == "Message, session a1b2, turn 3"
    assert rule.text == RULE
    assert rule.episode == "a1b2"
    assert session_of(origin_of("a1b2", 3)) == "a1b2"
    assert message_of(origin_of("a1b2", 3)) == ("a1b2", 3)
    assert session_of("/home/ada/message:x") == ""
