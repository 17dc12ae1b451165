"""A running container (or bubblewrap process) for one kind of work, with workers ready in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, Self, TypeAlias, TypeVar, cast

from agentforge.boxes.attach import Ended
from agentforge.boxes.conversation import Crew
from agentforge.boxes.shelf import Shelf
from agentforge.errors import SandboxBusy, SandboxError

T = TypeVar("T")
Kind: TypeAlias = Literal["call", "suite"]


@dataclass(frozen=True, slots=True)
class CellSpec:
    """What tells cells apart: never one for two users, kinds of work, hash seeds of Python or sets of packages.

    ``tool`` is the hash of a source and its toolbox in tier ``strict``, else ``""``. ``packages`` is the
    digest of a locked set; empty: nothing of any set is there. ``level`` is how many runs wait for one in
    it, so that no run waits for a place that its own callers hold.
    """

    user: str
    kind: Kind
    hash_seed: int = 0
    tool: str = ""
    packages: str = ""
    level: int = 0


READY = b"+"
"""What a process of the box says once it is confined; before that it gets no request."""

LINES: Final[Mapping[Kind, int]] = {"call": 1, "suite": 2}
"""How many processes of a crew have a line to the host."""

LONGEST_CONTROL_MESSAGE = 8192

Heard: TypeAlias = Callable[[dict[str, Any], Sequence[int]], None]
"""Takes a message of PID 1 and the descriptors that belong to it; may raise one of ``attach.NONSENSE``,
and owns the descriptors otherwise."""

_START_SECONDS = 30.0
_WORKER_SECONDS = 15.0
_MOST_AT_ONCE = 16


class Control(Protocol):
    """How the host and PID 1 of a box speak: the transport."""

    def listen(self, on_message: Heard, on_end: Ended) -> None:
        """Begins to tell what PID 1 says, until it ends by itself or makes no sense; ``""``: not known why."""
        ...

    def tell(self, message: dict[str, float]) -> None:
        """An order for PID 1 (raises OSError: the transport failed)."""
        ...

    def close(self) -> None:
        """Hangs up, which ends the box; harmless when repeated."""
        ...


class Shell(Protocol):
    """What holds a cell: a container or a process. ``remove`` is harmless when repeated."""

    async def remove(self) -> None:
        """Ends everything in it and leaves nothing behind."""
        ...

    def obituary(self) -> str:
        """What is known about why it ended, or ``""``."""
        ...

    def processes(self) -> int | None:
        """How many processes stand in it, as the host's kernel counts them; None where that cannot be known.

        Blocks for some milliseconds.
        """
        ...


@dataclass(frozen=True, slots=True)
class Hello:
    """What PID 1 of the box said about it when it was ready.

    ``at_once`` is how many crews can be used at the same time; ``state`` holds lines of PID 1's
    ``/proc/self/status``, where the host cannot read them itself.
    """

    tier: str
    reason: str
    python: str
    pytest: str
    at_once: int
    state: Mapping[str, str]

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Self:
        """From the control message (raises ValueError or TypeError where it has no known form)."""
        tier, reason, python, pytest = (str(message.get(key, "")) for key in ("tier", "reason", "python", "pytest"))
        at_once = int(message["at_once"])
        if not 1 <= at_once <= _MOST_AT_ONCE:
            raise ValueError(f"{at_once} crews at once")
        state = cast("Mapping[object, object]", dict(message.get("state") or {}))
        return cls(tier, reason, python, pytest, at_once, {str(key): str(value) for key, value in state.items()})

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about the tier, if anything."""
        if self.tier == "call":
            return ()
        return (
            f"Namespaces for every call are refused here ({self.reason[:200]}): "
            "runs follow each other in one container, which is wiped in between and discarded when that fails.",
        )


