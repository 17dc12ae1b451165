"""A night, or one change of it, is taken back by commits of its own; what was changed since stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentforge.errors import UsageError
from agentforge.types import JSONObject, State
from tests.sleep.box import open_box
from tests.sleep.scene import EXAMPLES, RIGHT, Life, add, called, said, subjects, told, tool, writer

METRIC: JSONObject = {"kind": "preference", "text": "I prefer metric units.", "topic": "units"}


async def a_night(life: Life) -> None:
    async with life.forge() as forge:
        add(forge, tool("price_a", "    return weight * 3", EXAMPLES))
        add(forge, tool("price_b", "    return weight + weight + weight", EXAMPLES))
        await called(forge, "price_b", {"weight": 7}, 21, word="confirmed")
        await said(forge, "I prefer metric units.")
        report = await forge.sleep.run()
        assert report is not None
        assert [done.outcome for done in report.changes] == ["kept", "kept"]


async def test_all_that_a_night_did_is_taken_back_and_twice_changes_nothing_more(home: Path) -> None:
    life = Life(home, writer("", [METRIC]), open_box)
    await a_night(life)
    async with life.forge() as forge:
        done = await forge.sleep.undo()
        assert [bool(one.commit) for one in done] == [True, True]
        assert [one.name for one in forge.tools()] == ["price_a", "price_b"]
        assert forge.memory.list() == []
        assert [one.split()[0] for one in subjects(forge)[-2:]] == ["Undo", "Undo"]
        happened = subjects(forge)
        assert [one.why for one in await forge.sleep.undo()] == ["It was undone before."] * 2
        assert subjects(forge) == happened


async def test_an_undone_merge_does_not_come_back_the_next_night(home: Path) -> None:
    life = Life(home, writer(""), open_box)
    await a_night_of_merging(life)
    async with life.forge() as forge:
        await forge.sleep.undo()
        await said(forge, "Sum 1 and 2.")
        report = await forge.sleep.run()
        assert report is not None
        assert report.changes == ()


async def a_night_of_merging(life: Life) -> None:
    async with life.forge() as forge:
        add(forge, tool("price_a", "    return weight * 3", EXAMPLES))
        add(forge, tool("price_b", "    return weight + weight + weight", EXAMPLES))
        await said(forge, "Sum 1 and 2.")
        await forge.sleep.run()


async def test_one_change_is_taken_back_by_its_number(home: Path) -> None:
    life = Life(home, writer("", [METRIC]), open_box)
    await a_night(life)
    async with life.forge() as forge:
        (one,) = await forge.sleep.undo(changes=[2])
        assert "session" in one.change
        assert forge.memory.list() == []
        assert len(forge.tools()) == 1
        with pytest.raises(UsageError, match="no change 3"):
            await forge.sleep.undo(changes=[3])


async def test_what_was_changed_since_stays_and_is_told(home: Path) -> None:
    life = Life(home, writer("", [METRIC]), open_box)
    await a_night(life)
    async with life.forge() as forge:
        forge.review.release("price_b")
        (entry,) = forge.memory.list()
        forge.memory.edit(entry.id, "I prefer imperial units.")
        done = await forge.sleep.undo()
        assert [one.commit for one in done] == ["", ""]
        assert all("changed since" in one.why for one in done)


async def test_without_a_night_there_is_nothing_to_undo(home: Path) -> None:
    async with Life(home, writer(""), open_box).forge() as forge:
        with pytest.raises(UsageError, match="has not slept yet"):
            await forge.sleep.undo()


async def test_a_tool_that_a_night_made_is_retired_and_not_made_again_the_next_night(home: Path) -> None:
    life = Life(home, writer(RIGHT))
    async with life.forge() as forge:
        await told(forge, 4, 11, 2, 7)
        await forge.sleep.run()
        (one,) = await forge.sleep.undo()
        assert one.commit
        assert forge.tools() == []
        retired = forge.tool("price_parcel")
        assert retired.state is State.RETIRED
        await said(forge, "Sum 1 and 2.")
        asked = len(life.model.requests)
        report = await forge.sleep.run()
        assert report is not None
        assert (report.changes, len(life.model.requests)) == ((), asked)
