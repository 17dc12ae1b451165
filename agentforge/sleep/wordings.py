"""The same work in other words: wordings of which none came up often enough for a tool, told as one.

Questions of one wording have a form, and the numbers in it are the constants of their rule. Two wordings with the same
constants, and with as many values, ask for the same; so the questions of all are told in the words of one of them.
Whether they really are one kind is shown by the forging: the examples of all have to come right.

What this does not see: a rule without two numbers in it, a wording that came up once, values in another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agentforge.agent.likeness import Pattern, alike, common_pattern
from agentforge.memory.truths import Truth

FEWEST_CONSTANTS = 2
"""So many numbers two wordings share at the least: one alone is equal by chance."""

ALIKE = 2 / 3
"""Such a part of the numbers of the wording that has more they share."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Questions of one form, whose right answers are known, oldest first."""

    pattern: Pattern
    truths: tuple[Truth, ...]

    @property
    def constants(self) -> frozenset[str]:
        """The numbers that all of them hold."""
        return frozenset(token for token in self.pattern.tokens if token is not None and token[0].isdigit())

    def like(self, other: Wording) -> bool:
        """Whether both seem to ask for the same."""
        shared = self.constants & other.constants
        most = max(len(self.constants), len(other.constants))
        return (
            self.pattern.gaps == other.pattern.gaps and len(shared) >= FEWEST_CONSTANTS and len(shared) >= ALIKE * most
        )


def kindred(truths: Sequence[Truth]) -> list[list[Wording]]:
    """The wordings that ask for the same as others do, by kind; those with most questions first."""
    kinds: list[list[Wording]] = []
    for one in wordings(truths):
        mine = [kind for kind in kinds if any(one.like(other) for other in kind)]
        kinds = [kind for kind in kinds if kind not in mine]
        kinds.append([*(other for kind in mine for other in kind), one])
    return [sorted(kind, key=lambda one: -len(one.truths)) for kind in kinds if len(kind) > 1]


def wordings(truths: Sequence[Truth]) -> list[Wording]:
    """The forms that two or more of the questions with a known right answer have."""
    known = [one for one in truths if one.expected]
    seen: set[int] = set()
    found: list[Wording] = []
    for one in known:
        if one.id in seen:
            continue
        like = [other for other in alike(one.question, known, lambda other: other.question) if other.id not in seen]
        seen |= {one.id, *(other.id for other in like)}
        by_question = {other.question: other for other in sorted(like, key=lambda other: other.id)}
        if (pattern := common_pattern([*by_question])) is not None:
            found.append(Wording(pattern, tuple(by_question.values())))
    return found


def retold(kind: Sequence[Wording]) -> tuple[Truth, ...]:
    """The questions of all wordings in the words of the first; one that cannot be read back from them is left out."""
    first = kind[0]
    words = first.truths[0].question
    told = [*first.truths]
    for other in kind[1:]:
        for truth in other.truths:
            values = other.pattern.values(truth.question) or ()
            question = first.pattern.shown(words, values)
            if first.pattern.values(question) == values:
                told.append(replace(truth, question=question))
    return tuple(told)
