"""When the local rounds have failed the need goes up to role plan, and its candidate meets the same gates."""

from dataclasses import replace

import pytest

from agentforge.errors import AuthenticationError, ModelUnavailable
from agentforge.types import Role, State

from .forging import EXAMPLES, NEED, code

PLANNER = {Role.PLAN: "strong", Role.TEST: "strong", Role.GENERATE: "small"}
THIRD = {Role.PLAN: "strong", Role.TEST: "third", Role.GENERATE: "small"}
BARE = replace(NEED, examples=EXAMPLES[:2])
"""Two examples: none can be held out."""
WRONG = [code("ADDS")] * 6
"""Two candidates, two in another form, two repairs."""
PAIRS = [code("FITTED"), code("FITTED"), code("FITTED TOO"), code("FITTED TOO")]
"""Two pairs that agree and are wrong on the held-out example."""


def asserts(count, off=0):
    lines = [f"assert double(n={n}) == {n * 2 + off}" for n in range(11, 11 + count)]
    return "```python\n" + "\n".join(lines) + "\n```"


async def test_its_candidate_goes_live_alone_where_held_out_examples_speak_for_it(run, registry):
    result, model, events = await run(NEED, WRONG, plan=[code("RIGHT")], models=PLANNER)
    assert (result.state, result.unconfirmed) == ("live", False)
    assert len(model.asked(Role.PLAN)) == 1
    assert "# RIGHT" in registry.get("double").source
    gates = {gate.gate: gate for gate in result.gates}
    assert (gates["agreement"].verdict, gates["held-out examples"].verdict) == ("skipped", "passed")
    assert registry.get("double").manifest.provenance.tester_is_generator  # the planner wrote tests and code
    assert registry.get("double").manifest.provenance.models[Role.PLAN] == "strong"
    assert any(data.get("step") == "escalate" for _, data in events)
    assert [one["role"] for one in result.artefacts["candidates"]] == ["generate"] * 6 + ["plan"]


async def test_it_is_shown_what_any_candidate_is_shown_and_nothing_of_theirs(run):
    _, model, _ = await run(NEED, WRONG, plan=[code("RIGHT")], models=PLANNER)
    (asked,) = model.asked(Role.PLAN)
    assert asked.prompt == model.asked(Role.GENERATE)[0].prompt
    assert asked.ask.max_tokens > model.asked(Role.GENERATE)[0].ask.max_tokens
    assert asked.ask.stop == ()


async def test_alone_and_without_a_held_out_example_it_waits_for_a_person(run, registry):
    result, _, _ = await run(BARE, WRONG, plan=[code("RIGHT")], models=PLANNER, tests=asserts(6))
    assert result.state == "proposed"
    assert "No other candidate behaves like it" in result.reason
    assert registry.names() == []


async def test_generated_tests_of_a_third_model_speak_for_it_too(run):
    result, _, _ = await run(BARE, WRONG, plan=[code("RIGHT")], models=THIRD, tests=asserts(6))
    assert (result.state, result.unconfirmed) == ("live", True)


async def test_but_hardly_a_test_says_too_little(run):
    result, _, _ = await run(BARE, WRONG, plan=[code("RIGHT")], models=THIRD, tests=asserts(3))
    assert (result.state, "No other candidate behaves like it" in result.reason) == ("proposed", True)


async def test_and_reject_it(run):
    result, _, _ = await run(BARE, WRONG, plan=[code("RIGHT")], models=THIRD, tests=asserts(6, off=1))
    assert result.state == "failed"
    assert "generated tests" in result.reason


async def test_a_local_candidate_that_behaves_like_it_supports_it(run):
    """One local candidate was right and stood alone; together they need no held-out example."""
    local = [code("RIGHT"), code("ADDS"), code("FITTED"), code("FITTED TOO")]
    result, _, _ = await run(BARE, local, plan=[code("RIGHT")], models=PLANNER)
    assert (result.state, result.unconfirmed) == ("live", True)
    gates = {gate.gate: gate for gate in result.gates}
    assert gates["agreement"].verdict == "passed"
    assert gates["agreement"].evidence["independent"] == 2
    assert gates["generated tests"].verdict == "skipped", "the planner wrote them, and its candidate is needed"


