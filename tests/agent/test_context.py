"""The prompt fits its window, and what did not fit is on record."""

from __future__ import annotations

import pytest

from agentforge.agent.context import Window, conversation, prompt_text, shortened
from agentforge.errors import ContextOverflow
from agentforge.models.protocol import Message, ToolAnswer, ToolCall, ToolSpec
from agentforge.testing.scripted import ScriptedModel
from agentforge.types import Role

SMALL = Window(ScriptedModel([], context=2000), Role.PLAN, reserve=500)
LONG = "The quick brown fox jumps over the lazy dog. " * 600


def exchange(text: str) -> list[Message]:
    return [Message("user", text), Message("assistant", f"Answer to {text[:20]}")]


def test_everything_goes_in_when_it_fits() -> None:
    text, account = prompt_text(SMALL, "system", "Which?", "request", exchange("earlier"))
    assert text.index("User: earlier") < text.index("request") < text.index("Which?")
    assert account.left_out == []
    assert set(account.parts) == {"system", "question", "text", "history"}


def test_a_request_that_is_too_long_keeps_both_ends_and_says_so() -> None:
    text, account = prompt_text(SMALL, "system", "Which?", f"FIRST {LONG} LAST", [])
    assert "FIRST" in text
    assert "LAST" in text
    assert "characters left out" in text
    assert SMALL.models.count(text) <= SMALL.tokens
    assert "the middle of the request" in str(account.left_out)


def test_the_oldest_history_goes_first() -> None:
    history = [message for number in range(40) for message in exchange(f"question number {number} " + "word " * 40)]
    text, account = prompt_text(SMALL, "system", "Which?", "request", history)
    assert "question number 39" in text
    assert "question number 0 " not in text
    assert "older messages did not fit" in str(account.left_out)
    assert SMALL.models.count(text) <= SMALL.tokens


def test_no_room_at_all_is_an_overflow_that_names_the_sizes() -> None:
    tiny = Window(ScriptedModel([], context=512), Role.PLAN, reserve=500)
    with pytest.raises(ContextOverflow, match="512 tokens"):
        prompt_text(tiny, "word " * 300, "Which?", LONG, [])


def test_a_shortened_text_is_as_long_as_allowed() -> None:
    short = shortened(SMALL.models, LONG, 100)
    assert SMALL.models.count(short) <= 110
    assert shortened(SMALL.models, "short", 100) == "short"


def specs(number: int) -> list[ToolSpec]:
    return [ToolSpec(f"tool_{at}", "Does something. " * 10, {"type": "object"}) for at in range(number)]


def test_tools_take_their_share_at_the_most_however_many_there_are() -> None:
    _, shown, account = conversation(SMALL, "system", specs(1000), [], [Message("user", "request")])
    assert account.parts["tools"] <= SMALL.tokens * 0.25
    assert account.tools == [tool.name for tool in shown]
    assert shown[0].name == "tool_0"
    assert len(account.left_out) == 1000 - len(shown)


def test_whole_exchanges_are_dropped_so_that_no_call_loses_its_answer() -> None:
    call = ToolCall("toolu_1", "t", {})
    old = [
        Message("user", "old " * 50),
        Message("assistant", calls=(call,)),
        Message("user", answers=(ToolAnswer("toolu_1", "x " * 400),)),
        Message("assistant", "old answer"),
    ]
    messages, _, account = conversation(
        SMALL, "system", [], [*old, *exchange("newer")], [Message("user", "request " * 700)]
    )
    assert [message.text[:7] for message in messages] == ["newer", "Answer ", "request"]
    assert "the 4 oldest messages" in str(account.left_out)


def test_long_results_of_the_running_turn_are_cut_before_it_fails() -> None:
    call = ToolCall("toolu_1", "t", {})
    current = [
        Message("user", "request"),
        Message("assistant", calls=(call,)),
        Message("user", answers=(ToolAnswer("toolu_1", LONG),)),
        Message("assistant", calls=(ToolCall("toolu_2", "t", {}),)),
        Message("user", answers=(ToolAnswer("toolu_2", "42"),)),
    ]
    messages, _, account = conversation(SMALL, "system", [], [], current)
    assert "characters left out" in messages[2].answers[0].content
    assert messages[-1].answers[0].content == "42"
    assert "older results" in str(account.left_out)
