"""A running container (or bubblewrap process) for one kind of work, with workers ready in it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, cast

from agentforge.boxes.bounds import WIDTH
from agentforge.boxes.conversation import Crew
from agentforge.errors import SandboxBusy, SandboxError

Kind: TypeAlias = Literal["call", "suite"]


@dataclass(frozen=True, slots=True)
class CellSpec:
    """What tells cells apart: never one for two users, kinds of work or hash seeds of Python."""

    user: str
    kind: Kind
    hash_seed: int = 0


READY = b"+"
"""What a process of the box says once it is confined; before that it gets no request."""

_START_SECONDS = 30.0
_WORKER_SECONDS = 15.0
_LONGEST_CONTROL_MESSAGE = 8192
_MOST_DESCRIPTORS = 8
_LINES: dict[Kind, int] = {"call": 1, "suite": 2}


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
    """What PID 1 of the box said about it when it was ready."""

    tier: str
    reason: str
    python: str
    pytest: str

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
    """Owns the control socket and the shell. Anything odd on the socket breaks the cell for good."""

    def __init__(self, kind: Kind, control: socket.socket, shell: Shell, *, wait_seconds: float = 60.0) -> None:
        self.kind: Kind = kind
        self._wait_seconds = wait_seconds
        self._turns = asyncio.Semaphore(0)
        self._control = control
        self._shell = shell
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Queue[Crew | None] = asyncio.Queue()
        self._hello: asyncio.Future[Hello] = self._loop.create_future()
        self._out: set[int] = set()
        self._broken = ""
        self._closed = False
        control.setblocking(False)
        self._loop.add_reader(control, self._on_control)

    @property
    def broken(self) -> str:
        """Why this cell can serve no more, or ``""``."""
        return self._broken

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
        """A crew whose processes are all confined and wait for their request. Callers take turns.

        Raises:
            SandboxBusy: those before this one took too long.
            SandboxError: the cell broke, or no worker came in time.
        """
        await self._take_turn()
        try:
            async with asyncio.timeout(_WORKER_SECONDS):
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
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise SandboxBusy(
                f"Other runs kept this box busy for {self._wait_seconds:.0f} seconds.",
                fix="Try again, or run fewer at once.",
            ) from None

    async def _next(self) -> Crew:
        while True:
            crew = None if self._broken else await self._ready.get()
            if crew is None:
                self._ready.put_nowait(None)  # for the next one who waits
                raise self._failure()
            try:
                await self._expect_ready(crew)
            except BaseException:
                self._dismiss(crew)
                raise
            return crew

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
        """Ends a crew that was taken: PID 1 kills, reaps and wipes, then forks the next one."""
        self._dismiss(crew)
        self._turns.release()

    def _dismiss(self, crew: Crew) -> None:
        if crew.number in self._out:
            self._out.discard(crew.number)
            crew.close()
            self._tell({"done": crew.number})

    async def processes(self) -> int | None:
        """How many processes stand in it on the host, or None where that cannot be known."""
        return await asyncio.to_thread(self._shell.processes)

    async def close(self) -> None:
        """Hangs up, which ends the box, and removes it; harmless when repeated."""
        if not self._closed:
            self._closed = True
            self._break("it was closed")
            while not self._ready.empty():
                crew = self._ready.get_nowait()
                if crew is not None:
                    self._out.discard(crew.number)
                    crew.close()
            self._control.close()
        await self._shell.remove()

    def _on_control(self) -> None:
        try:
            data, descriptors, flags, _ = socket.recv_fds(self._control, _LONGEST_CONTROL_MESSAGE, _MOST_DESCRIPTORS)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data, descriptors, flags = b"", [], 0
        try:
            self._hear(data, descriptors, flags)
        except (ValueError, KeyError, TypeError) as error:
            for descriptor in descriptors:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
            self._break(f"PID 1 of the box sent nonsense: {error}")

    def _hear(self, data: bytes, descriptors: list[int], flags: int) -> None:
        if not data:
            self._break(self._shell.obituary() or "it ended by itself")
            return
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            raise ValueError("a message too long")
        message: dict[str, Any] = json.loads(data)
        if "ready" in message:
            self._enlist(message, descriptors)
        elif descriptors:
            raise ValueError("descriptors with a message that is about no crew")
        elif "hello" in message:
            hello = Hello(*(str(message.get(key, "")) for key in ("tier", "reason", "python", "pytest")))
            if not self._hello.done():
                self._hello.set_result(hello)
                for _ in range(WIDTH if hello.tier == "call" else 1):
                    self._turns.release()
        elif "broken" in message:
            self._break(str(message["broken"]))
        elif "gone" in message and message["clean"] is not True:
            self._break("a run left something behind that could not be wiped")

    def _enlist(self, message: dict[str, Any], descriptors: list[int]) -> None:
        if len(descriptors) != _LINES[self.kind] + 2:
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
            self._control.send(json.dumps(message).encode())
        except OSError as error:
            self._break(f"its control socket failed: {error}")

    def _break(self, why: str) -> None:
        if self._broken:
            return
        self._broken = why
        self._loop.remove_reader(self._control)
        self._ready.put_nowait(None)
        if not self._hello.done():
            self._hello.set_exception(self._failure())
            self._hello.exception()  # marks it as seen: nobody may be waiting

    def _failure(self) -> SandboxError:
        return SandboxError(f"The box failed: {self._broken[:1000]}.", fix="See 'agentforge sandbox check'.")


def _last_words(crew: Crew) -> str:
    with contextlib.suppress(OSError):
        return os.read(crew.err, 1000).decode("utf-8", "replace")
    return ""
