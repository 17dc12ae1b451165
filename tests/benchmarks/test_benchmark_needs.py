"""The benchmark of needs, with arms, models and boxes from a script: what it keeps, takes up and prints."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes.protocol import CallResult
from agentforge.forge.author import CANDIDATE_TOKENS, CODE_STOP
from agentforge.forge.parts import ForgeParts, ForgeResult
from agentforge.models.prompts import render
from agentforge.settings import ForgeSettings, SandboxSettings, Settings
from agentforge.testing import FakeBox, ScriptedModel
from agentforge.testing.box import Run, raised, returned
from agentforge.types import Need, Usage
from benchmarks import conditions, needs
from benchmarks.needs import Bench, Made

RIGHT, WRONG = "def twice(n):\n    return 2 * n\n", "def twice(n):\n    return n + n ** 2\n"
HALF_RIGHT = "def twice(n):\n    return 0  # half right, {}\n"


def compute(run: Run) -> CallResult:
    """What those two sources give."""
    number = run.args["n"]
    assert isinstance(number, int)
    if "def twice(" not in run.source:
        return raised("NameError", "twice")
    if "half right" in run.source:
        return returned(0)
    return returned(number + number**2 if "**" in run.source else 2 * number)


def need(identity: str, hidden: int = 7) -> dict[str, Any]:
    return {
        "id": identity,
        "name": "twice",
        "signature": "(n: int) -> int",
        "purpose": "Double n.",
        "examples": [{"args": {"n": n}, "returns": 2 * n} for n in (0, 1)],
        "hidden": [{"args": {"n": hidden}, "returns": 2 * hidden}],
    }


Bencher = Callable[..., dict[str, Any]]


@pytest.fixture
def measured() -> list[str]:
    """The needs that an arm was given, in order."""
    return []


@pytest.fixture
def said() -> list[str]:
    """What went to stderr, run by run."""
    return []


@pytest.fixture
def bench(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    measured: list[str],
    said: list[str],
) -> Bencher:
    """Runs the benchmark on needs n1 (right), n2 (wrong) and n3 (failed) in a folder of its own."""
    delivered = iter([RIGHT, WRONG, None] * 9)

    async def arm(bench: Bench, need: Need) -> Made:
        measured.append(need.name)
        return Made(next(delivered), "because", Usage(10, 5, calls=2), 5, {})

    async def open_box(*_: object, **__: object) -> FakeBox:
        return FakeBox(compute)

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setitem(needs.ARMS, "arm", arm)
    monkeypatch.setattr(needs, "open_box", open_box)
    monkeypatch.setattr(needs, "Models", lambda _: ScriptedModel([]))
    monkeypatch.setattr(conditions, "code_hash", lambda: "c1")
    monkeypatch.setattr(conditions, "server_of", lambda _: "bf16, context 4096")
    Path("needs.jsonl").write_text("\n".join(json.dumps(need(one)) for one in ("n1", "n2", "n3")), encoding="utf-8")

    def run(*arguments: str) -> dict[str, Any]:
        fixed = ["--needs", "needs.jsonl", "--out", "kept/needs.jsonl", "--arms", "arm", "--json"]
        assert needs.main([*fixed, "--model-url", "http://127.0.0.1:9", *arguments]) == 0
        shown = capsys.readouterr()
        said.append(shown.err)
        return json.loads(shown.out.splitlines()[-1])

    return run


def kept() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("kept/needs.jsonl").read_text("utf-8").splitlines()]


def test_each_need_gets_a_verdict_and_each_row_its_conditions(bench: Bencher) -> None:
    shown = bench()
    arm = shown["arms"]["arm"]
    assert (arm["needs"], arm["right"], arm["wrong_live"], arm["failed_honestly"]) == (3, 1, 1, 1)
    assert (arm["calls"], arm["tokens"], arm["prompt_tokens"]) == (6, 15, 30)
    assert [row["verdict"] for row in kept()] == ["right", "wrong_live", "failed_honestly"]
    assert (shown["code"], shown["model"], shown["server"]) == ("c1", "qwen-coder", "bf16, context 4096")
    for row in kept():
        for name in ("code", "settings", "model", "server", "commit"):
            assert row[name] == shown[name]


def test_each_row_tells_how_busy_the_machine_was_when_it_was_begun(
    bench: Bencher, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = iter([0.5, 2.25, 1.0])
    monkeypatch.setattr(os, "getloadavg", lambda: (next(loads), 0.0, 0.0))
    bench()
    assert [row["load"] for row in kept()] == [0.5, 2.25, 1.0]


def test_a_second_start_takes_up_what_is_kept(bench: Bencher, measured: list[str]) -> None:
    first = bench()
    assert bench() == first
    assert len(measured) == len(kept()) == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda patch: patch.setattr(conditions, "code_hash", lambda: "c2"), "code"),
        (lambda patch: patch.setattr(conditions, "server_of", lambda _: "int8, context 4096"), "server"),
        (lambda patch: patch.setenv("AGENTFORGE_FORGE__CANDIDATES", "7"), "settings"),
        (lambda patch: patch.setenv("AGENTFORGE_SANDBOX__CALL_SECONDS", "1"), "settings"),
        (lambda patch: patch.setenv("AGENTFORGE_BENCH_PEER_SECONDS", "60"), "settings"),
    ],
)
def test_figures_of_two_versions_are_never_mixed(
    bench: Bencher,
    measured: list[str],
    monkeypatch: pytest.MonkeyPatch,
    said: list[str],
    change: Callable[[pytest.MonkeyPatch], None],
    reason: str,
) -> None:
    bench("--first", "2")
    change(monkeypatch)
    again = bench("--first", "2")
    assert len(measured) == 4
    assert again["arms"]["arm"]["needs"] == 2
    assert "kept rows" not in said[0]
    assert said[1].startswith("2 kept rows are ignored")
    assert f"2 with other {reason}\n" in said[1]


def test_a_commit_that_changed_nothing_measured_is_taken_up(
    bench: Bencher, measured: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for commit in ("aaa", "bbb+dirty"):
        monkeypatch.setattr(needs, "commit_of", lambda commit=commit: commit)
        assert bench("--first", "2" if commit == "aaa" else "3")["commit"] == commit
    assert len(measured) == 3
    assert [row["commit"] for row in kept()] == ["aaa", "aaa", "bbb+dirty"]


def test_the_median_of_the_seconds_is_told_for_each_arm() -> None:
    row = {"verdict": "right", "calls": 1, "tokens": 1, "prompt_tokens": 1, "cached_tokens": 0, "local_tokens": 1}
    rows = [{**row, "id": f"n{at}", "run": 1, "seconds": seconds} for at, seconds in enumerate((4.0, 90.0, 6.0))]
    told = needs.told(rows, planner=False)
    assert (told["seconds"], told["median_seconds"], told["by_run"]["1"]["median_seconds"]) == (100.0, 6.0, 6.0)
    assert needs.as_table({"arm": told})["arm"]["median_seconds"] == 6.0
    assert needs.told([], planner=False)["median_seconds"] is None


def test_another_model_is_measured_anew(bench: Bencher, measured: list[str]) -> None:
    bench("--first", "1")
    assert bench("--first", "1", "--model", "other-coder")["model"] == "other-coder"
    assert len(measured) == 2


def test_where_the_server_listens_does_not_matter(bench: Bencher, measured: list[str]) -> None:
    bench("--first", "1")
    bench("--first", "1", "--model-url", "http://127.0.0.1:10")
    assert len(measured) == 1


def test_a_need_that_was_changed_is_measured_anew(bench: Bencher, measured: list[str]) -> None:
    bench("--first", "1")
    Path("needs.jsonl").write_text(json.dumps(need("n1", hidden=8)), encoding="utf-8")
    assert bench()["arms"]["arm"]["needs"] == 1
    assert len(measured) == 2


def test_several_runs_are_told_together_and_singly(bench: Bencher) -> None:
    arm = bench("--runs", "3", "--first", "2")["arms"]["arm"]
    assert (arm["needs"], list(arm["by_run"])) == (6, ["1", "2", "3"])
    assert [one["needs"] for one in arm["by_run"].values()] == [2, 2, 2]
    assert arm["by_run"]["1"]["verdicts"] == {"n1": "right", "n2": "wrong_live"}
    assert arm["by_run"]["2"]["verdicts"] == {"n1": "failed_honestly", "n2": "right"}
    for key in ("right", "wrong_live", "failed_honestly", "calls", "tokens"):
        assert sum(one[key] for one in arm["by_run"].values()) == arm[key]


def test_quick_is_one_need_once(bench: Bencher, measured: list[str]) -> None:
    shown = bench("--quick", "--runs", "3")
    assert (shown["runs"], shown["arms"]["arm"]["needs"], len(measured)) == (1, 1, 1)


def test_the_table_has_a_row_for_each_run(bench: Bencher, capsys: pytest.CaptureFixture[str]) -> None:
    bench("--runs", "2")
    arguments = ["--needs", "needs.jsonl", "--out", "kept/needs.jsonl", "--arms", "arm", "--runs", "2"]
    assert needs.main([*arguments, "--model-url", "http://127.0.0.1:9"]) == 0
    names = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert names[1:] == ["arm", "arm, run 1", "arm, run 2"]


async def test_the_forge_has_the_limits_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[ForgeParts] = []

    async def forge(need: Need, parts: ForgeParts, _: object) -> ForgeResult:
        seen.append(parts)
        return ForgeResult("job", need.name, "failed", "tried out")

    monkeypatch.setattr(needs, "forge", forge)
    settings = Settings(home=tmp_path, sandbox=SandboxSettings(call_seconds=3, suite_seconds=44))
    made = await needs.with_agentforge(Bench(ScriptedModel([]), FakeBox(compute), settings), NEED)
    assert (made.source, made.reason) == (None, "tried out")
    assert (seen[0].call_limits.seconds, seen[0].suite_limits.seconds) == (3, 44)


BROKEN = "print('no function')\n"
NEED = needs.need_of(need("n1"))


def answer(source: str) -> str:
    return f"Here it is:\n```python\n{source}```\n"


async def naive(models: ScriptedModel, tmp_path: Path, temperature: float = 0.5) -> Made:
    settings = Settings(home=tmp_path, forge=ForgeSettings(temperature=temperature))
    return await needs.naive(Bench(models, FakeBox(compute), settings), NEED)


async def test_naive_takes_the_first_of_six_that_gives_all_examples(tmp_path: Path) -> None:
    models = ScriptedModel([*[answer(HALF_RIGHT)] * 2, answer(RIGHT), *[answer(BROKEN)] * 3])
    made = await naive(models, tmp_path)
    assert (made.source, made.usage.calls) == (RIGHT, 6)


async def test_naive_sees_the_whole_need_and_is_asked_as_the_forge_asks(tmp_path: Path) -> None:
    models = ScriptedModel([answer(RIGHT)] * 6)
    await naive(models, tmp_path, temperature=0.5)
    ask = models.requests[0].ask
    assert (ask.max_tokens, ask.temperature, ask.stop) == (CANDIDATE_TOKENS, 0.5, CODE_STOP)
    assert ask.system == render("forge_system")
    for part in ("twice(n: int) -> int", "Double n.", "twice(n=0)  # returns 0", "twice(n=1)  # returns 2"):
        assert part in models.requests[0].prompt


async def test_naive_repairs_the_two_best_of_all_rounds(tmp_path: Path) -> None:
    worse = answer(BROKEN)
    better = [answer(HALF_RIGHT.format(name)) for name in ("a", "b")]
    models = ScriptedModel([worse, better[0], worse, better[1], worse, worse, worse, worse, answer(RIGHT), worse])
    made = await naive(models, tmp_path)
    assert (made.source, made.reason, made.usage.calls) == (RIGHT, "passed in round 3", 10)
    for request in models.requests[6:]:
        assert "# half right" in request.prompt, "a repair that made it worse is not repaired again"
        assert "twice(n=1) must return 2, but it returned 0" in request.prompt


async def test_naive_fails_honestly_after_ten_answers(tmp_path: Path) -> None:
    made = await naive(ScriptedModel([answer(BROKEN)] * 10), tmp_path)
    assert (made.source, made.usage.calls) == (None, 10)


async def test_naive_takes_the_block_that_holds_the_function(tmp_path: Path) -> None:
    text = "A sketch:\n```\n2 * n\n```\nAnd now:\n" + answer(RIGHT)
    assert (await naive(ScriptedModel([text] * 6), tmp_path)).source == RIGHT


async def test_what_does_not_fit_the_context_is_a_failure_of_that_need_alone(tmp_path: Path) -> None:
    bench = Bench(ScriptedModel([], context=60), FakeBox(compute), Settings(home=tmp_path))
    assert (await needs.measure(bench, "naive", need("n1")))["verdict"] == "failed_honestly"


def test_several_measurements_at_once_keep_every_row_once_and_say_so(bench: Bencher) -> None:
    bench("--at-once", "2", "--runs", "2")
    rows = kept()
    assert sorted((row["run"], row["id"]) for row in rows) == [
        (run, one) for run in (1, 2) for one in ("n1", "n2", "n3")
    ]
    assert {row["at_once"] for row in rows} == {2}
