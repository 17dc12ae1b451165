"""The control socket: the box dials out to it, once, and the host takes its address away at once."""

from __future__ import annotations

import asyncio
import shutil
import socket
import struct
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from agentforge.boxes.owners import Owner
from agentforge.errors import SandboxError

_PREFIX = "agentforge-control-"
_OWNER = "owner"
SOCKET = "control"
_PEER = struct.Struct("3i")  # struct ucred: pid, uid, gid


class Doorbell:
    """Owns a listening socket in a private folder; nobody else on this machine can reach it.

    The outer folder is closed to other users; the inner one, which the box sees read-only, is
    open to the box's user. Leaving removes both; a connection that was accepted lives on.
    """

    def __init__(self) -> None:
        self._outer = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self.folder = self._outer / "box"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def __enter__(self) -> Self:
        try:
            (self._outer / _OWNER).write_text(Owner.this_process().label(), "ascii")
            self.folder.mkdir()
            self.folder.chmod(0o755)
            path = self.folder / SOCKET
            self._listener.bind(str(path))
            path.chmod(0o777)
            self._listener.listen(1)
            self._listener.setblocking(False)
        except BaseException:
            self._take_away()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._take_away()

    async def answer(self, seconds: float) -> tuple[socket.socket, int]:
        """Waits for the box; returns the connection and the process number of who dialled.

        Raises:
            SandboxError: nobody did in time.
        """
        try:
            async with asyncio.timeout(seconds):
                connection, _ = await asyncio.get_running_loop().sock_accept(self._listener)
        except TimeoutError:
            raise SandboxError(
                f"The box did not report within {seconds:.0f} seconds.",
                fix="The Docker daemon must run on this machine's own kernel, with the same file system.",
            ) from None
        pid, _, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        return connection, pid

    def _take_away(self) -> None:
        self._listener.close()
        shutil.rmtree(self._outer, ignore_errors=True)


def sweep() -> None:
    """Removes the folders of processes that were killed while a box was starting."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            owner = Owner.parse((folder / _OWNER).read_text("ascii"))
        except (OSError, UnicodeDecodeError):
            continue
        if owner is not None and owner.gone:
            shutil.rmtree(folder, ignore_errors=True)
