"""A forging's suite of few examples is made stronger by what independent candidates agree on, in a real box."""

from __future__ import annotations

import pytest

from agentforge.boxes.protocol import Limits
from agentforge.forge.agreement import Group, grouped
from agentforge.forge.author import Draft
from agentforge.forge.evidence import Workshop, examine, probe
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.running import run_gates
from agentforge.forge.gates.submission import Forged, LiveTools, submit
from agentforge.forge.probes import neighbours
from agentforge.forge.spec import make_spec
from agentforge.forge.strengthen import strengthen
from agentforge.settings import GateSettings
from agentforge.types import Example, Need, Usage
from tests.forge.checks import SOURCE

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANOTHER = SOURCE.replace("price = price * 0.9", "price *= 1 - 0.1")
NEED = Need(
    "total_price",
    "(quantity: int, unit: float) -> float",
    "Price of some pieces, 10 % off from ten pieces. ValueError if quantity is negative.",
    (
        Example({"quantity": 2, "unit": 2.0}, 4.0),
        Example({"quantity": 20, "unit": 1.0}, 18.0),
        Example({"quantity": 3, "unit": 1.5}, 4.5),
    ),
)


async def bench_of(box, *sources, together=False):
    """A group of candidates that pass the examples, one lineage each."""
    spec, shop = make_spec(NEED), Workshop(box, Limits(5.0))
    probes = neighbours([example.args for example in spec.visible], most=16)
    candidates = []
    for lineage, source in enumerate(sources):
        draft = Draft(source, "candidate", lineage, source, False, Usage(), 0.0)
        candidate = await examine(draft, spec, shop, round=0)
        await probe(candidate, spec, [], probes, shop)
        assert candidate.eligible, candidate
        candidates.append(candidate)
    group = Group(tuple(candidates)) if together else grouped(candidates)[0]
    forged = Forged(spec, group, len(sources), tester_is_generator=True)
    return Bench(submit(forged, [], shop, Limits(10.0), GateSettings(mutants=15), LiveTools()))


async def test_agreed_inputs_that_notice_more_become_cases_of_the_suite(bubblewrap_box):
    bench = await bench_of(bubblewrap_box, SOURCE, ANOTHER)
    before = bench.submission.tests
    gates = {gate.gate: gate for gate in await run_gates(bench)}
    assert {gate.verdict for gate in gates.values()} == {"passed", "skipped"}
    added = bench.submission.generated
    assert added
    assert all(case.source == "generated" and case not in bench.submission.held_out for case in added)
    assert before.count("def test_") + len(added) == bench.submission.tests.count("def test_")
    evidence = gates["suite strength"].evidence
    assert evidence["noticed"] >= 0.9 * (evidence["noticed"] + len(evidence["unnoticed"]))


async def test_a_candidate_that_stands_alone_adds_nothing(bubblewrap_box):
    bench = await bench_of(bubblewrap_box, SOURCE)
    before = bench.submission
    gates = {gate.gate: gate.verdict for gate in await run_gates(bench)}
    assert gates["suite strength"] == "failed"
    assert bench.submission is before


async def test_what_members_do_not_agree_on_is_no_case(bubblewrap_box):
    """The other one gives the examples and something else everywhere: whoever put them into one group erred."""
    odd = SOURCE.replace(
        "    price = quantity", "    if quantity not in (2, 3, 20):\n        return 77.5\n    price = quantity"
    )
    odd = odd.replace("unit\n", "unit + (0.0 if unit in (1.0, 1.5, 2.0) else 0.5)\n")
    bench = await bench_of(bubblewrap_box, SOURCE, odd, together=True)
    await strengthen(bench)
    agreed = [case for case in bench.submission.generated if case.args["quantity"] not in (2, 3, 20)]
    assert [case for case in agreed if case.raises is None] == []
