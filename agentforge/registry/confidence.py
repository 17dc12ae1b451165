"""Whether the best of what a search found is likely to be a tool for what was asked.

How well a tool fits shows in its score, in how far this stands above those of its neighbours in the ranking (a request
that nothing fits has many tools that fit it equally badly), and in how much of its name and summary was asked for. The
constants come from two public sets of requests and tools, with the right tools there and taken away, in pools of 30 to
4,000 tools; they are set so that in neither set, with all its tools there, more than 9 % of the requests that have a
tool are told that none fits (``python -m benchmarks.confidence``).

What this does not see: a tool that is near to what is wanted and yet another one. Where such stand beside it, a
request whose tool is gone looks like any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from agentforge.registry.asking import words_asked

NEIGHBOURS = 20
"""So many of the best scores are looked at."""

FEATURES = ("bias", "best", "lead", "share", "gap", "told", "named", "met", "size")

WORDS = (1.372, -0.704, 2.48, -0.021, -0.099, -0.189, 1.052, 2.604, -0.923)
MEANING = (1.325, -0.032, 1.44, -0.766, 0.353, -0.726, 0.698, 1.444, -0.925)

_STEM = 5
"""Letters by which two forms of a word are taken for one."""


def signs(query: str, name: str, summary: str, scores: Sequence[float], tools: int) -> tuple[float, ...]:
    """What is looked at. Of the best ``scores`` among so many ``tools``, best first: the first, its lead over those
    from the sixth place on, that lead as a share of it, and its gap to the second. Of the best tool: how much of its
    name and summary, and of its name alone, the query holds, and how much of the query these meet. And the size of the
    pool. A tool that was not found scores 0.
    """
    best, second = (*scores[:2], 0.0, 0.0)[:2]
    rest = min(NEIGHBOURS, tools) - 5
    behind = sum(scores[5:NEIGHBOURS]) / rest if rest > 0 else 0.0
    asked, called = _stems(query), _stems(name)
    about = called | _stems(summary)
    return (
        1.0,
        best / 10,
        (best - behind) / 10,
        (best - behind) / best if best else 0.0,
        (best - second) / 10,
        _share(about, asked),
        _share(called, asked),
        _share(asked, about),
        math.log10(max(tools, 1)),
    )


def fits(seen: Sequence[float], *, meaning: bool) -> bool:
    """Whether the best tool probably fits, by its :func:`signs`; ``meaning``: the scores count nearness in meaning."""
    return sum(weight * sign for weight, sign in zip(MEANING if meaning else WORDS, seen, strict=True)) >= 0


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in words_asked(text))


def _share(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / len(some) if some else 0.0
