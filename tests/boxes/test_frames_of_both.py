"""Frames as the box writes and reads them, against the host's reader and writer: no word changes on the way."""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge import assets
from agentforge.boxes import wire
from agentforge.boxes.protocol import Limits
from agentforge.boxes.verdicts import SuiteReport, call_result
from agentforge.boxes.wire import FrameReader, FrameTooBigError, MalformedFrameError
from tests.boxes.test_wire import VALUES, pieces

INNER: dict[str, Any] = runpy.run_path(str(assets.folder("sandbox") / "runner" / "frames.py"))
"""The box's side; it is no part of this package and imports nothing of it."""

NOT_JSON = st.sampled_from([float("nan"), float("inf"), -float("inf"), "\ud800", "\udfff x"])
ANYTHING = st.recursive(
    VALUES | NOT_JSON | st.binary(max_size=3) | st.sets(st.integers(), max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(VALUES)
def test_what_the_box_encodes_the_host_decodes_and_the_other_way_round(value: object) -> None:
    assert wire.decode(INNER["encode"](value)) == value
    framed = wire.encode(value)  # pyright: ignore[reportArgumentType]  any JSON
    assert INNER["decode"](framed[wire.HEADER.size :]) == value


@given(ANYTHING)
def test_what_the_box_encodes_is_json_for_the_host_or_an_error(value: object) -> None:
    try:
        frame = INNER["encode"](value, 10_000)
    except ValueError:
        return
    try:
        assert wire.decode(frame) == json.loads(json.dumps(value))
    except MalformedFrameError:
        assert "\\ud" in frame.decode()  # half a surrogate: the host refuses what the box let through


@given(st.integers(0, 300), st.integers(0, 400))
def test_the_boxs_bound_is_kept_whatever_the_value(length: int, bound: int) -> None:
    try:
        assert len(INNER["encode"]({"a": ["x" * length]}, bound)) <= bound
    except ValueError:
        assert length + len('{"a":[""]}') > bound


@given(st.lists(st.binary(max_size=50), max_size=5), st.lists(st.integers(min_value=0), max_size=8))
def test_sending_and_receiving_through_a_pipe_keeps_the_boundaries(frames: list[bytes], cuts: list[int]) -> None:
    """The bytes come in any pieces; an end within a frame is an end and no frame."""
    stream = b"".join(wire.HEADER.pack(len(frame)) + frame for frame in frames)
    reading, writing = os.pipe()
    writer = threading.Thread(target=lambda: [os.write(writing, piece) for piece in pieces(stream, cuts) if piece])
    writer.start()
    try:
        for frame in frames:
            try:
                assert INNER["receive"](reading) == json.loads(frame)
            except (ValueError, UnicodeDecodeError):
                with pytest.raises((ValueError, UnicodeDecodeError)):
                    json.loads(frame, parse_constant=INNER["_refuse_constant"])
    finally:
        writer.join()
        os.close(writing)
        with pytest.raises(EOFError):
            INNER["receive"](reading)
        os.close(reading)


@given(st.integers(0, 80), st.binary(max_size=300), st.lists(st.integers(min_value=0), max_size=10))
def test_the_host_never_holds_more_than_a_frame_and_a_read(largest: int, stream: bytes, cuts: list[int]) -> None:
    reader, given_so_far, taken = FrameReader(largest), 0, 0
    for piece in pieces(stream, cuts):
        given_so_far += len(piece)
        try:
            taken += sum(wire.HEADER.size + len(frame) for frame in reader.feed(piece))
        except FrameTooBigError:
            return
        assert reader.rest == given_so_far - taken
        assert reader.rest <= wire.HEADER.size + largest + len(piece)


@given(st.binary(max_size=200), st.lists(st.integers(min_value=0), max_size=6))
def test_frames_do_not_depend_on_how_the_stream_was_cut(stream: bytes, cuts: list[int]) -> None:
    assert _frames(pieces(stream, cuts)) == _frames([stream])


def _frames(parts: list[bytes]) -> tuple[list[bytes], bool]:
    reader, found = FrameReader(64), list[bytes]()
    try:
        for part in [*parts, b""]:
            found += reader.feed(part)
    except FrameTooBigError:
        return found, True
    return found, False


ANSWERS = (
    st.binary(max_size=60)
    | ANYTHING.map(lambda value: json.dumps(value, default=str, skipkeys=True).encode())
    | st.fixed_dictionaries(
        {},
        optional={
            "status": st.sampled_from(["returned", "raised", "bad_result", "result_too_big", "timed_out", "passed", 1]),
            "value": VALUES,
            "error": VALUES,
            "message": VALUES,
            "more": VALUES,
        },
    ).map(lambda value: json.dumps(value).encode())
)


@given(ANSWERS)
def test_any_answer_is_a_result_of_the_closed_vocabulary(payload: bytes) -> None:
    result = call_result("finished", [payload], Limits(result_bytes=1000), (), "", "", 0.0)
    assert result.status in ("returned", "raised", "bad_result", "result_too_big")
    assert isinstance(result.error, str)
    assert isinstance(result.message, str)
    if result.status == "returned":
        assert json.loads(payload) == {"status": "returned", "value": result.value}
    else:
        assert result.value is None


OUTCOMES = st.sampled_from(["passed", "failed", "error", "skipped"])
ROWS = st.builds(lambda name, outcome: {"row": {"name": name, "outcome": outcome, "message": ""}}, st.text(), OUTCOMES)


@given(st.lists(ROWS, max_size=5), st.integers(-1, 6), st.integers(-1, 3))
def test_a_suite_passes_only_when_rows_number_and_exit_code_tell_the_same(
    rows: list[dict[str, Any]], collected: int, code: int
) -> None:
    report = SuiteReport(1 << 20)
    for row in rows:
        assert report.take(json.dumps(row).encode()) is False
    assert report.take(json.dumps({"collected": collected, "exit": code}).encode()) is True
    passed = report.result("finished", "", "", 0.0).passed
    all_passed = bool(rows) and all(row["row"]["outcome"] == "passed" for row in rows)
    assert passed == (all_passed and code == 0 and len(rows) >= collected)


@given(ANSWERS)
def test_any_frame_is_a_row_an_end_or_malformed(payload: bytes) -> None:
    with contextlib.suppress(MalformedFrameError):
        assert SuiteReport(1 << 20).take(payload) in (True, False)


@pytest.mark.parametrize("frame", [b"1e999", b"-1e999", b"[1e400]", b"Infinity", b"NaN"])
def test_no_number_beyond_all_numbers_passes_from_the_tool_to_its_tests(frame: bytes) -> None:
    with pytest.raises(INNER["NotJSONError"]):
        INNER["decode"](frame)
