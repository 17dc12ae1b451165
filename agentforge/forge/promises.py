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
_ROUNDED = re.compile(
    r"(?i)(?:^|\b(?:result|returns?|answer|output)\b[^.;]{0,60})\brounded to (\d|one|two|three|four|five|six)"
    r" (?:decimals?|decimal places?|digits? after)\b"
)
_NEVER_NEGATIVE = re.compile(
    r"(?i)\b(?:result|returns?|answer|output)\b[^.;]{0,30}\bnever (?:be |is )?negative\b"
    r"|\bnever (?:falls|goes|drops) below (?:0|zero)\b"
)
_FLOAT_NOISE = 1e-9
"""Relative: a rounded float is the nearest one there is, and sums of rounded ones are off by a little."""

Keeps: TypeAlias = Callable[[float], bool]


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise: the rule that makes it, and whether a number keeps it."""

    rule: str
    keeps: Keeps

    def kept_by(self, value: JSON) -> bool:
        """Whether a result is as promised; what is no number promises nothing here."""
        return isinstance(value, bool) or not isinstance(value, int | float) or self.keeps(value)


def promises_of(rules: Sequence[str]) -> list[Promise]:
    """The promises in a need's rules."""
    found: list[Promise] = []
    for rule in rules:
        if match := _ROUNDED.search(rule):
            word = match.group(1).lower()
            found.append(Promise(rule, _rounded(_SMALL[word] if word in _SMALL else int(word))))
        if _NEVER_NEGATIVE.search(rule):
            found.append(Promise(rule, lambda value: value >= 0))
    return found


def _rounded(decimals: int) -> Keeps:
    return lambda value: abs(value - round(value, decimals)) <= _FLOAT_NOISE * max(1.0, abs(value))