class Cell:
    """Owns the transport and the shell. Anything odd that PID 1 says breaks the cell for good."""

    def __init__(self, kind: Kind, control: Control, shell: Shell, *, wait_seconds: float = 60.0) -> None:
        self.kind: Kind = kind
        self._wait_seconds = wait_seconds
        self._control = control
        self._shell = shell
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Queue[Crew | None] = asyncio.Queue()
        self._turns = asyncio.Semaphore(0)  # crews that may be taken
        self._hello: asyncio.Future[Hello] = self._loop.create_future()
        self._out: set[int] = set()
        self.kept = Shelf(self)
        """Crews that made their first call and stay for others."""
        self._kept: set[int] = set()
        self._broken = ""
        self._closed = False
        control.listen(self._hear, self._hang_up)

    @property
    def broken(self) -> str:
        """Why this cell can serve no more, or ``""``."""
        return self._broken

    @property
    def spare(self) -> bool:
        """Whether :meth:`take` would not have to wait for other runs."""
        return not self._broken and not self._turns.locked()

    async def hello(self) -> Hello:
        """Waits until the box is ready.

        Raises:
            SandboxError: it said that it cannot be, or nothing in time.
        """
        try:
            async with asyncio.timeout(_START_SECONDS):
                return await asyncio.shield(self._hello)
        except TimeoutError:
            raise SandboxError(f"The box was not ready within {_START_SECONDS:.0f} seconds.") from None

    async def take(self) -> Crew:
        """A crew whose processes are all confined and wait for their request; :meth:`release` it.

        Where all that can be used at once are in use, waits until one was released.

        Raises:
            SandboxBusy: those before this one took too long.
            SandboxError: the cell broke, or no worker came in time.
        """
        await self._take_turn()
        try:
            return await self._next()
        except TimeoutError:
            self._turns.release()
            self._break("no worker became ready in time")
            raise self._failure() from None
        except BaseException:
            self._turns.release()
            raise

    async def _take_turn(self) -> None:
        """As many at once as there are crews, so that waiting for others is never taken for a dead box."""
        if not self._turns.locked():
            await self._turns.acquire()  # at once, so that no timer is needed
            return
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise SandboxBusy(
                f"Other runs kept this box busy for {self._wait_seconds:.0f} seconds.",
                fix="Try again, or run fewer at once.",
            ) from None

    async def _next(self) -> Crew:
        crew = None
        if not self._broken:
            crew = await self._in_time(self._ready.get()) if self._ready.empty() else self._ready.get_nowait()
        if crew is None:
            self._ready.put_nowait(None)  # for the next one who waits
            raise self._failure()
        try:
            if not _has_spoken(crew):
                await self._in_time(self._expect_ready(crew))
        except BaseException:
            self._end(crew)
            raise
        return crew

    async def _in_time(self, what: Awaitable[T]) -> T:
        async with asyncio.timeout(_WORKER_SECONDS):
            return await what

    async def _expect_ready(self, crew: Crew) -> None:
        for line in crew.lines:
            try:
                said = await self._loop.sock_recv(line, 1)
            except OSError:
                said = b""
            if said != READY:
                why = _last_words(crew)
                self._break(f"a worker could not be confined: {why or 'it died'}")
                raise self._failure()

    def begin(self, crew: Crew, seconds: float) -> None:
        """Starts the clock inside the box, which backs up the one outside."""
        self._tell({"start": crew.number, "seconds": seconds})

    def release(self, crew: Crew) -> None:
        """Ends a crew: PID 1 kills, reaps and wipes, then forks the next one; harmless when repeated, and
        for one that is kept.
        """
        if crew.number not in self._kept and self._end(crew):
            self._turns.release()

    def keep(self, crew: Crew) -> None:
        """Its call is over and it stays: PID 1 stops it until the next one begins, and forks another beside it."""
        if crew.number not in self._kept:
            self._kept.add(crew.number)
            self._turns.release()
        self._tell({"keep": crew.number})

    def end_kept(self, crew: Crew) -> None:
        """Ends a crew that was kept; harmless when repeated."""
        self._kept.discard(crew.number)
        self._end(crew)

    def _end(self, crew: Crew) -> bool:
        if crew.number not in self._out:
            return False
        self._out.discard(crew.number)
        crew.close()
        self._tell({"done": crew.number})
        return True

    async def processes(self) -> int | None:
        """How many processes stand in it on the host, kept ones that rest aside; None where that cannot be known."""
        count = await asyncio.to_thread(self._shell.processes)
        return None if count is None else count - self.kept.resting

    async def close(self) -> None:
        """Hangs up, which ends the box, and removes it; harmless when repeated."""
        if not self._closed:
            self._closed = True
            self._break("it was closed")
            self.kept.close()
            while not self._ready.empty():
                crew = self._ready.get_nowait()
                if crew is not None:
                    self._out.discard(crew.number)
                    crew.close()
            self._control.close()
        await self._shell.remove()

    def _hang_up(self, why: str) -> None:
        self._break(why or self._shell.obituary() or "it ended by itself")

    def _hear(self, message: dict[str, Any], descriptors: Sequence[int]) -> None:
        if "ready" in message:
            self._enlist(message, descriptors)
        elif descriptors:
            raise ValueError("descriptors with a message that is about no crew")
        elif "hello" in message:
            self._welcome(Hello.of(message))
        elif "resting" in message:
            self.kept.rested(int(cast("int", message["resting"])))
        elif "broken" in message:
            self._break(str(message["broken"]))
        elif "gone" in message and message["clean"] is not True:
            self._break("a run left something behind that could not be wiped")

    def _welcome(self, hello: Hello) -> None:
        if not self._hello.done():
            for _ in range(hello.at_once):
                self._turns.release()
            self._hello.set_result(hello)

    def _enlist(self, message: dict[str, Any], descriptors: Sequence[int]) -> None:
        if len(descriptors) != LINES[self.kind] + 2:
            raise ValueError(f"{len(descriptors)} descriptors with a crew")
        number = int(cast("int", message["ready"]))
        if number in self._out:
            raise ValueError(f"crew {number} twice")
        crew = Crew.of(number, descriptors)
        self._out.add(crew.number)
        self._ready.put_nowait(crew)

    def _tell(self, message: dict[str, float]) -> None:
        if self._broken:
            return
        try:
            self._control.tell(message)
        except OSError as error:
            self._break(f"its control socket failed: {error}")

    def _break(self, why: str) -> None:
        if self._broken:
            return
        self._broken = why
        self._ready.put_nowait(None)
        if not self._hello.done():
            self._hello.set_exception(self._failure())
            self._hello.exception()  # marks it as seen: nobody may be waiting

    def _failure(self) -> SandboxError:
        return SandboxError(f"The box failed: {self._broken[:1000]}.", fix="See 'agentforge sandbox check'.")


def _has_spoken(crew: Crew) -> bool:
    """Whether all its processes have said already that they are confined, as they have where there was time."""
    try:
        spoken = all(line.recv(1, socket.MSG_PEEK) == READY for line in crew.lines)
        return spoken and all(line.recv(1) == READY for line in crew.lines)
    except OSError:
        return False


def _last_words(crew: Crew) -> str:
    with contextlib.suppress(OSError):
        return os.read(crew.err, 1000).decode("utf-8", "replace")
    return ""
