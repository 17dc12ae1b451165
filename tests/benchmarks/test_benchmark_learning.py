"""The benchmark of learning as a whole, with a scripted model: what each arm is told, keeps and costs."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes.protocol import Box, CallResult
from agentforge.registry.repository import Registry
from agentforge.settings import SandboxSettings, load
from agentforge.testing import FakeBox, ScriptedModel
from agentforge.testing.box import Run, raised, returned, suite
from agentforge.testing.scripted import Request
from agentforge.types import Role, State
from benchmarks import conditions
from benchmarks.learning import __main__ as learning
from benchmarks.learning import fresh
from benchmarks.learning import run as running
from benchmarks.learning.ablation import swap, take_away
from benchmarks.learning.judge import Judge
from benchmarks.learning.kept import Kept
from benchmarks.learning.stream import Task
from tests.agent.conftest import make_tool

Bencher = Callable[..., dict[str, Any]]


def row(number: int, session: int) -> dict[str, Any]:
    question = f"What is {number} doubled?"
    return {
        "id": f"t{number}",
        "family": "double",
        "session": session,
        "question": question,
        "answer": str(2 * number),
        "scorer": "exact_ws",
    }


def compute(run: Run) -> CallResult:
    """What scripts print, and what the two tools give."""
    if run.kind == "run":
        return returned(None, stdout=f"{run.source.strip()}\n")
    number = run.args["number"]
    assert isinstance(number, int)
    if "2 * number" in run.source:
        return returned(2 * number)
    return returned(number // 2) if "number // 2" in run.source else raised("NameError", run.entry)


def opener(settings: SandboxSettings) -> Awaitable[Box]:
    async def opened() -> Box:
        return FakeBox(compute, lambda _: suite(test_it=False))

    return opened()


class Pupil:
    """A model that knows what 3 doubled is, and that code can compute anything; in C it answers on its own."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> str:
        self.asked.append(request)
        text = request.messages[-1].text
        number = int(next(word for word in reversed(text.partition("?")[0].split()) if word.isdigit()))
        if request.role is not Role.PLAN:
            return "I cannot."
        if "python block" in request.ask.system:
            return f"```python\n{2 * number}\n```"
        if request.purpose == "decide":
            return json.dumps({"kind": "answer_directly"})
        return "Answer: 6" if number == 3 else f"Answer: {number}"


@pytest.fixture
def pupil() -> Pupil:
    return Pupil()


