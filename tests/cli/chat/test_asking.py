"""Before a tool reaches out the person at the terminal is asked, and an answer holds as long as it said."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentforge import Allow, ApprovalRequest, Decision, Defer, Deny, Forge
from agentforge.cli.chat.asking import Asker
from agentforge.cli.output import Output
from agentforge.cli.progress import Silent
from agentforge.settings import load
from agentforge.testing import MessagesServer
from tests.cli.chat.conftest import Talk, Told

QUESTION = "[o/s/a/n/l]"


@pytest.mark.usefixtures("reaching")
def test_it_is_told_what_would_go_where_and_once_is_once(talk: Talk) -> None:
    held = talk("count", "count again", answers=["o", "o"])
    assert held.asked == [QUESTION, QUESTION]
    assert held.out == "There are two words.\nThere are two words.\n"
    for words in ("? word_count wants to reach out", 'text = "a b"', "may: fetch GET api.example.com"):
        assert words in held.err


@pytest.mark.usefixtures("reaching")
def test_what_is_allowed_for_a_session_holds_in_it_and_in_no_other_also_in_another_process(talk: Talk) -> None:
    first = talk("count", "count again", answers=["s"])
    assert first.asked == [QUESTION]
    again = talk("count once more", resume=first.session)
    assert (again.asked, again.out) == ([], "There are two words.\n")
    other = talk("count", answers=["n"])
    assert (other.asked, other.out) == ([QUESTION], "It was not called.\n")


@pytest.mark.usefixtures("reaching")
def test_what_is_always_allowed_holds_everywhere_until_it_is_taken_back(talk: Talk) -> None:
    assert talk("count", answers=["a"]).asked == [QUESTION]
    shown = talk("count", "/approve", "/ask word_count", "count again", answers=["n: not today"])
    assert "word_count: allowed always: fetch GET api.example.com" in shown.out
    assert "You are asked again for word_count." in shown.err
    assert shown.asked == [QUESTION], "asked only after it was taken back"


@pytest.mark.usefixtures("reaching")
def test_what_is_put_off_waits_and_goes_on_when_it_is_approved_in_another_process(
    talk: Talk, server: MessagesServer
) -> None:
    first = talk("count", answers=["l"])
    assert first.out == ""
    assert "/approve word_count allows it and goes on" in first.err
    second = talk("/pending", "/approve word_count")
    assert "word_count: a run waits for whether it may be called" in second.out
    assert second.out.endswith("There are two words.\n")
    assert second.session == first.session
    assert "Nothing waits" in talk("/pending").err


@pytest.mark.usefixtures("reaching")
def test_ctrl_c_at_the_question_stops_the_turn_and_calls_nothing(talk: Talk) -> None:
    held = talk("count", "/session", answers=[KeyboardInterrupt()])
    assert "Interrupted; go on with another line." in held.err
    assert "characters_without_spaces" not in held.err, "it was not called"
    assert held.out == f"{held.session}\n", "the conversation goes on"


@pytest.mark.usefixtures("reaching")
def test_anything_else_is_no_answer(talk: Talk) -> None:
    held = talk("count", answers=["", "x", "o"])
    assert held.asked == [QUESTION] * 3
    assert held.out == "There are two words.\n"


@pytest.mark.usefixtures("reaching")
def test_a_permission_goes_with_the_session_that_it_was_given_in(talk: Talk) -> None:
    held = talk("count", answers=["s"])

    async def left() -> tuple[int, int]:
        async with Forge(user="me", settings=load()) as forge:
            before = len(await forge.approvals.permissions())
            await forge.sessions.erase(held.session)
            return before, len(await forge.approvals.permissions())

    assert asyncio.run(left()) == (1, 0)


@pytest.mark.parametrize(
    ("answers", "decision"),
    [
        (["y"], Allow()),
        (["s", "a", "o", "Y"], Allow()),
        (["n"], Deny()),
        (["no: it reads my mail"], Deny("it reads my mail")),
        (["l"], Defer()),
        ([EOFError()], Defer()),
    ],
)
def test_a_tool_that_waits_is_put_to_use_taken_away_or_left_and_never_by_the_letters_of_a_call(
    answers: list[str | BaseException], decision: Decision, capfd: pytest.CaptureFixture[str]
) -> None:
    nobody: Any = None
    asker = Asker(nobody, Output(), Told([], answers), Silent(), lambda: None)
    request = ApprovalRequest(
        "tool", "fetch_rate", "0123456789abcdef", rights=("fetch GET x.example",), reason="it may fetch"
    )
    assert asyncio.run(asker.decide(request)) == decision
    shown = capfd.readouterr().err
    for words in (
        "fetch_rate was made and waits for you (version 0123456789ab)",
        "may: fetch GET x.example",
        "why: it may fetch",
    ):
        assert words in shown


def test_what_a_model_wrote_cannot_drive_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\u202egnp"
    nobody: Any = None
    asker = Asker(nobody, Output(), Told([], ["l"]), Silent(), lambda: None)
    asyncio.run(asker.decide(ApprovalRequest("tool", evil, evil, {evil: evil}, (evil,), reason=evil)))
    shown = capfd.readouterr().err
    assert "owned" in shown
    assert {"\x1b", "\x07", "\u202e"} & {*shown} == set()
