"""The demo from its first line to its exit code: a real sandbox, real git, a scripted small model."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes.open import probe
from agentforge.cli.output import Output
from agentforge.events import Event
from agentforge.settings import SandboxSettings, Settings
from agentforge.testing import MessagesServer
from agentforge.testing.server import Received
from agentforge.types import Usage
from examples import demo, demo_family
from examples.demo_family import Report, Told, Tried, computed_last, families, made_live, oracles
from examples.demo_judge import Question

RIGHT = "def shipping_fee(grams: int) -> int:\n    {doc}\n    return {table}\n"
DOC = '"""Give the shipping fee in dollars.\n\n    Raises:\n        ValueError: never.\n    """'
TABLE = "4 if grams <= 500 else 6 if grams <= 2000 else 9 if grams <= 5000 else 15"
ALMOST = "4 if grams <= 500 else 6 if grams <= 2400 else 9 if grams <= 5000 else 15"


def small_model(table: str) -> Callable[[Received], str]:
    """Answers as a small model would that knows this one rule."""
    source = RIGHT.format(doc=DOC, table=table)
    cases = "\n".join(
        f"assert shipping_fee({grams}) == {eval(table, {'grams': grams})}" for grams in (1, 501, 2001, 5001)
    )

    def answer(request: Received) -> str:
        said = json.dumps(request.body["messages"][-1], ensure_ascii=False)
        if "Take a tool only if" in said:
            known = "shipping_fee(" in said
            return json.dumps({"call": {"tool": "shipping_fee", "args": {"grams": 720}} if known else {"tool": "none"}})
        if "A Python function is missing" in said:
            return json.dumps({"name": "shipping_fee", "signature": "(grams: int) -> int"})
        if "You write test cases" in said:
            return f"```python\n{cases}\n```"
        if "Write the Python function" in said:
            return f"```python\n{source}```"
        if "Give its arguments" in said:
            return json.dumps({"grams": 3650})
        found = re.search(r"computed the result .*?: (\d+)", said)
        return f"The fee is {found[1]} dollars." if found else "I do not know."

    return answer


@pytest.fixture
def bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox that needs no image; the tests of boxes prove both."""
    reports = asyncio.run(probe(SandboxSettings(launcher="bubblewrap")))
    if not any(report.available for report in reports if report.launcher == "bubblewrap"):
        pytest.skip("bubblewrap does not work here")
    monkeypatch.setenv("AGENTFORGE_SANDBOX__LAUNCHER", "bubblewrap")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo changes the environment of its process: undone after each test."""
    monkeypatch.setattr(os, "environ", os.environ.copy())


def run_demo(table: str, home: Path, *arguments: str) -> int:
    with MessagesServer(small_model(table), mode="vllm", context=4096) as server:
        return demo.main(["--family", "shipping_fee", "--home", str(home), "--model-url", server.url, *arguments])


def test_a_tool_is_made_and_reused_and_the_demo_ends_with_0(
    bubblewrap: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "MOST_SHARE", 10)  # a scripted model writes in no time
    assert run_demo(TABLE, tmp_path / "demo") == 0
    shown = capsys.readouterr()
    for words in (
        "session 1 right: ",
        "22 of 22 hidden cases right",
        "yes, nothing was written",
        "tools show shipping_fee",
    ):
        assert words in shown.out
    assert "forging shipping_fee" in shown.err
    assert "bubblewrap" in shown.err, "the weaker sandbox is announced"


def test_a_wrong_tool_is_told_as_wrong_in_json_too(
    bubblewrap: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_demo(ALMOST, tmp_path / "demo", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    report = told["reports"][0]
    assert (told["status"], told["exit_code"], report["outcome"]) == ("failed", 1, "wrong")
    assert report["tools"][0]["hidden"][0] < report["tools"][0]["hidden"][1]
    assert report["sessions"][0]["by_role"]["generate"]["calls"] > 0


def test_the_families_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(families()) >= 10


def test_2_an_unknown_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["--family", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_3_claude_without_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["--claude", "--home", str(tmp_path)]) == 3
    assert "ANTHROPIC_API_KEY" in capsys.readouterr().err


def test_the_callers_keys_and_settings_are_forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-mine")
    monkeypatch.setenv("AGENTFORGE_USER", "ada")
    monkeypatch.setenv("AGENTFORGE_MODEL__SOURCE", "hf:some/model")
    demo._own_environment(tmp_path, claude=False)
    left = {name for name in os.environ if name.startswith(("ANTHROPIC_", "AGENTFORGE_")) and "TEST" not in name}
    assert left - {"AGENTFORGE_REQUIRE_DOCKER"} == {"AGENTFORGE_HOME", "AGENTFORGE_MODEL__SOURCE"}
    assert os.environ["AGENTFORGE_HOME"] == str(tmp_path)


def test_every_tool_of_both_sessions_is_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = iter([["fee"], ["b_wrong"]])

    async def session(report: Report, question: Question, *_: object) -> Told:
        return told(made=tuple(next(made)), used=("fee",) if question is family.second else ())

    async def tried(name: str, *_: object) -> Tried:
        return Tried(name, "live", (22, 22) if name == "fee" else (3, 22))

    family = families()["shipping_fee"]
    monkeypatch.setattr(demo_family, "_ask", session)
    monkeypatch.setattr(demo_family, "_try_tool", tried)
    report = asyncio.run(demo_family.try_family(family, Settings(home=tmp_path), "demo-1", Output("json")))
    assert [tool.name for tool in report.tools] == ["fee", "b_wrong"]
    assert report.outcome == "wrong"
    assert "b_wrong is right in 3 of 22 hidden cases" in demo._why(report)


def test_what_a_session_made_and_computed_is_read_from_its_events() -> None:
    def forged(name: str, state: str) -> Event:
        return Event("forge_finished", {"name": name, "state": state})

    def returned(**told: Any) -> Event:
        return Event("tool_returned", {"tool": "fee", **told})

    failed_later = [forged("fee", "live"), forged("tax", "proposed"), forged("toll", "failed"), Event("failed")]
    assert made_live(failed_later) == ["fee"], "also where the session failed afterwards"
    assert computed_last([returned(value=6), returned(value=9), Event("completed")]) == 9
    assert computed_last([returned(value=6), returned(error="ValueError")]) is None
    assert computed_last([]) is None


@pytest.mark.parametrize(
    ("answer", "expect", "given", "right"),
    [
        ("9", 9, [3650], True),
        ("The fee is 9 dollars for 3,650 grams.", 9, [3650], True),
        ("The fee is 9.00 dollars.", 9, [3650], True),
        ("The fee is 6 dollars.", 9, [3650], False),
        ("The fee is 6 dollars, then 9.", 9, [3650], False),
        ("9 or maybe 15", 9, [3650], False),
        ("The fee is 3650.", 9, [3650], False),
        ("I cannot compute this; see rule 58.", 58, [], False),
        ("The total is not 58.", 58, [], False),
        ("1,024", 1024, [], True),
        ("9.5", 9, [], False),
        ("-9", 9, [], False),
        ("The letter is K.", "K", [4711], True),
        ("OK", "K", [4711], False),
        ("A customer gets the letter C.", "C", [], True),
        ("It is either A, B or C.", "C", [], False),
        ("A, B, C", "C", [], False),
        ("The old scheme gave C, the new letter is P.", "C", [], False),
        ("NL#######BNA", "NL#######BNA", [], True),
        ("NL########BNA", "NL#######BNA", [], False),
        ("It is R26-00815 or so they say, R26-00816.", "R26-00815", [2026, 815], False),
        ("The invoice number of 2026 is **R26-00815**.", "R26-00815", [2026, 815], True),
    ],
)
def test_an_answer_in_words_is_judged_by_what_it_says(
    answer: str, expect: int | str, given: list[int], right: bool
) -> None:
    assert Question("", expect, tuple(given)).is_right(answer) is right


@pytest.mark.parametrize(
    ("family", "answer", "right"),
    [
        ("shipping_fee", "For 3650 grams: up to 5000 grams 9 dollars, so the fee is 9.", True),
        ("shipping_fee", "9 or maybe 15", False),
        ("check_letter", "It is A, B, C.", False),
        ("wind_flag", "At 43 km/h the flag is orange.", True),
        ("wind_flag", "The flag is yellow, then orange.", False),
        ("jury_score", "The marks [8, 6, 9, 9, 7] give 24.", True),
        ("jury_score", "The score is 24, like the 25 before.", False),
    ],
)
def test_the_request_may_be_repeated_but_not_the_results_of_its_examples(family: str, answer: str, right: bool) -> None:
    first = families()[family].first
    assert first.is_right(answer, first.expect) is right


@pytest.mark.parametrize(
    ("computed", "right"), [(9, True), (9.0, True), ("9", True), (6, False), ("6", False), (None, True), ([9], True)]
)
def test_an_answer_agrees_with_what_the_last_call_gave(computed: object, right: bool) -> None:
    assert Question("", 9).is_right("The fee is 9.", computed) is right


@pytest.mark.parametrize("name", families())
def test_plain_answers_to_every_family_are_right(name: str) -> None:
    for question in (families()[name].first, families()[name].second):
        for answer in (f"{question.expect}", f"The result for {question.given} is {question.expect}."):
            assert question.is_right(answer)
            assert question.is_right(answer, question.expect)


def told(
    *,
    right: bool = True,
    code: int = 0,
    roles: tuple[str, ...] = ("plan",),
    used: tuple[str, ...] = (),
    made: tuple[str, ...] = (),
    seconds: float = 1.0,
) -> Told:
    usage = dict.fromkeys(roles, Usage(10, 5, calls=1))
    return Told("completed", "9", right, seconds, usage, list(made), list(used), code, "s1")


def again(**changes: Any) -> Told:
    """A second session as it should be."""
    return told(used=("fee",), **changes)


@pytest.mark.parametrize(
    ("sessions", "hidden", "outcome"),
    [
        ([told(), again()], (22, 22), "learned"),
        ([told(), again(roles=("plan", "generate"))], (22, 22), "not learned"),
        ([told(), again(roles=("plan", "test"))], (22, 22), "not learned"),
        ([told(), again(made=("fee_2",))], (22, 22), "not learned"),
        ([told(), told()], (22, 22), "not learned"),
        ([told(), again(right=False, code=1)], (22, 22), "not learned"),
        ([told(), again()], (21, 22), "wrong"),
        ([told(right=False)], (22, 22), "wrong"),
        ([told(), again(right=False)], (22, 22), "wrong"),
        ([told(right=False, code=1)], (22, 22), "not learned"),
    ],
)
def test_only_a_right_tool_with_right_answers_that_is_reused_counts(
    sessions: list[Told], hidden: tuple[int, int], outcome: str
) -> None:
    assert with_tool("f", sessions, hidden).outcome == outcome


def test_every_family_has_hidden_cases() -> None:
    assert all(len(oracles()[name].cases()) >= 20 for name in families())


def no_tool(name: str, *, right: bool = False, code: int = 1) -> Report:
    return Report(name, name, "demo-1", sessions=[told(right=right, code=code)])


def with_tool(name: str, sessions: list[Told] | None = None, hidden: tuple[int, int] = (22, 22)) -> Report:
    first = told(made=("fee",), seconds=9.0)
    sessions = [replace(sessions[0], tools_made=["fee"]), *sessions[1:]] if sessions else [first, again(seconds=3.0)]
    return Report(name, name, "demo-1", [Tried("fee", "live", hidden)], sessions)


def test_without_a_tool_a_family_fails_honestly_unless_it_claims_a_wrong_answer() -> None:
    assert no_tool("a").outcome == "failed honestly"
    assert no_tool("a", right=True, code=0).outcome == "failed honestly"
    assert no_tool("a", code=0).outcome == "wrong"


def concluded(monkeypatch: pytest.MonkeyPatch, home: Path, reports: list[Report], *, every: bool = False) -> int:
    """The exit code of a demo whose families come to these reports."""
    coming = iter(reports)

    async def next_report(*_: object) -> Report:
        return next(coming)

    monkeypatch.setattr(demo, "try_family", next_report)
    drawn = list(families().values())[: len(reports)]
    told_to, settings = Output("json"), Settings(home=home)
    ended = asyncio.run((demo._all if every else demo._until_learned)(drawn, settings, told_to))
    return demo._conclude(ended, told_to, home, every=every)


@pytest.mark.parametrize(
    "stops",
    [
        no_tool("b", code=0),
        with_tool("b", hidden=(21, 22)),
        with_tool("b", [told(), again(right=False)]),
        with_tool("b", [told(), told()]),
    ],
)
def test_only_an_honest_failure_may_try_another_family(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], stops: Report
) -> None:
    assert concluded(monkeypatch, tmp_path, [no_tool("a"), stops, with_tool("c")]) == 1
    reports = json.loads(capsys.readouterr().out)["reports"]
    assert [report["family"] for report in reports] == ["a", "b"]


def test_two_honest_failures_may_precede_what_was_learned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert concluded(monkeypatch, tmp_path, [no_tool("a"), no_tool("b"), with_tool("c")]) == 0


def test_three_families_are_tried_at_most() -> None:
    assert len(demo._draw(families(), demo._arguments().parse_args([]))) == 3


def test_a_second_session_that_takes_more_than_a_third_is_not_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = with_tool("a", [told(seconds=90.0), again(seconds=30.1)])
    assert slow.outcome == "learned"
    assert concluded(monkeypatch, tmp_path, [slow]) == 1
    told_in_json = json.loads(capsys.readouterr().out)
    assert told_in_json["missing"] == ["The second session took 33.4% of the first one's time; a third is the most."]
    assert told_in_json["reports"][0]["share"] == pytest.approx(30.1 / 90)
    assert concluded(monkeypatch, tmp_path, [with_tool("a", [told(seconds=90.0), again(seconds=30.0)])]) == 0


def test_all_families_need_four_fifths_learned_and_none_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(reports: list[Report]) -> list[str]:
        code = concluded(monkeypatch, tmp_path, reports, every=True)
        found = json.loads(capsys.readouterr().out)["missing"]
        assert code == (1 if found else 0)
        return found

    learned, failed, wrong = with_tool("good"), no_tool("honest"), no_tool("bad", code=0)
    assert missing([learned] * 8 + [failed] * 2) == []
    assert missing([failed] * 3) == ["0 of 3 families were learned; at least 80% must be."]
    assert missing([learned] * 7 + [failed] * 3) == ["7 of 10 families were learned; at least 80% must be."]
    assert missing([learned] * 9 + [wrong]) == ["1 of 10 families ended wrong, and none may: bad."]
    assert len(missing([learned, wrong])) == 2


def test_the_text_says_what_is_missing_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo._conclude([with_tool("a"), no_tool("b")], Output(), tmp_path, every=True) == 1
    shown = capsys.readouterr()
    assert "33%" in shown.out
    assert "1 of 2 families were learned; at least 80% must be." in shown.err
