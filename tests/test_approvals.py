"""Approvals: asked before anything is reached; allowed, narrowed, denied, or put off into another process, in time."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agentforge import Allow, ApprovalRequest, Decision, Defer, Deny, Forge, Narrow, State, clock
from agentforge.boxes.asks import Refused
from agentforge.boxes.protocol import Box, CallResult
from agentforge.errors import ApprovalExpired, UsageError
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import ToolCall
from agentforge.payloads import schema
from agentforge.registry.repository import Registry
from agentforge.settings import SandboxSettings, load
from agentforge.testing import FakeBox, MovedClock, Reply, ScriptedModel
from agentforge.testing.box import raised, returned
from agentforge.types import Capabilities, Layer

REACH = Capabilities(hosts=("GET,POST api.example.com",))
LESS = Capabilities(hosts=("GET api.example.com",))
USE = Reply("", (ToolCall("call-1", "word_count", {"text": "a b"}),))
SETTINGS = {"agent.embeddings": False}


def opener(box: FakeBox) -> Callable[[SandboxSettings], Awaitable[Box]]:
    async def open_box(_: SandboxSettings) -> Box:
        return box

    return open_box


def forge_of(box: FakeBox, *answers: Any, kind: str = "claude") -> Forge:
    model = ScriptedModel(answers, features=FEATURES[kind])
    return Forge(user="ada", settings=load(overrides=SETTINGS), models=model, open_box=opener(box))


@pytest.fixture
async def reaching(home: Path) -> None:
    """``word_count`` is a live tool of the user's own that may fetch."""
    await put("live")


async def put(state: str, home: Path | None = None) -> None:
    async with Forge(user="ada", settings=load(overrides=SETTINGS)) as forge:
        base = forge.tool("word_count")
        folder = forge.settings.registries / "personal" / "ada.git"
        manifest = base.manifest.model_copy(update={"capabilities": REACH})
        with Registry.open(folder) as registry:
            registry.add(dataclasses.replace(base, manifest=manifest, layer=Layer.USER), state=State(state))


def answering(decision: Decision, seen: list[ApprovalRequest]) -> Callable[[ApprovalRequest], Decision]:
    def decide(request: ApprovalRequest) -> Decision:
        seen.append(request)
        return decision

    return decide


@pytest.mark.usefixtures("reaching")
async def test_a_call_that_reaches_out_is_asked_for_and_runs_when_it_is_allowed() -> None:
    box, seen = FakeBox([returned(2)]), list[ApprovalRequest]()
    async with forge_of(box, USE, "Two.") as forge:
        events = [event async for event in forge.stream("Count a b", on_approval=answering(Allow(), seen))]
    (request,) = seen
    assert (request.kind, request.tool, request.args, request.call) == ("call", "word_count", {"text": "a b"}, "call-1")
    assert request.rights == ("fetch GET api.example.com", "fetch POST api.example.com")
    assert (request.user, request.session) == ("ada", events[-1].session)
    assert events[-1].data["answer"] == "Two."
    assert "fetch" in box.runs[0].grant.asks
    told = [event.data["decision"] for event in events if event.type == "approval_decided"]
    assert told == ["allowed"]
    for event in events:
        jsonschema.validate(event.to_json(), schema())


@pytest.mark.usefixtures("reaching")
async def test_a_call_that_is_denied_never_runs_and_the_model_reads_why() -> None:
    async def decide(_: ApprovalRequest) -> Decision:
        return Deny("not today")

    box = FakeBox([])
    async with forge_of(box, USE, "I may not.") as forge:
        result = await forge.run("Count a b", on_approval=decide)
        (call,) = (await forge.sessions.show(result.session)).calls
    assert (result.answer, result.tools_used, box.runs) == ("I may not.", (), [])
    assert (call.status, "not today" in call.error) == ("refused", True)


