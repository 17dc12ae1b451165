"""The benchmark of sleep: what the month holds, what both arms play, and what is counted, with a scripted model."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agentforge.agent.likeness import alike
from agentforge.boxes.protocol import Box, CallResult
from agentforge.settings import SandboxSettings, load
from agentforge.testing import FakeBox, ScriptedModel
from agentforge.testing.box import Run, raised, returned, suite
from agentforge.testing.scripted import Request
from agentforge.types import Role
from benchmarks import conditions
from benchmarks.sleep import __main__ as sleep
from benchmarks.sleep import figures
from benchmarks.sleep.days import nights
from benchmarks.sleep.kinds import KINDS
from benchmarks.sleep.month import FACTS, SESSIONS, TELLS, month
from benchmarks.sleep.planted import planted

Bencher = Callable[..., dict[str, Any]]


def test_the_month_is_thirty_sessions_and_the_same_for_one_seed() -> None:
    tasks = month(7)
    assert [one.row for one in month(7)] == [one.row for one in tasks]
    assert {one.session for one in tasks if one.session < SESSIONS} == set(range(SESSIONS))
    assert month(8)[0].row != tasks[0].row


def test_no_turn_of_the_month_has_enough_like_questions_for_a_tool_and_all_of_a_kind_together_have() -> None:
    enough = load().agent.truths_for_a_tool
    days = [one for one in month() if one.session < SESSIONS and one.scorer != TELLS]
    for at, task in enumerate(days):
        like = alike(task.question, days[:at], lambda one: one.question)
        assert len(like) < enough, (task.id, [one.id for one in like])
    assert all(sum(one.family == kind.name for one in days) >= enough for kind in KINDS)


def test_later_tasks_have_values_and_one_wording_that_never_stood_in_the_month() -> None:
    tasks = month()
    asked = {one.question for one in tasks if one.session < SESSIONS}
    later = [one for one in tasks if one.session >= SESSIONS]
    assert not asked & {one.question for one in later}
    assert {one.family for one in later} == {FACTS, *(kind.name for kind in KINDS)}
    last = KINDS[0].wordings[-1].partition("{")[0]
    assert sum(one.question.startswith(last) for one in later) == 1
    assert not any(question.startswith(last) for question in asked)


@pytest.mark.parametrize(
    ("kind", "values", "right"),
    [
        ("parcel", {"kg": 7}, "965"),
        ("wage", {"h": 40}, "656"),
        ("tables", {"n": 46}, "9"),
        ("invoice", {"who": "Gruber", "year": 2031, "no": 7}, "GRU-31-0007"),
        ("paint", {"w": 5, "h": 3}, "5"),
        ("parking", {"min": 121}, "3"),
        ("league", {"won": 3, "drawn": 2, "lost": 4}, "15"),
        ("member", {"no": "48213"}, "5"),
    ],
)
def test_what_is_right_was_worked_out_by_hand(kind: str, values: dict[str, Any], right: str) -> None:
    (found,) = [one for one in KINDS if one.name == kind]
    assert found.answer(values) == right


def compute(run: Run) -> CallResult:
    """What scripts print, and what a parcel costs."""
    if run.kind == "run":
        return returned(None, stdout=f"{run.source.strip()}\n")
    kg = run.args.get("kg")
    if isinstance(kg, int) and "115" in run.source:
        return returned(390 + 115 * max(0, kg - 2))
    return raised("NameError", run.entry)


def opener(settings: SandboxSettings) -> Awaitable[Box]:
    async def opened() -> Box:
        return FakeBox(compute, lambda _: suite(test_it=True))

    return opened()


class Clerk:
    """A model that computes what a parcel costs in scripts."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> str:
        self.asked.append(request)
        if request.role is Role.REFLECT:
            return json.dumps({"entries": []})
        if request.role is not Role.PLAN:
            return "I cannot."
        if request.purpose == "decide":
            asked = json.dumps(request.ask.schema or {})
            return json.dumps({"keep": False} if '"keep"' in asked else {"kind": "run_python"})
        numbers = [int(one) for one in re.findall(r"\d+", request.messages[-1].text.partition("nly the number")[0])]
        kg = next((one for one in numbers if 2 < one <= 40), 3)
        return f"```python\n{390 + 115 * (kg - 2)}\n```"


@pytest.fixture
def clerk() -> Clerk:
    return Clerk()


