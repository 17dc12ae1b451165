"""One run, seen from the host: a request out, frames and two outputs in, all of it bounded."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from agentforge.boxes.asks import LARGEST_QUESTION, NO_ASKS, QUESTION, Asks, Desk
from agentforge.boxes.wire import FrameReader, FrameTooBigError, MalformedFrameError, decode

Ending: TypeAlias = Literal["finished", "timed_out", "died", "result_too_big", "output_too_big", "bad_result"]
FrameHandler: TypeAlias = Callable[[bytes], bool]
"""Takes a frame's payload and returns whether it was the last one; may raise MalformedFrameError."""

_READ_BYTES = 64 << 10

_VERY_SHORT_SECONDS = 0.005
"""A run that takes no longer has its outputs read at its end; pipes hold 64 KiB, so few runs wait for that."""

_SHORT_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Crew:
    """One run's processes in the box: a line to each of them, their common stdout and stderr.

    Owns these descriptors, which are non-blocking.
    """

    number: int
    lines: tuple[socket.socket, ...]
    out: int
    err: int

    @classmethod
    def of(cls, number: int, descriptors: Sequence[int]) -> Crew:
        """Takes the descriptors that the box passed: its lines, then stdout and stderr.

        Raises:
            ValueError: a line is no socket; the descriptors stay the caller's.
        """
        for descriptor in descriptors:
            os.set_blocking(descriptor, False)
        *lines, out, err = descriptors
        return cls(number, _sockets(lines), out, err)

    def close(self) -> None:
        """Closes the descriptors; call it once."""
        for line in self.lines:
            line.close()
        os.close(self.out)
        os.close(self.err)


def _sockets(descriptors: Sequence[int]) -> tuple[socket.socket, ...]:
    made: list[socket.socket] = []
    try:
        for descriptor in descriptors:
            made.append(socket.socket(fileno=descriptor))  # noqa: PERF401 - what was made before a failure must be undone
    except OSError:
        for one in made:
            one.detach()
        raise ValueError("a line that is no socket") from None
    return tuple(made)


