"""``agentforge jobs`` and ``agentforge worker`` as a person meets them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from agentforge.database.store import Database
from agentforge.jobs.protocol import Ending, Holder
from agentforge.memory.episodes import Episodes
from agentforge.memory.jobs import JobRows
from agentforge.memory.records import FinishedCall
from agentforge.testing import ScriptedModel
from tests.cli.conftest import Program
from tests.jobs.scene import NEED, answer, forge_with


def queue(*, wrong: bool = False) -> str:
    async def ask() -> str:
        models = ScriptedModel(lambda request: answer(request).replace("RIGHT", "ADDS"))
        async with forge_with(models, user="me") as forge:
            job = await forge.enqueue(NEED)
            if wrong:
                await (await forge.jobs()).carry(job)
        return job

    return asyncio.run(ask())


def test_no_job_at_all(program: Program) -> None:
    done = program("jobs", "list")
    assert (done.code, done.out, done.err) == (0, "", "There is no job.\n")


def test_a_queued_job_is_listed_shown_and_cancelled_once(program: Program, home: Path) -> None:
    job = queue()
    assert f"{job}  forging  double  queued" in program("jobs", "list").out
    shown = json.loads(program("jobs", "show", job, "--output-format", "json").out)["job"]
    assert (shown["status"], shown["payload"]["name"], shown["via"]) == ("queued", "double", "queue")
    assert program("jobs", "cancel", job).out == f"Job {job} is cancelled.\n"
    again = program("jobs", "cancel", job)
    assert again.code == 2
    assert f"Job {job} is over already." in again.err


def test_a_failed_job_says_why_and_can_be_queued_again(program: Program, home: Path) -> None:
    job = queue(wrong=True)
    shown = program("jobs", "show", job).out
    assert "status   failed" in shown
    assert "candidates were tried" in shown
    retried = program("jobs", "retry", job)
    assert retried.out == f"Job {job} is queued again.\n"
    assert "agentforge worker" in retried.err
    assert "queued" in program("jobs", "list").out
    assert "neither failed nor was cancelled" in program("jobs", "retry", job).err


def test_a_job_that_is_not_there_is_named(program: Program) -> None:
    for command in ("show", "cancel", "retry"):
        done = program("jobs", command, "nothing")
        assert done.code == 2
        assert "There is no job 'nothing'." in done.err


def test_without_its_package_the_worker_says_how_to_install_it(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dbos", None)
    done = program("worker", "--once")
    assert done.code == 3
    assert "The worker needs the package 'dbos', which is not installed." in done.err
    assert "pip install 'agentforge-toolsmith[worker]'" in done.err


def test_only_the_worker_loads_dbos() -> None:
    queue()
    code = (
        "import asyncio, sys; from tests.jobs.scene import *;"
        "f = forge_with(ScriptedModel([]), user='me'); asyncio.run(f.open()); print('dbos' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


def test_a_repair_is_listed_as_it_stands(program: Program, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    with Database.open(f"sqlite:///{home / 'state.db'}") as database:
        episodes = Episodes(database, org="personal", user="me")
        for call in ("call_1", "call_2"):
            episodes.record_lone_call(FinishedCall("halve", "v1", {}, "raised", "KeyError: 1", 0.1, repair=True), call)
        rows = JobRows(database, org="personal", user="me")
        taken = rows.take("repair:call_1", Holder("one", lambda label: False))
        assert taken is not None
        rows.finish(taken.id, taken.takes, Ending("done", "Say what is right.", "asked"))
    lines = program("jobs", "list").out.splitlines()
    assert [" ".join(line.split()[:5]) for line in lines[1:]] == [
        "repair:call_2 repair halve queued " + lines[1].split()[4],
        "repair:call_1 repair halve done (asked)",
    ]
    assert "status   done (asked)" in program("jobs", "show", "repair:call_1").out


def spoil(home: Path, job: str, column: str = "payload", value: str = "{ not json") -> None:
    with closing(sqlite3.connect(home / "state.db")) as database, database:
        database.execute(f"UPDATE jobs SET {column} = ? WHERE id = ?", (value, job))


@pytest.mark.parametrize("value", ["{ not json", '"text"', "[1]"])
def test_one_damaged_row_hides_no_other_and_is_told(program: Program, home: Path, value: str) -> None:
    bad, good = queue(), queue()
    spoil(home, bad, value=value)
    listed = program("jobs", "list")
    assert listed.code == 0
    assert good in listed.out
    assert "Its row in the database is damaged: payload cannot be read." in listed.out
    shown = program("jobs", "show", bad)
    assert (shown.code, "payload cannot be read" in shown.out) == (0, True)
    assert "queued" in program("jobs", "show", good).out


def test_a_worker_ends_a_damaged_job_as_failed_and_runs_the_others(program: Program, home: Path) -> None:
    pytest.importorskip("dbos", reason="the worker needs the extra 'worker'")
    bad = queue()
    spoil(home, bad)
    command = [sys.executable, "-m", "agentforge", "worker", "--once"]  # DBOS keeps the streams of its process
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    shown = json.loads(program("jobs", "show", bad, "--output-format", "json").out)["job"]
    assert (shown["status"], shown["reason"]) == (
        "failed",
        "Its row in the database is damaged: payload cannot be read.",
    )


def test_nothing_of_a_job_reaches_the_terminal_as_an_escape(program: Program, home: Path) -> None:
    job = queue()
    for column in ("name", "kind"):
        spoil(home, job, column, "evil\x1b[2J\u200b")
    for done in (program("jobs", "list"), program("jobs", "show", job)):
        assert done.code == 0
        assert "\x1b" not in done.out
        assert "\N{LEFT ANGLE BRACKET}U+200B\N{RIGHT ANGLE BRACKET}" in done.out
