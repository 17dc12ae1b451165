"""``agentforge tools audit``: each finding with what to do, and exit codes that tell the truth."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path

import pytest

from agentforge import Forge
from agentforge.settings import load
from tests.sleep.scene import add, tool

from .conftest import Program

WHO = ("--user", "ada")


@pytest.fixture
def lived(home: Path) -> None:
    """A tool that nobody ever called."""

    async def live() -> None:
        async with Forge(user="ada", settings=load(overrides={"user": "ada"})) as forge:
            add(forge, tool("price_old", "    return weight * 3", created=date(2020, 1, 2)))

    asyncio.run(live())


def test_findings_are_told_with_what_to_do_and_are_no_failure(lived: None, program: Program) -> None:
    done = program("tools", "audit", *WHO)
    first, fix = done.out.splitlines()
    assert first.startswith("unused: price_old was never called, and is ")
    assert fix == "  agentforge tools retire price_old"
    assert (done.code, "1 finding · " in done.err) == (0, True)
    told = json.loads(program("tools", "audit", "--json", *WHO).out)
    assert (told["status"], told["exit_code"], told["left"], told["quarantined"]) == ("completed", 0, "", [])
    assert [(one["kind"], one["tool"], one["layer"]) for one in told["findings"]] == [("unused", "price_old", "user")]


def test_2_nothing_is_set_aside_where_nothing_is_run(lived: None, program: Program) -> None:
    done = program("tools", "audit", "--quarantine", *WHO)
    assert (done.code, "Nothing is run again" in done.err) == (2, True)