async def test_it_gets_one_repair_with_its_visible_failures(run):
    result, model, _ = await run(NEED, WRONG, plan=[code("ADDS"), code("RIGHT")], models=PLANNER)
    assert result.state == "live"
    repair = model.asked(Role.PLAN)[1].prompt
    assert "double(n=3) must return 6, but it returned 5" in repair
    assert "n=10" not in repair


async def test_and_no_second_one(run):
    result, model, _ = await run(NEED, WRONG, plan=[code("ADDS")] * 3, models=PLANNER)
    assert result.state == "failed"
    assert len(model.asked(Role.PLAN)) == 2


async def test_faults_that_the_gates_find_in_it_are_repaired_as_well(run):
    result, model, _ = await run(NEED, WRONG, plan=[code("BREAKS FAR OUT"), code("RIGHT")], models=PLANNER)
    assert result.state == "live"
    assert "raised KeyError" in model.asked(Role.PLAN)[1].prompt


async def test_what_held_out_examples_refute_is_not_repaired(run):
    result, model, _ = await run(NEED, WRONG, plan=[code("FITTED")], models=PLANNER)
    assert (result.state, result.refuted) == ("failed", True)
    assert len(model.asked(Role.PLAN)) == 1


async def test_after_two_refuted_groups_it_waits_even_with_the_held_out_examples(run, registry):
    result, _, _ = await run(NEED, PAIRS, plan=[code("RIGHT")], models=PLANNER, rounds=3)
    assert result.state == "proposed"
    assert "Held-out examples had refuted others before it" in result.reason
    assert registry.proposed()[0].state is State.PROPOSED


async def test_where_the_generator_plans_too_or_the_settings_say_no_nothing_goes_up(run):
    for models, settings in (({}, {}), (PLANNER, {"escalate": False})):
        result, model, _ = await run(NEED, WRONG, plan=[], models=models, **settings)
        assert result.state == "failed"
        assert model.asked(Role.PLAN) == []


async def test_where_the_rounds_succeed_nothing_goes_up(run):
    result, model, _ = await run(NEED, [code("RIGHT")] * 2, plan=[], models=PLANNER, tests=asserts(6))
    assert (result.state, model.asked(Role.PLAN)) == ("live", [])


@pytest.mark.parametrize("error", [ModelUnavailable("gone"), AuthenticationError("no key")])
async def test_a_planner_that_fails_costs_nothing_of_what_was_found(run, error):
    result, _, events = await run(NEED, WRONG, plan=[error], models=PLANNER)
    assert result.state == "failed"
    assert "the best one gives" in result.reason
    assert any("role plan failed" in data.get("message", "") for _, data in events)


async def test_the_rounds_leave_a_part_of_the_budget_for_it_and_it_keeps_within(run):
    long = code("RIGHT") + "x" * 400, code("ADDS") + "x" * 400
    result, model, _ = await run(
        NEED, [*long, *long[1:] * 20], plan=[code("RIGHT")], models=PLANNER, rounds=9, max_output_tokens=4200
    )
    assert result.state == "live"
    spent = sum(usage.output_tokens for role, usage in result.by_role.items() if role is not Role.PLAN)
    assert 0.8 * 4200 <= spent <= 4200 - 300
    assert model.asked(Role.PLAN)[0].ask.max_tokens == 4200 - spent


async def test_with_nothing_left_it_is_not_asked(run):
    long = [code("ADDS") + "x" * 4000] * 4
    result, model, _ = await run(NEED, long, plan=[], models=PLANNER, rounds=5, max_output_tokens=1000)
    assert (result.state, model.asked(Role.PLAN)) == ("failed", [])
