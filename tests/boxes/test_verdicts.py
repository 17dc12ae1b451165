"""Verdicts are computed here from what the box said, and never taken from it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from agentforge.boxes.protocol import Limits
from agentforge.boxes.verdicts import SuiteReport, call_result
from agentforge.boxes.wire import MalformedFrameError


def row(name: str, outcome: str = "passed") -> bytes:
    return json.dumps({"row": {"name": name, "outcome": outcome, "message": ""}}).encode()


def end(collected: int, code: int = 0) -> bytes:
    return json.dumps({"collected": collected, "exit": code}).encode()


def judged(*frames: bytes) -> bool:
    report = SuiteReport(1 << 20)
    last = [report.take(frame) for frame in frames]
    assert last == [False] * (len(frames) - 1) + [True]
    return report.result("finished", "", "", 0.0).passed


def test_all_tests_passed_and_all_were_reported() -> None:
    assert judged(row("a"), row("b"), end(2))


@pytest.mark.parametrize(
    "frames",
    [
        [end(0)],
        [end(0, 5)],
        [row("a"), end(2)],  # one was lost on the way
        [row("a"), end(1, 1)],  # pytest says that something failed
        [row("a"), row("b", "failed"), end(2, 1)],
        [row("a"), row("b", "failed"), end(2)],
        [row("a"), row("b", "skipped"), end(2)],
        [row("a", "error"), end(1)],
    ],
)
def test_anything_less_does_not_pass(frames: list[bytes]) -> None:
    assert not judged(*frames)


@pytest.mark.parametrize(
    "frame",
    [
        b"1",
        b"{}",
        b'{"row": 1}',
        b'{"row": {"name": "a", "outcome": "passed"}}',
        b'{"row": {"name": "a", "outcome": "confirmed", "message": ""}}',
        b'{"row": {"name": 1, "outcome": "passed", "message": ""}}',
        b'{"collected": "1", "exit": 0}',
        b'{"collected": 1}',
        b"not json",
    ],
)
def test_a_malformed_frame_is_no_report(frame: bytes) -> None:
    with pytest.raises(MalformedFrameError):
        SuiteReport(1 << 20).take(frame)


def test_reports_are_bounded_in_bytes_and_in_number() -> None:
    small = SuiteReport(100)
    small.take(row("a"))
    with pytest.raises(MalformedFrameError):
        small.take(row("b" * 100))
    many = SuiteReport(1 << 30)
    for _ in range(2000):
        many.take(row("a"))
    with pytest.raises(MalformedFrameError):
        many.take(row("a"))


@pytest.mark.parametrize("ending", ["timed_out", "died", "output_too_big", "bad_result", "result_too_big"])
def test_passed_rows_before_a_bad_ending_are_kept_but_do_not_pass(ending: Any) -> None:
    report = SuiteReport(1 << 20)
    report.take(row("a"))
    result = report.result(ending, "", "", 1.0)
    assert [r.name for r in result.rows] == ["a"]
    assert not result.passed


@pytest.mark.parametrize("ending", ["timed_out", "died", "output_too_big", "bad_result", "result_too_big"])
def test_an_answer_counts_only_when_the_run_finished(ending: Any) -> None:
    result = call_result(ending, [b'{"status":"returned","value":1}'], Limits(result_bytes=1000), (), "o", "e", 0.5)
    assert (result.status, result.value, result.stdout, result.stderr) == (ending, None, "o", "e")


def test_names_and_messages_from_the_box_are_capped() -> None:
    answer = json.dumps({"status": "raised", "error": "E" * 10_000, "message": "m" * 100_000}).encode()
    result = call_result("finished", [answer], Limits(), (), "", "", 0.0)
    assert len(result.error) <= 200
    assert len(result.message) <= 4000


@pytest.mark.parametrize(
    ("stated", "files"),
    [
        ({"out.txt": "YWJj"}, {"out.txt": b"abc"}),
        ({}, {}),
        ({"other.txt": "YWJj"}, None),
        ({"out.txt": "?"}, None),
        ({"out.txt": 1}, None),
        ([], None),
        ({"out.txt": base64.b64encode(b"x" * 101).decode()}, None),
    ],
)
def test_files_count_only_as_an_honest_runner_sends_them(stated: Any, files: Any) -> None:
    answer = json.dumps({"status": "returned", "value": 1, "files": stated}).encode()
    result = call_result("finished", [answer], Limits(file_bytes=100), ("out.txt",), "", "", 0.0)
    assert (result.status, dict(result.files)) == (("bad_result", {}) if files is None else ("returned", files))


def test_files_that_nobody_asked_for_are_no_result() -> None:
    answer = b'{"status":"returned","value":1,"files":{}}'
    assert call_result("finished", [answer], Limits(), (), "", "", 0.0).status == "bad_result"
