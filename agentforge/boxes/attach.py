"""What Docker attaches to a container: stdin to write, stdout and stderr to read, over one connection.

Docker marks what comes with eight bytes: which output, three zeros, the length (big-endian). The
mark is the daemon's, so what a process writes to one output can never pass for the other.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

STDOUT: Final = 1
STDERR: Final = 2
_DAEMON: Final = 3  # the daemon itself reports an error

Hearer: TypeAlias = Callable[[int, bytes], None]
"""Takes which output spoke, and what it said; may raise one of ``NONSENSE``, which ends the connection."""

Ended: TypeAlias = Callable[[str], None]
"""Takes why a connection ended, as a clause."""

NONSENSE: Final = (ValueError, KeyError, TypeError, RecursionError)
"""What readers of a box's messages raise where one has no known form."""

_HEADER = struct.Struct(">BxxxI")
_READ_BYTES = 64 << 10
_LONGEST_COMPLAINT = 300
_LATER = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""A host or a daemon that vanished from the network is missed within a minute."""


class Demultiplexer:
    """Takes Docker's stream apart; holds no more than a header."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._output = 0
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Which output said what, piece by piece.

        Raises:
            ValueError: this is not Docker's form, or the daemon reports an error.
        """
        rest = memoryview(data)
        while rest:
            if not self._left:
                missing = _HEADER.size - len(self._header)
                self._header += rest[:missing]
                rest = rest[missing:]
                self._begin()
                continue
            said = bytes(rest[: self._left])
            rest = rest[len(said) :]
            self._left -= len(said)
            if self._output == _DAEMON:
                raise ValueError(f"Docker says {said[:_LONGEST_COMPLAINT].decode('utf-8', 'replace')!r}")
            yield self._output, said

    def _begin(self) -> None:
        if len(self._header) == _HEADER.size:
            self._output, self._left = _HEADER.unpack(self._header)
            self._header.clear()
            if self._output not in (STDOUT, STDERR, _DAEMON):
                raise ValueError(f"an output that is not known ({self._output})")


class Attachment:
    """Owns the connection. Bound to the event loop in which it is made."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._loop = asyncio.get_running_loop()
        self._on_output: Hearer = lambda _, __: None
        self._on_end: Ended = lambda _: None
        self._parts = Demultiplexer()
        self._waiting = bytearray()
        self._closed = False
        self._writing = False

    def listen(self, on_output: Hearer, on_end: Ended) -> None:
        """Tells what comes, until it ends; ``on_end`` hears why, once, unless :meth:`close` was first."""
        self._on_output, self._on_end = on_output, on_end
        self._line.setblocking(False)
        _keep_alive(self._line)
        self._loop.add_reader(self._line, self._read)

    def write(self, data: bytes) -> None:
        """To the container's stdin. What cannot be sent now is kept; the caller bounds how much that is."""
        if not self._closed:
            self._waiting += data
            self._flush()

    def close(self) -> None:
        """Hangs up; harmless when repeated."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._line)
            self._loop.remove_writer(self._line)
            hang_up(self._line)

    def _read(self) -> None:
        try:
            data = self._line.recv(_READ_BYTES)
        except _LATER:
            return
        except OSError as error:
            self._end(f"the connection to the Docker daemon was lost: {error.strerror or error}")
            return
        if not data:
            self._end("its container ended, or the Docker daemon hung up")
            return
        self._hear(data)
        if isinstance(self._line, ssl.SSLSocket) and not self._closed and self._line.pending():
            self._loop.call_soon(self._read)  # decrypted already, so that the socket does not show it

    def _hear(self, data: bytes) -> None:
        try:
            for output, said in self._parts.feed(data):
                self._on_output(output, said)
        except NONSENSE as error:
            self._end(f"its stream made no sense: {error}")

    def _flush(self) -> None:
        if self._closed:
            return
        try:
            while self._waiting:
                del self._waiting[: self._line.send(self._waiting)]
        except _LATER:
            pass
        except OSError as error:
            self._end(f"the connection to the Docker daemon was lost: {error.strerror or error}")
            return
        if self._writing != bool(self._waiting):
            self._writing = bool(self._waiting)
            if self._writing:
                self._loop.add_writer(self._line, self._flush)
            else:
                self._loop.remove_writer(self._line)

    def _end(self, why: str) -> None:
        if not self._closed:
            self.close()
            self._on_end(why)


def hang_up(line: socket.socket) -> None:
    """Closes a connection; under TLS, Docker's library holds it too, by an answer that it ties to it."""
    line.close()
    response = getattr(line, "_response", None)
    if response is not None:
        response.close()


def _keep_alive(line: socket.socket) -> None:
    if line.family == getattr(socket, "AF_UNIX", None):
        return
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