@pytest.mark.usefixtures("reaching")
@pytest.mark.parametrize("kind", ["vllm"])
async def test_a_small_models_run_ends_where_its_call_is_denied(kind: str) -> None:
    answers = [{"call": {"tool": "word_count", "args": {"text": "a b"}}}]
    async with forge_of(FakeBox([]), *answers, kind=kind) as forge:
        result = await forge.run('Count the words of "a b"', on_approval=answering(Deny("no"), []))
    assert (result.status, result.exit_code, result.error) == ("failed", 6, "ApprovalDenied")


@pytest.mark.usefixtures("reaching")
async def test_a_narrowed_call_gets_what_is_left_and_never_more_than_declared() -> None:
    box, seen = FakeBox([returned(2)]), list[ApprovalRequest]()
    more = Narrow(Capabilities(hosts=("GET other.example",)))
    async with forge_of(box, USE, "Two.", USE) as forge:
        assert (await forge.run("Count a b", on_approval=answering(Narrow(Capabilities()), seen))).ok
        wrong = await forge.run("Count a b", on_approval=answering(more, seen))
    assert [dict(run.grant.asks) for run in box.runs] == [{}]
    assert (wrong.status, wrong.error, "other.example" in wrong.message) == ("failed", "UsageError", True)


@pytest.mark.usefixtures("reaching")
async def test_a_narrowed_call_runs_with_the_arguments_that_were_given_instead_and_its_model_is_told() -> None:
    box, seen = FakeBox([returned(1)]), list[ApprovalRequest]()
    less = Narrow(args={"text": "b"})
    async with forge_of(box, USE, "One.") as forge:
        events = [event async for event in forge.stream("Count a b", on_approval=answering(less, seen))]
        shown = await forge.sessions.show(events[-1].session)
    assert ([run.args for run in box.runs], "fetch" in box.runs[0].grant.asks) == ([{"text": "b"}], True)
    assert [call.args for call in shown.calls] == [{"text": "b"}]
    (result,) = (block for message in shown.messages for block in message["content"] if block["type"] == "tool_result")
    assert 'these arguments instead: {"text": "b"}' in str(result["content"])
    (decided,) = (event for event in events if event.type == "approval_decided")
    assert (decided.data["decision"], decided.data["args"]) == ("narrowed", {"text": "b"})
    jsonschema.validate(decided.to_json(), schema())


@pytest.mark.usefixtures("reaching")
async def test_arguments_that_do_not_fit_are_refused_before_anything_runs_and_before_they_are_written_down() -> None:
    box = FakeBox([returned(1)])
    async with forge_of(box, USE, USE, "One.") as forge:
        wrong = await forge.run("Count a b", on_approval=answering(Narrow(args={"words": 3}), []))
        assert (wrong.error, "'words' was unexpected" in wrong.message, box.runs) == ("UsageError", True, [])
        paused = await forge.run("Count a b", on_approval=answering(Defer(), []))
        with pytest.raises(UsageError, match="words"):
            await forge.approvals.decide(paused.approval, Narrow(args={"words": 3}))
        kept = await forge.approvals.decide(paused.approval, Narrow(LESS, {"text": "b"}))
        assert kept.decision == Narrow(LESS, {"text": "b"})
        assert (await forge.resume(paused.approval)).answer == "One."
    assert [run.args for run in box.runs] == [{"text": "b"}]


@pytest.mark.usefixtures("reaching")
@pytest.mark.parametrize(("answer", "error"), [(ValueError("torn"), "AgentForgeError"), ("yes", "UsageError")])
async def test_a_callback_that_fails_or_makes_no_sense_allows_nothing(answer: Any, error: str) -> None:
    def decide(_: ApprovalRequest) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    box = FakeBox([])
    async with forge_of(box, USE) as forge:
        result = await forge.run("Count a b", on_approval=decide)
    assert (result.status, result.error, box.runs) == ("failed", error, [])


async def test_a_tool_that_reaches_nothing_is_not_asked_for() -> None:
    seen: list[ApprovalRequest] = []
    async with forge_of(FakeBox([returned(2)]), USE, "Two.") as forge:
        assert (await forge.run("Count a b", on_approval=answering(Deny(), seen))).answer == "Two."
    assert seen == []


