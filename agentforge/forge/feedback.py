"""What the gates found, as far as a generator may be told: problems that it can act on, and nothing of what is
held out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agentforge.forge.spec import Spec
from agentforge.types import GateResult

_UNORDERED = (
    "it gives another answer when it is run again, because it depends on the order of a set or on hash():"
    " use a list, or sort"
)
_NEVER = "held-out examples"


def faults_of(gates: Sequence[GateResult], spec: Spec) -> tuple[str, ...]:
    """The problems of the failed gates, each as a line; none where a held-out example failed beside them.

    A problem shows the call that has it. One with an argument that only a held-out example has is left out.
    """
    failed = [gate for gate in gates if gate.verdict == "failed"]
    if any(gate.gate == _NEVER for gate in failed):
        return ()
    told = (problem for gate in failed for problem in _problems(gate))
    return tuple(f"- {problem}" for problem in told if not _tells_held_out(problem, spec))


def _problems(gate: GateResult) -> Iterator[str]:
    if gate.gate == "same answer twice":
        yield _UNORDERED  # without its evidence, which may name any input
        return
    problems = gate.evidence.get("problems")
    yield from (problem for problem in problems if isinstance(problem, str)) if isinstance(problems, list) else ()


def _tells_held_out(problem: str, spec: Spec) -> bool:
    shown = {(name, repr(value)) for example in spec.visible for name, value in example.args.items()}
    hidden = {(name, repr(value)) for example in spec.held_out for name, value in example.args.items()} - shown
    return any(re.search(rf"\b{name}={re.escape(value)}(?:, |\))", problem) for name, value in hidden)
