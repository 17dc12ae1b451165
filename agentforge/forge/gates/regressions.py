"""The gate of what a tool of this name once did wrong: every later version has to give what is right."""

from __future__ import annotations

from agentforge.forge.cases import holds
from agentforge.forge.evidence import describe_failure
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.verdict import MOST_SHOWN, judged, shortened, skipped, texts
from agentforge.registry.untried import GATE, digest
from agentforge.types import GateResult


async def regressions(bench: Bench) -> GateResult:
    """Every entry of ``regressions/NAME.jsonl`` holds. ``held`` names those that do, as
    :func:`agentforge.registry.untried.digest`: an approval asks for all that are kept by then.
    """
    sub = bench.submission
    if not sub.regressions:
        return skipped(GATE, "nothing is kept that a tool of this name once did wrong")
    found = await bench.held_to(sub.regressions)
    wrong = [describe_failure(sub.name, example, result) for example, result in found if not holds(example, result)]
    return judged(
        GATE,
        not wrong,
        f"{len(found)} calls that once went wrong go right",
        shortened(f"{len(wrong)} of {len(found)} regressions: {'; '.join(wrong[:MOST_SHOWN])}", 1000),
        regressions=texts([example.source for example in sub.regressions]),
        held=texts([digest(example) for example, result in found if holds(example, result)]),
        wrong=texts(wrong),
    )
