"""What ``Forge.call`` adds to a call of its box: finding the tool, its closure and grant, the outcome's row."""

from __future__ import annotations

import contextlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from agentforge.api import Forge
from agentforge.boxes.protocol import Box, CallResult
from agentforge.settings import load
from agentforge.types import JSONObject
from benchmarks.sandbox.ours import USER
from benchmarks.sandbox.rounds import Contestant, Once, paced
from benchmarks.sandbox.work import WrongAnswerError

TOOL, TOOL_ARGS, TOOL_ANSWER = "parse_duration", cast("JSONObject", {"text": "2h 30m"}), 9000
"""A starter tool: every installation has it, and it needs no model."""


class ClockedBox:
    """A box that remembers how many milliseconds its last call took. It stays its opener's to close."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self.took = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._box, name)

    async def call(self, *positional: Any, **named: Any) -> CallResult:
        """The box's own call, with a clock around it."""
        began = time.perf_counter()
        try:
            return await self._box.call(*positional, **named)
        finally:
            self.took = (time.perf_counter() - began) * 1000

    async def __aenter__(self) -> ClockedBox:
        return self

    async def __aexit__(self, *_: object) -> None:
        """The box stays open."""


async def overhead(box: Box, rounds: int) -> dict[str, Any]:
    """Median and 95th percentile of the milliseconds beside the box's call, and how many outcomes were written.

    In a home of its own, with the starter tools and no model.
    """
    clocked, beside = ClockedBox(box), list[float]()

    async def opened(_: object) -> Box:
        return cast("Box", clocked)

    with tempfile.TemporaryDirectory(prefix="bench-home-") as home:
        settings = load(overrides={"user": USER}).model_copy(update={"home": Path(home)})
        async with Forge(user=USER, settings=settings, open_box=opened) as forge:
            whole = _measured(forge, clocked, beside.append)
            await paced("Forge.call", {"call": Contestant(whole)}, rounds)
            rows = _rows(Path(home) / "state.db")
    counted = sorted(beside[1:])  # the first call opens everything
    return {
        "forge_call_overhead_ms": round(statistics.median(counted), 3),
        "forge_call_overhead_p95_ms": round(counted[int(len(counted) * 0.95)], 3),
        "forge_call_outcomes_written": rows,
        "forge_calls": len(beside),
    }


def _measured(forge: Forge, clocked: ClockedBox, keep: Callable[[float], None]) -> Once:
    async def once() -> float:
        began = time.perf_counter()
        result = await forge.call(TOOL, TOOL_ARGS)
        took = (time.perf_counter() - began) * 1000
        if result.value != TOOL_ANSWER:
            raise WrongAnswerError(f"{TOOL} ended with {result.status}: {result.message[:200]}")
        keep(took - clocked.took)
        return took

    return once


def _rows(database: Path) -> int:
    if not database.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM calls").fetchone()[0])