@pytest.fixture
def bench(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], clerk: Clerk
) -> Bencher:
    """Plays one kind of work, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sleep, "new_models", lambda _: ScriptedModel(clerk, context=4096))
    monkeypatch.setattr(sleep, "opener", lambda: opener)
    monkeypatch.setattr(conditions, "code_hash", lambda *_: "c1")
    monkeypatch.setattr(conditions, "server_of", lambda _: "bf16, context 4096")

    def run(*arguments: str) -> dict[str, Any]:
        fixed = ["--quick", "--out", "kept/rows.jsonl", "--json", "--model-url", "http://127.0.0.1:9"]
        assert sleep.main([*fixed, *arguments]) == 0
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return run


def kept() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("kept/rows.jsonl").read_text("utf-8").splitlines()]


def test_both_arms_have_the_same_days_and_one_sleeps_before_the_later_tasks(bench: Bencher) -> None:
    told = bench()
    assert {arm: one["later"]["tasks"] for arm, one in told["arms"].items()} == {"without": 1, "sleep": 1}
    assert told["nights"]["nights"] == 1
    assert told["nights"]["tokens"] == told["nights"]["generated"] + told["nights"]["prompt"] > 0
    rows = kept()
    days = [row for row in rows if row["session"] < SESSIONS]
    assert {row["arm"] for row in days} == {"without"}, "the other arm begins with its home"
    slept = [row["slept"] for row in rows if row.get("slept")]
    assert next(one["kind"] for night in slept for one in night["changes"]) == "tool", "of all three wordings"
    assert slept[0]["past_tasks"]["tasks"] == 6, "all that was asked in the month"


def test_what_a_night_takes_is_in_no_task(bench: Bencher) -> None:
    told = bench()
    (later,) = [row for row in kept() if row["arm"] == "sleep" and row["id"] != "night"]
    assert told["arms"]["sleep"]["later"]["generated"] == later["generated"]


def test_a_second_start_takes_up_what_is_kept(bench: Bencher, clerk: Clerk) -> None:
    first = bench()
    asked = len(clerk.asked)
    assert bench() == first
    assert len(clerk.asked) == asked


def test_a_night_each_ten_sessions_gives_the_sleeping_arm_days_of_its_own(bench: Bencher) -> None:
    assert nights(10) == [10, 20, 30]
    assert nights(0) == [30]
    told = bench("--every", "10")
    assert told["nights"]["nights"] == 3
    own = {row["session"] for row in kept() if row["arm"] == "sleep"}
    assert min(own) >= 10
    assert len(own) > 1


def row(identity: str, session: int, family: str = "parcel", *, right: bool = True, spent: int = 100) -> dict[str, Any]:
    return {
        "id": identity,
        "session": session,
        "family": family,
        "right": right,
        "generated": spent,
        "prompt": 0,
        "slept": None,
    }


def test_it_has_paid_when_the_saving_of_later_tasks_makes_up_for_the_nights() -> None:
    without = [row("a", 30), row("b", 30, "wage", right=False)]
    night = {"generated": 70, "prompt": 50, "calls": 2, "changes": [{"kind": "tool", "outcome": "kept"}]}
    slept = [row("a", 30, spent=60), row("b", 30, "wage", spent=80), {**row("night", 30, "", spent=0), "slept": night}]
    told = figures.told({"without": without, "sleep": slept})
    assert told["nights"]["changes"] == {"tool kept": 1}
    against = told["against"]
    assert (against["success_gain"], against["tokens_ratio"]) == (0.5, 0.35)
    assert (against["saved_per_task"], against["pays_after_tasks"]) == (30.0, 4)


@pytest.mark.parametrize(("spent", "reached"), [((60, 70), True), ((50, 90), False)])
def test_it_is_reached_where_the_worse_end_of_the_interval_does(spent: tuple[int, int], *, reached: bool) -> None:
    """90 of 100 tokens for one of the kinds may be what the next user has."""
    without = [row("a", 30), row("b", 30, "wage")]
    slept = [row("a", 30, spent=spent[0]), row("b", 30, "wage", spent=spent[1])]
    night = {**row("night", 30, "", spent=0), "slept": {"generated": 70, "prompt": 50, "calls": 2, "changes": []}}
    assert figures.told({"without": without, "sleep": [*slept, night]})["against"]["reached"] is reached


def test_a_night_that_saves_nothing_never_pays_and_is_not_said_to_reach_it() -> None:
    without = [row("a", 30), row("b", 30, "wage")]
    night = {"generated": 70, "prompt": 50, "calls": 2, "changes": []}
    against = figures.told({"without": without, "sleep": [*without, {**row("night", 30, "", spent=0), "slept": night}]})
    assert against["against"]["pays_after_tasks"] is None
    assert not against["against"]["reached"]


async def test_planted_changes_get_through_to_the_rehearsal_and_no_further(tmp_path: Path) -> None:
    settings = load(overrides={"sandbox.launcher": "bubblewrap"})
    told = await planted(tmp_path, settings)
    assert set(told) == {"merge", "tool"}
    for one in told.values():
        assert (one["tried"], one["undone"], one["unchanged"], len(one["lost"])) == (True, True, True, 1)


def test_an_arm_that_nobody_knows_is_said_at_once() -> None:
    assert sleep.main(["--arms", "Z"]) == 2
    assert sleep.main(["--every", "-1"]) == 2
