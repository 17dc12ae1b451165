"""The time limit of one attempt, which tells a dead server from a slow one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from agentforge.models.metrics import Load

QUIET = 20.0
"""Seconds without a sign of life after which a request past its limit is given up."""

T = TypeVar("T")


class TooLate(TimeoutError):  # noqa: N818 - says what happened, as our errors do
    """No sign of life after ``seconds``, which is more than this endpoint's answers take."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no sign of life after {seconds:.0f} s")
        self.seconds = seconds


class Deadline:
    """``limit`` seconds from now, and then for as long as there are signs of life, up to ``ceiling`` seconds.

    A sign of life is a piece of this answer in the last :data:`QUIET` seconds, or that the server has worked off
    tokens since it was asked before, whosever they are: then the request waits in a queue or is slow, and is not
    cut off. ``load`` asks the server; None is no answer, and no sign.
    """

    def __init__(self, limit: float, ceiling: float, load: Callable[[], Awaitable[Load | None]]) -> None:
        now = asyncio.get_running_loop().time()
        self._began = now
        self._end = now + ceiling
        self._look_at = now + min(limit, ceiling)
        self._load = load
        self._tokens: int | None = None

    async def within(self, awaited: Awaitable[T]) -> T:
        """The next piece; raises what waiting for it raises.

        Raises:
            TooLate: the limit is over, and nothing lives.
            TimeoutError: the ceiling is reached.
        """
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(awaited)
        since = loop.time()
        try:
            while not (await asyncio.wait({task}, timeout=max(0.0, self._look_at - loop.time())))[0]:
                late = await self._late(loop.time(), since)
                if late is not None and not task.done():
                    raise late
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # seen, whoever is told of it

    async def _late(self, now: float, since: float) -> TimeoutError | None:
        if now >= self._end:
            return TimeoutError()
        if now - since >= QUIET and not await self._server_works():
            return TooLate(now - self._began)
        self._look_at = min(self._end, now + QUIET)
        return None

    async def _server_works(self) -> bool:
        load = await self._load()
        before, self._tokens = self._tokens, load.tokens if load else None
        return load is not None and load.tokens != before
