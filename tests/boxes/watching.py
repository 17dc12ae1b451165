"""What tests of a box's life look at from outside, and a daemon that is further away than the real one."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any, Self

from docker.constants import DEFAULT_UNIX_SOCKET

from agentforge.boxes import docker
from agentforge.boxes.daemon import Daemon

SOCKET = DEFAULT_UNIX_SOCKET.removeprefix("http+unix://")


def names(user: str) -> list[str]:
    with Daemon.connect() as daemon:
        return [entry["Names"][0] for entry in daemon.labelled(f"{docker.USER_LABEL}={user}")]


def containers_of(user: str) -> list[dict[str, Any]]:
    with Daemon.connect() as daemon:
        return [daemon.container(entry["Id"]) for entry in daemon.labelled(f"{docker.USER_LABEL}={user}")]


async def eventually(condition: Any, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.1)


class Forwarder:
    """Gives the daemon's socket file an address on loopback; with ``context`` behind TLS. Runs in a thread."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Breaks every connection off, as a network does."""
        self._do(self._cut())

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _stop(self) -> None:
        self._server.close()
        await self._cut()
        for _ in range(100):
            if not self._writers:
                break
            await asyncio.sleep(0.02)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(SOCKET)
        both = {writer, far_writer}
        self._writers |= both
        try:
            await asyncio.wait(
                [
                    asyncio.ensure_future(_copy(reader, far_writer)),
                    asyncio.ensure_future(_copy(far_reader, writer)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for one in both:
                one.transport.abort()
            self._writers -= both


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(64 << 10):
            writer.write(data)
            await writer.drain()


@contextlib.contextmanager
def forwarded(context: ssl.SSLContext | None = None) -> Iterator[Forwarder]:
    with Forwarder(context) as forwarder:
        yield forwarder
