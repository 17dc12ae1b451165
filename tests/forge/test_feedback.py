"""What a generator is told of what the gates found."""

from dataclasses import replace

from agentforge.forge.feedback import faults_of
from agentforge.forge.spec import make_spec
from agentforge.types import Example, GateResult, Need, Role

from .forging import NEED, code

SPEC = make_spec(NEED)


def failed(gate, *problems):
    return GateResult(gate, "failed", "; ".join(problems), {"problems": [*problems]})


def test_the_problems_of_all_failed_gates_are_told_each_as_a_line():
    gates = [
        failed("fuzz", "one", "two"),
        failed("source contract", "three"),
        replace(failed("x", "no"), verdict="passed"),
    ]
    assert faults_of(gates, SPEC) == ("- one", "- two", "- three")


def test_a_gate_that_names_no_problem_is_not_told():
    assert faults_of([GateResult("suite strength", "failed", "5 of 30")], SPEC) == ()


def test_beside_a_failed_held_out_example_nothing_is_told():
    assert faults_of([failed("fuzz", "one"), failed("held-out examples", "two")], SPEC) == ()


def test_a_call_with_an_argument_of_a_held_out_example_is_not_told():
    assert SPEC.held_out[0].args == {"n": 10}
    told = [f"double(n={n}) raised KeyError: '{n}', undeclared" for n in (10, 100, 3)]
    assert faults_of([failed("fuzz", *told)], SPEC) == (f"- {told[1]}", f"- {told[2]}")
    need = Need("join", "(a: str, b: str) -> str", "Join.", tuple(Example({"a": x, "b": "y"}, x + "y") for x in "pqr"))
    assert faults_of([failed("fuzz", "join(a='r', b='z') died", "join(a='p', b='y') died")], make_spec(need)) == (
        "- join(a='p', b='y') died",
    )


def test_a_dependence_on_the_order_of_a_set_is_told_without_its_evidence():
    gate = GateResult("same answer twice", "failed", "double(n=10) differs", {"differing": ["double(n=10)"]})
    (told,) = faults_of([gate], SPEC)
    assert "order of a set" in told
    assert "10" not in told


async def test_the_next_rounds_repairs_are_told_what_the_gates_found_in_a_winner(run, registry):
    """No probe is so far out; only the inputs of the fuzz gate are."""
    answers = [code("BREAKS FAR OUT")] * 2 + [code("RIGHT")] * 2
    result, model, _ = await run(NEED, answers)
    repair = model.asked(Role.GENERATE)[2].prompt
    assert "# BREAKS FAR OUT" in repair
    assert "raised KeyError" in repair.split("What happened when it ran:")[1]
    assert "n=10)" not in repair
    assert result.state == "live"
    assert "# RIGHT" in registry.get("double").source
    faults = [candidate["faults"] for candidate in result.artefacts["candidates"]]
    assert all(faults[:2])
    assert faults[2:] == [[], []]


async def test_an_answer_that_hangs_on_the_order_of_a_set_is_repaired_as_well(run):
    result, model, _ = await run(NEED, [code("UNORDERED")] * 2 + [code("RIGHT")] * 2)
    assert result.state == "live"
    assert "depends on the order of a set" in model.asked(Role.GENERATE)[2].prompt
