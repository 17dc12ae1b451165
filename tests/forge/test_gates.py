"""The gates as functions from evidence to a verdict: stages, capabilities, stubs."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from agentforge.boxes.protocol import Limits, SuiteResult
from agentforge.errors import SandboxError
from agentforge.forge.evidence import Workshop
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.capabilities import capabilities
from agentforge.forge.gates.running import COUNT, STAGES, run_gates
from agentforge.forge.gates.strength import suite_strength
from agentforge.forge.gates.submission import LiveTools, Submission
from agentforge.forge.gates.survey import stubs, survey
from agentforge.forge.mutants import mutants
from agentforge.registry.contract import read_signature
from agentforge.settings import GateSettings
from agentforge.testing import FakeBox
from agentforge.testing.box import returned, suite
from agentforge.types import Capabilities, Example
from tests.registry.sample_tools import make_tool

TOOL = make_tool()
SUBMISSION = Submission(
    name=TOOL.name,
    signature=read_signature(TOOL.source, TOOL.name),
    source=TOOL.source,
    tests=TOOL.tests,
    workshop=Workshop(FakeBox(), Limits()),
    suite_limits=Limits(),
    settings=GateSettings(mutants=3, near_inputs=3, fuzz_inputs=0),
    visible=TOOL.examples,
)


def bench(calls=(), suites=(), **changed):
    return Bench(replace(SUBMISSION, workshop=Workshop(FakeBox(calls, suites), Limits()), **changed))


def verdicts(results):
    return {result.gate: result.verdict for result in results}


async def test_a_breach_of_the_contract_ends_it_without_a_run():
    results = await run_gates(bench(problems=("line 1: no", "line 2: no")), every_stage=True)
    assert results[0].summary == "line 1: no; line 2: no"
    assert {result.verdict for result in results[1:]} == {"skipped"}
    assert {result.summary for result in results[1:]} == {"not run: source contract failed"}
    assert [result.gate for result in results] == [name for stage in STAGES for name, _ in stage]


async def test_whoever_waits_is_told_which_gate_runs_and_how_many_are_behind_it():
    told: list[tuple[str, int]] = []
    made = bench(lambda run: returned("nonsense"), lambda run: suite(test_a=False))
    await run_gates(made, tell=lambda name, done: told.append((name, done)))
    order = [name for stage in STAGES for name, _ in stage]
    assert told[:2] == [("source contract", 0), ("visible tests", 1)]
    assert all(order[done] == name for name, done in told)
    assert len(told) < COUNT == len(order), "those that are skipped do not run"


async def test_all_problems_of_a_stage_are_told_together_and_the_next_stage_is_not_run():
    wrong = Example({"text": "B"}, "b", held_out=True)
    made = bench(lambda run: returned("nonsense"), lambda run: suite(test_a=False), held_out=(wrong,))
    results = await run_gates(made)
    assert verdicts(results)["visible tests"] == verdicts(results)["held-out examples"] == "failed"
    assert verdicts(results)["fuzz"] == "skipped"
    visible = next(result for result in results if result.gate == "visible tests")
    assert "1 of 1 tests do not pass" in visible.summary
    assert "slugify(text='A') must return 'a', but it returned 'nonsense'" in visible.summary


async def test_a_person_is_told_of_every_stage_but_for_what_says_nothing_then():
    made = bench(lambda run: returned(run.args.get("text", "").strip().lower()), lambda run: suite(test_a=False))
    results = verdicts(await run_gates(made, every_stage=True))
    assert results["visible tests"] == "failed"
    assert results["suite strength"] == "skipped"  # tests that fail on the tool fail on everything
    assert results["fuzz"] == results["same answer twice"] == "passed"


@pytest.mark.parametrize(
    ("live", "wanted", "more"),
    [
        (Capabilities(), Capabilities(), []),
        (Capabilities(hosts=("a.test",)), Capabilities(hosts=("a.test",)), []),
        (Capabilities(), Capabilities(clock=True), ["clock"]),
        (Capabilities(hosts=("a.test",)), Capabilities(hosts=("a.test", "b.test")), ["hosts b.test"]),
        (None, Capabilities(secrets=("key",)), ["secrets key"]),
    ],
)
async def test_what_is_wanted_beyond_the_live_version_waits_for_a_person(live, wanted, more):
    standing = LiveTools({} if live is None else {TOOL.name: make_tool(capabilities=live)})
    result = await capabilities(bench(capabilities=wanted, standing=standing))
    assert (result.verdict, result.evidence["more_than_live"]) == ("passed", more)
    assert result.evidence["needs_person"] is (wanted != Capabilities())


def test_stubs_return_what_a_lazy_tool_would():
    whats = [stub.what for stub in stubs(SUBMISSION)]
    assert whats == ["returns None", "returns 'a'", "returns ''", "raises RuntimeError"]
    for stub in stubs(SUBMISSION):
        compile(stub.source, "stub", "exec")


def test_dependents_are_found_through_others_and_toolboxes_may_be_changed():
    one, two, three = make_tool("one"), make_tool("two", imports=["one"]), make_tool("three", imports=["two"])
    standing = LiveTools({tool.name: tool for tool in (one, two, three)})
    assert [tool.name for tool in standing.dependents("one")] == ["three", "two"]
    assert standing.toolbox(["two"], instead={"one": "x = 1"}) == {"two": two.source, "one": "x = 1"}


def ending_in(seconds):
    """Suites of which those of the tool take ``seconds``, and none of a mutant ends."""

    def answer(run):
        if run.source == TOOL.source:
            return replace(suite(test_a=True), seconds=seconds)
        return SuiteResult("timed_out", seconds=seconds)

    return answer


@pytest.mark.parametrize(
    ("seconds", "limit", "told"),
    [
        (0.1, 30.0, "noticed"),
        (2.0, 30.0, "noticed"),
        (2.0, 5.0, "unknown"),
        (9.0, 30.0, "noticed"),
        (11, 30, "unknown"),
    ],
)
async def test_a_suite_that_does_not_end_for_a_mutant_notices_it_only_where_the_tool_is_far_from_the_limit(
    seconds, limit, told
):
    made = bench(suites=ending_in(seconds), suite_limits=Limits(seconds=limit))
    found = await survey(made)
    sizes = {"noticed": len(found.noticed), "unknown": len(found.unknown)}
    assert sizes.pop(told) == found.counted > 0
    assert [*sizes.values()] == [0]


async def test_a_box_that_fails_in_mid_survey_is_told_as_itself():
    def answer(run):
        if run.source != TOOL.source:
            raise SandboxError("The box is gone.")
        return suite(test_a=True)

    with pytest.raises(SandboxError, match="The box is gone"):
        await survey(bench(suites=answer))


async def test_mutants_of_which_nobody_knows_count_as_unnoticed_and_are_told():
    changed = {mutant.source for mutant in mutants(TOOL.source, most=3)}
    slow = ending_in(2.0)

    def answer(run):
        if run.source == TOOL.source or run.source in changed:
            return slow(run)
        return suite(test_a=run.source == ast.unparse(ast.parse(TOOL.source)) + "\n")

    result = await suite_strength(bench(suites=answer, suite_limits=Limits(seconds=5.0)))
    assert len(result.evidence["unknown"]) == result.evidence["mutants"] == len(changed)
    assert result.verdict == "failed"
    assert "did not end in time" in result.summary
