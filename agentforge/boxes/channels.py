"""The host's side of what a relay carries: one crew's lines and outputs, each within a window.

The numbers are those of the box's ``relay.py``. Neither side sends more than ``WINDOW`` bytes of a
channel that the other has not taken yet. So both hold little, and a reader that sleeps stops
nothing but its own channel.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final, TypeAlias

FIRST: Final = 0
CREDIT: Final = 254
LAST: Final = 255
WINDOW: Final = 256 << 10

HEADER = struct.Struct(">BI")
_CREDIT = struct.Struct(">BI")

Send: TypeAlias = Callable[[int, bytes], None]
"""Sends one frame to the box: its channel and its bytes."""

_READ_BYTES = 64 << 10


class Channel:
    """The far end of one line or output. Owns one socket; who reads and writes the other end needs no frames."""

    def __init__(self, number: int, send: Send) -> None:
        self._number = number
        self._send = send
        self._here, self.there = socket.socketpair()
        self._here.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._room = WINDOW  # bytes that the box still takes
        self._backlog = bytearray()  # from the box, not taken here yet
        self._taken = 0  # bytes that the box has not been told of yet
        self._ended = False
        self._listening = False
        self._writing = False

    def listen(self) -> None:
        """Carries what is written to the other end into the box."""
        self._set_listening(True)

    def heard(self, data: bytes) -> None:
        """From the box; nothing is its end. :meth:`flush` passes it on.

        Raises:
            ValueError: more than the window, or more after the end.
        """
        if self._ended:
            raise ValueError("more after the end of a channel")
        self._ended = not data
        self._backlog += data
        if len(self._backlog) + self._taken > WINDOW:
            raise ValueError("more than a channel's window")

    def flush(self, when_possible: Callable[[], None]) -> bool:
        """Passes on what the other end takes now; returns whether that was all.

        Where it was not, ``when_possible`` is called as soon as it takes more.
        """
        while self._backlog and self._give():
            pass
        if self._taken >= WINDOW // 2:
            self._send(CREDIT, _CREDIT.pack(self._number, self._taken))
            self._taken = 0
        self._set_writing(when_possible if self._backlog else None)
        if self._ended and not self._backlog:
            self._say_end()
        return not self._backlog

    def _give(self) -> bool:
        try:
            given = self._here.send(self._backlog)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:  # the crew was let go of: nobody will ever take it
            given = len(self._backlog)
        del self._backlog[:given]
        self._taken += given
        return True

    def _say_end(self) -> None:
        try:
            self._here.shutdown(socket.SHUT_WR)
        except OSError:  # the crew was let go of
            return

    def granted(self, count: int) -> None:
        """The box has taken ``count`` more bytes (raises ValueError where it never got them)."""
        self._room += count
        if self._room > WINDOW:
            raise ValueError("thanks for more than was sent")
        self._set_listening(True)

    def close(self) -> None:
        """Closes this end, and the other where nobody has taken it."""
        self._set_listening(False)
        self._set_writing(None)
        self._here.close()
        self.there.close()

    def _take(self) -> None:
        try:
            data = self._here.recv(min(self._room, _READ_BYTES))
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        self._room -= len(data)
        if not data or not self._room:  # let go of, or the box has to take some of it first
            self._set_listening(False)
        if data:
            self._send(self._number, data)

    def _set_listening(self, wanted: bool) -> None:
        if wanted and not self._listening:
            self._loop.add_reader(self._here, self._take)
        elif self._listening and not wanted:
            self._loop.remove_reader(self._here)
        self._listening = wanted

    def _set_writing(self, when_possible: Callable[[], None] | None) -> None:
        if when_possible and not self._writing:
            self._loop.add_writer(self._here, when_possible)
        elif self._writing and not when_possible:
            self._loop.remove_writer(self._here)
        self._writing = bool(when_possible)


class Channels:
    """All channels of one crew: ``lines`` lines, then stdout and stderr. Owns them."""

    def __init__(self, crew: int, lines: int, send: Send) -> None:
        self.crew = crew
        self._all = [Channel(number, send) for number in range(1, lines + 3)]
        self._lines, self._outputs = self._all[:lines], self._all[lines:]

    def hand_over(self) -> list[int]:
        """The other ends as descriptors, which are the caller's from now on; once."""
        for line in self._lines:
            line.listen()
        return [channel.there.detach() for channel in self._all]

    def heard(self, number: int, data: bytes) -> None:
        """From the box (raises ValueError: not its channel, or more than its window)."""
        self._of(number).heard(data)
        self._flush()

    def _flush(self) -> None:
        """What was printed before a line spoke is there before what the line said."""
        printed = [output.flush(self._flush) for output in self._outputs]
        if all(printed):
            for line in self._lines:
                line.flush(self._flush)

    def granted(self, note: bytes) -> None:
        """The box has taken some (raises ValueError: not its channel, or it never got so much)."""
        if len(note) != _CREDIT.size:
            raise ValueError("a malformed credit")
        number, count = _CREDIT.unpack(note)
        if number > len(self._lines):
            raise ValueError("thanks for a channel that takes nothing")
        self._of(number).granted(count)

    def close(self) -> None:
        """Closes every end that is still here."""
        for channel in self._all:
            channel.close()

    def _of(self, number: int) -> Channel:
        if not 1 <= number <= len(self._all):
            raise ValueError(f"a channel that the crew does not have ({number})")
        return self._all[number - 1]
