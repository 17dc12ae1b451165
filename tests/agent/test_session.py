"""A session: one terminal event per turn whatever happens, everything on disk, and it goes on."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from agentforge.agent.attachments import Attachment
from agentforge.database.store import Database
from agentforge.errors import (
    AuthenticationError,
    ContextOverflow,
    ModelTimeout,
    ModelUnavailable,
    SandboxUnavailable,
    StorageError,
    UsageError,
)
from agentforge.events import Event
from agentforge.memory.episodes import Episodes
from agentforge.testing.script import Reply
from agentforge.types import OutcomeKind, Role

from .conftest import Scene

ASK = "Which number is the Roman numeral XIV?"
CALL = {"call": {"tool": "roman_to_int", "args": {"text": "XIV"}}}


async def test_a_turn_is_a_numbered_stream_that_ends_with_its_one_terminal_event(roman: Scene) -> None:
    roman.script(CALL, "XIV is 14.")
    told = await roman.run(ASK)
    assert [event.seq for event in told.events] == list(range(len(told.events)))
    assert [event.terminal for event in told.events].count(True) == 1
    assert told.last.terminal
    assert told.types()[0] == "turn_started"
    assert {(event.org, event.user, event.session, event.turn) for event in told.events} == {
        ("personal", "ada", told.session, 1)
    }


async def test_everything_that_happened_is_on_disk(roman: Scene) -> None:
    roman.script(CALL, "XIV is 14.")
    told = await roman.run(ASK)
    episode = roman.episodes.load(told.session)
    (call,) = episode.calls
    assert (call.tool, call.args, call.value, call.outcome) == (
        "roman_to_int",
        {"text": "XIV"},
        14,
        OutcomeKind.RETURNED,
    )
    assert call.version == roman.layers.find("roman_to_int").version
    assert [cost.purpose for cost in episode.costs] == ["choose", "answer"]
    assert episode.usage[Role.PLAN].calls == 2
    assert [message["role"] for message in episode.messages] == ["user", "assistant", "user", "assistant"]
    assert [event.type for event in roman.episodes.events(told.session)] == told.types()


async def test_costs_of_a_forging_are_recorded_by_role(scene: Scene) -> None:
    need = {"name": "read_roman", "signature": "(text: str) -> int"}
    scene.script(need, "code", {"text": "XIV"}, "14")
    told = await scene.run('Read:\n- "IX" is 9\n- "XL" is 40\nWhat is "XIV"?')
    costs = scene.episodes.load(told.session).costs
    assert [(cost.role, cost.purpose) for cost in costs if cost.purpose == "forging"] == [(Role.GENERATE, "forging")]
    assert told.last.data["usage"]["calls"] == 4


async def test_a_session_goes_on_in_another_process(roman: Scene, tmp_path: Any) -> None:
    roman.script(CALL, "XIV is 14.")
    told = await roman.run(ASK)
    with Database.open(f"sqlite:///{tmp_path / 'state.db'}") as other:
        roman.episodes = Episodes(other, org="personal", user="ada")
        model = roman.script({"call": {"tool": "none"}}, {"kind": "answer_directly"}, "You asked for XIV.")
        again = await roman.run("Which numeral did I ask for?", await roman.session(told.session))
        assert again.answer == "You asked for XIV."
        assert ASK in model.requests[0].prompt
        assert "XIV is 14." in model.requests[0].prompt
        assert again.events[0].turn == 2


async def test_later_turns_of_one_session_remember_the_earlier_ones(roman: Scene) -> None:
    model = roman.script(CALL, "14", {"call": {"tool": "none"}}, {"kind": "answer_directly"}, "XIV.")
    session = await roman.session()
    await roman.run(ASK, session)
    await roman.run("Which numeral did I ask for?", session)
    assert ASK in model.requests[2].prompt


async def test_a_follow_up_finds_the_tool_that_was_used_last_though_its_words_do_not(roman: Scene) -> None:
    roman.script(CALL, "14", {"call": {"tool": "roman_to_int", "args": {"text": "XL"}}}, "40")
    session = await roman.session()
    await roman.run(ASK, session)
    assert (await roman.run("And XL?", session)).answer == "40"


async def test_an_unknown_session_is_named(scene: Scene) -> None:
    with pytest.raises(UsageError, match="no session 'nope'"):
        await scene.session("nope")


async def test_another_users_session_cannot_be_continued(scene: Scene) -> None:
    session = await scene.session()
    scene.episodes = Episodes(scene.episodes._database, org="personal", user="eve")
    with pytest.raises(UsageError, match="no session"):
        await scene.session(session.id)


@pytest.mark.parametrize("text", ["", "  \n\t "])
async def test_an_empty_request_is_refused_before_anything_happens(scene: Scene, text: str) -> None:
    session = await scene.session()
    with pytest.raises(UsageError, match="empty"):
        session.turn(text)
    assert scene.episodes.messages(session.id) == []


async def test_ten_megabytes_are_refused_at_once_with_size_and_limit(scene: Scene) -> None:
    session = await scene.session()
    text, start = "ä" * 10_000_000, time.monotonic()
    with pytest.raises(UsageError, match="10,000,000 bytes or more; at most 200,000"):
        session.turn(text)
    assert time.monotonic() - start < 0.2


async def test_text_that_is_no_unicode_is_refused(scene: Scene) -> None:
    session = await scene.session()
    with pytest.raises(UsageError, match="no valid Unicode"):
        session.turn("half \ud800 of a pair")


async def test_the_limit_counts_bytes_and_attachments_too(scene: Scene) -> None:
    scene.limit(prompt_bytes=1000)
    session = await scene.session()
    with pytest.raises(UsageError, match="1,200 bytes"):
        session.turn("ä" * 600)
    with pytest.raises(UsageError, match=r"attachment 'big\.txt'"):
        session.turn("read it", [Attachment("file", "big.txt", "x" * 2000)])


async def test_a_second_turn_has_to_wait_for_the_first(roman: Scene) -> None:
    roman.script(CALL, "14", CALL, "14")
    session = await roman.session()
    first = session.turn(ASK)
    await anext(aiter(first))
    with pytest.raises(UsageError, match="is running"):
        session.turn(ASK)
    rest = [event async for event in first]
    assert rest[-1].type == "completed"
    assert (await roman.run(ASK, session)).last.type == "completed"


async def test_untrusted_text_taints_the_episode_and_comes_as_data(scene: Scene) -> None:
    model = scene.script({"kind": "answer_directly"}, "It is about cats.")
    told = await scene.run("What is it about?", attachments=(Attachment("page", "https://x.example/", "Cats."),))
    assert scene.episodes.tainted(told.session)
    assert "Cats." in model.requests[0].prompt
    assert "data, not instructions" in model.requests[0].prompt


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ModelUnavailable("Nothing answers.", fix="Start it."), 4),
        (ModelTimeout("Too slow."), 4),
        (ContextOverflow("Too long."), 4),
        (AuthenticationError("Wrong key."), 3),
        (RuntimeError("a bug"), 1),
    ],
)
async def test_a_failing_model_ends_the_turn_with_the_right_code_and_loses_no_text(
    roman: Scene, error: Exception, code: int
) -> None:
    roman.script(error, CALL, "14")
    told = await roman.run(ASK)
    assert (told.last.type, told.last.exit_code) == ("failed", code)
    assert str(getattr(error, "message", error)) in told.last.data["message"]
    assert ASK in str(roman.episodes.messages(told.session))
    again = await roman.run("Once more: the Roman numeral XIV?", await roman.session(told.session))
    assert again.answer == "14"


async def test_a_failing_box_is_code_7(roman: Scene) -> None:
    def fail() -> None:
        raise SandboxUnavailable("No launcher works.", fix="Install Docker.")

    roman.on_box = fail
    roman.script(CALL)
    told = await roman.run(ASK)
    assert told.last.exit_code == 7
    assert told.last.data["fix"] == "Install Docker."


async def test_too_many_model_calls_are_a_limit(roman: Scene) -> None:
    roman.limit(max_steps=1)
    roman.script(CALL, "14")
    told = await roman.run(ASK)
    assert (told.last.type, told.last.exit_code, told.last.data["limit"]) == ("limited", 5, "max_steps")


async def test_too_many_tokens_are_a_limit_and_no_call_may_exceed_what_is_left(roman: Scene) -> None:
    roman.limit(max_output_tokens=500)
    long = {"call": {"tool": "roman_to_int", "args": {"text": "XIV" + " word" * 480}}}
    model = roman.script(long, "14")
    told = await roman.run(ASK)
    assert told.last.data["limit"] == "max_output_tokens"
    assert len(model.requests) == 1


async def test_too_long_a_time_is_a_limit(roman: Scene) -> None:
    roman.limit(max_seconds=0.2)
    roman.script(Reply("{}", pause=30))
    told = await roman.run(ASK)
    assert told.last.data["limit"] == "max_seconds"


async def test_an_interrupted_turn_ends_as_such_and_the_session_goes_on(roman: Scene) -> None:
    roman.script(Reply("{}", pause=30), CALL, "14")
    session = await roman.session()
    events: list[Event] = []
    async for event in session.turn(ASK):
        events.append(event)
        if event.type == "model_started":
            session.interrupt()
    assert (events[-1].type, events[-1].exit_code) == ("interrupted", 130)
    assert (await roman.run(ASK, session)).last.type == "completed"


async def test_a_cancelled_reader_gets_interrupted_and_then_the_cancellation(roman: Scene) -> None:
    roman.script(Reply("{}", pause=30))
    session = await roman.session()
    events: list[Event] = []
    waiting = asyncio.Event()

    async def read() -> None:
        async for event in session.turn(ASK):
            events.append(event)
            if event.type == "model_started":
                waiting.set()

    task = asyncio.create_task(read())
    await waiting.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert events[-1].type == "interrupted"
    assert roman.episodes.events(session.id)[-1].type == "interrupted"


async def test_a_reader_that_goes_away_leaves_no_task_and_the_log_says_interrupted(roman: Scene) -> None:
    roman.script(Reply("{}", pause=30), CALL, "14")
    session = await roman.session()
    before = asyncio.all_tasks()
    events = session.turn(ASK)
    while (await anext(aiter(events))).type != "model_started":
        pass
    await asyncio.sleep(0.1)  # now the model is asked and thinks
    await events.aclose()  # type: ignore[attr-defined] # it is a generator
    assert asyncio.all_tasks() == before
    assert roman.episodes.events(session.id)[-1].type == "interrupted"
    assert (await roman.run(ASK, session)).last.type == "completed"


async def test_a_disk_that_fills_up_in_mid_turn_costs_nobody_the_answer(
    roman: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    roman.script(CALL, "XIV is 14.")
    session = await roman.session()

    def full(*_: object, **__: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(roman.episodes, "record_cost", full)
    told = await roman.run(ASK, session)
    assert told.answer == "XIV is 14."
    assert [notice["message"] for notice in told.of("notice")] == [
        "The rest of this turn is not stored: The disk is full."
    ]


async def test_secrets_of_the_request_are_not_stored(scene: Scene) -> None:
    key = "sk-ant-" + "api03-Abcdefghijklmnopqrst_uvw"
    scene.script({"kind": "answer_directly"}, "Keep it secret.")
    told = await scene.run(f"My key is {key}. Is that safe?")
    assert key not in str(scene.episodes.load(told.session))
    assert key not in str([event.data for event in scene.episodes.events(told.session)])


async def test_the_session_is_open_to_other_processes_while_a_model_thinks(roman: Scene, tmp_path: Any) -> None:
    roman.script(Reply("{}", pause=30))
    session = await roman.session()
    async for event in session.turn(ASK):
        if event.type == "model_started":
            with Database.open(f"sqlite:///{tmp_path / 'state.db'}") as other:
                Episodes(other, org="personal", user="ada").append(session.id, {"role": "user", "content": "hello"})
            session.interrupt()
    assert len(roman.episodes.messages(session.id)) == 2
