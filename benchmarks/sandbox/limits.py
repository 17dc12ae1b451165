"""What happens at the limits of a box: after its time, after a fork bomb, when it starts, while it is idle."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Sequence

from agentforge.boxes.batteries.remains import steady_processes
from agentforge.boxes.open import open_box, open_pool
from agentforge.boxes.protocol import Box, Limits
from agentforge.boxes.warm import WarmBox
from agentforge.settings import SandboxSettings
from benchmarks.form import progress
from benchmarks.sandbox.ours import USER
from benchmarks.sandbox.work import ARGS, ENTRY, SOURCE, WrongAnswerError, insist_on_call

BUSY = "def f():\n    while True:\n        pass\n"
ASLEEP = "def f():\n    import time\n    time.sleep(60)\n"
BOMB = """\
import os
def f():
    while True:
        try:
            os.fork()
        except OSError:
            pass
"""
_TIME_OUT_SECONDS = 0.1
_BOMB_SECONDS = 0.5
_RECYCLE_SECONDS = 30.0
_REST_SECONDS = 0.1


async def overshoots(box: Box, times: int) -> list[float]:
    """Milliseconds by which calls that never end took longer than they may, from the caller's side."""
    found: list[float] = []
    for source in itertools.islice(itertools.cycle((BUSY, ASLEEP)), times):
        await asyncio.sleep(_REST_SECONDS)
        began = time.perf_counter()
        result = await box.call(source, "f", {}, limits=Limits(_TIME_OUT_SECONDS))
        found.append((time.perf_counter() - began - _TIME_OUT_SECONDS) * 1000)
        if result.status != "timed_out":
            raise WrongAnswerError(f"a call without an end ended with {result.status}")
    return found


async def recycled(box: Box, times: int) -> list[float]:
    """Milliseconds from the end of a fork bomb's call until the box is as before: no process more than it
    had, and the next call answered right. None at all where nobody can count processes (tier ``strict``).
    """
    found: list[float] = []
    before = await steady_processes(box)
    if before is None:
        return found
    for _ in range(times):
        await box.call(BOMB, "f", {}, limits=Limits(_BOMB_SECONDS))
        began = time.perf_counter()
        insist_on_call(await box.call(SOURCE, ENTRY, ARGS, limits=Limits(_RECYCLE_SECONDS)))
        while (left := await box.processes()) is None or left > before:
            if time.perf_counter() - began > _RECYCLE_SECONDS:
                raise WrongAnswerError("processes of a fork bomb stay in the box")
            await asyncio.sleep(0.002)
        found.append((time.perf_counter() - began) * 1000)
        await steady_processes(box)
    return found


async def starts(settings: SandboxSettings, times: int) -> dict[str, float]:
    """Median milliseconds of a box's start and removal in a program that has boxes already, and of a
    program's first box, for which the daemon is looked for and examined.
    """
    first, ready, removed = list[float](), list[float](), list[float]()
    for _ in range(times):
        began = time.perf_counter()
        async with await open_box(settings, user=f"{USER}-first"):
            first.append((time.perf_counter() - began) * 1000)
        async with await open_pool(settings) as pool:
            await WarmBox.open(pool, settings, f"{USER}-there")
            began = time.perf_counter()
            await WarmBox.open(pool, settings, f"{USER}-started")
            ready.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
        removed.append((time.perf_counter() - began) * 1000)
    progress(f"boxes started and removed: {times * 3}")
    return {
        "box_ready_ms": round(statistics.median(ready), 1),
        "first_box_ready_ms": round(statistics.median(first), 1),
        "two_boxes_removed_ms": round(statistics.median(removed), 1),
    }


def summed_up(name: str, taken: Sequence[float]) -> dict[str, float | None]:
    """The median as ``name``, and the worst; None where nothing could be taken."""
    if not taken:
        return {name: None, f"{name}_worst": None}
    return {name: round(statistics.median(taken), 2), f"{name}_worst": round(max(taken), 2)}
