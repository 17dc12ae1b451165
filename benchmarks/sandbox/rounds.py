"""Interleaved timing: all contestants take turns, so that a busy machine hurts all alike."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from benchmarks.form import progress

Once: TypeAlias = Callable[[], Awaitable[float]]
"""Does it once and returns the milliseconds that it took."""

PAUSE_SECONDS = 0.02
"""Between paced calls: time for a sandbox to have the next worker ready."""


@dataclass(frozen=True)
class Contestant:
    """What takes part in every round, or where it is slow in every ``every``-th."""

    once: Once
    every: int = 1


Field: TypeAlias = Mapping[str, Contestant]
"""Name → contestant."""


def timed(work: Callable[[], Awaitable[None]]) -> Once:
    """``work`` with a clock around it."""

    async def once() -> float:
        began = time.perf_counter()
        await work()
        return (time.perf_counter() - began) * 1000

    return once


def timed_blocking(work: Callable[[], None]) -> Once:
    """As :func:`timed`; blocks the event loop, in which nothing else happens meanwhile."""

    async def once() -> float:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) * 1000

    return once


@dataclass(frozen=True)
class Times:
    """Milliseconds of one contestant, in the order in which they were measured."""

    all: tuple[float, ...]

    @property
    def p50(self) -> float:
        """The median."""
        return statistics.median(self.all)

    @property
    def p95(self) -> float:
        """The nearest rank."""
        return sorted(self.all)[min(len(self.all) - 1, int(len(self.all) * 0.95))]

    def figures(self) -> dict[str, float]:
        """As part of the result."""
        return {"p50_ms": round(self.p50, 3), "p95_ms": round(self.p95, 3), "runs": len(self.all)}


async def paced(name: str, field: Field, rounds: int, *, pause: float = PAUSE_SECONDS) -> dict[str, Times]:
    """Each contestant once in a round, with a pause before it.

    Who begins changes from round to round, so that none always follows the same one; the first time of
    each is not counted.
    """
    times: dict[str, list[float]] = {one: [] for one in field}
    for contestant in field.values():
        await contestant.once()
    for number in range(rounds):
        _tell(name, number, rounds)
        for who in _turned([*field], number):
            if number % field[who].every == 0:
                await asyncio.sleep(pause)
                times[who].append(await field[who].once())
    return {who: Times(tuple(taken)) for who, taken in times.items()}


async def back_to_back(name: str, field: Field, rounds: int, *, burst: int, uncounted: int) -> dict[str, Times]:
    """Each contestant ``uncounted + burst`` times in a round without any pause.

    The first ones find workers that had time to become ready, and are not counted.
    """
    times: dict[str, list[float]] = {one: [] for one in field}
    for number in range(rounds):
        _tell(name, number, rounds)
        for who in _turned([*field], number):
            taken = [await field[who].once() for _ in range(uncounted + burst)]
            times[who] += taken[uncounted:]
    return {who: Times(tuple(taken)) for who, taken in times.items()}


def _turned(names: Sequence[str], by: int) -> list[str]:
    by %= len(names)
    return [*names[by:], *names[:by]]


def _tell(name: str, number: int, rounds: int) -> None:
    if number % max(1, rounds // 4) == 0:
        progress(f"{name}: round {number + 1} of {rounds}")
