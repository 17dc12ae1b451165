"""What is kept with a forged tool as tests, its held-out examples among them, and how strong that is, in a real box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agentforge.boxes.protocol import Box, Limits
from agentforge.forge.agreement import grouped
from agentforge.forge.author import Draft
from agentforge.forge.boxed import Bench as Boxed
from agentforge.forge.cases import render_suite
from agentforge.forge.evidence import Workshop, examine, probe
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.running import run_gates
from agentforge.forge.gates.submission import Forged, LiveTools, submit
from agentforge.forge.gates.survey import kept_tests, survey
from agentforge.forge.parts import ForgeParts, ForgeResult
from agentforge.forge.pipeline import forge
from agentforge.forge.probes import neighbours
from agentforge.forge.repair_gates import Repaired, run_repair_gates
from agentforge.forge.repair_spec import repair_spec
from agentforge.forge.spec import make_spec
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.registry.manifest import Manifest
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool
from agentforge.settings import ForgeSettings, GateSettings
from agentforge.testing import ScriptedModel
from agentforge.types import Example, GateResult, Need, Role, Usage
from tests.forge.checks import SOURCE

pytestmark = pytest.mark.asyncio(loop_scope="module")

REFERENCE = """def reference(text: str) -> str:
    plain = text.upper()
    if len(plain) == 10 and plain.isdigit() and sum((10 - at) * int(one) for at, one in enumerate(plain)) % 11 == 0:
        body = "978" + plain[:9]
        total = sum(int(one) * (3 if at % 2 else 1) for at, one in enumerate(body))
        return body + str((10 - total % 10) % 10)
    return plain
