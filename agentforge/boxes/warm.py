"""The warm box: implements :class:`~agentforge.boxes.protocol.Box` over any launcher."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self, cast

from agentforge.boxes import verdicts, wire
from agentforge.boxes.bounds import WIDTH
from agentforge.boxes.cell import Cell, Hello, Kind
from agentforge.boxes.conversation import Conversation, Crew, Ending, FrameHandler
from agentforge.boxes.protocol import NO_TOOLBOX, BoxInfo, CallResult, Limits, SuiteResult, Toolbox
from agentforge.errors import SandboxError, UsageError
from agentforge.settings import SandboxSettings
from agentforge.types import JSON, JSONObject

_FRAME_SLACK = 32 << 10
"""Room for what surrounds a value in its frame, and for the text of an exception."""

_LARGEST_REQUEST = 32 << 20
_SUITE_FRAME_BYTES = 64 << 10


class Launcher(Protocol):
    """Starts cells of one kind of isolation."""

    async def start(self, kind: Kind) -> tuple[Cell, Hello]:
        """A cell that said hello.

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
    """Owns its launcher, one cell for calls and, from the first suite on, one for suites.

    A cell that broke is replaced at the next use. Bound to the event loop that opened it.
    """

    def __init__(self, launcher: Launcher, settings: SandboxSettings, info: BoxInfo, calls: Cell) -> None:
        self._launcher = launcher
        self._settings = settings
        self._info = info
        self._cells: dict[Kind, Cell] = {"call": calls}
        self._starting: dict[Kind, asyncio.Lock] = {"call": asyncio.Lock(), "suite": asyncio.Lock()}
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
        self, source: str, entry: str, args: JSONObject, *, toolbox: Toolbox = NO_TOOLBOX, limits: Limits | None = None
    ) -> CallResult:
        """Runs ``entry(**args)`` of the module ``source`` in a fresh process."""
        request: JSONObject = {"kind": "call", "source": source, "entry": entry, "args": args}
        return await self._work(request, toolbox, limits or self._call_limits())

    async def call_many(
        self,
        source: str,
        entry: str,
        many: Sequence[JSONObject],
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
    ) -> list[CallResult]:
        """:meth:`call` for each of ``many``, in order, each in a fresh process."""
        at_once = asyncio.Semaphore(WIDTH)

        async def one(args: JSONObject) -> CallResult:
            async with at_once:
                return await self.call(source, entry, args, toolbox=toolbox, limits=limits)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(args)) for args in many]
        return [task.result() for task in tasks]

    async def run(self, code: str, *, toolbox: Toolbox = NO_TOOLBOX, limits: Limits | None = None) -> CallResult:
        """Runs a script; ``value`` is that of its last expression (None where that is a statement)."""
        return await self._work({"kind": "run", "source": code}, toolbox, limits or self._call_limits())

    async def suite(
        self, source: str, tests: str, *, toolbox: Toolbox = NO_TOOLBOX, limits: Limits | None = None
    ) -> SuiteResult:
        """Runs the pytest file ``tests`` against the module ``source``, imported as ``tool``."""
        bounds = limits or Limits(self._settings.suite_seconds, output_bytes=self._settings.output_bytes)
        to_tests, to_tool = _request({"tests": tests}), _request({"source": source, "toolbox": dict(toolbox)})
        report = verdicts.SuiteReport(bounds.result_bytes)
        talk, ending, seconds = await self._converse(
            "suite", [to_tests, to_tool], report.take, bounds, _SUITE_FRAME_BYTES
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

    async def _work(self, request: JSONObject, toolbox: Toolbox, limits: Limits) -> CallResult:
        frame = _request(
            request
            | {
                "toolbox": cast("JSON", dict(toolbox)),
                "seconds": limits.seconds,
                "result_bytes": limits.result_bytes,
            }
        )
        answers: list[bytes] = []

        def take(payload: bytes) -> bool:
            answers.append(payload)
            return True

        talk, ending, seconds = await self._converse("call", [frame], take, limits, limits.result_bytes + _FRAME_SLACK)
        if ending == "finished" and talk.overflowed:
            ending = "output_too_big"
        return verdicts.call_result(ending, answers, limits.result_bytes, talk.stdout, talk.stderr, seconds)

    async def _converse(
        self, kind: Kind, requests: Sequence[bytes], take: FrameHandler, limits: Limits, frame_bytes: int
    ) -> tuple[Conversation, Ending, float]:
        cell, crew = await self._crew(kind)
        try:
            began = time.monotonic()
            cell.begin(crew, limits.seconds)
            talk = Conversation(crew, frame_bytes=frame_bytes, output_bytes=limits.output_bytes)
            ending = await talk.hold(requests, take, limits.seconds)
            return talk, ending, time.monotonic() - began
        finally:
            cell.release(crew)

    async def _crew(self, kind: Kind) -> tuple[Cell, Crew]:
        """A crew, of a new cell where an earlier run broke the old one and that shows only now."""
        cell = await self._cell(kind)
        with contextlib.suppress(SandboxError):
            return cell, await cell.take()
        cell = await self._cell(kind)
        return cell, await cell.take()

    async def _cell(self, kind: Kind) -> Cell:
        async with self._starting[kind]:
            if self._closed:
                raise SandboxError("The box is closed.")
            cell = self._cells.get(kind)
            if cell is None or cell.broken:
                if cell is not None:
                    await cell.close()
                cell, _ = await self._launcher.start(kind)
                self._cells[kind] = cell
            return cell


def _request(request: JSONObject) -> bytes:
    try:
        frame = wire.encode(request)
    except wire.MalformedFrameError as error:
        raise UsageError(f"What goes into the box must be JSON: {error}.") from None
    if len(frame) > _LARGEST_REQUEST:
        raise UsageError(
            f"What goes into the box is {len(frame):,} bytes long; {_LARGEST_REQUEST:,} are allowed.",
            fix="Pass less data, or pass it in parts.",
        )
    return frame
