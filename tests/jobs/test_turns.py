"""A turn's forging is a job: it waits for it as ever, and afterwards the job tells what the turn told."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self

import pytest

from agentforge.errors import RegistryError, UsageError
from agentforge.jobs.protocol import Ending, NewJob, Task
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import OnWaiting, Priority, ToolCall, Waiting
from agentforge.registry.repository import Registry
from agentforge.testing import Reply, ScriptedModel
from agentforge.testing.scripted import Request
from agentforge.types import JSON, JSONObject, Role
from tests.jobs.scene import NEED, answer, commits, forge_with

TEXT = "Double n. double(n=2) returns 4. double(n=3) returns 6. double(n=10) returns 20."
STATED: JSONObject = {
    "name": NEED.name,
    "signature": NEED.signature,
    "purpose": NEED.purpose,
    "examples": [{"args": {"n": n}, "returns": 2 * n} for n in (2, 3, 10)],
}


def asking() -> ScriptedModel:
    """A planner that has a tool made and then answers; the rest is the scene's."""
    plan = iter([Reply(calls=(ToolCall("call-1", "forge_tool", STATED),)), Reply("It is made.")])

    def both(request: Request) -> str | Reply:
        return next(plan) if request.role is Role.PLAN else answer(request)

    return ScriptedModel(both, features=FEATURES["claude"])


async def test_a_turn_waits_for_its_forging_and_tells_of_it(home: Path) -> None:
    async with forge_with(asking()) as forge:
        result = await forge.run(TEXT)
        assert (result.answer, result.tools_made) == ("It is made.", ("double",))
        started = next(event for event in result.events if event.type == "forge_started")
        (job,) = await (await forge.jobs()).list()
        assert job.id == started.data["job"]
        assert (job.status, job.state, job.session, job.via) == ("done", "live", result.session, "inline")
        assert job.reason.startswith("All gates passed.")
        assert len(job.artefacts["candidates"]) >= 2
        assert commits(home, job.id) == 1
        assert (await forge.job(job.id)).result["version"] == forge.tool("double").version


async def test_a_turn_goes_before_its_forging_and_that_before_what_nobody_waits_for(home: Path) -> None:
    model = asking()
    async with forge_with(model) as forge:
        await forge.run(TEXT)
        asked = {(request.role, request.priority) for request in model.requests}
        assert {priority for role, priority in asked if role is Role.PLAN} == {Priority.INTERACTIVE}
        assert {priority for role, priority in asked if role is not Role.PLAN} == {Priority.AWAITED}
    queued = ScriptedModel(answer)
    async with forge_with(queued, user="bob") as forge:
        await (await forge.jobs()).carry(await forge.enqueue(NEED))
    assert {request.priority for request in queued.requests} == {Priority.BACKGROUND}


class Busy(ScriptedModel):
    """A model for which every piece of work has to wait."""

    def at(self, priority: Priority, on_waiting: OnWaiting | None = None) -> Self:
        if on_waiting is not None:
            on_waiting(Waiting("local", 5.0, 2 if priority is Priority.AWAITED else None, 8, 3))
        return super().at(priority, on_waiting)


async def test_a_turn_tells_what_it_and_its_forging_wait_for(home: Path) -> None:
    plan = iter([Reply(calls=(ToolCall("call-1", "forge_tool", STATED),)), Reply("It is made.")])
    busy = Busy(
        lambda request: next(plan) if request.role is Role.PLAN else answer(request), features=FEATURES["claude"]
    )
    async with forge_with(busy) as forge:
        result = await forge.run(TEXT)
    waits = [event for event in result.events if event.type == "waiting_for_model"]
    assert [wait.data["before"] for wait in waits] == [None, 2]
    assert waits[1].data == {
        "endpoint": "local",
        "seconds": 5.0,
        "before": 2,
        "server_running": 8,
        "server_waiting": 3,
        "message": "Waiting for local: all its places are taken, 2 requests before this one; "
        "its server runs 8 requests and has 3 waiting.",
    }


async def test_who_waits_for_a_queued_job_gets_it_when_it_is_over(home: Path) -> None:
    async with forge_with(ScriptedModel(answer)) as forge:
        jobs = await forge.jobs()
        job = await forge.enqueue(NEED)
        assert (await jobs.wait(job, seconds=0)).status == "queued"
        waiting = asyncio.create_task(jobs.wait(job))
        await jobs.carry(job)
        assert (await asyncio.wait_for(waiting, 30)).state == "live"


async def test_a_registry_that_cannot_be_read_ends_the_job_with_that_reason(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Registry, job: str) -> None:
        raise RegistryError("The registry is damaged.")

    async with forge_with(ScriptedModel(answer)) as forge:
        jobs = await forge.jobs()
        job = await forge.enqueue(NEED)
        effect = Registry.effect
        monkeypatch.setattr(Registry, "effect", broken)
        with pytest.raises(RegistryError, match=r"^The registry is damaged\.$"):
            await jobs.carry(job)
        monkeypatch.setattr(Registry, "effect", effect)
        assert (await forge.job(job)).reason == "The registry is damaged."
        assert await jobs.retry(job)
        assert (await jobs.carry(job)).state == "live"


class Counting:
    """A kind of work of somebody else's."""

    async def effect(self, task: Task) -> Ending | None:
        return None

    async def run(self, task: Task) -> Ending:
        async def count() -> JSON:
            return len(str(task.payload["words"]))

        return Ending("done", "Counted.", "counted", {"count": await task.journal.step("count", count)})


async def test_other_kinds_of_work_take_the_same_way_and_an_unknown_one_ends_at_once(home: Path) -> None:
    async with forge_with(ScriptedModel([])) as forge:
        jobs = await forge.jobs()
        jobs._more = {"counting": Counting}
        known = await jobs.submit(NewJob("one", "counting", "words", {"words": "four"}))
        record = await jobs.carry(known)
        assert (record.status, record.state, record.result) == ("done", "counted", {"count": 4})
        unknown = await jobs.submit(NewJob("two", "painting", "words", {}))
        with pytest.raises(UsageError, match="knows no job of the kind 'painting'"):
            await jobs.carry(unknown)
        assert (await forge.job(unknown)).status == "failed"