"""
ANOTHER = REFERENCE.replace("text.upper()", '"".join(map(str.upper, text))')
BOOK = Example({"text": "0471958697"}, "9780471958697")
CATALOGUE = Need(
    "reference",
    "(text: str) -> str",
    "A reference of our catalogue in capitals. A book's number of ten digits that is a right one"
    " is given with thirteen digits.",
    (Example({"text": "ab 12"}, "AB 12"), Example({"text": "shelf 9"}, "SHELF 9"), BOOK),
)
"""No small change of a right book number is one, so that of all inputs the held-out example alone shows what the tool
does with it.
"""

WEAK = [({"quantity": 2, "unit": 2.0}, 4.0), ({"quantity": 3, "unit": 1.5}, 4.5), ({"quantity": 4, "unit": 1.0}, 4.0)]
STRONG = [({"quantity": 0, "unit": 1.0}, 0.0), ({"quantity": 10, "unit": 0.333}, 3.0)]
REFUSED = Example({"quantity": -1, "unit": 1.0}, raises="ValueError")


async def forged(box: Box, registry: Registry, folder: Path, need: Need, sources: Sequence[str]) -> ForgeResult:
    answers = [f"```python\n{source}```" for source in sources]
    model = ScriptedModel({Role.TEST: ["```python\n```"], Role.GENERATE: answers})
    (folder / "base").mkdir()
    layers = Layers(registry, BaseLayer(folder / "base"))
    settings = ForgeSettings(candidates=len(sources), rounds=0)
    return await forge(need, ForgeParts(model, box, layers, registry, settings), lambda *_: None)


async def strength_of(box: Box, returning: Sequence[tuple[dict[str, float], float]]) -> tuple[Bench, GateResult]:
    """A candidate that no other supports, so that nothing is added to its suite, through the gates."""
    examples = (REFUSED, *(Example({**args}, value) for args, value in returning))
    need = Need("total_price", "(quantity: int, unit: float) -> float", "Price; ValueError below 0.", examples)
    spec, shop = make_spec(need), Workshop(box, Limits(5.0))
    candidate = await examine(Draft(SOURCE, "candidate", 0, SOURCE, False, Usage(), 0.0), spec, shop, round=0)
    await probe(candidate, spec, [], neighbours([example.args for example in spec.visible], most=16), shop)
    one = Forged(spec, grouped([candidate])[0], 1, tester_is_generator=True)
    bench = Bench(submit(one, [], shop, Limits(10.0), GateSettings(mutants=20), LiveTools()))
    return bench, next(gate for gate in await run_gates(bench) if gate.gate == "suite strength")


async def test_a_right_tool_whose_held_out_example_alone_notices_its_changes_goes_live(
    bubblewrap_box: Box, tmp_path: Path
) -> None:
    with Registry.create(tmp_path / "me.git") as registry:
        result = await forged(bubblewrap_box, registry, tmp_path, CATALOGUE, [REFERENCE, ANOTHER])
        assert (result.state, result.unconfirmed) == ("live", False), result.reason
        tool = registry.get("reference")
        strength = next(gate for gate in result.gates if gate.gate == "suite strength")
    assert strength.evidence["held_out"] == 1
    assert [example.returns for example in tool.examples if example.held_out] == [BOOK.returns]
    assert "'0471958697'" not in tool.tests


async def test_one_that_its_held_out_example_refutes_comes_to_no_measure_of_strength(
    bubblewrap_box: Box, tmp_path: Path
) -> None:
    wrong = [source.replace("(3 if at % 2 else 1)", "(1 if at % 2 else 3)") for source in (REFERENCE, ANOTHER)]
    with Registry.create(tmp_path / "me.git") as registry:
        result = await forged(bubblewrap_box, registry, tmp_path, CATALOGUE, wrong)
        assert registry.tools() == []
    verdicts = {gate.gate: gate.verdict for gate in result.gates}
    assert (verdicts["held-out examples"], verdicts["suite strength"]) == ("failed", "skipped")


async def test_held_out_examples_that_notice_much_make_up_for_visible_ones_that_notice_little(
    bubblewrap_box: Box,
) -> None:
    bench, gate = await strength_of(bubblewrap_box, [*WEAK, *STRONG])
    assert [example.returns for example in bench.submission.held_out] == [0.0, 3.0]
    alone = await survey(bench)
    assert len(alone.noticed) < 0.7 * alone.counted
    assert gate.verdict == "passed", gate.summary
    assert (gate.evidence["held_out"], "with its held-out examples" in gate.summary) == (2, True)


async def test_where_all_that_is_kept_notices_little_the_tool_is_refused(bubblewrap_box: Box) -> None:
    bench, gate = await strength_of(bubblewrap_box, [*WEAK, ({"quantity": 5, "unit": 1.0}, 5.0)])
    assert [example.returns for example in bench.submission.held_out] == [5.0]
    assert gate.verdict == "failed"


async def test_held_out_examples_that_do_not_pass_as_tests_count_for_nothing(bubblewrap_box: Box) -> None:
    """Else they would seem to notice every change."""
    bench, _ = await strength_of(bubblewrap_box, [*WEAK, *STRONG])
    assert await kept_tests(bench) == bench.submission.kept_tests != bench.submission.tests
    wrong = tuple(replace(example, returns=0.0) for example in bench.submission.held_out)
    assert await kept_tests(Bench(replace(bench.submission, held_out=wrong))) == bench.submission.tests


async def test_a_repair_of_a_tool_whose_held_out_example_alone_tells_it_from_a_constant_is_no_weaker_than_the_tool(
    bubblewrap_box: Box,
) -> None:
    same = [Example({"quantity": quantity, "unit": 4.0 / quantity}, 4.0) for quantity in (1, 2, 4)]
    other = Example({"quantity": 3, "unit": 2.0}, 6.0, held_out=True)
    manifest = Manifest(name="total_price", summary="Price.", signature="(quantity: int, unit: float) -> float")
    tool = Tool(manifest, SOURCE, render_suite("total_price", same), (*same, other))
    bench = Boxed(tool, Workshop(bubblewrap_box, Limits(5.0)))
    spec = repair_spec(tool, [])
    candidate = await examine(Draft(SOURCE, "repair", 0, SOURCE, False, Usage(), 0.0), spec, bench.shop, round=0)
    gates = await run_repair_gates(Repaired(bench, spec, candidate, (), Limits(10.0)))
    assert [gate.summary for gate in gates if gate.verdict == "failed"] == []
