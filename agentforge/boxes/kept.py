"""Kept processes (tier ``reuse``): one serves further calls of the tool that it has loaded.

By definition it keeps what earlier calls of the same tool left in its memory, its folder and its limits.
What holds all the same: it serves one tool, of one session, without any grant; it makes one call at a
time and is stopped in between (PID 1 proves that, ``rest.py`` there); an answer counts only behind the
ticket of its own question; what comes while no call is under way ends it; and so does whatever an
honest tool does not do. The next call then gets a fresh process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import select
import socket
import time
from typing import Literal, Protocol, TypeAlias

from agentforge.boxes import requests, verdicts, wire
from agentforge.boxes.conversation import Crew, Ending
from agentforge.boxes.protocol import CallResult, Limits
from agentforge.types import JSONObject

_READ_BYTES = 64 << 10
_REST_SECONDS = 1.0
"""How long a process may take to come to rest; PID 1 tries for 8 ms."""

_FRAMES = 2
"""Of one answer: its question's ticket, then the outcome."""

_State: TypeAlias = Literal["settling", "resting", "calling", "over"]


class Orders(Protocol):
    """What a cell does with a crew that is kept."""

    def begin(self, crew: Crew, seconds: float) -> None:
        """Wakes it and starts the clock inside the box."""
        ...

    def keep(self, crew: Crew) -> None:
        """Its call is over: it comes to rest, and is told so by ``Shelf.rested``."""
        ...

    def end_kept(self, crew: Crew) -> None:
        """Ends it."""
        ...


def worth_keeping(result: CallResult) -> bool:
    """Whether a process that gave this did nothing but what honest tools do, and has memory left."""
    return result.status in ("returned", "raised") and result.error != "MemoryError"


