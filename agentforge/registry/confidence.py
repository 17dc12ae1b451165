"""Whether the best of what a search found is likely to be a tool for what was asked.

How well a tool fits shows less in its score than in how far this stands above those of its neighbours in the ranking:
a request that nothing fits has many tools that fit it equally badly. The constants come from two public sets of
requests and tools, with the right tool there and taken away, in pools of 30 to 4,000 tools; at the threshold a tenth
of the requests that have a tool are told that none fits (``python -m benchmarks.confidence``).

What this does not see: a tool that is near to what is wanted and yet another one. Where such stand beside it, a
request whose tool is gone looks like any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

NEIGHBOURS = 20
"""So many of the best scores are looked at."""

FEATURES = ("bias", "best", "lead", "share", "size")

WORDS = (0.664, -1.093, 3.198, 0.041, -0.496)
MEANING = (0.0, 0.0, 0.0, 0.0, 0.0)


def signs(scores: Sequence[float], tools: int) -> tuple[float, ...]:
    """What is looked at of the best scores, best first, among so many tools: the best one, its lead over those from the
    sixth place on, that lead as a share of it, and the size of the pool. A tool that was not found scores 0.
    """
    best = scores[0] if scores else 0.0
    rest = min(NEIGHBOURS, max(tools, 1)) - 5
    behind = sum(scores[5:NEIGHBOURS]) / rest if rest > 0 else 0.0
    return 1.0, best / 10, (best - behind) / 10, (best - behind) / best if best else 0.0, math.log10(max(tools, 1))


def fits(scores: Sequence[float], tools: int, *, meaning: bool) -> bool:
    """Whether the best tool probably fits; ``meaning`` tells whether the scores count nearness in meaning."""
    weights = MEANING if meaning else WORDS
    return bool(scores) and sum(w * s for w, s in zip(weights, signs(scores, tools), strict=True)) >= 0
