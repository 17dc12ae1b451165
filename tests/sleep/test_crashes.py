"""Cut off anywhere, a night is taken up where it stood: each change is made once, and no session is read twice."""

from __future__ import annotations

import json
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


class Watch:
    """Counts the moments before and after all that a night writes, and ends the process at one of them."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.passed = 0

    def step(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            raise Died

    def over(self, patch: pytest.MonkeyPatch, where: type, name: str) -> None:
        real: Callable[..., Any] = getattr(where, name)

        def around(*args: Any, **named: Any) -> Any:
            self.step()
            done = real(*args, **named)
            self.step()
            return done

        patch.setattr(where, name, around)


def reader(request: Request) -> str:
    assert request.role is Role.REFLECT
    return json.dumps({"entries": [METRIC]})


async def a_month(life: Life) -> None:
    """Two tools that do the same, one that nobody uses, and three sessions that tell something."""
    async with life.forge() as forge:
        add(forge, tool("price_a", "    return weight * 3", EXAMPLES))
        add(forge, tool("price_b", "    return weight + weight + weight", EXAMPLES))
        add(forge, tool("old_one", "    return weight * 7", EXAMPLES[:1], created=date(2020, 1, 1)))
        await called(forge, "price_b", {"weight": 7}, 21, word="confirmed")
        for number in range(3):
            await said(forge, f"I prefer metric units. I have {number} dogs.")


async def night(life: Life, at: int) -> tuple[Report | None, int]:
    """One process that sleeps, and ends at a moment; how many moments it saw."""
    watch = Watch(at)
    with pytest.MonkeyPatch.context() as patch:
        watch.over(patch, GitStore, "_write")
        watch.over(patch, JobRows, "keep")
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


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Path]:
    """A fresh home for each moment."""

    def fresh(number: int) -> Path:
        home = tmp_path / f"life{number}" / "home"
        monkeypatch.setenv("AGENTFORGE_HOME", str(home))
        return home

    return fresh


async def test_a_night_that_ends_at_any_moment_is_gone_on_with_and_each_change_is_made_once(
    homes: Callable[[int], Path],
) -> None:
    whole = Life(homes(0), reader, open_box)
    await a_month(whole)
    report, moments = await night(whole, -1)
    assert report is not None
    kept = [(done.kind, done.outcome, done.why) for done in report.changes]
    assert [kind for kind, _, _ in kept] == ["merge", "retire", "memory", "memory", "memory"]
    assert moments > 20
    for at in range(1, moments + 1):
        life = Life(homes(at), reader, open_box)
        await a_month(life)
        assert (await night(life, at))[0] is None, at
        second = await resumed(life)
        assert [(done.kind, done.outcome) for done in second.changes] == [(kind, how) for kind, how, _ in kept], at
        merged = second.changes[0]
        assert merged.effect is not None
        assert (merged.effect.right_before, merged.effect.right_after) == (1, 1), at
        assert sorted(jobs_of(life).values()) == [1] * 5, "each change is made once"
        assert len(life.model.requests) <= 4, "only an answer that was not kept yet is asked for again"
        assert (await night(life, -1))[0] is None, at


async def test_a_night_whose_model_fails_keeps_what_it_did_and_the_next_run_goes_on(
    homes: Callable[[int], Path],
) -> None:
    life = Life(homes(0), lambda request: Fault(529), open_box)  # type: ignore[arg-type,return-value]
    await a_month(life)
    async with life.forge() as forge:
        with pytest.raises(ModelUnavailable):
            await forge.sleep.run()
    assert sorted(jobs_of(life).values()) == [1, 1], "what needs no model"
    again = await resumed(Life(life.home, reader, open_box))
    assert [done.kind for done in again.changes] == ["merge", "retire", "memory", "memory", "memory"]
    assert sorted(jobs_of(life).values()) == [1] * 5