class KeptCrew:
    """One kept process. Owns the crew from when it is made until :meth:`end`."""

    def __init__(self, crew: Crew, orders: Orders, frame_bytes: int) -> None:
        self.number = crew.number
        self.reserved = False
        """Whether a call was promised to it or is under way."""
        self.state: _State = "settling"
        self._crew = crew
        self._line = crew.lines[0]
        self._orders = orders
        self._frame_bytes = frame_bytes
        self._loop = asyncio.get_running_loop()
        self._changed: asyncio.Future[None] | None = None  # somebody waits for its rest
        self._ending: asyncio.Future[Ending] | None = None  # of the call that is under way
        self._reader = wire.FrameReader(frame_bytes)
        self._frames: list[bytes] = []
        self._outputs = {crew.out: bytearray(), crew.err: bytearray()}
        self._output_bytes = 0
        self._closed_output = False
        self._anything = select.poll()
        self._listen()
        orders.keep(crew)

    def rested(self) -> None:
        """PID 1 says that it stands still."""
        if self.state == "settling":
            self.state = "resting"
            self._tell_change()

    async def call(self, args: JSONObject, limits: Limits) -> CallResult | None:
        """One more call; only who set ``reserved`` may make it.

        Returns None where a fresh process has to answer: this one is over, answered another question
        than its own, or failed in a way that earlier calls may have caused.

        Raises:
            UsageError: the arguments are not JSON, or larger than allowed.
        """
        try:
            if not await self._is_resting() or self._anything.poll(0):
                self.end()
                return None
            began = time.monotonic()
            self._orders.begin(self._crew, limits.seconds)  # it wakes while the request is written
            ticket = secrets.token_hex(8)
            request = requests.further(args, ticket)
            ending = await self._converse(request, limits)
            return self._judge(ending, f'"{ticket}"'.encode(), limits, time.monotonic() - began)
        except BaseException:
            self.end()
            raise
        finally:
            self.reserved = False

    def end(self) -> None:
        """Ends the process; harmless when repeated."""
        if self.state == "over":
            return
        self.state = "over"
        self._finish("died")
        self._tell_change()
        self._loop.remove_writer(self._line)
        for readable in (self._line, *self._outputs):
            self._loop.remove_reader(readable)
        self._orders.end_kept(self._crew)

    def _listen(self) -> None:
        """For as long as it is kept, so that a call costs no registration."""
        self._loop.add_reader(self._line, self._hear)
        self._anything.register(self._line, select.POLLIN)
        for output in self._outputs:
            self._loop.add_reader(output, self._collect, output)
            self._anything.register(output, select.POLLIN)

    async def _is_resting(self) -> bool:
        if self.state == "settling":
            self._changed = self._loop.create_future()
            timer = self._loop.call_later(_REST_SECONDS, self._tell_change)
            try:
                await self._changed
            finally:
                timer.cancel()
        return self.state == "resting"

    def _tell_change(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    async def _converse(self, request: bytes, limits: Limits) -> Ending:
        self.state = "calling"
        self._reader = wire.FrameReader(self._frame_bytes)
        self._frames = []
        self._outputs = {output: bytearray() for output in self._outputs}
        self._output_bytes = limits.output_bytes
        self._ending = self._loop.create_future()
        timer = self._loop.call_later(limits.seconds, self._finish, "timed_out")
        sending = self._send(request)
        try:
            return await self._ending
        finally:
            timer.cancel()
            if sending is not None:
                sending.cancel()

    def _send(self, request: bytes) -> asyncio.Task[None] | None:
        """At once, as far as the line takes it; the rest, if any, as a task."""
        try:
            sent = self._line.send(request)
        except BlockingIOError:
            sent = 0
        except OSError:  # it died, which its silence tells
            return None
        if sent == len(request):
            return None
        return asyncio.ensure_future(_send_rest(self._loop, self._line, request[sent:]))

    def _judge(self, ending: Ending, ticket: bytes, limits: Limits, seconds: float) -> CallResult | None:
        ours = self._frames[:1] == [ticket]
        if ending == "died" or (not ours and ending not in ("timed_out", "output_too_big")):
            self.end()
            return None
        if ending == "finished" and self._overflowed():
            ending = "output_too_big"
        out, err = (
            bytes(printed[: limits.output_bytes]).decode("utf-8", "replace") for printed in self._outputs.values()
        )
        result = verdicts.call_result(ending, self._frames[1:], limits, (), out, err, seconds)
        if self.state == "calling" and not self._closed_output and worth_keeping(result):
            self.state = "settling"
            self._orders.keep(self._crew)
        else:
            self.end()
        return None if result.error == "MemoryError" else result

    def _is_calling(self) -> bool:
        return self._ending is not None and not self._ending.done()

    def _finish(self, ending: Ending) -> None:
        """What was printed before is taken; what comes later was not asked for."""
        if self._ending is not None and not self._ending.done():
            self._drain()
            self._ending.set_result(ending)

    def _hear(self) -> None:
        try:
            data = self._line.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data or not self._is_calling():
            self.end()
            return
        try:
            while frames := self._reader.feed(data):
                self._frames += frames
                data = b""
        except wire.FrameTooBigError:
            self._finish("result_too_big")
            return
        if len(self._frames) >= _FRAMES:
            more = len(self._frames) > _FRAMES or self._reader.rest or _holds_more(self._line)
            self._finish("bad_result" if more else "finished")

    def _collect(self, output: int) -> None:
        try:
            data = os.read(output, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not self._is_calling():
            self.end()
            return
        if not data:
            self._closed_output = True
            self._loop.remove_reader(output)
        self._outputs[output] += data
        if self._overflowed():
            self._finish("output_too_big")

    def _drain(self) -> None:
        for output, printed in self._outputs.items():
            while len(printed) <= self._output_bytes:
                try:
                    data = os.read(output, _READ_BYTES)
                except OSError:
                    break
                if not data:
                    break
                printed += data

    def _overflowed(self) -> bool:
        return any(len(printed) > self._output_bytes for printed in self._outputs.values())


def _holds_more(line: socket.socket) -> bool:
    try:
        return bool(line.recv(1))
    except OSError:
        return False


async def _send_rest(loop: asyncio.AbstractEventLoop, line: socket.socket, rest: bytes) -> None:
    with contextlib.suppress(OSError):
        await loop.sock_sendall(line, rest)
