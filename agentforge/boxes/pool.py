"""The pool: all cells of one process, for all its users, within bounds.

A cell is started at its first need and kept warm. Where no more may run, the one that was unused
for longest makes room; where none is unused, who asks waits, and is refused after
``sandbox.wait_seconds``. A cell that broke is replaced as soon as nobody is in it, without anybody
waiting for that.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self

from agentforge.boxes.cell import Cell, CellSpec, Hello
from agentforge.boxes.protocol import BoxInfo
from agentforge.errors import SandboxBusy, SandboxError
from agentforge.settings import SandboxSettings

_MOST_PAUSE = 5.0
"""Seconds between two looks for unused cells, at the most."""


class Launcher(Protocol):
    """Starts cells of one kind of isolation."""

    async def start(self, spec: CellSpec) -> tuple[Cell, Hello]:
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


@dataclass(eq=False, slots=True)
class _Place:
    """One place of the pool: a cell, or the work of starting it."""

    spec: CellSpec
    starting: asyncio.Task[tuple[Cell, Hello]]
    guests: int = 0
    left: float = field(default_factory=time.monotonic)

    @property
    def cell(self) -> Cell | None:
        """The cell, once it has been started."""
        done = self.starting.done() and not self.starting.cancelled() and self.starting.exception() is None
        return self.starting.result()[0] if done else None

    @property
    def useless(self) -> bool:
        """Whether it could not be started, or its cell broke."""
        return self.starting.done() and (self.cell is None or bool(self.cell.broken))


class Pool:
    """Owns the launcher and every cell; a context manager, bound to the event loop in which it is used."""

    def __init__(self, launcher: Launcher, settings: SandboxSettings) -> None:
        self._launcher = launcher
        self._settings = settings
        self._places: dict[CellSpec, _Place] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._sweeper: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def most(self) -> int:
        """So many cells may run at once."""
        by_memory = self._settings.total_memory_mb // self._settings.memory_mb
        return max(1, min(self._settings.boxes, by_memory))

    @property
    def cells(self) -> int:
        """So many run, start or are being removed now."""
        return len(self._places) + len(self._closing)

    async def info(self, spec: CellSpec) -> BoxInfo:
        """Which isolation a cell gives, found out by having one (raises as :meth:`lease`)."""
        place = await self._enter(spec)
        try:
            return self._launcher.info(place.starting.result()[1])
        finally:
            self.leave(place)

    def lease(self, spec: CellSpec) -> Lease:
        """A running cell, which stays for as long as it is used (``async with``).

        A run for which others wait (``spec.level``) gets the cell of its callers where that has a crew to
        spare, else one of its own level.

        Raises:
            SandboxBusy: none became free in time; at once for a run for which others wait, since what it
                would wait for may be theirs.
            SandboxError: it could not be started, or the pool is closed.
        """
        return Lease(self, spec)

    async def enter(self, spec: CellSpec) -> _Place:
        """A place with a running cell; :meth:`leave` it. Raises as :meth:`lease`."""
        return (self._enter_beside(spec) if spec.level else None) or await self._enter(spec)

    def forget(self, session: object) -> None:
        """Ends what is kept for a session (see :mod:`agentforge.boxes.kept`)."""
        for place in self._places.values():
            if place.cell is not None:
                place.cell.kept.forget(session)

    async def processes(self, user: str) -> int | None:
        """How many processes a user's cells have on the host, or None where that cannot be known."""
        cells = [place.cell for place in self._places.values() if place.spec.user == user]
        counts = [await cell.processes() for cell in cells if cell is not None]
        return sum(count or 0 for count in counts) if None not in counts else None

    async def close(self) -> None:
        """Removes every cell, also those that are starting; harmless when repeated."""
        self._closed = True
        self._changed.set()
        removing = asyncio.ensure_future(self._close_all())
        try:
            await asyncio.shield(removing)
        except asyncio.CancelledError:
            await asyncio.wait({removing})
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _enter(self, spec: CellSpec) -> _Place:
        deadline = time.monotonic() + self._settings.wait_seconds
        while True:
            if self._closed:
                raise SandboxError("The box is closed.")
            place = self._places.get(spec)
            if place is not None and place.useless:
                self._give_up(place)
            elif place is not None:
                return await self._wait_in(place)
            elif self.cells < self.most:
                self._start(spec)
            elif len(self._places) < self.most:  # one is being removed already
                await self._wait_for_change(deadline)
            elif not self._make_room():
                self._refuse_to_wait(spec)
                await self._wait_for_change(deadline)

    def _enter_beside(self, spec: CellSpec) -> _Place | None:
        """The place of runs for which nobody waits. Who takes its crew must do so before awaiting anything."""
        place = self._places.get(replace(spec, level=0))
        if place is None or place.cell is None or not place.cell.spare:
            return None
        place.guests += 1
        return place

    async def _wait_in(self, place: _Place) -> _Place:
        """Counts as a guest while it waits, so that nobody takes the place away."""
        place.guests += 1
        if place.cell is not None:  # nothing to wait for
            return place
        try:
            await asyncio.shield(place.starting)
        except BaseException as error:
            self.leave(place)
            if isinstance(error, asyncio.CancelledError) and place.starting.cancelled():
                raise SandboxError("The box is closed.") from None
            raise
        return place

    def leave(self, place: _Place) -> None:
        """Lets go of a place; once for each :meth:`enter`."""
        place.guests -= 1
        place.left = time.monotonic()
        if place.useless and place.guests == 0 and self._places.get(place.spec) is place:
            worked = place.cell is not None
            self._give_up(place)
            if worked and not self._closed and self.cells < self.most:
                self._start(place.spec)
        self._changed.set()

    def _start(self, spec: CellSpec) -> None:
        starting = asyncio.ensure_future(self._launcher.start(spec))
        starting.add_done_callback(_mark_as_seen)
        self._places[spec] = _Place(spec, starting)
        if self._sweeper is None:
            self._sweeper = asyncio.ensure_future(self._sweep())

    def _give_up(self, place: _Place) -> None:
        """Takes a cell out of use and removes it behind everybody's back."""
        if self._places.get(place.spec) is place:
            del self._places[place.spec]
        task = asyncio.ensure_future(_remove(place))
        self._closing.add(task)
        task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        self._changed.set()

    def _make_room(self) -> bool:
        """Gives up the cell that was unused for longest; False where all are used."""
        unused = [place for place in self._places.values() if place.guests == 0 and place.starting.done()]
        if unused:
            self._give_up(min(unused, key=lambda place: place.left))
        return bool(unused)

    def _refuse_to_wait(self, spec: CellSpec) -> None:
        if spec.level:
            raise SandboxBusy(
                f"All {self.most} boxes are in use, and what runs apart from its caller needs another one.",
                fix="Try again, or raise sandbox.boxes and sandbox.total_memory_mb.",
            )

    async def _wait_for_change(self, deadline: float) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                await self._changed.wait()
        except TimeoutError:
            raise SandboxBusy(
                f"All {self.most} boxes stayed in use for {self._settings.wait_seconds:.0f} seconds.",
                fix="Try again, or raise sandbox.boxes and sandbox.total_memory_mb.",
            ) from None

    async def _sweep(self) -> None:
        """Removes cells that nobody used for too long."""
        idle = self._settings.idle_seconds
        while True:
            await asyncio.sleep(min(idle / 2, _MOST_PAUSE))
            for place in list(self._places.values()):
                if place.guests == 0 and place.starting.done() and time.monotonic() - place.left > idle:
                    self._give_up(place)

    async def _close_all(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        for place in list(self._places.values()):
            place.starting.cancel()
            self._give_up(place)
        results = await asyncio.gather(*self._closing, return_exceptions=True)
        self._launcher.close()
        for result in results:
            if isinstance(result, BaseException):
                raise result


class Lease:
    """The use of a cell. Plain methods, since a generator's machinery would be part of every call's time."""

    def __init__(self, pool: Pool, spec: CellSpec) -> None:
        self._pool = pool
        self._spec = spec
        self._place: _Place | None = None

    async def __aenter__(self) -> Cell:
        self._place = await self._pool.enter(self._spec)
        return self._place.starting.result()[0]

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._place is not None:
            self._pool.leave(self._place)


async def _remove(place: _Place) -> None:
    await asyncio.wait({place.starting})
    if place.cell is not None:
        await place.cell.close()


def _mark_as_seen(task: asyncio.Task[tuple[Cell, Hello]]) -> None:
    """A start that failed is told to who waits for it; nobody may be waiting."""
    if not task.cancelled():
        task.exception()
