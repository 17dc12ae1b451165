"""Cut off anywhere, a night is taken up where it stood: each change is made once, and no session is read twice."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from agentforge import Forge
from agentforge.database.tables import JOBS
from agentforge.errors import ModelUnavailable
from agentforge.gitstore.store import GitStore
from agentforge.memory.jobs import JobRows
from agentforge.registry.repository import Registry
from agentforge.sleep.report import Report
from agentforge.testing import Fault
from agentforge.testing.scripted import Request
from agentforge.types import JSONObject, Role
from tests.sleep.box import open_box
from tests.sleep.scene import EXAMPLES, Life, add, called, said, tool

METRIC: JSONObject = {"kind": "preference", "text": "I prefer metric units.", "topic": "units"}


class Died(BaseException):
    """The process ends right there: nothing below catches it."""


MOMENTS = 22
"""Before each step of the journal is kept, and before and after each commit and the end of the job."""


class Watch:
    """Counts the moments at which a night writes, and ends the process at one of them."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.passed = 0

    def step(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            raise Died

    def over(self, patch: pytest.MonkeyPatch, where: type, name: str, *, after: bool = True) -> None:
        real: Callable[..., Any] = getattr(where, name)

        def around(self_: Any, *args: Any, **named: Any) -> Any:
            if isinstance(self_, GitStore) and self_.path.name == "copy.git":
                return real(self_, *args, **named)  # what is tried in a copy is gone with the process
            self.step()
            done = real(self_, *args, **named)
            if after:
                self.step()
            return done

        patch.setattr(where, name, around)


def reader(request: Request) -> str:
    assert request.role is Role.REFLECT
    return json.dumps({"entries": [METRIC]})


async def a_month(life: Life) -> None:
    """Two tools that do the same, one that nobody uses, and two sessions that tell something."""
    async with life.forge() as forge:
        add(forge, tool("price_a", "    return weight * 3", EXAMPLES))
        add(forge, tool("price_b", "    return weight + weight + weight", EXAMPLES))
        add(forge, tool("z_old", "    return weight * 7", EXAMPLES[:1], created=date(2020, 1, 1)))
        await called(forge, "price_b", {"weight": 7}, 21, word="confirmed")
        for number in range(2):
            await said(forge, f"I prefer metric units. I have {number} dogs.")


async def night(life: Life, at: int) -> tuple[Report | None, int]:
    """One process that sleeps, and ends at a moment; how many moments it saw."""
    watch = Watch(at)
    with pytest.MonkeyPatch.context() as patch:
        watch.over(patch, GitStore, "_move")
        watch.over(patch, JobRows, "keep", after=False)
        watch.over(patch, JobRows, "finish")
        async with life.forge() as forge:
            try:
                return await forge.sleep.run(), watch.passed
            except Died:
                _gone(forge)
                return None, watch.passed


def _gone(forge: Forge) -> None:
    """The process of the job is gone: its lease has run out."""
    with forge._opened().rows().write() as connection:
        connection.execute(update(JOBS).where(JOBS.c.status == "running").values(lease=""))


async def resumed(life: Life) -> Report:
    """What the next process makes of it; a night that was over is not begun again."""
    report, _ = await night(life, -1)
    async with life.forge() as forge:
        return report or await forge.sleep.report()


def jobs_of(life: Life) -> Counter[str]:
    """How many commits name each job."""
    with Registry.open(life.home / "registries" / "personal" / "ada.git") as registry:
        return Counter(job for commit in registry.store.log() for job in commit.trailers.get("Job", ()))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a month behind it, made once and copied for each moment."""
    home = tmp_path_factory.mktemp("lived") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTFORGE_HOME", str(home))
        asyncio.run(a_month(Life(home, reader, open_box)))
    return home


@pytest.fixture
def life(lived: Path, home: Path) -> Life:
    shutil.copytree(lived, home)
    return Life(home, reader, open_box)


DONE = [("merge", "kept"), ("merge", "nothing"), ("retire", "kept"), ("memory", "kept"), ("memory", "kept")]


async def test_the_moments_are_all_that_there_are(life: Life) -> None:
    report, moments = await night(life, -1)
    assert report is not None
    assert [(done.kind, done.outcome) for done in report.changes] == DONE
    assert moments == MOMENTS


@pytest.mark.parametrize("at", range(1, MOMENTS + 1))
async def test_a_night_that_ends_at_any_moment_is_gone_on_with_and_each_change_is_made_once(
    life: Life, at: int
) -> None:
    assert (await night(life, at))[0] is None
    report = await resumed(life)
    assert [(done.kind, done.outcome) for done in report.changes] == DONE
    assert all(len(done.commits) == (done.outcome == "kept") for done in report.changes)
    merged = report.changes[0].effect
    assert merged is not None
    assert (merged.right_before, merged.right_after) == (1, 1)
    assert sorted(jobs_of(life).values()) == [1] * 4, "each change is made once"
    assert len(life.model.requests) <= 3, "only an answer that was not kept yet is asked for again"
    assert (await night(life, -1))[0] is None, "and nothing is left to do"


async def test_a_night_whose_model_fails_keeps_what_it_did_and_the_next_run_goes_on(life: Life) -> None:
    def failing(request: Request) -> Any:
        return Fault(529)

    async with Life(life.home, failing, open_box).forge() as forge:
        with pytest.raises(ModelUnavailable):
            await forge.sleep.run()
    assert sorted(jobs_of(life).values()) == [1, 1], "what needs no model"
    report = await resumed(life)
    assert [(done.kind, done.outcome) for done in report.changes] == DONE
    assert sorted(jobs_of(life).values()) == [1] * 4