@pytest.fixture
def bench(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pupil: Pupil
) -> Bencher:
    """Plays four tasks in sessions 0, 1 and 4, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(running, "new_models", lambda _: ScriptedModel(pupil, context=4096))
    monkeypatch.setattr(running, "opener", lambda: opener)
    monkeypatch.setattr(conditions, "code_hash", lambda *_: "c1")
    monkeypatch.setattr(conditions, "server_of", lambda _: "bf16, context 4096")
    rows = [row(3, 0), row(5, 0), row(7, 1), row(9, 4)]
    Path("stream.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    def run(*arguments: str) -> dict[str, Any]:
        fixed = ["--stream", "stream.jsonl", "--out", "kept/rows.jsonl", "--json"]
        assert learning.main([*fixed, "--model-url", "http://127.0.0.1:9", *arguments]) == 0
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return run


def kept() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("kept/rows.jsonl").read_text("utf-8").splitlines()]


def test_every_arm_plays_the_stream_and_is_told_in_the_same_form(bench: Bencher) -> None:
    told = bench()
    assert {arm: one["right"] for arm, one in told["arms"].items()} == {"A": 1, "B": 4, "M": 1, "C": 1, "D": 1, "R": 1}
    assert told["arms"]["B"]["success_by_session"] == {"0": 1.0, "1": 1.0, "4": 1.0}
    assert told["arms"]["B"]["late_success"] == 1.0
    assert told["against"]["B"]["late_success_gain"] == -1.0
    assert told["arms"]["C"]["generated_per_correct"] > told["arms"]["A"]["generated_per_correct"] > 0
    assert told["arms"]["C"]["break_even_session"] is None
    assert [told["arms"]["C"][key] for key in ("reuse_rate", "tools_made", "tools_kept", "tools_wrong")] == [0, 0, 0, 0]
    assert {row["code"] for row in kept()} == {"c1"}
    assert Path("kept/rows.svg").read_text("utf-8").startswith("<svg")


def test_memory_is_shown_the_nearest_past_questions_with_their_right_answers(bench: Bencher, pupil: Pupil) -> None:
    bench("--arms", "M")
    first, second = pupil.asked[0].messages[0].text, pupil.asked[1].messages[0].text
    assert "Earlier questions" not in first
    assert "Question: What is 3 doubled?\nAnswer: 6" in second
    assert second.endswith("What is 5 doubled?")


def test_the_agent_is_told_right_or_wrong_after_each_answer(bench: Bencher) -> None:
    bench("--arms", "C", "--sessions", "0")
    three, five, night = kept()
    assert (three["feedback"], five["feedback"]) == ("words", "words")
    assert three["generated"] == three["answering"] > 0, "the host reads such words"
    assert (night["id"], night["live"]) == ("night", [])


def test_a_second_start_takes_up_what_is_kept(bench: Bencher, pupil: Pupil) -> None:
    first = bench()
    asked = len(pupil.asked)
    assert bench() == first
    assert len(pupil.asked) == asked


def test_an_arm_with_a_home_goes_on_from_its_last_whole_session(bench: Bencher, pupil: Pupil) -> None:
    first = bench("--arms", "C")
    rows = kept()
    lost = [row for row in rows if (row["session"], row["id"]) != (4, "night")]
    Path("kept/rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lost), encoding="utf-8")
    pupil.asked.clear()
    assert bench("--arms", "C") == first
    assert {"What is 9 doubled?" in request.prompt for request in pupil.asked} == {True}


def test_a_task_that_changed_is_played_anew_with_all_that_came_after_it(bench: Bencher, pupil: Pupil) -> None:
    bench("--arms", "A,M")
    rows = [json.loads(line) for line in Path("stream.jsonl").read_text("utf-8").splitlines()]
    rows[1]["answer"] = "ten"
    Path("stream.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    pupil.asked.clear()
    bench("--arms", "A,M")
    assert len(pupil.asked) == 4  # one of A; of M also those that may have been shown it


def test_quick_plays_one_family_in_two_sessions(bench: Bencher) -> None:
    assert bench("--quick", "--arms", "A")["tasks"] == 2


def test_what_cannot_be_played_is_said_at_once(bench: Bencher, capsys: pytest.CaptureFixture[str]) -> None:
    assert learning.main(["--stream", "stream.jsonl", "--arms", "Z"]) == 2
    assert learning.main(["--stream", "none.jsonl"]) == 2
    Path("odd.jsonl").write_text(json.dumps({**row(1, 0), "scorer": "vibes"}), encoding="utf-8")
    assert learning.main(["--stream", "odd.jsonl"]) == 2
    assert "vibes" in capsys.readouterr().err


def two_tools(path: Path) -> None:
    """A registry in which ``double`` and ``halve`` are live."""
    path.parent.mkdir(parents=True)
    with Registry.create(path) as registry:
        for name, code in (("double", "2 * number"), ("halve", "number // 2")):
            source = f'def {name}(number: int) -> int:\n    """{name.title()} a number."""\n    return {code}\n'
            registry.add(make_tool(name, "(number: int) -> int", f"{name.title()} a number.", source), state=State.LIVE)


def test_swapped_tools_keep_their_names_and_words_but_not_their_code(tmp_path: Path) -> None:
    two_tools(tmp_path / "r" / "one.git")
    assert swap(tmp_path / "r" / "one.git") == ["double", "halve"]
    with Registry.open(tmp_path / "r" / "one.git") as registry:
        double = registry.get("double")
        assert (double.manifest.summary, double.state) == ("Double a number.", State.LIVE)
        assert "def double(number: int) -> int" in double.source
        assert "number // 2" in double.source
        assert registry.problems() == []


def test_tools_are_taken_away(tmp_path: Path) -> None:
    two_tools(tmp_path / "r" / "one.git")
    assert take_away(tmp_path / "r" / "one.git") == ["double", "halve"]
    with Registry.open(tmp_path / "r" / "one.git") as registry:
        assert registry.names() == []


def user_of_double(request: Request) -> str:
    """A model that takes the tool ``double`` wherever it is offered."""
    if request.role is not Role.PLAN:
        return "I cannot."
    if request.purpose == "decide":
        offered = "- double(number" in request.prompt
        use = {"call": {"tool": "double", "args": {"number": 9}}}
        return json.dumps(use if offered else {"kind": "answer_directly"})
    return "I do not know."


@pytest.mark.parametrize(
    ("arm", "right", "used", "feedback"),
    [("C", True, ["double"], "call"), ("D", False, ["double"], "call"), ("R", False, [], "words")],
)
async def test_with_its_tools_swapped_or_taken_away_the_agent_loses_what_they_gave(
    home: Path, tmp_path: Path, arm: str, right: bool, used: list[str], feedback: str
) -> None:
    model, settings = ScriptedModel(user_of_double, context=4096), load()
    two_tools(tmp_path / "homes" / "C" / "after-3" / "registries" / "personal" / "bench.git")
    told = row(9, 4)
    task = Task("t9", "double", 4, told["question"], told["answer"], "exact_ws", told)
    async with Judge() as judge:
        play = Kept(arm, model, settings, judge, tmp_path / "homes", opener)
        rows = await play.play(4, [task], before=3)
    assert (rows[0]["right"], rows[0]["used"], rows[0]["feedback"]) == (right, used, feedback)
    assert rows[0]["reused"] is bool(used)
    assert rows[-1]["id"] == "night"
    assert play.after(4).exists()


async def test_the_tools_that_are_kept_are_tried_on_fresh_items_of_what_they_were_called_for(tmp_path: Path) -> None:
    two_tools(tmp_path / "home" / "registries" / "personal" / "bench.git")
    items = [row(number, 0) for number in range(20, 60)]
    (tmp_path / "fresh.jsonl").write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    asked = [row(number, 0) for number in (3, 5, 7)]
    tasks = [Task(one["id"], "double", 0, one["question"], one["answer"], "exact_ws", one) for one in asked]
    called = [{"tool": "double", "args": {"number": int(one.id[1:])}} for one in tasks]
    rows = [{"id": task.id, "calls_made": [call]} for task, call in zip(tasks, called, strict=True)]
    both = [*rows, {"id": "t3", "calls_made": [{"tool": "halve", "args": {"number": 3}}]}]
    async with Judge() as judge:
        given = {"given": tmp_path / "fresh.jsonl", "open_box": opener}
        good, unsure = await fresh.tried(tmp_path / "home", both, tasks, judge, load(), **given)
        wrong = [{"id": one["id"], "calls_made": [{**one["calls_made"][0], "tool": "halve"}]} for one in rows]
        unused, bad = await fresh.tried(tmp_path / "home", wrong, tasks, judge, load(), **given)
        nothing, _ = await fresh.tried(tmp_path / "home", rows, tasks, judge, load(), open_box=opener)
    assert (good["tool"], good["right"], good["of"], good["wrong"]) == ("double", 40, 40, False)
    assert (unsure["tool"], unsure["wrong"]) == ("halve", None)
    assert (bad["tool"], bad["right"], bad["wrong"]) == ("halve", 0, True)
    assert (unused["wrong"], unused["why"]) == (None, "it was never called")
    assert (nothing["wrong"], nothing["why"]) == (None, "no fresh items")


def test_a_change_of_what_only_the_kept_arms_run_leaves_the_rows_of_the_others(
    bench: Bencher, pupil: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench("--arms", "A,C")
    asked = len(pupil.asked)
    monkeypatch.setattr(conditions, "code_hash", lambda _root, code, _not_run: "c2" if code == learning.CODE else "c1")
    bench("--arms", "A")
    assert len(pupil.asked) == asked
    bench("--arms", "C")
    assert len(pupil.asked) > asked
