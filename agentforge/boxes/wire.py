"""Frames on the host's side: four bytes of length (big-endian), then strict JSON.

Everything that is read here was written by code that wants to be believed. Lengths are bounded
before anything is read; NaN, infinities (also ``1e999``), half surrogates, trailing bytes and
nesting beyond :data:`DEEPEST` are refused, so that whoever takes the value over need not fear its depth.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable
from typing import NoReturn, cast

from agentforge.types import JSON

HEADER = struct.Struct(">I")

DEEPEST = 220
"""Levels of nesting: the runner refuses a value of more than 200, and a frame has few around it. ``copy.deepcopy``
and ``dataclasses.asdict`` end at 500 (CPython 3.11, recursion limit 1,000), or below under a deep stack.
"""


class MalformedFrameError(ValueError):
    """A frame that no honest runner sends, or a value that is not JSON."""


class FrameTooBigError(ValueError):
    """A frame longer than its reader allows."""


def encode(value: JSON) -> bytes:
    """One frame. Raises :class:`MalformedFrameError` where ``value`` is not JSON."""
    try:
        text = _ENCODER.encode(value).encode("ascii")
    except (ValueError, TypeError, RecursionError) as error:
        raise MalformedFrameError(f"not JSON: {error}") from None
    _insist_on_depth(value, text)
    return HEADER.pack(len(text)) + text


def decode(payload: bytes) -> JSON:
    """The value of one frame's bytes. Raises :class:`MalformedFrameError`."""
    try:
        text = payload.decode()
        value = _DECODER.decode(text)
        if "\\u" in text:  # the only way to half a surrogate pair
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        _insist_on_depth(value, payload)
    except (ValueError, RecursionError, MemoryError) as error:
        raise MalformedFrameError(f"not JSON: {error}") from None
    return cast("JSON", value)


def _insist_on_depth(value: JSON, payload: bytes) -> None:
    if payload.count(b"[") + payload.count(b"{") <= DEEPEST:
        return
    level, depth = [value], 0
    while level := [part for whole in level for part in _parts(whole)]:
        depth += 1
        if depth > DEEPEST:
            raise MalformedFrameError(f"nested deeper than {DEEPEST} levels")


def _parts(value: JSON) -> Iterable[JSON]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse(name: str) -> NoReturn:
    raise MalformedFrameError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise MalformedFrameError("a number is too large")
    return number


_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


class FrameReader:
    """Cuts a stream of bytes into frames. Holds at most one frame of ``largest`` bytes and a read."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Adds what was read; returns the payloads that are complete now.

        Raises:
            FrameTooBigError: the first header announces more than ``largest`` bytes. Where complete
                frames stand before it, they come first, and the next ``feed`` raises.
        """
        self._buffer += data
        complete: list[bytes] = []
        while len(self._buffer) >= HEADER.size:
            (length,) = HEADER.unpack_from(self._buffer)
            if length > self._largest:
                if complete:
                    break
                raise FrameTooBigError(f"a frame of {length} bytes, {self._largest} are allowed")
            end = HEADER.size + length
            if len(self._buffer) < end:
                break
            complete.append(bytes(self._buffer[HEADER.size : end]))
            del self._buffer[:end]
        return complete

    @property
    def rest(self) -> int:
        """How many bytes of an unfinished frame are held."""
        return len(self._buffer)
