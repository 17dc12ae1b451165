"""The warm box: implements :class:`~agentforge.boxes.protocol.Box` over the cells of a pool."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from agentforge.boxes import requests, verdicts
from agentforge.boxes.asks import Asks
from agentforge.boxes.bounds import WIDTH
from agentforge.boxes.cell import Cell, CellSpec
from agentforge.boxes.conversation import Conversation, Crew, Ending, FrameHandler
from agentforge.boxes.files import room_for
from agentforge.boxes.pool import Pool
from agentforge.boxes.protocol import (
    NO_TOOLBOX,
    NOTHING,
    BoxInfo,
    CallResult,
    Grant,
    Limits,
    SuiteResult,
    Toolbox,
)
from agentforge.errors import SandboxBusy, SandboxError
from agentforge.settings import SandboxSettings
from agentforge.types import JSONObject

_FRAME_SLACK = 32 << 10
"""Room for what surrounds a value in its frame, and for the text of an exception."""

_SUITE_FRAME_BYTES = 64 << 10


class WarmBox:
    """The box of one user: a view of the pool's cells. Where it owns the pool, closing it closes the pool."""

    def __init__(self, pool: Pool, settings: SandboxSettings, user: str, info: BoxInfo, *, owner: bool = False) -> None:
        self._pool = pool
        self._settings = settings
        self._user = user
        self._info = info
        self._owner = owner
        self._closed = False

    @classmethod
    async def open(cls, pool: Pool, settings: SandboxSettings, user: str, *, owner: bool = False) -> Self:
        """Starts the cell for calls, to find out which isolation it gives (raises as :meth:`Pool.lease`)."""
        try:
            info = await pool.info(CellSpec(user, "call"))
        except BaseException:
            if owner:
                await pool.close()
            raise
        return cls(pool, settings, user, info, owner=owner)

    @property
    def info(self) -> BoxInfo:
        """Which isolation it gives."""
        return self._info

    async def call(
        self,
        source: str,
        entry: str,
        args: JSONObject,
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        grant: Grant = NOTHING,
    ) -> CallResult:
        """Runs ``entry(**args)`` of the module ``source`` in a fresh process."""
        return await self._call(_call(source, entry, args), toolbox, limits, grant)

    async def call_many(
        self,
        source: str,
        entry: str,
        many: Sequence[JSONObject],
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        hash_seed: int = 0,
        packages: str = "",
    ) -> list[CallResult]:
        """:meth:`call` for each of ``many``, in order, each in a fresh process and pure but for ``packages``."""
        at_once, grant = asyncio.Semaphore(WIDTH), Grant(packages=packages)

        async def one(args: JSONObject) -> CallResult:
            async with at_once:
                return await self._call(_call(source, entry, args), toolbox, limits, grant, hash_seed)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(args)) for args in many]
        return [task.result() for task in tasks]

    async def run(
        self,
        code: str,
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        grant: Grant = NOTHING,
    ) -> CallResult:
        """Runs a script; ``value`` is that of its last expression (None where that is a statement)."""
        return await self._call({"kind": "run", "source": code}, toolbox, limits, grant)

    async def suite(
        self,
        source: str,
        tests: str,
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        grant: Grant = NOTHING,
    ) -> SuiteResult:
        """Runs the pytest file ``tests`` against the module ``source``, imported as ``tool``."""
        bounds = limits or Limits(self._settings.suite_seconds, output_bytes=self._settings.output_bytes)
        report = verdicts.SuiteReport(bounds.result_bytes)
        frames = requests.suite(source, tests, toolbox, grant)
        talk, ending, seconds = await self._converse(
            CellSpec(self._user, "suite", packages=grant.packages),
            frames,
            report.take,
            bounds,
            _SUITE_FRAME_BYTES,
            grant.asks,
        )
        return report.result(ending, talk.stdout, talk.stderr, seconds)

    async def processes(self) -> int | None:
        """How many processes the box has on the host, or None where that cannot be known."""
        return await self._pool.processes(self._user)

    async def close(self) -> None:
        """Lets go of the pool, and removes all its cells where this box owns it; harmless when repeated."""
        self._closed = True
        if self._owner:
            await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _call_limits(self) -> Limits:
        own = self._settings
        return Limits(own.call_seconds, own.result_bytes, own.output_bytes, own.file_bytes)

    async def _call(
        self, what: JSONObject, toolbox: Toolbox, limits: Limits | None, grant: Grant, hash_seed: int = 0
    ) -> CallResult:
        bounds = limits or self._call_limits()
        frame = requests.work(what, toolbox, bounds, grant)
        answers: list[bytes] = []

        def take(payload: bytes) -> bool:
            answers.append(payload)
            return True

        room = bounds.result_bytes + _FRAME_SLACK + room_for(grant.outputs, bounds)
        spec = CellSpec(self._user, "call", hash_seed, grant.packages)
        talk, ending, seconds = await self._converse(spec, [frame], take, bounds, room, grant.asks)
        if ending == "finished" and talk.overflowed:
            ending = "output_too_big"
        return verdicts.call_result(ending, answers, bounds, grant.outputs, talk.stdout, talk.stderr, seconds)

    async def _converse(
        self,
        spec: CellSpec,
        frames: Sequence[bytes],
        take: FrameHandler,
        limits: Limits,
        frame_bytes: int,
        asks: Asks,
    ) -> tuple[Conversation, Ending, float]:
        if self._closed:
            raise SandboxError("The box is closed.")
        for last in (False, True):  # an earlier run may have broken the cell, which shows only now
            async with self._pool.lease(spec) as cell:
                try:
                    crew = await cell.take()
                except SandboxBusy:
                    raise
                except SandboxError:
                    if last:
                        raise
                    continue
                try:
                    return await self._talk(cell, crew, frames, take, limits, frame_bytes, asks)
                finally:  # behind the back of who waits for the answer
                    asyncio.get_running_loop().call_soon(cell.release, crew)
        raise AssertionError("the second time returns or raises")

    async def _talk(
        self,
        cell: Cell,
        crew: Crew,
        frames: Sequence[bytes],
        take: FrameHandler,
        limits: Limits,
        frame_bytes: int,
        asks: Asks,
    ) -> tuple[Conversation, Ending, float]:
        began = time.monotonic()
        talk = Conversation(crew, frame_bytes=frame_bytes, output_bytes=limits.output_bytes, asks=asks)
        ending = await talk.hold(frames, take, limits.seconds, lambda: cell.begin(crew, limits.seconds))
        return talk, ending, time.monotonic() - began


def _call(source: str, entry: str, args: JSONObject) -> JSONObject:
    return {"kind": "call", "source": source, "entry": entry, "args": args}
