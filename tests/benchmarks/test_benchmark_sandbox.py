"""The benchmark of the sandbox: what is timed is right, taken in turns, and set against the same round's baseline."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from agentforge.boxes.protocol import CallResult, SuiteResult
from agentforge.errors import SandboxUnavailable
from agentforge.testing import FakeBox
from agentforge.testing.box import returned, suite
from benchmarks.sandbox import __main__ as command
from benchmarks.sandbox import cells, ours, rounds, throughput, work
from benchmarks.sandbox.latency import BARE, OURS, Latencies
from benchmarks.sandbox.peers.setup import PEERS
from benchmarks.sandbox.plan import Plan
from benchmarks.sandbox.rounds import Contestant, Times, back_to_back, paced
from benchmarks.sandbox.work import WrongAnswerError
from tests.conftest import insist_on_namespaces

TINY = Plan(2, 1, 1, 2, 1, 1, 1, 1, 0.1, 2, 1, 3)
KEYS = {
    *("call_p50_ratio", "call_p95_ratio", "reuse_p50_ratio", "suite_p50_ratio", "back_to_back_p50_ratio"),
    *("calls_per_s_ratio", "suites_per_s_ratio", "vs_smolagents", "vs_llm_sandbox", "launcher", "tier", "transport"),
}
"""What every reader of the figures may rely on."""


def logged(log: list[str], name: str) -> Contestant:
    async def once() -> float:
        log.append(name)
        return 1.0

    return Contestant(once)


async def test_who_begins_changes_from_round_to_round_and_the_first_time_is_not_counted() -> None:
    log: list[str] = []
    field = {"a": logged(log, "a"), "b": logged(log, "b"), "c": Contestant(logged(log, "c").once, every=2)}
    times = await paced("test", field, 3, pause=0)
    assert "".join(log) == "abc" + "abc" + "ba" + "cab"
    assert {name: len(taken.all) for name, taken in times.items()} == {"a": 3, "b": 3, "c": 2}


async def test_there_is_a_pause_before_each_paced_call(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(rounds.asyncio, "sleep", sleep)
    await paced("test", {"a": logged([], "a"), "b": logged([], "b")}, 2)
    assert slept == [0.02] * 6


async def test_only_what_is_compared_with_may_fail_and_that_is_told() -> None:
    answers = iter([1.0, 2.0, None, 3.0])

    async def once() -> float:
        answer = next(answers)
        if answer is None:
            raise WrongAnswerError("somebody printed nothing")
        return answer

    async def never() -> float:
        raise SandboxUnavailable("It is gone.")

    field = {"sometimes": Contestant(once, optional=True), "never": Contestant(never, optional=True)}
    times = await paced("test", field, 3, pause=0)
    assert times == {"sometimes": Times((2.0, 3.0), failed=1)}
    assert times["sometimes"].figures()["failed"] == 1
    with pytest.raises(SandboxUnavailable):
        await paced("test", {"box": Contestant(never)}, 1, pause=0)


async def test_the_first_calls_of_a_burst_are_not_counted() -> None:
    numbers = iter(range(100))

    async def once() -> float:
        return float(next(numbers))

    times = await back_to_back("test", {"a": Contestant(once)}, 2, burst=3, uncounted=2)
    assert times["a"].all == (2, 3, 4, 7, 8, 9)


def test_percentiles_are_of_what_was_measured() -> None:
    times = Times(tuple(float(n) for n in range(100, 0, -1)))
    assert (times.p50, times.p95) == (50.5, 96.0)
    assert times.figures() == {"p50_ms": 50.5, "p95_ms": 96.0, "runs": 100}
    assert Times((3.0,)).p95 == 3.0


async def test_a_rate_counts_what_all_callers_got_done() -> None:
    async def once() -> float:
        await asyncio.sleep(0.01)
        return 10.0

    one, four = throughput.by_tasks([once]), throughput.by_tasks([once] * 4)
    found = await throughput.alternating("test", {"one": one, "four": four}, slices=1, seconds=0.2)
    assert 2.5 < found["four"] / found["one"] < 5.5
    assert found["one"] <= 100


async def test_a_rate_of_threads_counts_them_all() -> None:
    done: list[int] = []
    rate = await throughput.by_threads(4, lambda: done.append(1))(0.05)
    assert len(done) >= 4
    assert 0 < rate <= len(done) / 0.05


def test_ratios_are_to_the_bare_process_of_the_same_kind_of_measurement() -> None:
    call = {BARE: Times((20.0, 20.0, 40.0)), OURS: Times((1.0, 1.0, 3.0)), "smolagents": Times((60.0,))}
    bursts = {BARE: Times((10.0,)), OURS: Times((2.0,))}
    suites = {BARE: Times((200.0,)), OURS: Times((10.0,))}
    found = Latencies(call, bursts, suites, suites).figures()
    assert (found["call_p50_ratio"], found["call_p95_ratio"], found["call_p95_to_p95_ratio"]) == (0.05, 0.15, 0.075)
    assert (found["back_to_back_p50_ratio"], found["suite_p50_ratio"]) == (0.2, 0.05)
    assert (found["vs_smolagents"], found["vs_llm_sandbox"], found["reuse_p50_ratio"]) == (60.0, None, None)


@pytest.mark.parametrize("answer", [CallResult("timed_out"), returned(5), returned({"sum": 6})])
async def test_wrong_answers_are_never_timed(answer: CallResult) -> None:
    with pytest.raises(WrongAnswerError):
        await ours.call_of(FakeBox([answer]))()
    with pytest.raises(WrongAnswerError):
        await ours.suite_of(FakeBox(suites=[suite(a=True, b=False), SuiteResult("died")]))()


@pytest.mark.parametrize("printed", ["", "5", "[5", '{"sum": 6}\n'])
def test_what_a_process_prints_must_be_the_answer(printed: str) -> None:
    with pytest.raises(WrongAnswerError, match="somebody printed"):
        work.insist_on_text("somebody", printed)
    work.insist_on_text("somebody", 'a warning\n{"sum": 5}\n')


def test_without_a_sandbox_there_are_no_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def nothing(*_: object, **__: object) -> FakeBox:
        raise SandboxUnavailable("No Docker daemon answers.")

    monkeypatch.setattr(command, "open_box", nothing)
    assert command.main(["--json"]) == 7
    out, err = capsys.readouterr()
    assert (out, "No Docker daemon" in err) == ("", True)


def test_wrong_answers_give_no_figures(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async def wrong(*_: object) -> None:
        raise WrongAnswerError("a call ended with died")

    monkeypatch.setattr(command, "measure", wrong)
    assert command.main(["--json"]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Nothing is told, since a call ended with died.\n")


def real(options: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(command, "QUICK", TINY)
    monkeypatch.setattr(command, "_REST_SECONDS", 0.2)
    assert command.main(["--json", "--quick", *options]) == 0
    out, _ = capsys.readouterr()
    figures = json.loads(out.splitlines()[-1])
    assert figures.keys() >= KEYS
    assert 0 < figures["call_p50_ratio"] < 1
    assert figures["idle_memory_mb"]["call"] < figures["idle_memory_mb"]["suite"]
    assert figures["recycle_after_fork_bomb_ms"] > 0
    assert figures["timeout_overshoot_ms"] > 0
    return figures


@pytest.mark.docker
@pytest.mark.usefixtures("docker")
@pytest.mark.timeout(300)
def test_everything_is_measured_with_docker(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from agentforge.boxes import image

    image.build()
    figures = real(["--launcher", "docker"], capsys, monkeypatch)
    assert (figures["launcher"], figures["docker_exec"] > 1, figures["docker_run"] > 1) == ("docker", True, True)
    assert {*figures["missing"]} >= {*PEERS}
    assert figures["vs_smolagents"] is None
    assert cells.containers_left(ours.USER) == 0


@pytest.mark.timeout(300)
def test_everything_is_measured_with_bubblewrap(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    insist_on_namespaces()
    figures = real(["--launcher", "bubblewrap"], capsys, monkeypatch)
    assert figures["launcher"] == "bubblewrap"
