"""The warm box: implements :class:`~agentforge.boxes.protocol.Box` over any launcher."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from agentforge.boxes import requests, verdicts
from agentforge.boxes.asks import Asks
from agentforge.boxes.bounds import WIDTH
from agentforge.boxes.cell import Cell, Hello, Kind
from agentforge.boxes.conversation import Conversation, Ending, FrameHandler
from agentforge.boxes.files import room_for
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
from agentforge.errors import SandboxError
from agentforge.settings import SandboxSettings
from agentforge.types import JSONObject

_FRAME_SLACK = 32 << 10
"""Room for what surrounds a value in its frame, and for the text of an exception."""

_SUITE_FRAME_BYTES = 64 << 10


_Key: TypeAlias = tuple[Kind, int]
"""What tells the cells of a box apart: the kind of work and the hash seed."""


class Launcher(Protocol):
    """Starts cells of one kind of isolation."""

    async def start(self, kind: Kind, hash_seed: int = 0) -> tuple[Cell, Hello]:
        """A cell that said hello; ``hash_seed`` is that of its Python.

        Raises:
            SandboxError: it could not be started or a hardening flag is missing; nothing remains.
        """
        ...

    def info(self, hello: Hello) -> BoxInfo:
        """Which isolation a cell that said this gives."""
        ...

    def close(self) -> None:
        """Lets go of what the launcher holds; harmless when repeated."""
        ...


class WarmBox:
    """Owns its launcher and a cell for calls; from their first use on, also cells for suites and for calls
    with another hash seed. A cell that broke is replaced at the next use. Bound to the event loop that opened it.
    """

    def __init__(self, launcher: Launcher, settings: SandboxSettings, info: BoxInfo, calls: Cell) -> None:
        self._launcher = launcher
        self._settings = settings
        self._info = info
        self._cells: dict[_Key, Cell] = {("call", 0): calls}
        self._starting: defaultdict[_Key, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._closed = False

    @classmethod
    async def open(cls, launcher: Launcher, settings: SandboxSettings) -> Self:
        """Starts the first cell (raises as :meth:`Launcher.start`; the launcher is closed then)."""
        try:
            cell, hello = await launcher.start("call")
        except BaseException:
            launcher.close()
            raise
        return cls(launcher, settings, launcher.info(hello), cell)

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
    ) -> list[CallResult]:
        """:meth:`call` for each of ``many``, in order, each in a fresh process and pure."""
        at_once = asyncio.Semaphore(WIDTH)

        async def one(args: JSONObject) -> CallResult:
            async with at_once:
                return await self._call(_call(source, entry, args), toolbox, limits, NOTHING, hash_seed)

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
            ("suite", 0), frames, report.take, bounds, _SUITE_FRAME_BYTES, grant.asks
        )
        return report.result(ending, talk.stdout, talk.stderr, seconds)

    async def close(self) -> None:
        """Stops and removes the box; harmless when repeated."""
        self._closed = True
        removing = asyncio.ensure_future(self._close_cells())
        try:
            await asyncio.shield(removing)
        except asyncio.CancelledError:
            await asyncio.wait({removing})
            raise

    async def _close_cells(self) -> None:
        results = await asyncio.gather(*(cell.close() for cell in self._cells.values()), return_exceptions=True)
        self._launcher.close()
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _call_limits(self) -> Limits:
        own = self._settings
        return Limits(own.call_seconds, own.result_bytes, own.output_bytes)

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
        key: _Key = ("call", hash_seed)
        talk, ending, seconds = await self._converse(key, [frame], take, bounds, room, grant.asks)
        if ending == "finished" and talk.overflowed:
            ending = "output_too_big"
        return verdicts.call_result(ending, answers, bounds, grant.outputs, talk.stdout, talk.stderr, seconds)

    async def _converse(
        self,
        key: _Key,
        frames: Sequence[bytes],
        take: FrameHandler,
        limits: Limits,
        frame_bytes: int,
        asks: Asks,
    ) -> tuple[Conversation, Ending, float]:
        cell = await self._cell(key)
        crew = await cell.take()
        try:
            began = time.monotonic()
            cell.begin(crew, limits.seconds)
            talk = Conversation(crew, frame_bytes=frame_bytes, output_bytes=limits.output_bytes, asks=asks)
            ending = await talk.hold(frames, take, limits.seconds)
            return talk, ending, time.monotonic() - began
        finally:
            cell.release(crew)

    async def _cell(self, key: _Key) -> Cell:
        async with self._starting[key]:
            if self._closed:
                raise SandboxError("The box is closed.")
            cell = self._cells.get(key)
            if cell is None or cell.broken:
                if cell is not None:
                    await cell.close()
                cell, _ = await self._launcher.start(*key)
                self._cells[key] = cell
            return cell


def _call(source: str, entry: str, args: JSONObject) -> JSONObject:
    return {"kind": "call", "source": source, "entry": entry, "args": args}
