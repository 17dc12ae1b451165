"""How much is measured: in full, and in a quick run of at most two minutes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Numbers of rounds; ``every`` is how rarely slow contestants take part, ``slice_seconds`` one turn of a rate."""

    rounds: int
    every: int
    burst_rounds: int
    burst: int
    uncounted: int
    suite_rounds: int
    suite_burst_rounds: int
    slices: int
    slice_seconds: float
    limits: int
    starts: int
    facade_rounds: int


FULL = Plan(400, 8, 20, 25, 5, 100, 10, 7, 3.0, 30, 11, 300)
QUICK = Plan(40, 8, 4, 20, 5, 10, 2, 3, 1.0, 6, 3, 60)
