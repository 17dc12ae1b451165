"""What the rules promise of every result, in words plain enough for the host to read without a model.

A promise needs no example: it can be tried on any input. Known so far: rounding to a number of
decimals, and results that are never negative.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from agentforge.types import JSON

_SMALL = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_DECIMALS = (
    r"rounded to (\d|one|two|three|four|five|six) (?:decimals?|decimal places?|digits? after the point)\b"
    r"(?! (?:only|if|unless|for|before|times|when|and then)\b)"
)
_RESULT = r"\b(?:the )?(?:result|answer|output|returned value) (?:is|must be) "
_ROUNDED = (
    re.compile(rf"(?i)^{_DECIMALS}[.;]?$"),
    re.compile(rf"(?i){_RESULT}(?:never negative and (?:is )?)?{_DECIMALS}"),
    re.compile(rf"(?i)^returns? the [a-z ]{{1,40}} {_DECIMALS}"),
)
_NEVER_NEGATIVE = re.compile(
    r"(?i)\b(?:the )?(?:result|answer|output|returned value) is never negative\b"
    r"|\bthe (?:result|answer|price|total|sum|fee) never falls below (?:0|zero)\b(?!\.\d)"
)
_FLOAT_NOISE = 1e-9
"""Relative: a rounded float is the nearest one there is, and sums of rounded ones are off by a little."""

Keeps: TypeAlias = Callable[[float], bool]


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise: the rule that makes it, and whether a number keeps it. ``decimals`` where it is rounding."""

    rule: str
    keeps: Keeps
    decimals: int | None = None

    def kept_by(self, value: JSON) -> bool:
        """Whether a result is as promised; what is no number promises nothing here."""
        return isinstance(value, bool) or not isinstance(value, int | float) or self.keeps(value)


def promises_of(rules: Sequence[str]) -> list[Promise]:
    """The promises in a need's rules."""
    found: list[Promise] = []
    for rule in rules:
        if match := next(filter(None, (form.search(rule) for form in _ROUNDED)), None):
            word = match.group(1).lower()
            decimals = _SMALL[word] if word in _SMALL else int(word)
            found.append(Promise(rule, _rounded(decimals), decimals))
        if _NEVER_NEGATIVE.search(rule):
            found.append(Promise(rule, lambda value: value >= 0))
    return found


def _rounded(decimals: int) -> Keeps:
    return lambda value: abs(value - round(value, decimals)) <= _FLOAT_NOISE * max(1.0, abs(value))