class CallingBox(FakeBox):
    """A script in it calls ``word_count``."""

    async def run(self, code: str, *, grant: Any, **more: Any) -> CallResult:
        try:
            return returned(await grant.asks["word_count"]({"positional": ["a b"], "named": {}}))
        except Refused as refused:
            return raised("PermissionError", refused.message)


@pytest.mark.usefixtures("reaching")
async def test_what_a_script_calls_is_asked_for_and_cannot_wait() -> None:
    code = Reply("", (ToolCall("c", "run_python", {"code": "from toolbox import word_count\nword_count('a b')"}),))
    seen: list[ApprovalRequest] = []
    box = CallingBox([returned(2)])
    async with forge_of(box, code, "No.", code, "Two.") as forge:
        put_off = await forge.run("Count a b", on_approval=answering(Defer(), seen))
        assert box.runs == []
        assert (await forge.run("Count a b", on_approval=answering(Allow(), seen))).answer == "Two."
        calls = (await forge.sessions.show(put_off.session)).calls
    assert [request.by for request in seen] == ["run_python", "run_python"]
    assert put_off.answer == "No."
    assert any("cannot wait" in call.error for call in calls)


PROCESS = textwrap.dedent(
    """
    import asyncio, sys
    from agentforge import Allow, Forge
    from agentforge.models.capabilities import FEATURES
    from agentforge.settings import load
    from agentforge.testing import FakeBox, ScriptedModel
    from agentforge.testing.box import returned

    async def main() -> None:
        box = FakeBox([returned(2)])

        async def open_box(_):
            return box

        model = ScriptedModel(["Two, in another process."], features=FEATURES[sys.argv[2]])
        settings = load(overrides={"agent.embeddings": False})
        async with Forge(user="ada", settings=settings, models=model, open_box=open_box) as forge:
            (waiting,) = await forge.approvals.list()
            assert waiting.id == sys.argv[1], waiting
            result = await forge.resume(waiting.id, Allow())
        print(result.status, result.session, len(box.runs), result.answer, result.tools_used)

    asyncio.run(main())
    """
)


@pytest.mark.usefixtures("reaching")
@pytest.mark.parametrize("kind", ["claude", "vllm"])
async def test_a_deferred_run_goes_on_in_another_process_once(kind: str) -> None:
    answers = [USE] if kind == "claude" else [{"call": {"tool": "word_count", "args": {"text": "a b"}}}]
    box = FakeBox([])
    async with forge_of(box, *answers, kind=kind) as forge:
        paused = await forge.run('Count the words of "a b"', on_approval=answering(Defer(), []))
    assert (paused.status, paused.exit_code, box.runs) == ("waiting", 6, [])
    command = [sys.executable, "-c", PROCESS, paused.approval, kind]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    status, session, runs, answer = done.stdout.strip().split(" ", 3)
    assert (status, session, runs) == ("completed", paused.session, "1")
    assert "word_count" in answer
    assert answer.startswith("Two, in another process." if kind == "claude" else "The result is 2.")
    async with forge_of(FakeBox([]), "Fine.") as forge:
        (approval,) = await forge.approvals.list(waiting=False)
        assert (approval.state, approval.by, approval.resumed) == ("allowed", "ada", True)
        with pytest.raises(UsageError, match="gone on already"):
            await forge.resume(paused.approval)
        with pytest.raises(UsageError, match="allowed by ada"):
            await forge.resume(paused.approval, Deny())
        said = [message["content"] for message in await _messages(forge, paused.session)]
    blocks = [block["type"] for content in said for block in content]
    assert blocks.count("tool_use") == blocks.count("tool_result") == 1


async def _messages(forge: Forge, session: str) -> Any:
    return (await forge.sessions.show(session)).messages


@pytest.mark.usefixtures("reaching")
async def test_without_a_callback_the_rest_of_a_resumed_run_waits_again_and_denial_is_told() -> None:
    again = Reply("", (ToolCall("call-2", "word_count", {"text": "c"}),))
    box = FakeBox([])
    async with forge_of(box, USE, again) as forge:
        first = await forge.run("Count a b", on_approval=answering(Defer(), []))
        with pytest.raises(UsageError, match="Nobody has decided"):
            await forge.resume(first.approval)
        second = await forge.resume(first.approval, Deny("no"))
    assert (second.status, second.session, box.runs) == ("waiting", first.session, [])
    assert second.approval not in ("", first.approval)
    assert second.events[0].data["approval"] == first.approval


