"""The soak: every answer is checked, every fiftieth call is hostile, and what grew is seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agentforge.boxes.protocol import Box, CallResult
from agentforge.errors import SandboxError, SandboxUnavailable
from agentforge.settings import SandboxSettings
from agentforge.testing import FakeBox
from agentforge.testing.box import Run, returned
from benchmarks import soak
from benchmarks.sandbox import cells
from benchmarks.soak import HONEST, HOSTILE, ONE_IN, Seen, Tally, growth, problem_of, run_calls
from tests.conftest import insist_on_namespaces

KEYS = {"calls", "wrong", "descriptor_growth", "rss_growth_mb", "containers_left", "zombies", "seconds"}
"""What every reader of the figures may rely on."""


def right(run: Run) -> CallResult:
    """Does by hand what the honest tool does; hostile calls time out."""
    if run.source != HONEST:
        return CallResult("timed_out")
    return returned({"number": int(str(run.args["number"])) * 7 + 1, "text": str(run.args["text"])[::-1]})


async def tally_of(box: Box, calls: int, callers: int = 1) -> Tally:
    tally = Tally()
    await run_calls([box], iter(range(calls)), callers, tally)
    return tally


async def test_all_calls_are_made_once_and_one_in_fifty_is_hostile_in_turns() -> None:
    box, calls = FakeBox(right), ONE_IN * len(HOSTILE)
    tally = await tally_of(box, calls, callers=8)
    assert (tally.calls, tally.wrong) == (calls, [])
    assert tally.endings == {f"{kind}: timed_out": 1 for kind in HOSTILE}
    numbers = [run.args["number"] for run in box.runs if run.source == HONEST]
    assert len(numbers) == len({*map(str, numbers)}) == calls - len(HOSTILE)


@pytest.mark.parametrize(
    "given",
    [
        CallResult("died"),
        CallResult("raised", error="MemoryError"),
        returned({"number": 1}),
        returned({"number": 1, "text": "another call's answer"}),
    ],
)
async def test_an_honest_answer_that_is_not_exactly_right_is_wrong(given: CallResult) -> None:
    tally = await tally_of(FakeBox([given]), 1)
    assert len(tally.wrong) == 1


async def test_a_box_that_fails_under_an_honest_call_is_wrong_and_under_a_hostile_one_is_told() -> None:
    def fails(run: Run) -> CallResult:
        raise SandboxError("The box failed.")

    tally = Tally()
    await soak.one_call(FakeBox(fails), 0, tally)
    await soak.one_call(FakeBox(fails), ONE_IN - 1, tally)
    assert (len(tally.wrong), tally.endings) == (1, {"time-out: the box failed: The box failed.": 1})


def test_the_answer_depends_on_the_call() -> None:
    args: Any = {"number": 3, "text": "ab"}
    assert problem_of(returned({"number": 22, "text": "ba"}), args) == ""
    assert problem_of(returned({"number": 22, "text": "ab"}), args)


def test_what_grew_is_told() -> None:
    before, after = Seen(10, 50.0, 100.0, 12, 0), Seen(13, 50.5, 99.0, 14, 1)
    assert growth(before, after) == {
        "descriptor_growth": 3,
        "rss_growth_mb": 0.5,
        "box_memory_growth_mb": -1.0,
        "box_process_growth": 2,
    }


SOUND: dict[str, Any] = {
    **dict.fromkeys(["wrong", "containers_left", "zombies", "descriptor_growth", "box_process_growth"], 0),
    **dict.fromkeys(["rss_growth_mb", "box_memory_growth_mb"], 3.0),
    "hostile_endings": {"crash: died": 3, "memory hog: raised MemoryError": 2},
}


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({}, []),
        ({"wrong": 1}, ["wrong is 1, at most 0 is allowed."]),
        ({"zombies": 2, "containers_left": 1}, ["containers_left is 1, at most 0", "zombies is 2, at most 0"]),
        ({"descriptor_growth": 1}, ["descriptor_growth is 1, at most 0"]),
        ({"rss_growth_mb": 30.0}, ["rss_growth_mb is 30.0, at most 24.0"]),
        ({"hostile_endings": {"crash: returned": 1}}, ["A hostile call did not end as a call that was stopped (crash"]),
        (
            {"hostile_endings": {"flood: the box failed: it ended": 1}},
            ["A hostile call did not end as a call that was stopped (flood: the box failed"],
        ),
        ({"hostile_endings": {"flood: output_too_big": 1}}, []),
    ],
)
def test_a_soak_fails_by_what_it_must_not_end_with(seen: dict[str, Any], words: list[str]) -> None:
    found = soak.failures_of(SOUND | seen)
    assert len(found) == len(words)
    assert all(sentence.startswith(start) for sentence, start in zip(found, words, strict=True))


def test_descriptors_that_are_left_open_are_seen() -> None:
    before = soak._descriptors()
    left = os.open(os.devnull, os.O_RDONLY)
    try:
        assert soak._descriptors() == before + 1
    finally:
        os.close(left)


def test_children_that_are_not_reaped_are_seen() -> None:
    before = cells.zombie_children()
    child = subprocess.Popen([sys.executable, "-c", ""])
    try:
        end = time.monotonic() + 60
        while cells.zombie_children() == before and time.monotonic() < end:
            time.sleep(0.02)
        assert cells.zombie_children() == before + 1
    finally:
        child.wait()
    assert cells.zombie_children() == before


@pytest.mark.parametrize("calls", [1, 9, 10, 4_321, 9_700])
def test_no_call_is_lost_between_the_parts(calls: int) -> None:
    assert sum(soak._tenths(calls)) == calls


async def test_what_the_first_calls_leave_is_no_growth(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([Seen(20, 50.0, 0.0, 0, 0), Seen(20, 51.0, 0.0, 0, 2)])

    @asynccontextmanager
    async def boxes_of(users: int, _: SandboxSettings) -> AsyncIterator[list[FakeBox]]:
        yield [FakeBox(right) for _ in range(users)]

    async def at_rest() -> Seen:
        return next(seen)

    monkeypatch.setattr(soak, "boxes_of", boxes_of)
    monkeypatch.setattr(soak, "at_rest", at_rest)
    monkeypatch.setattr(soak, "containers_left", lambda user: 0)
    monkeypatch.setattr(soak, "zombie_children", lambda: 1)
    figures = await soak.soak(SandboxSettings(), 400, 8)
    assert figures.keys() >= KEYS
    assert (figures["calls"], figures["hostile"], figures["wrong"]) == (400, 8, 0)
    assert (figures["rss_growth_mb"], figures["zombies"]) == (1.0, 3)


def test_without_a_sandbox_there_are_no_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def nothing(*_: object) -> None:
        raise SandboxUnavailable("No Docker daemon answers.")

    monkeypatch.setattr(soak, "soak", nothing)
    assert soak.main(["--json"]) == 7
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("failures", "code"), [([], 0), (["zombies is 1, at most 0 is allowed."], 1)])
def test_the_exit_code_tells_whether_anything_was_left(
    failures: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def figures(*_: object) -> dict[str, Any]:
        return {"calls": 1, "hostile_endings": {}, "failures": failures}

    monkeypatch.setattr(soak, "soak", figures)
    assert soak.main(["--json"]) == code
    said = capsys.readouterr()
    assert json.loads(said.out)["failures"] == failures
    assert all(failure in said.err for failure in failures)


def test_no_calls_at_all_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        soak.main(["--calls", "0"])
    assert "--calls" in capsys.readouterr().err


def left_by_a_short_one(
    launcher: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    """Every second call is hostile, so that each kind is there."""
    monkeypatch.setattr(soak, "ONE_IN", 2)
    monkeypatch.setattr(soak, "USERS", 2)
    assert soak.main(["--json", "--calls", "24", "--callers", "2", "--launcher", launcher]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {ending.partition(":")[0] for ending in figures["hostile_endings"]} == {*HOSTILE}
    return {
        key: figures[key] for key in ("wrong", "containers_left", "zombies", "descriptor_growth", "box_process_growth")
    }


NOTHING_LEFT = {"wrong": 0, "containers_left": 0, "zombies": 0, "descriptor_growth": 0, "box_process_growth": 0}


@pytest.mark.docker
@pytest.mark.usefixtures("docker")
@pytest.mark.timeout(300)
def test_a_short_soak_of_docker_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from agentforge.boxes import image

    image.build()
    assert left_by_a_short_one("docker", monkeypatch, capsys) == NOTHING_LEFT


@pytest.mark.timeout(300)
def test_a_short_soak_of_bubblewrap_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    insist_on_namespaces()
    assert left_by_a_short_one("bubblewrap", monkeypatch, capsys) == NOTHING_LEFT
