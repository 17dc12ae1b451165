"""How many calls or suites get done in a second when several callers want them at once."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from benchmarks.form import progress
from benchmarks.sandbox.rounds import Once

CALLERS = 4

Rate: TypeAlias = Callable[[float], Awaitable[float]]
"""Works for so many seconds and returns how many got done in one."""


def by_tasks(callers: Sequence[Once]) -> Rate:
    """Callers in one event loop."""

    async def rate(seconds: float) -> float:
        began = time.perf_counter()
        counts = await asyncio.gather(*(_until(began + seconds, once) for once in callers))
        return sum(counts) / (time.perf_counter() - began)

    return rate


def by_threads(callers: int, work: Callable[[], None]) -> Rate:
    """Callers in threads, each of which waits for its subprocess."""

    async def rate(seconds: float) -> float:
        began = time.perf_counter()
        counts = await asyncio.gather(
            *(asyncio.to_thread(_until_blocking, began + seconds, work) for _ in range(callers))
        )
        return sum(counts) / (time.perf_counter() - began)

    return rate


async def _until(end: float, once: Once) -> int:
    count = 0
    while not count or time.perf_counter() < end:
        await once()
        count += 1
    return count


def _until_blocking(end: float, work: Callable[[], None]) -> int:
    count = 0
    while not count or time.perf_counter() < end:
        work()
        count += 1
    return count


async def alternating(name: str, rates: Mapping[str, Rate], slices: int, seconds: float) -> dict[str, float]:
    """The median of each one's rate (per second) over so many slices of time, in which they take turns."""
    found: dict[str, list[float]] = {one: [] for one in rates}
    for rate in rates.values():
        await rate(min(0.2, seconds))  # so that every box has its workers
    for number in range(slices):
        progress(f"{name}, {CALLERS} callers: slice {number + 1} of {slices}")
        turns = list(rates.items())
        for one, rate in turns if number % 2 == 0 else reversed(turns):
            found[one].append(await rate(seconds))
    return {one: statistics.median(taken) for one, taken in found.items()}
