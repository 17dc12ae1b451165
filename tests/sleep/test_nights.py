"""A night on recorded days: what is new becomes tools, each rehearsed on past tasks, and a bad one never arrives."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentforge import Forge
from agentforge.sleep.tasks import past_tasks
from tests.sleep.scene import PLANTED, RIGHT, Life, add, called, head, said, subjects, told, tool, writer

LAUNCHERS = [pytest.param("docker", marks=pytest.mark.docker), "bubblewrap"]


@pytest.fixture(params=LAUNCHERS)
def launcher(request: pytest.FixtureRequest) -> str:
    if request.param == "docker":
        request.getfixturevalue("docker")
    return str(request.param)


async def test_a_tool_is_made_of_the_days_answers_and_its_effect_is_measured(home: Path, launcher: str) -> None:
    life = Life(home, writer(RIGHT), launcher=launcher)
    async with life.forge() as forge:
        await told(forge, 4, 11, 2, 7)
        report = await forge.sleep.run()
        assert report is not None
        (done,) = report.changes
        assert (done.kind, done.outcome, len(done.commits)) == ("tool", "kept", 1), done
        assert done.effect is not None
        assert (done.effect.tasks, done.effect.right_before, done.effect.right_after) == (4, 0, 4)
        assert done.effect.spared == 400, "what models generated for the four, when they were asked"
        assert (report.right_before, report.right_after) == (0, 4)
        assert report.tokens > 0
        assert subjects(forge) == ["Add price_parcel"]
        assert forge.tool("price_parcel").version


async def test_a_planted_bad_tool_that_passes_every_gate_is_undone_by_the_rehearsal(home: Path, launcher: str) -> None:
    """Six answers go into a forging; the seventh, which it does not give, speaks against the tool."""
    life = Life(home, writer(PLANTED), launcher=launcher)
    async with life.forge() as forge:
        await told(forge, 4, 11, 2, 7, 5, 9, 400)
        before = head(forge)
        report = await forge.sleep.run()
        assert report is not None
        (done,) = report.changes
        assert done.outcome == "dropped", done
        assert done.effect is not None
        assert (len(done.effect.lost), len(done.effect.gained)) == (1, 6)
        assert done.commits == ()
        assert head(forge) == before
        assert forge.tools() == []


async def test_nobody_sleeps_on_the_days_of_another_user(home: Path) -> None:
    life = Life(home, writer(RIGHT))
    async with life.forge() as forge:
        await told(forge, 4, 11, 2, 7)
    async with Forge(user="bob", settings=forge.settings, models=life.model) as other:
        assert await other.sleep.run() is None
        assert life.model.requests == []


async def test_what_was_said_in_a_revoked_session_is_neither_learned_from_nor_rehearsed_on(home: Path) -> None:
    life = Life(home, writer(RIGHT))
    async with life.forge() as forge:
        await told(forge, 4, 11, 2, 7)
        session = await said(forge, "I prefer metric units.")
        opened = forge._opened()
        wrong = [one.session for one in opened.truths().newest()][:2]
        assert [one.kind for one in (await forge.sleep.due()).proposals] == ["tool", "memory"]
        for one in (*wrong, session):
            forge.lineage.revoke(f"episode:{one}")
        assert (await forge.sleep.due()).proposals == ()


async def test_a_judged_call_of_a_revoked_session_is_no_past_task(home: Path) -> None:
    life = Life(home, writer(RIGHT))
    async with life.forge() as forge:
        add(forge, tool("triple", RIGHT))
        await called(forge, "triple", {"weight": 2}, 6, word="confirmed")
        outcomes = forge._opened().outcomes()
        assert len(past_tasks([], outcomes, 10)) == 1
        assert past_tasks([], outcomes, 10, {"episode:"}) == []
