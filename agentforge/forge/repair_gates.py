"""How a repaired version is judged: the one place that knows which gates there are.

Agreement between independent candidates and generated tests say nothing about a repair, which has the old
version's whole suite, its examples and its regressions to keep; all other gates of a forging count.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from agentforge.boxes.protocol import Limits
from agentforge.forge import gates
from agentforge.forge.agreement import Group
from agentforge.forge.boxed import Bench
from agentforge.forge.cases import holds
from agentforge.forge.evidence import Candidate, describe_failure, probe
from agentforge.forge.gates import Trial
from agentforge.forge.leaks import secret_problems
from agentforge.forge.probes import neighbours
from agentforge.forge.regressions import with_regressions
from agentforge.forge.spec import Spec
from agentforge.registry.contract import check_source
from agentforge.types import JSON, Example, GateResult

_SAME_AS_IN_FORGING = ("visible tests", "promises", "held-out examples", "suite strength", "same answer twice")


@dataclass(frozen=True, slots=True)
class Repaired:
    """A repaired version to judge; ``regressions`` are what it has to give beside all that the old one gave."""

    bench: Bench
    spec: Spec
    candidate: Candidate
    regressions: tuple[Example, ...]
    suite_limits: Limits

    @property
    def tests(self) -> str:
        """The old suite and the new tests."""
        return with_regressions(self.bench.tool.tests, self.bench.tool.name, self.regressions)


async def run_repair_gates(repaired: Repaired) -> tuple[GateResult, ...]:
    """Runs the gates in order; what follows a failed one is skipped and says so (raises SandboxError)."""
    shop, spec, candidate = repaired.bench.shop, repaired.spec, repaired.candidate
    probes = neighbours([example.args for example in spec.visible])
    trial = Trial(
        spec=spec,
        source=candidate.source,
        tests=repaired.tests,
        group=Group((candidate,)),
        eligible=1,
        workshop=shop,
        suite_limits=repaired.suite_limits,
        tester_is_generator=False,
    )
    known = dict(gates.GATES)
    checks: list[tuple[str, Callable[[], Awaitable[GateResult]]]] = [
        ("source contract", lambda: _contract(repaired)),
        ("old examples", lambda: _old_examples(repaired)),
        *((name, lambda gate=known[name]: gate(trial)) for name in _SAME_AS_IN_FORGING),
    ]
    results: list[GateResult] = []
    failed = ""
    for name, check in checks:
        if failed:
            results.append(GateResult(name, "skipped", f"not run: {failed} failed"))
            continue
        if name == "promises":
            await probe(candidate, spec, [], probes, shop)
        started = time.monotonic()
        result = replace(await check(), seconds=round(time.monotonic() - started, 3))
        results.append(result)
        failed = name if result.verdict == "failed" else ""
    return tuple(results)


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


async def _contract(repaired: Repaired) -> GateResult:
    problems = contract_problems(repaired.bench, repaired.candidate.source, repaired.spec.secrets)
    return _result("source contract", problems, "keeps the contract, and the old signature")


async def _old_examples(repaired: Repaired) -> GateResult:
    """Every example of the old version that was not held out, and every regression. A generated one that the
    old version does not give either is no loss.
    """
    tool, bench = repaired.bench.tool, repaired.bench
    sources = {example.source for example in repaired.regressions}
    old = [example for example in tool.examples if not example.held_out and example.source not in sources]
    examples = [*old, *repaired.regressions]
    results = await bench.run(repaired.candidate.source, [example.args for example in examples])
    wrong = [
        describe_failure(tool.name, example, result)
        for example, result in zip(examples, results, strict=True)
        if not holds(example, result)
    ]
    return _result("old examples", wrong, f"{len(old)} old examples and {len(repaired.regressions)} regressions hold")


def _result(gate: str, problems: Sequence[str], good: str) -> GateResult:
    evidence: list[JSON] = [*problems]
    return GateResult(
        gate, "failed" if problems else "passed", "; ".join(problems)[:500] or good, {"problems": evidence}
    )
