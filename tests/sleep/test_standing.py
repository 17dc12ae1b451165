"""Duplicates are merged and the unused are retired, where no past task is lost by it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import update

from agentforge.database.tables import CALLS
from agentforge.types import State
from tests.sleep.box import open_box
from tests.sleep.scene import EXAMPLES, Life, add, called, head, subjects, told, tool, writer

BODY = "    return weight * 3"
ELSEWHERE = "    return weight * 3 if weight < 5000 else 0"
"""The same on all inputs near the examples."""


def quiet(home: Path, **settings: object) -> Life:
    return Life(home, writer(""), open_box, settings=dict(settings))


async def test_of_two_tools_that_do_the_same_one_stays_and_answers_for_both(home: Path) -> None:
    life = quiet(home)
    async with life.forge() as forge:
        add(forge, tool("other", "    return weight * 4", EXAMPLES))
        add(forge, tool("price_a", BODY, EXAMPLES))
        add(forge, tool("price_b", "    return weight + weight + weight", EXAMPLES))
        call = await called(forge, "price_b", {"weight": 7}, 21, word="confirmed")
        report = await forge.sleep.run()
        assert report is not None
        other, done = report.changes
        assert (other.outcome, other.what[:7]) == ("nothing", "price_a"), "it does something else"
        assert (done.kind, done.outcome, done.what) == (
            "merge",
            "kept",
            "price_b is merged into a tool that does the same",
        )
        assert done.effect is not None
        assert (done.effect.right_before, done.effect.right_after) == (1, 1), f"{call} is played on price_a now"
        assert subjects(forge)[-1] == "Merge price_b into price_a"
        assert [one.name for one in forge.tools()] == ["other", "price_a"]
        assert report.tokens == 0


async def test_a_merge_that_loses_a_confirmed_answer_is_dropped_and_not_tried_again(home: Path) -> None:
    life = quiet(home)
    async with life.forge() as forge:
        add(forge, tool("price_a", ELSEWHERE, EXAMPLES))
        add(forge, tool("price_b", BODY, EXAMPLES))
        call = await called(forge, "price_b", {"weight": 7000}, 21000, word="confirmed")
        before = head(forge)
        report = await forge.sleep.run()
        assert report is not None
        (done,) = report.changes
        assert (done.kind, done.outcome) == ("merge", "dropped")
        assert done.effect is not None
        assert done.effect.lost == (f"call:{call}",)
        assert head(forge) == before
        await told(forge, 4)
        again = await forge.sleep.run()
        assert again is not None
        assert again.changes == ()


async def test_tools_that_differ_where_they_are_tried_are_left_alone(home: Path) -> None:
    life = quiet(home)
    async with life.forge() as forge:
        add(forge, tool("price_a", BODY, EXAMPLES))
        add(forge, tool("price_b", "    return weight * 3 if weight > 0 else 1", EXAMPLES))
        await told(forge, 4)
        report = await forge.sleep.run()
        assert report is not None
        assert [done.outcome for done in report.changes] == ["nothing"]
        assert len(forge.tools()) == 2


async def test_a_tool_that_another_needs_or_that_is_pinned_is_not_merged(home: Path) -> None:
    life = quiet(home)
    async with life.forge() as forge:
        add(forge, tool("price_a", BODY, EXAMPLES))
        add(forge, tool("price_b", BODY + "  # the same", EXAMPLES))
        forge.review.pin("price_b")
        await told(forge, 4)
        report = await forge.sleep.run()
        assert report is not None
        assert report.changes == ()


async def test_what_nobody_called_for_long_is_retired_and_what_is_new_or_used_stays(home: Path) -> None:
    life = quiet(home, **{"sleep.unused_days": 30})
    today = datetime.now(UTC).date()
    async with life.forge() as forge:
        add(forge, tool("old_one", BODY, EXAMPLES[:1], created=date(2020, 1, 1)))
        add(forge, tool("old_but_used", "    return weight * 4", EXAMPLES[:1], created=date(2020, 1, 1)))
        add(forge, tool("new_one", "    return weight * 5", EXAMPLES[:1], created=today))
        await called(forge, "old_but_used", {"weight": 7}, 21)
        report = await forge.sleep.run()
        assert report is not None
        assert {done.outcome for done in report.changes if done.kind == "merge"} == {"nothing"}
        kept = [done for done in report.changes if done.kind == "retire"]
        assert [(done.outcome, done.what[:7]) for done in kept] == [("kept", "old_one")]
        assert forge.tool("old_one").state is State.RETIRED
        assert {one.name for one in forge.tools()} == {"old_but_used", "new_one"}


async def test_a_tool_that_answers_a_past_task_is_not_retired_however_old_that_is(home: Path) -> None:
    life = quiet(home)
    async with life.forge() as forge:
        add(forge, tool("old_one", BODY, EXAMPLES[:1], created=date(2020, 1, 1)))
        call = await called(forge, "old_one", {"weight": 7}, 21, word="confirmed")
        database = forge._opened().rows()
        with database.write() as connection:
            connection.execute(update(CALLS).values(created="2020-02-01T00:00:00.000000+00:00"))
        report = await forge.sleep.run()
        assert report is not None
        (done,) = report.changes
        assert (done.kind, done.outcome) == ("retire", "dropped")
        assert done.effect is not None
        assert done.effect.lost == (f"call:{call}",)
        assert forge.tool("old_one").state is State.LIVE
