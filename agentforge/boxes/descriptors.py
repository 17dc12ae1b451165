"""The transport of one kernel: a control socket over which the box passes its crews' own descriptors."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from typing import Any

from agentforge.boxes.attach import NONSENSE, Ended
from agentforge.boxes.cell import LONGEST_CONTROL_MESSAGE, Heard

_MOST_DESCRIPTORS = 8


class PassedDescriptors:
    """Implements :class:`~agentforge.boxes.cell.Control`. Owns the control socket (SOCK_SEQPACKET)."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._loop = asyncio.get_running_loop()
        self._on_message: Heard = lambda _, __: None
        self._on_end: Ended = lambda _: None
        self._closed = False

    def listen(self, on_message: Heard, on_end: Ended) -> None:
        """Begins to tell what PID 1 says."""
        self._on_message, self._on_end = on_message, on_end
        self._control.setblocking(False)
        self._loop.add_reader(self._control, self._on_control)

    def tell(self, message: dict[str, float]) -> None:
        """An order for PID 1 (raises OSError: the socket failed)."""
        self._control.send(json.dumps(message).encode())

    def close(self) -> None:
        """Hangs up, which ends the box; harmless when repeated."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._control)
            self._control.close()

    def _on_control(self) -> None:
        try:
            data, descriptors, flags, _ = socket.recv_fds(
                self._control, LONGEST_CONTROL_MESSAGE, _MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
            )
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data, descriptors, flags = b"", [], 0
        try:
            self._hear(data, descriptors, flags)
        except NONSENSE as error:
            for descriptor in descriptors:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
            self._end(f"PID 1 of the box sent nonsense: {error}")

    def _hear(self, data: bytes, descriptors: list[int], flags: int) -> None:
        if not data:
            self._end("")
            return
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            raise ValueError("a message too long")
        message: dict[str, Any] = json.loads(data)
        self._on_message(message, descriptors)

    def _end(self, why: str) -> None:
        self._loop.remove_reader(self._control)
        self._on_end(why)
