"""Interleaved timing: all contestants take turns, so that a busy machine hurts all alike."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from agentforge.errors import SandboxError
from benchmarks.form import progress
from benchmarks.sandbox.work import WrongAnswerError

Once: TypeAlias = Callable[[], Awaitable[float]]
"""Does it once and returns the milliseconds that it took."""

PAUSE_SECONDS = 0.02
"""Between paced calls: time for a sandbox to have the next worker ready."""


@dataclass(frozen=True)
class Contestant:
    """What takes part in every round, or where it is slow in every ``every``-th.

    Where an ``optional`` one fails, that time is not counted; where another one does, nothing is.
    """

    once: Once
    every: int = 1
    optional: bool = False


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
    failed: int = 0

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
        found = {"p50_ms": round(self.p50, 3), "p95_ms": round(self.p95, 3), "runs": len(self.all)}
        return found | ({"failed": self.failed} if self.failed else {})


async def paced(name: str, field: Field, rounds: int, *, pause: float = PAUSE_SECONDS) -> dict[str, Times]:
    """Each contestant once in a round, with a pause before it.

    Who begins changes from round to round, so that none always follows the same one; the first time of
    each is not counted. Optional ones that never succeeded are not in the result.
    """
    times: dict[str, list[float]] = {one: [] for one in field}
    failed: Counter[str] = Counter()
    for number in range(-1, rounds):
        _tell(name, number, rounds)
        for who in _turned([*field], max(0, number)):
            if number < 0 or number % field[who].every == 0:
                await asyncio.sleep(pause)
                took = await _tried(who, field[who])
                if took is None:
                    failed[who] += 1
                elif number >= 0:
                    times[who].append(took)
    return {who: Times(tuple(taken), failed[who]) for who, taken in times.items() if taken}


async def _tried(who: str, contestant: Contestant) -> float | None:
    try:
        return await contestant.once()
    except (WrongAnswerError, SandboxError) as error:
        if not contestant.optional:
            raise
        progress(f"{who} failed: {error}")
        return None


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
    if number >= 0 and number % max(1, rounds // 4) == 0:
        progress(f"{name}: round {number + 1} of {rounds}")
