"""Killed anywhere, a forging is taken up where it stood: nothing is paid twice and nothing is committed twice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from agentforge import Forge
from agentforge.api.jobs import UserJobs, new_job_id
from agentforge.boxes.protocol import Box
from agentforge.database.store import Database
from agentforge.database.tables import JOBS
from agentforge.errors import ForgeFailed, ModelRefused, ToolInvalid, UsageError
from agentforge.forge.work import new_forging
from agentforge.jobs import protocol
from agentforge.jobs.protocol import MOST_CRASHES, Holder
from agentforge.memory.jobs import JobRows
from agentforge.models.capabilities import FEATURES
from agentforge.registry.repository import Registry
from agentforge.testing import Fault, Reply, ScriptedModel
from agentforge.testing.scripted import Request
from agentforge.types import Example, Need, Role
from tests.jobs.scene import ANSWERS, NEED, answer, commits, forge_with, until

ROOT = Path(__file__).resolve().parents[2]


def process(action: str, log: Path, death: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.jobs.scene", action, str(log), *([death] if death else [])]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, env=os.environ)


async def runs(forge: Forge, job: str) -> bool:
    return (await forge.job(job)).status == "running"


async def only_job(forge: Forge) -> protocol.Record:
    (record,) = await (await forge.jobs()).list()
    return record


async def test_killed_between_two_answers_it_goes_on_with_those_it_has(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "answers"
    assert process("forge", log, "call 4").returncode == -signal.SIGKILL
    assert log.read_text().split() == ["test", "generate", "generate"]
    second = process("resume", log)
    assert second.stdout.startswith("done live"), second.stderr
    assert len(log.read_text().split()) == ANSWERS, "none that had been finished was asked for again"
    job = second.stdout.split()[2]
    assert commits(home, job) == 1
    async with forge_with(ScriptedModel([])) as forge:
        record = await forge.job(job)
        assert (record.status, record.state, record.crashes, record.takes) == ("done", "live", 1, 2)
        assert forge.tool("double").version == record.result["version"]


async def test_killed_between_commit_and_end_it_is_done_without_a_second_commit(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "answers"
    assert process("forge", log, "before the end").returncode == -signal.SIGKILL
    assert len(log.read_text().split()) == ANSWERS
    second = process("resume", log)
    assert second.stdout.startswith("done live"), second.stderr
    assert len(log.read_text().split()) == ANSWERS, "no model was asked"
    assert commits(home, second.stdout.split()[2]) == 1


async def test_what_kills_its_process_each_time_is_given_up(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "answers"
    process("forge", log, "call 1")
    for _ in range(MOST_CRASHES - 1):
        assert process("resume", log, "call 1").returncode == -signal.SIGKILL
    last = process("resume", log, "call 1")
    assert last.stdout.startswith("failed failed"), last.stderr
    async with forge_with(ScriptedModel([])) as forge:
        assert "3 times the process that ran it ended" in (await only_job(forge)).reason


async def test_a_job_whose_process_lives_is_left_alone(home: Path, tmp_path: Path) -> None:
    async with forge_with(ScriptedModel(answer)) as forge:
        jobs = await forge.jobs()
        job = new_forging(new_job_id(), NEED, frozenset(), "inline")
        await jobs._inline.submit(job)
        assert jobs._rows.take(job.id, jobs._holder) is not None
        assert process("resume", tmp_path / "none").stdout == ""
        assert (await forge.job(job.id)).status == "running"
        assert not (tmp_path / "none").exists()


def rival(forge: Forge, database: Database, registry: Registry) -> UserJobs:
    """Another worker for the same user that takes every process but its own for gone."""
    models = ScriptedModel(answer)
    rows = JobRows(database, org="personal", user="ada")

    async def parts(given: object) -> object:
        return replace(await forge._opened().forge_parts(models), registry=registry)

    made = UserJobs(rows, registry, parts, lambda: models, frozenset())
    made._inline._holder = Holder("another", lambda label: True)
    return made


@pytest.mark.parametrize("need", [NEED, replace(NEED, tainted=True)], ids=["live", "proposed"])
async def test_of_two_workers_with_one_job_one_commits(home: Path, monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """The lease of the first ran out although it lives; both come to the commit at the same moment."""
    meeting = threading.Barrier(2, timeout=30)
    add = Registry.add

    def at_once(self: Registry, *args: object, **more: object) -> str:
        meeting.wait()
        return add(self, *args, **more)

    monkeypatch.setattr(Registry, "add", at_once)
    async with forge_with(ScriptedModel(answer)) as forge:
        job = await forge.enqueue(need)
        jobs = await forge.jobs()
        path = home / "registries" / "personal" / "ada.git"
        with Database.open(forge.settings.database) as database, Registry.open(path) as registry:
            first = asyncio.create_task(jobs.carry(job))
            await until(lambda: runs(forge, job))
            both = await asyncio.gather(first, rival(forge, database, registry).carry(job), return_exceptions=True)
        assert not [error for error in both if isinstance(error, BaseException)], both
        assert commits(home, job) == 1
        assert (await forge.job(job)).status == "done"


async def test_a_job_that_has_had_its_effect_opens_no_box_and_asks_no_model(home: Path) -> None:
    """A proposal, since no taken name would stop it either."""

    async def none(_: object) -> Box:
        raise AssertionError

    async with forge_with(ScriptedModel(answer)) as forge:
        job = await forge.enqueue(replace(NEED, tainted=True))
        record = await (await forge.jobs()).carry(job)
        assert record.state == "proposed"
        with forge._opened().database.write() as connection:  # as if its end had not been written
            connection.execute(update(JOBS).where(JOBS.c.id == job).values(status="queued", state="", reason=""))
    async with forge_with(ScriptedModel([]), box=none) as forge:
        again = await (await forge.jobs()).carry(job)
        assert (again.status, again.state) == ("done", "proposed")
        assert again.result["version"] == record.result["version"]


async def test_of_two_jobs_for_one_need_the_second_finds_the_tool_of_the_first(home: Path) -> None:
    async with forge_with(ScriptedModel(answer)) as forge:
        first, second = await forge.enqueue(NEED), await forge.enqueue(NEED)
        jobs = await forge.jobs()
        await jobs.carry(first)
        await jobs.carry(second)
        record = await forge.job(second)
        assert (record.status, record.result["reused"]) == ("done", "double")
        assert (commits(home, first), commits(home, second)) == (1, 0)


async def test_what_fails_in_the_same_way_each_time_ends_with_its_reason_and_stays_so(home: Path) -> None:
    models = ScriptedModel(lambda request: ModelRefused("The model does not like this need."))
    async with forge_with(models) as forge:
        job = await forge.enqueue(NEED)
        jobs = await forge.jobs()
        with pytest.raises(ModelRefused):
            await jobs.carry(job)
        record = await forge.job(job)
        assert (record.status, record.state) == ("failed", "failed")
        assert record.reason == "The model does not like this need."
        asked = len(models.requests)
        assert (await jobs.carry(job)).status == "failed"
        assert await jobs.resume() == []
        assert len(models.requests) == asked


async def test_an_honest_failure_keeps_what_was_tried_and_a_retry_asks_anew(home: Path) -> None:
    wrong = ScriptedModel(lambda request: answer(request).replace("RIGHT", "ADDS"))
    async with forge_with(wrong) as forge:
        job = await forge.enqueue(NEED)
        jobs = await forge.jobs()
        record = await jobs.carry(job)
        assert record.status == "failed"
        assert "the best one gives" in record.reason
        assert len(record.artefacts["candidates"]) == 6
    right = ScriptedModel(answer)
    async with forge_with(right) as forge:
        jobs = await forge.jobs()
        assert await jobs.retry(job)
        assert (await jobs.carry(job)).state == "live"
        assert len(right.requests) == ANSWERS


async def test_a_job_that_broke_off_keeps_its_answers_and_a_retry_goes_on_from_them(home: Path) -> None:
    def cut(request: Request) -> str | Reply | Fault:
        second = "# ADDS" in request.prompt or "Complete this Python function" in request.prompt
        return Fault(529) if second else answer(request)

    async with forge_with(ScriptedModel(cut)) as forge:
        job = await forge.enqueue(NEED)
        record = await (await forge.jobs()).carry(job)
        assert record.status == "failed"
        assert record.reason.startswith("The model failed in mid-forging")
        assert len(record.artefacts["candidates"]) == 2
    again = ScriptedModel(answer)
    async with forge_with(again) as forge:
        jobs = await forge.jobs()
        assert await jobs.retry(job)
        assert (await jobs.carry(job)).state == "live"
        assert len(again.requests) == 4, "tests and candidates were kept"


async def test_an_interrupted_turn_cancels_its_job_and_keeps_the_answers(home: Path) -> None:
    reached = asyncio.Event()

    def slow(request: Request) -> str | Reply | Fault:
        if "# ADDS" in request.prompt:
            reached.set()
            return Reply("", pause=60)
        return answer(request)

    async with forge_with(ScriptedModel(slow)) as forge:
        jobs = await forge.jobs()
        going = asyncio.create_task(jobs.forge(NEED, forge._opened().new_models(), lambda kind, data: None))
        await asyncio.wait_for(reached.wait(), 30)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        record = await only_job(forge)
        assert record.status == "cancelled"
        assert await jobs.retry(record.id)
    again = ScriptedModel(answer)
    async with forge_with(again) as forge:
        assert (await (await forge.jobs()).carry(record.id)).state == "live"
        assert len(again.requests) == 2, "tests and candidates were kept"


async def test_a_running_job_that_a_person_cancels_stops(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "RENEW_SECONDS", 0.05)
    async with forge_with(ScriptedModel(lambda request: Reply("", pause=60))) as forge:
        job = await forge.enqueue(NEED)
        jobs = await forge.jobs()
        going = asyncio.create_task(jobs.carry(job))
        await until(lambda: runs(forge, job))
        assert await jobs.cancel(job)
        with pytest.raises(ForgeFailed, match="was cancelled"):
            await asyncio.wait_for(going, 30)
        assert (await forge.job(job)).status == "cancelled"
        assert not await jobs.cancel(job)


async def test_jobs_of_others_are_out_of_reach(home: Path) -> None:
    async with forge_with(ScriptedModel([])) as forge:
        job = await forge.enqueue(NEED)
    async with forge_with(ScriptedModel([]), user="eve") as forge:
        jobs = await forge.jobs()
        assert await jobs.list() == []
        for reach in (jobs.get, jobs.cancel, jobs.retry, jobs.carry):
            with pytest.raises(UsageError, match=job):
                await reach(job)


async def test_a_need_that_holds_a_secret_is_refused_before_anything_is_written(home: Path) -> None:
    leaky = replace(NEED, examples=(Example({"n": "sk-ant-api03-" + "b7Qx9" * 18}, returns=1),))
    async with forge_with(ScriptedModel([])) as forge:
        with pytest.raises(ToolInvalid, match="secret"):
            await forge.enqueue(leaky)
        assert await (await forge.jobs()).list() == []


async def test_what_an_earlier_process_left_goes_on_beside_the_next_turn(home: Path, tmp_path: Path) -> None:
    assert process("forge", tmp_path / "answers", "call 4").returncode == -signal.SIGKILL
    told: list[str] = []

    def both(request: Request) -> str:
        return "Hello." if request.role is Role.PLAN else answer(request)

    async def twice() -> bool:
        return len(told) == 2

    models = ScriptedModel(both, features=FEATURES["claude"])
    async with forge_with(models) as forge:
        forge._on_notice = told.append
        assert (await forge.run("Say hello")).answer == "Hello."
        await until(twice)
        assert (await only_job(forge)).state == "live"
    assert "was cut off: it goes on meanwhile" in told[0]
    assert "has ended" in told[1]
