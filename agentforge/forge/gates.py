"""The gates of a version: each a small function from evidence to a verdict with its evidence.

First form: source contract, visible tests, generated tests, promises of the rules, held-out examples,
suite strength against a stub, the same answer twice, and agreement between independent candidates. The
verdicts are computed on the host from what the box returned; nothing that the candidate says about itself
counts.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from agentforge.boxes.protocol import Limits, SuiteResult
from agentforge.forge.agreement import Group
from agentforge.forge.cases import holds, outcome
from agentforge.forge.evidence import SUITE_FETCHES, Workshop, contract_problems, describe_failure, run_all
from agentforge.forge.spec import Spec, render_call
from agentforge.types import JSON, Example, GateResult, JSONObject

SUPPORT = 2
"""Independent candidates that must behave alike before a tool goes live on their word."""

MAJORITY = 0.5
"""Share of another model's generated cases that must hold beside ground truth: such cases err, too."""

OTHER_SEED = 1
"""The hash seed of the second box; the first one has 0."""

MOST_SHOWN = 5
"""Calls that the evidence of a gate names at the most."""

NEARLY_ALL = 0.8
"""The same where there is no ground truth at all, so that nothing else speaks for the tool."""


@dataclass(frozen=True, slots=True)
class Trial:
    """All that the gates look at for one version."""

    spec: Spec
    source: str
    tests: str
    group: Group
    eligible: int
    workshop: Workshop
    suite_limits: Limits
    tester_is_generator: bool


async def run_gates(trial: Trial) -> tuple[GateResult, ...]:
    """Runs the gates in order; what follows a failed one is skipped and says so."""
    results: list[GateResult] = []
    failed = ""
    for name, gate in GATES:
        if failed:
            results.append(GateResult(name, "skipped", f"not run: {failed} failed"))
            continue
        started = time.monotonic()
        result = replace(await gate(trial), seconds=round(time.monotonic() - started, 3))
        results.append(result)
        failed = name if result.verdict == "failed" else ""
    return tuple(results)


async def source_contract(trial: Trial) -> GateResult:
    """One public function of the right name with typed JSON parameters and nothing at top level."""
    problems = contract_problems(trial.source, trial.spec, trial.workshop.packages)
    return _result(
        "source contract", not problems, "keeps the contract", "; ".join(problems), problems=_texts(problems)
    )


async def visible_tests(trial: Trial) -> GateResult:
    """The suite passes, with tests and tool in separate processes."""
    suite = await _suite(trial, trial.source)
    failing = [row.name for row in suite.rows if row.outcome != "passed"]
    told = (
        f"{len(failing)} of {len(suite.rows)} tests fail" if suite.status == "finished" else f"the suite {suite.status}"
    )
    return _result(
        "visible tests",
        suite.passed,
        f"{len(suite.rows)} tests pass",
        told,
        tests=len(suite.rows),
        failing=_texts(failing),
    )


async def generated_tests(trial: Trial) -> GateResult:
    """Cases that the tester wrote from the spec alone, before there was any code.

    They reject only where another model than the generator's wrote them. A model that errs in the code
    errs in the tests: of ten right tools made by a model of 1.5 billion parameters, seven passed one or
    none of their own model's cases, so that such cases rank candidates and do no more.
    """
    cases = trial.group.best.cases
    passed = sum(cases)
    told = f"{passed} of {len(cases)} generated cases hold"
    if not cases:
        return GateResult("generated tests", "skipped", "no generated case could be read")
    if trial.tester_is_generator:
        return GateResult(
            "generated tests",
            "skipped",
            f"{told}; the same model wrote code and tests, so they only rank",
            {"cases": len(cases), "passed": passed},
        )
    needed = MAJORITY if trial.spec.truths else NEARLY_ALL
    evidence: JSONObject = {"cases": len(cases), "passed": passed}
    if passed >= needed * len(cases):
        return GateResult("generated tests", "passed", told, evidence)
    return GateResult("generated tests", "failed", f"{told}, {needed:.0%} are needed", evidence)


async def promises(trial: Trial) -> GateResult:
    """What the rules promise of every result holds for all inputs that were tried."""
    best, made = trial.group.best, trial.spec.promises
    if not made:
        return GateResult("promises", "skipped", "the rules promise nothing of every result that the host can read")
    return _result(
        "promises",
        not best.broken,
        f"{len(best.behaviour)} inputs, nothing that the rules rule out",
        "; ".join(best.broken),
        rules=_texts([promise.rule for promise in made]),
    )


