"""The benchmark of policies: its documents, one life with a scripted model in a real box, and what it counts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agentforge import Forge
from agentforge.agent.cases import read_cases
from agentforge.agent.knowledge import rules_in
from agentforge.memory.documents.passages import passages_of
from agentforge.models.capabilities import FEATURES
from agentforge.registry.contract import parse_signature
from agentforge.result import RunResult
from agentforge.settings import load
from agentforge.testing import ScriptedModel
from agentforge.testing.scripted import Request
from agentforge.types import JSONObject, Role
from benchmarks.policies import __main__ as command
from benchmarks.policies.measure import is_right
from benchmarks.policies.policy import Policy
from benchmarks.policies.written import POLICIES

PARCEL = next(one for one in POLICIES if one.id == "parcel")


def test_there_are_enough_of_them_and_each_is_its_own() -> None:
    assert len(POLICIES) >= 20
    assert len({one.id for one in POLICIES}) == len({one.title for one in POLICIES}) == len(POLICIES)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda one: one.id)
def test_a_change_changes_an_answer_and_no_answer_stands_among_the_worked_examples(policy: Policy) -> None:
    before, after = policy.questions(policy.before), policy.questions(policy.after)
    assert before != after
    assert [question for question, _ in before] == [question for question, _ in after]
    assert not set(policy.shown) & set(policy.asked)
    assert policy.page(policy.before) != policy.page(policy.after)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda one: one.id)
def test_the_host_finds_the_rule_and_reads_its_worked_examples(policy: Policy) -> None:
    document = "d0123456789ab"
    rules = rules_in(passages_of(policy.page(policy.before), document), policy.title, untrusted=False)
    [rule] = [one for one in rules if one.passages[0].headings == (policy.heading,)]
    values = policy.shown[0]
    given = ", ".join(f"{'abc'[at]}: {type(value).__name__}" for at, value in enumerate(values))
    returns = type(policy.gold(policy.before, *values)).__name__
    signature = parse_signature(f"def f({given}) -> {returns}")
    if len(values) == 1:  # of two values only the words of the parameters' names tell which is which
        found = read_cases(rule.text, signature)
        assert [one.returns for one in found] == [policy.gold(policy.before, *each) for each in policy.shown]


@pytest.mark.parametrize(
    ("answer", "gold", "right"),
    [
        ("31", "31", True),
        ("A parcel of 7 kg costs 31 EUR.", "31", True),
        ("31 EUR for 7 kg", "31", False),
        ("12.0", "12.00", True),
        ("1,200", "1200", True),
        ("The answer is Manager.", "manager", True),
        ("managers", "manager", False),
        ("R2026-0042", "R2026-0042", True),
        ("R2026-00425", "R2026-0042", False),
    ],
)
def test_an_answer_is_right_by_its_last_number_or_its_text(answer: str, gold: str, right: bool) -> None:
    assert is_right(RunResult("completed", 0, answer, "s"), gold) is right
    assert not is_right(RunResult("failed", 1, answer, "s"), gold)


def plan(prompt: str) -> str | JSONObject:
    if "What is this passage" in prompt:
        return {"kind": "rule" if "EUR" in prompt else "words"}
    if "carries out the rule of this passage" in prompt:
        return {"name": "price_parcel", "signature": "(weight: int) -> int"}
    asked = re.search(r"ship a parcel of (\d+) kg", prompt)
    weight = int(asked[1]) if asked else 0
    return {"call": {"tool": "price_parcel", "args": {"weight": weight}}}


def answer(request: Request) -> str | JSONObject:
    if request.role is Role.PLAN:
        return plan(request.prompt)
    [rate] = set(re.findall(r"costs (\d+) EUR", request.prompt)) or {"0"}
    if request.role is Role.TEST:
        return f"```python\nassert price_parcel(weight=4) == {4 * int(rate) + 3}\n```"
    return f"```python\ndef price_parcel(weight: int) -> int:\n    return {rate} * weight + 3\n```"


@pytest.mark.docker
@pytest.mark.usefixtures("docker")
async def test_one_life_is_right_before_and_after_caught_cited_and_explained(tmp_path: Path) -> None:
    empty = tmp_path / "base"
    empty.mkdir()

    def new(home: Path) -> Forge:
        settings = load(overrides={"forge.candidates": 2, "forge.rounds": 0, "user": "bench"})
        settings = settings.model_copy(update={"home": home})
        models = ScriptedModel(answer, features=FEATURES["vllm"])
        return Forge(user="bench", settings=settings, models=models, base=empty)

    out = tmp_path / "rows.jsonl"
    rows = command.Rows(out, {"code": "c"}, [PARCEL])
    figures = await command.run([PARCEL], rows, new)
    assert (figures["policies"], figures["with_a_tool"], figures["answers_by_tool"]) == (1, 1, 6)
    shares = ("right_before", "right_after", "policies_right_before_and_after", "stale_caught_share")
    more = ("made_anew_share", "citations_right_share", "explained_share")
    assert {name: figures[name] for name in (*shares, *more)} == dict.fromkeys((*shares, *more), 1.0)
    [row] = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["answer"] for one in row["after"]["answers"]] == ["38", "63", "18"]

    async def fail(policy: Policy, forge: Any) -> dict[str, Any]:
        raise AssertionError("it was measured before")

    again = command.Rows(out, {"code": "c"}, [PARCEL])
    assert (await command.run([PARCEL], again, fail))["right_after"] == 1.0  # type: ignore[arg-type] # never called
    assert command.Rows(out, {"code": "other"}, [PARCEL]).rows == {}


def test_what_no_tool_was_made_of_counts_against_the_answers_and_has_no_share_of_citations() -> None:
    asked = {"questions": 3, "right": 1, "by_tool": 0, "cited_right": 0}
    counts = {"stale_expected": 0, "stale_caught": 0, "made_anew": 0, "old_answers": 0, "explained": 0}
    row = {"tools": [], "before": asked, "after": asked, "tokens": 5, "prompt_tokens": 9, "seconds": 1.0, **counts}
    figures = command.figures_of([row, row])
    assert (figures["right_before"], figures["with_a_tool"], figures["citations_right_share"]) == (0.333, 0, None)
    assert figures["policies_right_before_and_after"] == 0.0
    assert figures["intervals"]["right_before"] == [0.333, 0.333]


def test_a_name_that_is_no_policy_is_told_and_nothing_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "parcel,unknown"]) == 2
    assert "No policy of that name: unknown." in capsys.readouterr().err