@pytest.mark.usefixtures("reaching")
async def test_a_decision_holds_for_one_call_though_a_model_gives_its_id_again() -> None:
    box = FakeBox([returned(2), returned(2)])
    async with forge_of(box, USE, USE) as forge:
        first = await forge.run("Count a b", on_approval=answering(Defer(), []))
        second = await forge.resume(first.approval, Allow())
    assert (second.status, len(box.runs)) == ("waiting", 1)


@pytest.mark.usefixtures("reaching")
async def test_an_approval_ends_in_time_and_says_so() -> None:
    box = FakeBox([])
    async with forge_of(box, USE) as forge:
        paused = await forge.run("Count a b", on_approval=answering(Defer(seconds=60), []))
        with MovedClock(clock.now() + timedelta(seconds=61)):
            assert await forge.approvals.list() == []
            with pytest.raises(ApprovalExpired, match="nothing of what it was about was done"):
                await forge.resume(paused.approval, Allow())
        assert (await forge.approvals.get(paused.approval)).state == "expired"
    assert box.runs == []


@pytest.mark.usefixtures("reaching")
async def test_a_run_whose_session_went_on_or_whose_tool_changed_does_not_do_what_was_asked_for() -> None:
    box = FakeBox([])
    async with forge_of(box, USE, "Fine.", USE, "So be it.") as forge:
        left = await forge.run("Count a b", on_approval=answering(Defer(), []))
        await forge.run("Never mind", session=left.session)
        with pytest.raises(UsageError, match="has gone on without"):
            await forge.resume(left.approval, Allow())
        paused = await forge.run("Count a b", on_approval=answering(Defer(), []))
        base = forge.tool("word_count")
        provenance = base.manifest.provenance.model_copy(update={"parent": base.version})
        manifest = base.manifest.model_copy(update={"provenance": provenance})
        other = dataclasses.replace(base, manifest=manifest, source=base.source + "\n# other\n")
        with Registry.open(forge.settings.registries / "personal" / "ada.git") as registry:
            registry.add(other, state=State.LIVE)
        result = await forge.resume(paused.approval, Allow())
        calls = (await forge.sessions.show(result.session)).calls
    assert (result.answer, box.runs) == ("So be it.", [])
    assert "no longer what was asked for" in calls[-1].error


async def test_another_users_decisions_do_not_exist(reaching: None) -> None:
    async with forge_of(FakeBox([]), USE) as forge:
        paused = await forge.run("Count a b", on_approval=answering(Defer(), []))
    async with Forge(user="eve", models=ScriptedModel([])) as forge:
        assert await forge.approvals.list(waiting=False) == []
        with pytest.raises(UsageError, match="no decision"):
            await forge.resume(paused.approval, Allow())


@pytest.mark.parametrize(("decision", "state"), [(Allow(), "live"), (Deny("useless"), "")])
async def test_a_tool_that_waits_is_let_in_or_taken_away_by_the_decision(decision: Allow | Deny, state: str) -> None:
    await put("proposed")
    async with forge_of(FakeBox([])) as forge:
        tool = await forge.approvals.approving(lambda _: Allow()).proposal("word_count")
        request = ApprovalRequest("tool", tool.name, tool.version, session="s", turn=1)
        kept = await forge.approvals.approving(lambda _: Allow()).keep(request, {}, 60)
        with pytest.raises(UsageError, match="for a call"):
            await forge.approvals.decide(kept.id, Narrow(LESS))
        decided = await forge.approvals.decide(kept.id, decision)
        assert decided.state == ("allowed" if state else "denied")
        own = [one.name for one in forge.tools(State.LIVE) if one.layer is Layer.USER]
        assert own == (["word_count"] if state else [])
        assert forge.review.pending() == []
