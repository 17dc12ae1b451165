"""Frames: four bytes of length (big-endian), then that many bytes of strict JSON."""

import json
import math
import os
import struct

LARGEST_FRAME = 64 << 20
_DEEPEST = 200


class NotJSONError(ValueError):
    """A value that JSON cannot say; the message tells which."""


class TooBigError(ValueError):
    """A value whose JSON is longer than allowed."""


def send(descriptor, *encoded):
    """Writes encoded frames, together."""
    rest = memoryview(b"".join(struct.pack(">I", len(frame)) + frame for frame in encoded))
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def receive(descriptor):
    """Reads and decodes one frame; EOFError when the other side has gone."""
    (length,) = struct.unpack(">I", _read(descriptor, 4))
    if length > LARGEST_FRAME:
        raise NotJSONError("the frame is too long")
    return decode(_read(descriptor, length))


def _read(descriptor, count):
    parts = []
    while count:
        part = os.read(descriptor, min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def decode(frame):
    """JSON without NaN and infinities, and not nested so deep that reading it fails."""
    try:
        return _DECODER.decode(frame.decode())
    except RecursionError:
        raise NotJSONError("nested too deep") from None


def _refuse_constant(name):
    raise NotJSONError(f"{name} is not JSON")


def _finite(text):
    number = float(text)
    if not math.isfinite(number):
        raise NotJSONError(f"{text[:20]} is too large a number")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def encode(value, largest=LARGEST_FRAME):
    """Strict JSON of ``value``; raises NotJSONError or TooBigError."""
    _check(value, largest)
    frame = _ENCODER.encode(value).encode("ascii")
    if len(frame) > largest:
        raise TooBigError(f"the result is longer than {largest} bytes")
    return frame


def insist_on_whole(value, frame):
    """Refuses a value with half a surrogate pair, which the host does not read; ``frame`` is its JSON."""
    if b"\\ud" not in frame:  # the only way to one
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotJSONError("a text with half a surrogate pair is not JSON") from None


def _check(value, largest):
    """Refuses what ``json.dumps`` would change silently or choke on, before any text is made."""
    todo, seen = [(value, 0)], 0
    while todo:
        item, depth = todo.pop()
        seen += len(item) if isinstance(item, str) else 1
        if seen > largest:
            raise TooBigError(f"the result is longer than {largest} bytes")
        if depth > _DEEPEST:
            raise NotJSONError(f"nested deeper than {_DEEPEST} levels, or a value that contains itself")
        if isinstance(item, dict):
            for key in item:
                if not isinstance(key, str):
                    raise NotJSONError(f"the dictionary key {_short(key)} is no string")
                seen += len(key)
            todo += [(part, depth + 1) for part in item.values()]
        elif isinstance(item, (list, tuple)):
            todo += [(part, depth + 1) for part in item]
        else:
            _check_scalar(item)


def _check_scalar(item):
    if isinstance(item, float) and (item != item or item in (float("inf"), float("-inf"))):
        raise NotJSONError(f"{item!r} is not JSON")
    if item is not None and not isinstance(item, (bool, int, float, str)):
        raise NotJSONError(f"{_short(item)} of type {type(item).__name__} is not JSON")


def _short(value):
    try:
        return repr(value)[:80]
    except Exception:  # noqa: BLE001  a hostile __repr__
        return "a value"
