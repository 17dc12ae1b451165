"""``agentforge sleep`` on the command line, where no model is set up: what costs is left for another night."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from agentforge import Forge
from agentforge.settings import load
from agentforge.sleep import schedule
from tests.sleep.scene import EXAMPLES, add, said, tool

from .conftest import Program


@pytest.fixture
def lived(home: Path) -> None:
    """Two tools that do the same, and a session that tells something."""

    async def live() -> None:
        async with Forge(user="ada", settings=load(overrides={"user": "ada"})) as forge:
            add(forge, tool("price_a", "    return weight * 3", EXAMPLES))
            add(forge, tool("price_b", "    return weight + weight + weight", EXAMPLES))
            await said(forge, "I prefer metric units.")

    asyncio.run(live())


WHO = ("--user", "ada", "--set", "sandbox.launcher=bubblewrap")


def test_nothing_new_is_said_and_costs_nothing(home: Path, program: Program) -> None:
    done = program("sleep", "run", *WHO)
    assert (done.code, done.out) == (0, "Nothing is new since the last night: nothing was spent.\n")
    assert program("sleep", "report", *WHO).code == 2


def test_a_dry_run_says_what_would_be_tried_and_writes_nothing(lived: None, program: Program) -> None:
    done = program("sleep", "run", "--dry-run", *WHO)
    assert done.out.splitlines()[0] == "would try: price_b is merged into a tool that does the same"
    assert len(done.out.splitlines()) == 2
    assert json.loads(program("sleep", "status", "--json", *WHO).out)["nights"] == []


def test_a_night_is_reported_and_taken_back(lived: None, program: Program) -> None:
    done = program("sleep", "run", *WHO)
    assert done.code == 0, done.err
    assert "1. kept: price_b is merged into a tool that does the same" in done.out
    assert "1 changes are left for another night" in done.out
    told = json.loads(program("sleep", "report", "--json", *WHO).out)
    assert told["night"]["changes"][0]["outcome"] == "kept"
    assert told["undone"] == []
    undone = program("sleep", "undo", *WHO)
    assert (undone.code, undone.out) == (0, "undone: price_b is merged into a tool that does the same\n")
    assert "1. undone: price_b is merged into a tool that does the same" in program("sleep", "report", *WHO).out
    assert program("tools", "show", "price_b", *WHO).code == 0


def test_a_timer_is_shown_and_written_only_when_somebody_agrees(
    home: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(schedule, "execute", lambda command, text: (ran.append(tuple(command)), (1, ""))[1])
    monkeypatch.setattr(schedule.shutil, "which", lambda name: "/usr/bin/crontab")
    done = program("sleep", "install", *WHO)
    assert done.code == 6, done.err
    assert "sleep run --org personal --user ada" in done.out
    assert ("crontab", "-") not in ran
