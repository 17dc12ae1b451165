"""The gates that only a forging has: independent tests, promises of the rules, agreement of candidates."""

from __future__ import annotations

from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.verdict import judged, skipped, texts
from agentforge.types import GateResult

SUPPORT = 2
"""Independent candidates that must behave alike before a tool goes live on their word."""

MAJORITY = 0.5
"""Share of another model's generated cases that must hold beside ground truth: such cases err, too."""

NEARLY_ALL = 0.8
"""The same where there is no ground truth at all, so that nothing else speaks for the tool."""

_NO_FORGING = "no forging: there are no candidates"


async def generated_tests(bench: Bench) -> GateResult:
    """Cases that the tester wrote from the spec alone, before there was any code.

    They reject only where another model than the generator's wrote them. A model that errs in the code
    errs in the tests: of ten right tools made by a model of 1.5 billion parameters, seven passed one or
    none of their own model's cases, so that such cases rank candidates and do no more.
    """
    forged = bench.submission.forged
    if forged is None:
        return skipped("generated tests", _NO_FORGING)
    cases = forged.group.best.cases
    passed = sum(cases)
    told = f"{passed} of {len(cases)} generated cases hold"
    if not cases:
        return skipped("generated tests", "no generated case could be read")
    if forged.tester_is_generator:
        why = f"{told}; the same model wrote code and tests, so they only rank"
        return skipped("generated tests", why, cases=len(cases), passed=passed)
    needed = MAJORITY if forged.spec.truths else NEARLY_ALL
    enough = passed >= needed * len(cases)
    return judged("generated tests", enough, told, f"{told}, {needed:.0%} are needed", cases=len(cases), passed=passed)


async def promises(bench: Bench) -> GateResult:
    """What the rules promise of every result holds for all inputs that were tried."""
    forged = bench.submission.forged
    if forged is None:
        return skipped("promises", _NO_FORGING)
    best, made = forged.group.best, forged.spec.promises
    if not made:
        return skipped("promises", "the rules promise nothing of every result that the host can read")
    return judged(
        "promises",
        not best.broken,
        f"{len(best.behaviour)} inputs, nothing that the rules rule out",
        "; ".join(best.broken),
        rules=texts([promise.rule for promise in made]),
    )


async def agreement(bench: Bench) -> GateResult:
    """Independent candidates behave alike where no example tells them how to (CodeT)."""
    forged = bench.submission.forged
    if forged is None:
        return skipped("agreement", _NO_FORGING)
    group = forged.group
    if group.escalated and group.independent < SUPPORT:
        why = "it stands alone, but a stronger model wrote it: held-out examples or independent tests must speak for it"
        return skipped("agreement", why, group=len(group.members), independent=1, eligible=forged.eligible)
    return judged(
        "agreement",
        group.independent >= SUPPORT,
        f"{len(group.members)} of {forged.eligible} candidates that pass behave alike",
        "no other candidate behaves like this one",
        group=len(group.members),
        independent=group.independent,
        eligible=forged.eligible,
        generated_tests_passed=group.tests,
        inputs_compared=len(group.best.behaviour),
    )
