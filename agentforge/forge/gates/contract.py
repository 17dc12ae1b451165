"""The first gate: what can be read from the files alone."""

from __future__ import annotations

from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.verdict import judged, texts
from agentforge.types import GateResult


async def source_contract(bench: Bench) -> GateResult:
    """One public function of the right name with typed JSON parameters and nothing at top level."""
    problems = bench.submission.problems
    told = "; ".join(problems)
    return judged("source contract", not problems, "keeps the contract", told, problems=texts(problems))
