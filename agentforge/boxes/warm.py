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
from agentforge.boxes.cell import Cell, CellSpec, Kind
from agentforge.boxes.conversation import Conversation, Crew, Ending, FrameHandler
from agentforge.boxes.files import room_for
from agentforge.boxes.kept import worth_keeping
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
from agentforge.boxes.shelf import Key
from agentforge.boxes.tiers import own_tool
from agentforge.errors import SandboxBusy, SandboxError
from agentforge.settings import SandboxSettings
from agentforge.together import together
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
        self._session = object()  # no other box is served by what is kept for this one
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
        hash_seed: int = 0,
        depth: int = 0,
    ) -> CallResult:
        """Runs ``entry(**args)`` of the module ``source`` in a fresh process; in tier ``reuse``, where nothing is
        granted and nobody waits for it, in one that the same tool has used before.
        """
        spec = self._spec("call", source, toolbox, grant, hash_seed, depth)
        if self._info.tier != "reuse" or grant != NOTHING or hash_seed or depth:
            return await self._call(spec, _call(source, entry, args), toolbox, limits, grant)
        bounds = limits or self._call_limits()
        key = Key.of(self._session, source, entry, toolbox, bounds)
        result = await self._call_kept(spec, key, args, bounds)
        return result or await self._call(spec, _call(source, entry, args), toolbox, bounds, NOTHING, key)

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
        """:meth:`call` for each of ``many``, in order, each in a fresh process and pure but for ``packages``.

        Raises as that; the first that fails ends them all.
        """
        at_once, grant = asyncio.Semaphore(WIDTH), Grant(packages=packages)
        spec = self._spec("call", source, toolbox, grant, hash_seed)

        async def one(args: JSONObject) -> CallResult:
            async with at_once:
                return await self._call(spec, _call(source, entry, args), toolbox, limits, grant)

        return await together(one(args) for args in many)

    async def run(
        self,
        code: str,
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        grant: Grant = NOTHING,
    ) -> CallResult:
        """Runs a script; ``value`` is that of its last expression (None where that is a statement)."""
        spec = CellSpec(self._user, "call", packages=grant.packages)
        return await self._call(spec, {"kind": "run", "source": code}, toolbox, limits, grant)

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
        async with self._crew(self._spec("suite", source, toolbox, grant)) as (cell, crew):
            talk, ending, seconds = await _converse(
                cell, crew, frames, report.take, bounds, _SUITE_FRAME_BYTES, grant.asks
            )
            if ending == "finished" and talk.overflowed:
                ending = "output_too_big"
        return report.result(ending, talk.stdout, talk.stderr, seconds)

    async def processes(self) -> int | None:
        """How many processes the box has on the host, kept ones that rest aside. None where that cannot be known,
        and in tier ``strict``, where containers come and go.
        """
        return None if self._settings.tier == "strict" else await self._pool.processes(self._user)

    async def close(self) -> None:
        """Lets go of the pool, and removes all its cells where this box owns it; harmless when repeated."""
        self._closed = True
        self._pool.forget(self._session)
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

    def _spec(
        self, kind: Kind, source: str, toolbox: Toolbox, grant: Grant, hash_seed: int = 0, depth: int = 0
    ) -> CellSpec:
        tool = own_tool(source, toolbox) if self._settings.tier == "strict" else ""
        return CellSpec(self._user, kind, hash_seed, tool, grant.packages, depth)

    async def _call_kept(self, spec: CellSpec, key: Key, args: JSONObject, limits: Limits) -> CallResult | None:
        """The answer of the process that is kept for this; None where there is none, or where it failed."""
        self._insist_on_open()
        async with self._pool.lease(spec) as cell:
            kept = cell.kept.take(key)
            return await kept.call(args, limits) if kept else None

    async def _call(
        self,
        spec: CellSpec,
        what: JSONObject,
        toolbox: Toolbox,
        limits: Limits | None,
        grant: Grant,
        key: Key | None = None,
    ) -> CallResult:
        """In a fresh process, which is kept under ``key`` where it did well."""
        bounds = limits or self._call_limits()
        frame = requests.work(what, toolbox, bounds, grant, kept=key is not None)
        answers: list[bytes] = []

        def take(payload: bytes) -> bool:
            answers.append(payload)
            return True

        room = bounds.result_bytes + _FRAME_SLACK + room_for(grant.outputs, bounds)
        async with self._crew(spec) as (cell, crew):
            talk, ending, seconds = await _converse(cell, crew, [frame], take, bounds, room, grant.asks)
            if ending == "finished" and talk.overflowed:
                ending = "output_too_big"
            result = verdicts.call_result(ending, answers, bounds, grant.outputs, talk.stdout, talk.stderr, seconds)
            if key is not None and not self._closed and worth_keeping(result):
                cell.kept.put(key, crew, room)
        return result

    def _insist_on_open(self) -> None:
        if self._closed:
            raise SandboxError("The box is closed.")

    def _crew(self, spec: CellSpec) -> _Turn:
        self._insist_on_open()
        return _Turn(self._pool, spec)


class _Turn:
    """A crew for one run, of a new cell where an earlier run broke the old one and that shows only now.

    It is let go of with the loop's next turn, so that who waits for the answer does not wait for that.
    """

    def __init__(self, pool: Pool, spec: CellSpec) -> None:
        self._lease = pool.lease(spec)
        self._again = lambda: pool.lease(spec)
        self._taken: tuple[Cell, Crew] | None = None

    async def __aenter__(self) -> tuple[Cell, Crew]:
        try:
            self._taken = await self._take()
        except SandboxBusy:
            raise
        except SandboxError:
            self._lease = self._again()
            self._taken = await self._take()
        return self._taken

    async def _take(self) -> tuple[Cell, Crew]:
        cell = await self._lease.__aenter__()
        try:
            return cell, await cell.take()
        except BaseException:
            await self._lease.__aexit__(None, None, None)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._taken is not None:
            cell, crew = self._taken
            asyncio.get_running_loop().call_soon(cell.release, crew)
            await self._lease.__aexit__(kind, error, trace)


async def _converse(
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
