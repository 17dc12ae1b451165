"""Addresses as people and programs really send them, before the server reads them.

Bytes outside ASCII are not allowed in an address (RFC 9112, 3.2), and the server would answer them with
a bare line of text. Browsers escape them; whatever else sends them raw gets the same page as if it had.
"""

from __future__ import annotations

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Http(H11Protocol):
    """The server's protocol, with such bytes of a request's first line escaped."""

    def data_received(self, data: bytes) -> None:
        """Takes what arrived. Headers that come apart from their first line may be escaped too: ours are ASCII."""
        if self.conn.their_state is h11.IDLE:
            first, end, rest = data.partition(b"\n")
            data = escaped(first) + end + rest
        super().data_received(data)


def escaped(line: bytes) -> bytes:
    """``line`` with each byte outside ASCII as ``%XX``."""
    return b"".join(b"%%%02X" % byte if byte > 0x7E else bytes([byte]) for byte in line)
