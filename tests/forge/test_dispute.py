"""Two groups of candidates that both have support and differ: ground truth, a clear majority, the judge, a person."""

import pytest

from agentforge.errors import ModelUnavailable
from agentforge.forge.dispute import rivals
from agentforge.types import Example, Need, Role

from .forging import EXAMPLES, code

NEED = Need("double", "(n: int) -> int", "Double n. ValueError if n is negative.", EXAMPLES[:2])
"""Its two examples hold for doubling and for a list of these two."""
SPLIT = [code("RIGHT"), code("FITTED"), code("RIGHT"), code("FITTED")]
JUDGE = {Role.JUDGE: "wise", Role.PLAN: "small", Role.GENERATE: "small", Role.TEST: "small"}
NO_TESTS = "none"


async def forged(run, answers, *, judge=(), need=NEED, **more):
    settings = {"candidates": len(answers), "rounds": 0, "tests": NO_TESTS, "judge": judge}
    return await run(need, answers, **(settings | more))


async def test_without_an_independent_judge_what_is_in_dispute_waits_and_says_on_which_input(run, registry):
    result, model, _ = await forged(run, SPLIT)
    assert result.state == "proposed"
    assert "disagree: on double(n=" in result.reason
    assert result.reason.endswith("A person decides.")
    assert model.asked(Role.JUDGE) == []
    assert all(gate.verdict != "failed" for gate in result.gates), "it passed all the rest"
    assert registry.names() == []
    assert len(registry.proposed()) == 1


@pytest.mark.parametrize("right", ["first", "second"])
async def test_a_judge_that_is_another_model_decides_on_one_input(run, registry, right):
    result, model, _ = await forged(run, SPLIT, judge=[{"right": right}], models=JUDGE)
    assert result.state == "live"
    (asked,) = model.asked(Role.JUDGE)
    first = "# RIGHT" if "The first program returned 0" not in asked.prompt else "# FITTED"
    other = {"# RIGHT": "# FITTED", "# FITTED": "# RIGHT"}[first]
    assert (first if right == "first" else other) in registry.get("double").source
    assert "double(n=2)  # returns 4" in asked.prompt
    assert "1. Double n. ValueError if n is negative." in asked.prompt
    assert result.by_role[Role.JUDGE].output_tokens > 0
    assert registry.get("double").manifest.provenance.models[Role.JUDGE] == "wise"


@pytest.mark.parametrize("said", [{"right": "unknown"}, ModelUnavailable("gone")])
async def test_a_judge_that_does_not_know_leaves_it_to_a_person(run, said):
    result, model, _ = await forged(run, SPLIT, judge=[said], models=JUDGE)
    assert (result.state, len(model.asked(Role.JUDGE))) == ("proposed", 1)


async def test_twice_as_many_need_no_judge(run, registry):
    answers = [code("FITTED"), code("RIGHT"), code("FITTED"), *[code("RIGHT")] * 3]
    result, model, _ = await forged(run, answers, judge=[], models=JUDGE)
    assert (result.state, model.asked(Role.JUDGE)) == ("live", [])
    assert "# RIGHT" in registry.get("double").source


async def test_a_further_round_may_bring_the_majority(run, registry):
    result, _, _ = await forged(run, [*SPLIT, *[code("RIGHT")] * 4], candidates=4, rounds=1)
    assert result.state == "live"
    assert "# RIGHT" in registry.get("double").source


async def test_a_rival_that_fails_a_held_out_example_is_none(run, registry):
    need = Need(NEED.name, NEED.signature, NEED.purpose, (*NEED.examples, Example({"n": 10}, returns=20)))
    result, model, _ = await forged(run, SPLIT, need=need, judge=[], models=JUDGE)
    assert (result.state, model.asked(Role.JUDGE)) == ("live", [])
    assert "# RIGHT" in registry.get("double").source


@pytest.mark.parametrize("answers", [["RIGHT", "FITTED AND FRAGILE"], ["FITTED AND FRAGILE", "RIGHT"]])
async def test_a_rival_that_fails_another_gate_is_none_whichever_comes_first(run, registry, answers):
    result, model, _ = await forged(run, [code(answer) for answer in answers * 2], judge=[], models=JUDGE)
    assert (result.state, model.asked(Role.JUDGE)) == ("live", [])
    assert "# RIGHT" in registry.get("double").source
    assert all(gate.verdict != "failed" for gate in result.gates)


async def test_the_planners_candidate_may_bring_the_majority(run, registry):
    """Four against two; without it three against two would be a matter for the judge."""
    models = {Role.PLAN: "strong", Role.TEST: "strong", Role.GENERATE: "small", Role.JUDGE: "small"}
    answers = [code("FITTED"), code("RIGHT"), code("FITTED"), code("RIGHT"), code("RIGHT")]
    result, model, _ = await forged(run, answers, plan=[code("RIGHT")], models=models)
    assert (result.state, len(model.asked(Role.PLAN))) == ("live", 1)
    assert "# RIGHT" in registry.get("double").source


def test_a_group_without_support_is_no_rival():
    class Sized:
        def __init__(self, independent):
            self.independent, self.members = independent, [self]

    three, two, one, four = map(Sized, (3, 2, 1, 4))
    assert rivals(three, [three, two, one]) == [two]
    assert rivals(four, [four, two, one]) == []
