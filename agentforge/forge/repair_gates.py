"""How a repaired version is judged: the one place that knows which gates count for it.

Agreement between independent candidates and generated tests say nothing about a repair, which has the old
version's whole suite, its examples and its regressions to keep. That suite was strong enough for the old version
and has only grown, so it is tried on stubs and not on mutants again. All other gates of a forging count.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from agentforge.boxes.protocol import Limits
from agentforge.forge.agreement import Group
from agentforge.forge.boxed import Bench
from agentforge.forge.cases import holds
from agentforge.forge.evidence import Candidate, describe_failure, probe
from agentforge.forge.gates import bench as gates
from agentforge.forge.gates.examples import held_out_examples, visible_tests
from agentforge.forge.gates.forging import promises
from agentforge.forge.gates.fuzz import fuzz, same_answer_twice
from agentforge.forge.gates.neighbours import dependents_tests
from agentforge.forge.gates.regressions import regressions
from agentforge.forge.gates.submission import Forged, LiveTools, Submission
from agentforge.forge.gates.survey import kept_tests, passing_stubs
from agentforge.forge.gates.traces import no_traces
from agentforge.forge.gates.verdict import judged, skipped, texts
from agentforge.forge.leaks import secret_problems
from agentforge.forge.probes import neighbours
from agentforge.forge.regressions import with_regressions
from agentforge.forge.spec import Spec
from agentforge.registry.contract import check_source, read_signature
from agentforge.settings import GateSettings
from agentforge.types import Example, GateResult


@dataclass(frozen=True, slots=True)
class Repaired:
    """A repaired version to judge; ``regressions`` are what it has to give beside all that the old one gave."""

    bench: Bench
    spec: Spec
    candidate: Candidate
    regressions: tuple[Example, ...]
    suite_limits: Limits
    settings: GateSettings = field(default_factory=GateSettings)
    standing: LiveTools = field(default_factory=LiveTools)

    @property
    def tests(self) -> str:
        """The old suite and the new tests."""
        return with_regressions(self.bench.tool.tests, self.bench.tool.name, self.regressions)


async def run_repair_gates(repaired: Repaired) -> tuple[GateResult, ...]:
    """Runs the gates in order; what follows a failed one is skipped and says so (raises SandboxError)."""
    problems = contract_problems(repaired.bench, repaired.candidate.source, repaired.spec.secrets)
    found = [judged("source contract", not problems, "keeps the contract, and the old signature", "; ".join(problems))]
    if problems:
        return tuple(found)
    bench = await _bench(repaired)
    checks: list[tuple[str, Callable[[], Awaitable[GateResult]]]] = [
        ("old examples", lambda: _old_examples(repaired)),
        ("visible tests", lambda: visible_tests(bench)),
        ("promises", lambda: promises(bench)),
        ("held-out examples", lambda: held_out_examples(bench)),
        ("regressions", lambda: regressions(bench)),
        ("suite strength", lambda: _stubs(bench)),
        ("fuzz", lambda: fuzz(bench)),
        ("same answer twice", lambda: same_answer_twice(bench)),
        ("no traces", lambda: no_traces(bench)),
        ("dependents' tests", lambda: dependents_tests(bench)),
    ]
    failed = ""
    for name, check in checks:
        if failed:
            found.append(skipped(name, f"not run: {failed} failed"))
            continue
        started = time.monotonic()
        result = replace(await check(), seconds=round(time.monotonic() - started, 3))
        found.append(result)
        failed = name if result.verdict == "failed" else ""
    return tuple(found)


async def _bench(repaired: Repaired) -> gates.Bench:
    """The repaired version on the workbench of the gates, with what it does near the examples."""
    spec, candidate, shop = repaired.spec, repaired.candidate, repaired.bench.shop
    await probe(candidate, spec, [], neighbours([example.args for example in spec.visible]), shop)
    return gates.Bench(
        Submission(
            name=spec.name,
            signature=read_signature(candidate.source, spec.name),
            source=candidate.source,
            tests=repaired.tests,
            workshop=shop,
            suite_limits=repaired.suite_limits,
            settings=repaired.settings,
            visible=spec.visible,
            held_out=spec.held_out,
            regressions=repaired.regressions,
            capabilities=spec.need.capabilities,
            standing=repaired.standing,
            forged=Forged(spec, Group((candidate,)), eligible=1, tester_is_generator=False),
        )
    )


def contract_problems(bench: Bench, source: str, secrets: frozenset[str]) -> list[str]:
    """Breaches of the contract that a repair of the bench's tool may have."""
    tool, shop = bench.tool, bench.shop
    problems = check_source(
        source,
        tool.name,
        known_tools=tool.depends,
        capabilities=shop.capabilities,
        packages=shop.packages,
        expected=tool.signature,
    )
    return [*problems, *secret_problems(source, secrets)]


async def _old_examples(repaired: Repaired) -> GateResult:
    """Every example of the old version that was not held out."""
    tool, bench = repaired.bench.tool, repaired.bench
    sources = {example.source for example in repaired.regressions}
    old = [example for example in tool.examples if not example.held_out and example.source not in sources]
    results = await bench.run(repaired.candidate.source, [example.args for example in old])
    wrong = [
        describe_failure(tool.name, example, result)
        for example, result in zip(old, results, strict=True)
        if not holds(example, result)
    ]
    return judged(
        "old examples", not wrong, f"{len(old)} old examples hold", "; ".join(wrong)[:500], problems=texts(wrong)
    )


async def _stubs(bench: gates.Bench) -> GateResult:
    found = await passing_stubs(bench, await kept_tests(bench))
    passing = [f"the tests pass for a tool that always {stub.what}" for stub in found]
    return judged("suite strength", not passing, "the suite fails against stubs", "; ".join(passing)[:500])
