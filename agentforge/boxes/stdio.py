"""The transport for a daemon on another kernel: all goes over the container's own streams.

What PID 1 says comes on the container's stderr, one JSON text a line; its stdin and stdout carry
frames of one crew at a time, which a relay in the box passes on (``relay.py`` there). A crew's
descriptors, which the other transport gets from the box, are made here; they behave the same.

Not protected from: who controls the daemon or the way to it. Over plain TCP that is everybody on
the way, as with all that Docker does.
"""

from __future__ import annotations

import json
import os
from typing import Any, cast

from agentforge.boxes import attach
from agentforge.boxes.attach import Attachment, Ended
from agentforge.boxes.cell import LONGEST_CONTROL_MESSAGE, Heard
from agentforge.boxes.channels import CREDIT, FIRST, HEADER, LAST, Channels

_LARGEST_FRAME = 64 << 10


class AttachedStreams:
    """Implements :class:`~agentforge.boxes.cell.Control`. Owns the connection and the crew's far ends."""

    def __init__(self, attachment: Attachment, lines: int) -> None:
        self._attachment = attachment
        self._lines = lines
        self._on_message: Heard = lambda _, __: None
        self._on_end: Ended = lambda _: None
        self._said = bytearray()  # by PID 1: less than a line
        self._frames = bytearray()  # less than a frame
        self._ready: dict[str, Any] = {}  # what PID 1 said of the crew whose turn it is
        self._crew: Channels | None = None  # whose frames come now, from its first to its last
        self._held = b""  # an order that travels with the next frame
        self._let_go = False  # that crew's last order is on its way: nothing of it counts any more

    def listen(self, on_message: Heard, on_end: Ended) -> None:
        """Begins to tell what PID 1 says."""
        self._on_message, self._on_end = on_message, on_end
        self._attachment.listen(self._heard, self._ended)

    def tell(self, message: dict[str, float]) -> None:
        """An order for PID 1.

        ``start`` goes with the request that follows it, and ``done`` closes the crew's far ends.
        """
        crew = self._crew
        if crew is None or self._let_go or crew.crew not in (message.get("start"), message.get("done")):
            return
        order = json.dumps(message).encode("ascii")
        if "done" not in message:
            self._held += HEADER.pack(FIRST, len(order)) + order
            return
        self._let_go = True
        crew.close()
        self._send(LAST, order)

    def close(self) -> None:
        """Hangs up, which ends the box; harmless when repeated."""
        self._attachment.close()
        if self._crew:
            self._crew.close()

    def _send(self, channel: int, data: bytes) -> None:
        held, self._held = self._held, b""
        self._attachment.write(held + HEADER.pack(channel, len(data)) + data)

    def _ended(self, why: str) -> None:
        self.close()
        self._on_end(why)

    def _heard(self, output: int, data: bytes) -> None:
        if output == attach.STDERR:
            self._hear_keeper(data)
        else:
            self._hear_relay(data)

    def _hear_keeper(self, data: bytes) -> None:
        self._said += data
        *lines, rest = self._said.split(b"\n")
        if max(map(len, (*lines, rest))) > LONGEST_CONTROL_MESSAGE:
            raise ValueError("a message too long")
        self._said = rest
        for line in lines:
            message: object = json.loads(line)
            if not isinstance(message, dict):
                raise ValueError("a message that is no object")  # noqa: TRY004  all nonsense is one error
            self._obey(cast("dict[str, Any]", message))

    def _obey(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self._ready = message
            self._introduce()
        else:
            self._on_message(message, ())

    def _hear_relay(self, data: bytes) -> None:
        self._frames += data
        while len(self._frames) >= HEADER.size:
            channel, length = HEADER.unpack_from(self._frames)
            if length > _LARGEST_FRAME:
                raise ValueError("a frame too long")
            end = HEADER.size + length
            if len(self._frames) < end:
                return
            payload = bytes(self._frames[HEADER.size : end])
            del self._frames[:end]
            self._hear_frame(channel, payload)

    def _hear_frame(self, channel: int, payload: bytes) -> None:
        if channel == FIRST:
            self._begin(int.from_bytes(payload, "big"))
        elif self._crew is None:
            raise ValueError("a frame of no crew")
        elif channel == LAST:
            self._finish(self._crew, int.from_bytes(payload, "big"))
        elif self._let_go:
            return
        elif channel == CREDIT:
            self._crew.granted(payload)
        else:
            self._crew.heard(channel, payload)

    def _begin(self, crew: int) -> None:
        if self._crew is not None:
            raise ValueError("a crew before the last one ended")
        self._crew = Channels(crew, self._lines, self._send)
        self._introduce()

    def _finish(self, crew: Channels, number: int) -> None:
        if not self._let_go or crew.crew != number:
            raise ValueError("the end of a crew that was not let go of")
        self._crew, self._let_go = None, False

    def _introduce(self) -> None:
        """The two outputs come in no order, so both the relay and PID 1 must have named the crew."""
        if self._crew is not None and not self._let_go and self._ready.get("ready") == self._crew.crew:
            ready, self._ready = self._ready, {}
            descriptors = self._crew.hand_over()
            try:
                self._on_message(ready, descriptors)
            except attach.NONSENSE:
                for descriptor in descriptors:
                    os.close(descriptor)
                raise