async def held_out_examples(trial: Trial) -> GateResult:
    """Ground truth that no generator ever saw."""
    held = trial.spec.held_out
    if not held:
        return GateResult("held-out examples", "skipped", "no example could be held out")
    results = await run_all(trial.source, trial.spec.name, [example.args for example in held], trial.workshop)
    wrong = [
        describe_failure(trial.spec.name, example, result)
        for example, result in zip(held, results, strict=True)
        if not holds(example, result)
    ]
    told = f"{len(wrong)} of {len(held)} held-out examples are wrong"
    return _result(
        "held-out examples",
        not wrong,
        f"{len(held)} held-out examples hold",
        told,
        examples=len(held),
        wrong=_texts(wrong),
    )


async def suite_strength(trial: Trial) -> GateResult:
    """The same suite must fail against a tool that does nothing, and against one that always gives the same."""
    for constant in dict.fromkeys(map(repr, (None, _commonest_result(trial.spec)))):
        stub = f"def {trial.spec.name}{trial.spec.need.signature}:\n    return {constant}\n"
        suite = await _suite(trial, stub)
        if suite.status != "finished" or all(row.outcome not in ("failed", "error") for row in suite.rows):
            told = f"the examples do not tell the tool from one that always returns {constant}"
            return GateResult("suite strength", "failed", f"{told[:200]}: one with another result would")
    return GateResult("suite strength", "passed", "the suite fails against stubs that always return the same")


def _commonest_result(spec: Spec) -> JSON:
    results = [example.returns for example in spec.visible if example.raises is None]
    return max(results, key=results.count, default=None)


async def same_answer_twice(trial: Trial) -> GateResult:
    """Every input has the same outcome in a second box, whose Python orders sets of texts otherwise.

    A set of two texts has the same order under half of all hash seeds, so one input proves little and
    many are tried. An input on which a run was too slow says nothing here.
    """
    best = trial.group.best
    inputs = [*(example.args for example in trial.spec.visible), *best.inputs]
    first = [*map(outcome, best.visible), *best.behaviour]
    again = await run_all(trial.source, trial.spec.name, inputs, trial.workshop, hash_seed=OTHER_SEED)
    differing = [
        render_call(trial.spec.name, Example(args))
        for args, one, other in zip(inputs, first, map(outcome, again), strict=True)
        if one != other and "timed_out" not in (one, other)
    ]
    return _result(
        "same answer twice",
        not differing,
        f"{len(inputs)} inputs, the same outcome in two boxes with different hash seeds",
        f"{len(differing)} of {len(inputs)} inputs have another outcome in a box with another hash seed, such as"
        f" {', '.join(differing[:1])}: it depends on the order of a set",
        inputs=len(inputs),
        differing=_texts(differing[:MOST_SHOWN]),
    )


async def agreement(trial: Trial) -> GateResult:
    """Independent candidates behave alike where no example tells them how to (CodeT)."""
    group = trial.group
    supported = group.independent >= SUPPORT
    return _result(
        "agreement",
        supported,
        f"{len(group.members)} of {trial.eligible} candidates that pass behave alike",
        "no other candidate behaves like this one",
        group=len(group.members),
        independent=group.independent,
        eligible=trial.eligible,
        generated_tests_passed=group.tests,
        inputs_compared=len(group.best.behaviour),
    )


GATES: Sequence[tuple[str, Callable[[Trial], Awaitable[GateResult]]]] = (
    ("source contract", source_contract),
    ("visible tests", visible_tests),
    ("generated tests", generated_tests),
    ("promises", promises),
    ("held-out examples", held_out_examples),
    ("suite strength", suite_strength),
    ("same answer twice", same_answer_twice),
    ("agreement", agreement),
)


async def _suite(trial: Trial, source: str) -> SuiteResult:
    shop = trial.workshop
    return await shop.box.suite(source, trial.tests, limits=trial.suite_limits, grant=shop.grant(SUITE_FETCHES))


def _result(gate: str, passed: bool, good: str, bad: str, **evidence: JSON) -> GateResult:
    return GateResult(gate, "passed" if passed else "failed", good if passed else bad, evidence)


def _texts(items: Sequence[str]) -> list[JSON]:
    return list(items)