class Conversation:
    """Listens to one crew within bounds; the crew's descriptors stay the crew's.

    Results come on the first line; what the run asks comes on the last one (``asks``), which is listened
    to only where something was granted. :meth:`hold` tells how the run ended; what was printed stays
    readable afterwards.
    """

    def __init__(self, crew: Crew, *, frame_bytes: int, output_bytes: int, asks: Asks = NO_ASKS) -> None:
        self._lines = crew.lines
        self._desk = Desk(asks, self._reply, self._fail) if asks else None
        self._out, self._err = crew.out, crew.err
        self._outputs = {crew.out: bytearray(), crew.err: bytearray()}
        self._reader = FrameReader(frame_bytes)
        self._questions = FrameReader(LARGEST_QUESTION)
        self._output_bytes = output_bytes
        self._loop = asyncio.get_running_loop()
        self._ending: asyncio.Future[Ending] = self._loop.create_future()
        self._on_frame: FrameHandler = lambda _: True
        self._last_seen = False
        self._later: asyncio.TimerHandle | None = None  # what else is done where the run is not short
        self._heard: set[int] = set()  # descriptors that are listened to; as numbers, which asyncio finds faster

    async def hold(
        self, requests: Sequence[bytes], on_frame: FrameHandler, seconds: float, begun: Callable[[], None]
    ) -> Ending:
        """Sends each line its request and listens until the last frame, the end, or the time is up.

        ``begun`` is called where it takes longer than :data:`_SHORT_SECONDS`, so that the many short runs need
        not wake PID 1 for its clock.
        """
        self._on_frame = on_frame
        timer = self._loop.call_later(seconds, self._end, "timed_out")
        self._later = self._loop.call_later(_VERY_SHORT_SECONDS, self._go_on, begun)
        sending: list[asyncio.Task[None]] = []
        try:
            for line, request in zip(self._lines, requests, strict=True):
                if rest := _send_now(line, request):
                    sending.append(asyncio.ensure_future(_send(self._loop, line, rest)))
            self._listen()
            return await self._ending
        finally:
            timer.cancel()
            self._later.cancel()
            for task in sending:
                task.cancel()
            self._stop_listening()
            if self._desk is not None:
                await self._desk.close()
            self._drain()

    @property
    def stdout(self) -> str:
        """What the run printed; hostile text, at most ``output_bytes`` of it."""
        return self._text(self._out)

    @property
    def stderr(self) -> str:
        """What the run printed as errors; hostile text, at most ``output_bytes`` of it."""
        return self._text(self._err)

    def _text(self, descriptor: int) -> str:
        return bytes(self._outputs[descriptor][: self._output_bytes]).decode("utf-8", "replace")

    def _listen(self) -> None:
        self._listen_to(self._lines[0].fileno(), self._hear)
        if self._desk is not None and len(self._lines) > 1:
            self._listen_to(self._lines[-1].fileno(), self._hear_questions)

    def _go_on(self, begun: Callable[[], None]) -> None:
        """It takes longer than most: what it prints must not fill its pipes."""
        for descriptor in self._outputs:
            self._listen_to(descriptor, lambda descriptor=descriptor: self._collect(descriptor))
        self._later = self._loop.call_later(_SHORT_SECONDS - _VERY_SHORT_SECONDS, begun)

    def _listen_to(self, descriptor: int, heard: Callable[[], None]) -> None:
        self._heard.add(descriptor)
        self._loop.add_reader(descriptor, heard)

    def _stop_listening(self, *descriptors: int) -> None:
        for descriptor in descriptors or tuple(self._heard):
            self._heard.discard(descriptor)
            self._loop.remove_reader(descriptor)

    def _hear(self) -> None:
        try:
            data = self._lines[0].recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._end("died")
            return
        try:
            while frames := self._reader.feed(data):
                self._take(frames)
                data = b""
        except FrameTooBigError:
            self._end("result_too_big")

    def _take(self, frames: list[bytes]) -> None:
        for frame in frames:
            if self._last_seen:
                self._end("bad_result")  # more frames than an honest runner sends
                return
            try:
                if len(self._lines) == 1 and frame.startswith(QUESTION):
                    self._ask(frame)
                else:
                    self._last_seen = self._on_frame(frame)
            except MalformedFrameError:
                self._end("bad_result")
                return
        if self._last_seen:
            self._end("bad_result" if self._reader.rest or self._more_is_waiting() else "finished")

    def _hear_questions(self) -> None:
        """The tool of a suite: its line holds questions and nothing else."""
        try:
            data = self._lines[-1].recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._stop_listening(self._lines[-1].fileno())
            return
        try:
            for frame in self._questions.feed(data):
                self._ask(frame)
        except (MalformedFrameError, FrameTooBigError):
            self._end("bad_result")

    def _ask(self, frame: bytes) -> None:
        if self._desk is None:
            raise MalformedFrameError("a question, and nothing was granted")
        self._desk.take(decode(frame))

    def _fail(self, error: Exception) -> None:
        if not self._ending.done():
            self._ending.set_exception(error)

    async def _reply(self, frame: bytes) -> None:
        await _send(self._loop, self._lines[-1], frame)

    def _more_is_waiting(self) -> bool:
        try:
            return bool(self._lines[0].recv(1))
        except OSError:
            return False

    def _collect(self, descriptor: int) -> None:
        kept = self._outputs[descriptor]
        try:
            data = os.read(descriptor, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._stop_listening(descriptor)
        kept += data
        if len(kept) > self._output_bytes:
            self._end("output_too_big")

    def _drain(self) -> None:
        """Takes what was printed before the last frame and is still in the pipes; never waits."""
        for descriptor, kept in self._outputs.items():
            while len(kept) <= self._output_bytes:
                try:
                    data = os.read(descriptor, _READ_BYTES)
                except OSError:
                    break
                if not data:
                    break
                kept += data

    @property
    def overflowed(self) -> bool:
        """Whether more was printed than allowed."""
        return any(len(kept) > self._output_bytes for kept in self._outputs.values())

    def _end(self, ending: Ending) -> None:
        if not self._ending.done():
            self._ending.set_result(ending)


def _send_now(line: socket.socket, request: bytes) -> memoryview:
    """Sends what the line takes at once; returns the rest."""
    try:
        sent = line.send(request)
    except OSError:
        sent = 0
    return memoryview(request)[sent:]


async def _send(loop: asyncio.AbstractEventLoop, line: socket.socket, request: bytes | memoryview) -> None:
    """A worker that dies while it is spoken to is noticed by its silence."""
    with contextlib.suppress(OSError):
        await loop.sock_sendall(line, request)
