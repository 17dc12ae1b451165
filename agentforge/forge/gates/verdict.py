"""How a gate says what it found."""

from __future__ import annotations

from collections.abc import Sequence

from agentforge.types import JSON, GateResult

MOST_SHOWN = 5
"""Cases that the evidence of a gate names at the most, where more would say the same."""

LONGEST = 400
"""Characters of one problem in a summary; evidence holds all of it."""


def judged(gate: str, passed: bool, good: str, bad: str, /, **evidence: JSON) -> GateResult:
    """Passed with the sentence ``good``, or failed with ``bad``."""
    return GateResult(gate, "passed" if passed else "failed", good if passed else bad, evidence)


def skipped(gate: str, why: str, /, **evidence: JSON) -> GateResult:
    """Nothing to judge, and why."""
    return GateResult(gate, "skipped", why, evidence)


def texts(items: Sequence[str], most: int | None = None) -> list[JSON]:
    """Sentences as JSON."""
    return list(items[:most])


def shortened(text: str, most: int = LONGEST) -> str:
    """``text`` cut to so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"
