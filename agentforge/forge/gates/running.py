"""The gates in their order, and how a submission goes through them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.capabilities import capabilities
from agentforge.forge.gates.contract import source_contract
from agentforge.forge.gates.examples import held_out_examples, visible_tests
from agentforge.forge.gates.forging import agreement, generated_tests, promises
from agentforge.forge.gates.fuzz import fuzz, same_answer_twice
from agentforge.forge.gates.kinds import GATE as KINDS
from agentforge.forge.gates.kinds import kinds_of_input
from agentforge.forge.gates.neighbours import behavioural_duplicates, dependents_tests
from agentforge.forge.gates.recital import own_answers
from agentforge.forge.gates.regressions import regressions
from agentforge.forge.gates.strength import suite_strength
from agentforge.forge.gates.traces import no_traces
from agentforge.forge.gates.verdict import shortened, skipped
from agentforge.types import GateResult

Gate: TypeAlias = Callable[[Bench], Awaitable[GateResult]]

STAGES: Sequence[Sequence[tuple[str, Gate]]] = (
    (("source contract", source_contract),),
    (
        ("visible tests", visible_tests),
        ("generated tests", generated_tests),
        ("promises", promises),
        ("held-out examples", held_out_examples),
        ("regressions", regressions),
    ),
    (
        ("suite strength", suite_strength),
        (KINDS, kinds_of_input),
        ("fuzz", fuzz),
        ("same answer twice", same_answer_twice),
        ("no traces", no_traces),
        ("own answers", own_answers),
        ("capabilities", capabilities),
        ("agreement", agreement),
    ),
    (
        ("behavioural duplicates", behavioural_duplicates),
        ("dependents' tests", dependents_tests),
    ),
)
"""The gates, in order. All of a stage are run, so that its problems are told together."""

NEEDED = {"suite strength": "visible tests", KINDS: "visible tests"}
"""A gate → the one without which it says nothing: tests that fail on the tool fail on everything."""

CALL_NOTHING = frozenset({"generated tests", "promises", "capabilities", "agreement"})
"""Gates that look at files, or at what was seen already; the others call the tool, or wait for what calls it."""


COUNT = sum(len(stage) for stage in STAGES)
"""How many gates there are."""

Tell: TypeAlias = Callable[[str, int], None]
"""Hears which gate begins, and how many are behind it."""


def _unheard(name: str, done: int) -> None:
    del name, done


async def run_gates(bench: Bench, *, every_stage: bool = False, tell: Tell = _unheard) -> tuple[GateResult, ...]:
    """Runs the gates stage by stage; what follows a failed stage is skipped and says so.

    With ``every_stage`` only a breach of the contract ends it: a person who checks a folder is told
    everything at once. A tool that is seen not to end is not called again. ``tell`` hears of each gate that is run.
    """
    results: list[GateResult] = []
    stopped = ""
    for stage in STAGES:
        for name, gate in stage:
            needed = NEEDED.get(name, "")
            without = stopped or (needed if needed in _failed(results) else "")
            if bench.endless and name not in CALL_NOTHING:
                results.append(skipped(name, f"not run: {shortened(bench.endless, 200)} does not end"))
                continue
            if without:
                results.append(skipped(name, f"not run: {without} failed"))
                continue
            tell(name, len(results))
            started = time.monotonic()
            result = await gate(bench)
            results.append(replace(result, seconds=round(time.monotonic() - started, 3)))
        failed = _failed(results)
        if failed and not stopped and (not every_stage or failed[0] == "source contract"):
            stopped = failed[0]
    return tuple(results)


def _failed(results: Sequence[GateResult]) -> list[str]:
    return [result.gate for result in results if result.verdict == "failed"]
