"""From what a server sent to what a tool gets: read within bounds, veiled, as JSON.

Servers are asked for plain bodies. One that compresses all the same is unpacked here, once, piece
by piece, and no further than the bound: ten kilobytes that unpack to ten gigabytes cost one buffer
of the bound's size.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import AsyncIterable
from typing import Final, cast

import httpx2

from agentforge.boxes.asks import Refused
from agentforge.boxes.network.fetches import Fetch
from agentforge.boxes.network.veil import Veil
from agentforge.types import JSON, JSONObject

HEAD_BYTES: Final = 192 << 10
"""Of all headers of an answer. httpcore2 stops at 100 KiB of an unfinished head, and reads 64 KiB at a time."""

_NOT_TOLD: Final = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "trailer", "upgrade", "set-cookie", "set-cookie2"}
)
"""Headers of the connection; and cookies, since a session is as good as the secret it was opened with."""

_PACKED: Final = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
"""Content coding → zlib's window (RFC 9110, 8.4.1). A second coding on top is refused."""

_TEXTS: Final = frozenset(
    {
        "application/ecmascript", "application/graphql", "application/javascript", "application/json",
        "application/sql", "application/toml", "application/x-javascript", "application/x-ndjson",
        "application/x-www-form-urlencoded", "application/x-yaml", "application/xml", "application/yaml",
    }
)  # fmt: skip

_CHARSETS: Final = {
    **dict.fromkeys(("utf-8", "utf8"), "utf-8-sig"),
    **dict.fromkeys(("ascii", "us-ascii", "iso-8859-1", "latin1", "windows-1252", "cp1252"), "cp1252"),
    **{name: name for name in ("utf-16", "utf-16le", "utf-16be")},
}
"""Charset as declared → the codec that reads it (WHATWG Encoding); a body in any other is no text here."""


async def answer_of(response: httpx2.Response, fetch: Fetch, *, most: int, veil: Veil) -> JSONObject:
    """The answer to the last request of a chain; ``most`` bounds the body in bytes, as sent and as unpacked.

    Raises:
        Refused: it is larger, or packed in a way nobody asked for, or breaks off.
        httpx2.HTTPError: the connection failed.
    """
    if response.status_code == 101:
        raise Refused(f"{fetch.origin} wants to speak another protocol than HTTP.", "failed")
    body = await _body(response, fetch, most)
    packed = response.headers.get("content-encoding") is not None
    untrue = {"content-encoding", "content-length"} if packed else set[str]()
    headers: dict[str, JSON] = {
        veil.text(name): veil.text(value)
        for name, value in response.headers.items()  # in lower case, repeated ones joined by commas
        if name not in _NOT_TOLD | untrue
    }
    answer: JSONObject = {"status": response.status_code, "url": veil.text(str(fetch.url)), "headers": headers}
    text = _text(body, response.headers.get("content-type", ""))
    if text is not None:
        text = veil.text(text)
        answer["text"], size = text, len(text)
    else:
        body = veil.data(body)
        answer["base64"], size = base64.b64encode(body).decode("ascii"), len(body)
    head = sum(len(name) + len(str(value)) for name, value in headers.items())
    if size > most or head > HEAD_BYTES:  # the name of a secret may be longer than its value
        raise _too_large(fetch, most)
    return answer


async def _body(response: httpx2.Response, fetch: Fetch, most: int) -> bytes:
    codings = [name.strip().lower() for name in response.headers.get("content-encoding", "").split(",")]
    codings = [name for name in codings if name not in ("", "identity")]
    if fetch.method == "HEAD" or response.status_code in (204, 304):
        codings = []
    if len(codings) > 1 or not all(name in _PACKED for name in codings):
        raise Refused(f"{fetch.origin} packs its answer in a way nobody asked for. Ask for another format.", "failed")
    raw = await _read(cast("AsyncIterable[bytes]", response.stream), most)
    body = raw if raw is None or not codings else _unpacked(raw, codings[0], fetch, most)
    if body is None:
        raise _too_large(fetch, most)
    return body


async def _read(stream: AsyncIterable[bytes], most: int) -> bytes | None:
    """All of ``stream``, or None where it is longer than ``most``; stops reading there."""
    body = bytearray()
    async for piece in stream:
        body += piece
        if len(body) > most:
            return None
    return bytes(body)


def _unpacked(raw: bytes, coding: str, fetch: Fetch, most: int) -> bytes | None:
    """``raw`` unpacked, or None where that is longer than ``most``; never makes more than one byte beyond."""
    window = _PACKED[coding]
    if coding == "deflate" and not (raw[:1] and raw[0] & 0x0F == 8 and int.from_bytes(raw[:2], "big") % 31 == 0):
        window = -zlib.MAX_WBITS  # some servers leave out zlib's own header (RFC 1950, 2.2)
    unpacker = zlib.decompressobj(window)
    try:
        body = unpacker.decompress(raw, most + 1)
        if len(body) > most:
            return None
        whole = unpacker.eof or not raw
    except zlib.error:
        whole, body = False, b""
    if not whole:
        raise Refused(f"{fetch.origin} sent an answer that cannot be unpacked. Try again later.", "failed")
    return body


def _too_large(fetch: Fetch, most: int) -> Refused:
    return Refused(
        f"The answer of {fetch.origin} has more than {most} bytes. Ask for less, for example page by page.", "failed"
    )


def _text(body: bytes, content_type: str) -> str | None:
    """``body`` as text where its type says that it is, and it is; a body without a type may be UTF-8."""
    kind, _, parameters = content_type.lower().partition(";")
    kind = kind.strip()
    if kind and not (kind.startswith("text/") or kind.endswith(("+json", "+xml")) or kind in _TEXTS):
        return None if body else ""
    charset = next(
        (value.strip(" \"'") for name, _, value in (item.partition("=") for item in parameters.split(";"))
         if name.strip() == "charset"),
        "utf-8",
    )  # fmt: skip
    try:
        return body.decode(_CHARSETS[charset])
    except (LookupError, ValueError):
        return None
