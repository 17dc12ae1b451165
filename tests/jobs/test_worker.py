"""The worker: jobs of all users, a bounded number at once, and nothing lost however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agentforge.api.worker import Worker
from agentforge.cli.app import main
from agentforge.settings import Settings, load
from agentforge.testing import FakeBox, ScriptedModel
from tests.jobs.scene import ANSWERS, NEED, answer, behaves, commits, forge_with, judged, open_box, say, until

dbos = pytest.importorskip("dbos", reason="the worker needs the extra 'worker'")
ROOT = Path(__file__).resolve().parents[2]


def settings(**more: object) -> Settings:
    return load(overrides={"forge.candidates": 2, "forge.rounds": 1, **more})


async def queued(*users: str) -> list[str]:
    found: list[str] = []
    for user in users:
        async with forge_with(ScriptedModel([]), user=user) as forge:
            found.append(await forge.enqueue(NEED))
    return found


async def status(job: str, user: str = "ada") -> tuple[str, str]:
    async with forge_with(ScriptedModel([]), user=user) as forge:
        record = await forge.job(job)
        return record.status, record.state


def worker(log: Path, *death: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.jobs.scene", "worker", str(log), *death]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err


async def test_it_runs_the_jobs_of_all_users(home: Path) -> None:
    ada, bob = await queued("ada", "bob")
    told: list[str] = []
    made = Worker(settings(), told.append, models=ScriptedModel(answer), open_box=open_box)
    assert await made.run(asyncio.Event(), once=True) == 2
    assert (await status(ada), await status(bob, "bob")) == (("done", "live"), ("done", "live")), "\n".join(told)
    assert (commits(home, ada), commits(home, bob, "bob")) == (1, 1)
    assert any("for personal/bob" in line for line in told)


async def test_no_more_run_at_once_than_allowed(home: Path) -> None:
    jobs = await queued("ada", "bob", "eve", "joe")
    inside, most = 0, 0

    class Slow(FakeBox):
        async def __aenter__(self) -> Slow:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.7)
            return self

        async def __aexit__(self, *_: object) -> None:
            nonlocal inside
            inside -= 1

    async def slow(_: object) -> FakeBox:
        return Slow(behaves, judged)

    own = settings(**{"worker.concurrency": 2})
    assert await Worker(own, say, models=ScriptedModel(answer), open_box=slow).run(asyncio.Event(), once=True) == 4
    assert most == 2
    assert len(jobs) == 4


async def test_killed_in_mid_forging_the_next_worker_goes_on(home: Path, tmp_path: Path) -> None:
    (job,) = await queued("ada")
    log = tmp_path / "answers"
    assert ended(worker(log, "call 4"))[0] == -signal.SIGKILL
    code, told = ended(worker(log))
    assert code == 0, told
    assert await status(job) == ("done", "live"), told
    assert len(log.read_text().split()) == ANSWERS, "none that had been finished was asked for again"
    assert commits(home, job) == 1


async def test_asked_to_end_it_gives_back_what_runs_and_the_next_one_goes_on(home: Path, tmp_path: Path) -> None:
    (job,) = await queued("ada")
    log = tmp_path / "answers"
    process = worker(log, "asleep at 4")

    async def asleep() -> bool:
        return log.exists() and len(log.read_text().split()) >= 3

    await until(asleep)
    await asyncio.sleep(0.5)
    process.terminate()
    code, told = ended(process)
    assert code == 0, told
    assert await status(job) == ("queued", "")
    before = len(log.read_text().split())
    assert ended(worker(log))[0] == 0
    assert await status(job) == ("done", "live")
    assert before >= 3
    assert len(log.read_text().split()) == ANSWERS
    assert commits(home, job) == 1


async def test_two_workers_share_the_work_and_each_job_has_one_commit(home: Path, tmp_path: Path) -> None:
    jobs = await queued("ada", "bob", "eve")
    both = [worker(tmp_path / name) for name in ("one", "two")]
    assert [ended(process)[0] for process in both] == [0, 0]
    for job, user in zip(jobs, ("ada", "bob", "eve"), strict=True):
        assert await status(job, user) == ("done", "live")
        assert commits(home, job, user) == 1
    assert sum(len(path.read_text().split()) for path in tmp_path.iterdir() if path.is_file()) == 3 * ANSWERS


async def test_a_job_that_cannot_be_begun_ends_with_the_reason(home: Path) -> None:
    (job,) = await queued("ada")
    registry = home / "registries" / "personal" / "ada.git"
    registry.rename(registry.with_name("away"))
    registry.write_text("no registry")
    assert (
        await Worker(settings(), say, models=ScriptedModel([]), open_box=open_box).run(asyncio.Event(), once=True) == 0
    )
    registry.unlink()
    registry.with_name("away").rename(registry)
    async with forge_with(ScriptedModel([])) as forge:
        record = await forge.job(job)
    assert record.status == "failed"
    assert str(registry) in record.reason


async def test_a_passing_failure_is_tried_again_and_a_lasting_one_is_not(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agentforge.api import worker as module
    from agentforge.errors import ModelRefused, ModelUnavailable

    monkeypatch.setattr(module, "PAUSES", (0.01, 0.01))
    calls = 0

    def flaky(request: object) -> object:
        nonlocal calls
        calls += 1
        return ModelUnavailable("Nothing answers.") if calls <= 3 else answer(request)

    (job,) = await queued("ada")
    await Worker(settings(), say, models=ScriptedModel(flaky), open_box=open_box).run(asyncio.Event(), once=True)
    assert await status(job) == ("done", "live")
    (other,) = await queued("bob")
    refusing = ScriptedModel(lambda request: ModelRefused("No."))
    await Worker(settings(), say, models=refusing, open_box=open_box).run(asyncio.Event(), once=True)
    assert await status(other, "bob") == ("failed", "failed")
    assert len(refusing.requests) == 3, "tests and two candidates, once"


async def test_no_pickle_of_its_database_is_read(home: Path) -> None:
    from agentforge.boxes.owners import Owner
    from agentforge.jobs.durable import Durable
    from agentforge.jobs.protocol import Holder

    async def nothing(_: object) -> None:
        return None

    home.mkdir()
    holder = Holder(Owner.this_process().label(), lambda label: False)
    queue = await Durable(f"sqlite:///{home / 'worker.db'}", holder, nothing, concurrency=1).open()
    try:
        with pytest.raises(ValueError, match="pickle"):
            dbos._serialization.deserialize_value(
                "gASVBAAAAAAAAABLAS4=", "py_pickle", dbos._serialization.DefaultSerializer()
            )
    finally:
        await queue.close()


def test_the_command_ends_by_itself_when_nothing_waits(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["worker", "--once", "--concurrency", "3"]) == 0
    err = capfd.readouterr().err
    assert "Up to 3 jobs at once" in err
    assert "0 jobs ended here." in err
