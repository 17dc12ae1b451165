"""What the benchmark of the sandbox sets boxes against, and what it looks at besides the time of a call."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes.protocol import CallResult
from agentforge.errors import UsageError
from agentforge.testing import FakeBox
from agentforge.testing.box import returned
from benchmarks.sandbox import cells, facade, limits, work
from benchmarks.sandbox.bare import bare, python_like, version_of
from benchmarks.sandbox.work import WrongAnswerError


def test_the_baseline_runs_the_same_tool_and_tests() -> None:
    with bare(sys.executable) as made:
        made.call()
        made.suite()
        assert [*made.folder.glob("site/_pytest/__pycache__/*.pyc")]
        assert not (made.folder / "__pycache__").exists()
        (made.folder / "tool.py").write_text("def add(a, b):\n    return {'sum': 0}\n", "utf-8")
        with pytest.raises(WrongAnswerError, match="assert 0 =="):
            made.suite()
    assert not made.folder.exists()


def test_the_baseline_is_a_python_of_the_boxs_version_where_there_is_one() -> None:
    mine = version_of(sys.executable)
    assert version_of(python_like(mine)) == mine
    assert version_of(python_like("3.999.0"))
    with pytest.raises(UsageError, match="no Python"):
        version_of("/usr/bin/false")


async def test_an_overshoot_counts_from_the_callers_side() -> None:
    async def call(*_: object, **__: object) -> CallResult:
        await asyncio.sleep(limits._TIME_OUT_SECONDS + 0.03)
        return CallResult("timed_out")

    box: Any = FakeBox()
    box.call = call
    assert min(await limits.overshoots(box, 2)) >= 29


async def test_a_call_that_should_never_end_and_did_is_no_overshoot() -> None:
    with pytest.raises(WrongAnswerError, match="returned"):
        await limits.overshoots(FakeBox([returned(None)]), 1)


async def test_a_box_is_recycled_only_when_its_processes_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([5, 5, 30, 30, 5, 5])

    async def processes() -> int:
        return next(counts)

    async def steady(box: Any) -> int:
        return await box.processes()

    monkeypatch.setattr(limits, "steady_processes", steady)
    box: Any = FakeBox(lambda run: CallResult("timed_out") if run.source == limits.BOMB else returned({"sum": 5}))
    box.processes = processes
    next(counts)
    taken = await limits.recycled(box, 1)
    assert (len(taken), [*counts]) == (1, [])
    assert [run.source for run in box.runs] == [limits.BOMB, work.SOURCE]


async def test_where_processes_cannot_be_counted_there_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def steady(_: Any) -> None:
        return None

    monkeypatch.setattr(limits, "steady_processes", steady)
    assert await limits.recycled(FakeBox([]), 3) == []
    assert limits.summed_up("recycle", []) == {"recycle": None, "recycle_worst": None}


@pytest.mark.parametrize(
    ("stats", "found"),
    [
        ({"usage": 30 << 20, "stats": {"total_inactive_file": 10 << 20, "total_rss": 8 << 20}}, (20.0, 8.0)),
        ({"usage": 30 << 20, "stats": {"inactive_file": 5 << 20, "anon": 4 << 20}}, (25.0, 4.0)),
    ],
)
def test_memory_is_what_docker_stats_shows_under_both_kinds_of_control_groups(
    stats: Mapping[str, Any], found: tuple[float, float]
) -> None:
    assert cells.memory_of(stats) == found


async def test_the_overhead_of_the_facade_is_what_is_not_the_boxs_call(home: Path) -> None:
    async def call(*_: object, **__: object) -> CallResult:
        await asyncio.sleep(0.2)
        return returned(facade.TOOL_ANSWER)

    box: Any = FakeBox()
    box.call = call
    found = await facade.overhead(box, 2)
    assert 0 < found["forge_call_overhead_ms"] < 190
    assert (found["forge_calls"], box.closed) == (3, False)


def test_rows_of_outcomes_are_counted(tmp_path: Path) -> None:
    assert facade._rows(tmp_path / "state.db") == 0
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute("CREATE TABLE calls (id TEXT)")
        connection.execute("INSERT INTO calls VALUES ('a'), ('b')")
    connection.close()
    assert facade._rows(tmp_path / "state.db") == 2
