"""The parser of frames: everything that it reads may be hostile."""

from __future__ import annotations

import copy
import dataclasses
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.boxes.wire import DEEPEST, HEADER, FrameReader, FrameTooBigError, MalformedFrameError, decode, encode
from agentforge.types import JSON

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**50), max_value=10**50)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


@given(st.lists(VALUES, max_size=4), st.lists(st.integers(min_value=0), max_size=8))
def test_frames_arrive_whole_however_the_stream_is_cut(values: list[object], cuts: list[int]) -> None:
    reader = FrameReader(1 << 20)
    stream = b"".join(encode(value) for value in values)
    found = [decode(frame) for piece in pieces(stream, cuts) for frame in reader.feed(piece)]
    assert found == json.loads(json.dumps(values))
    assert reader.rest == 0


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_too_big_or_malformed_and_nothing_else(data: bytes) -> None:
    reader = FrameReader(64)
    try:
        for frame in reader.feed(data):
            assert len(frame) <= 64
            decode(frame)
    except (FrameTooBigError, MalformedFrameError):
        pass
    assert reader.rest <= len(data)


@given(st.integers(min_value=65, max_value=2**32 - 1))
def test_a_length_beyond_the_limit_is_refused_before_anything_is_read(length: int) -> None:
    with pytest.raises(FrameTooBigError):
        FrameReader(64).feed(struct.pack(">I", length))


def test_complete_frames_come_before_the_refusal() -> None:
    reader = FrameReader(64)
    assert reader.feed(encode(1) + b"\xff\xff\xff\xff") == [b"1"]
    with pytest.raises(FrameTooBigError):
        reader.feed(b"")


@pytest.mark.parametrize(
    "payload",
    [
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b'"\\ud800"',
        b'{"\\udfff": 1}',
        b"1 2",
        b"{} x",
        b"",
        b"\xff",
        b"[" * 200_000,
        b"[" * 200_000 + b"]" * 200_000,
        b"9" * 10_000,
        b"'x'",
    ],
)
def test_what_is_not_strict_json_is_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedFrameError):
        decode(payload)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"x", object()])
def test_what_is_not_json_cannot_be_sent(value: object) -> None:
    with pytest.raises(MalformedFrameError):
        encode(value)


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert decode(b'"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_is_bounded_and_what_is_let_through_can_be_copied(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    deepest = decode(opening * DEEPEST + b"1" + closing * DEEPEST)
    assert copy.deepcopy(deepest) == deepest
    row = dataclasses.make_dataclass("Row", ["value"])(deepest)
    assert dataclasses.asdict(row) == {"value": deepest}
    with pytest.raises(MalformedFrameError, match="nested deeper than 220 levels"):
        decode(opening * (DEEPEST + 1) + b"1" + closing * (DEEPEST + 1))


def test_what_is_nested_too_deep_for_its_reader_is_not_sent() -> None:
    value: JSON = 1
    for _ in range(DEEPEST):
        value = [value]
    assert decode(encode(value)[HEADER.size :]) == value
    with pytest.raises(MalformedFrameError, match="nested deeper than 220 levels"):
        encode([value])


def test_many_values_side_by_side_are_not_deep() -> None:
    assert decode(b"[" + b"[[1]]," * 1000 + b"1]") == [*[[[1]]] * 1000, 1]
