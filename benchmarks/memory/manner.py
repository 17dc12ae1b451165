"""Tells answers in a brief manner from warm ones: naive Bayes over words, signs and lengths."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"[a-z']+|[!?…:;,.]|[\U0001f300-\U0001faff☀-➿]")
_SENTENCE = re.compile(r"[.!?…]+")


def features(answer: str) -> Iterator[str]:
    """What is looked at: each word and sign, once, and how long the answer and its sentences are. What the question
    is about tells nothing, since both users are asked the same.
    """
    small = answer.lower()
    for token in sorted(set(_TOKEN.findall(small))):
        yield "emoji" if ord(token[0]) > 0x2600 else token
    words = len(small.split())
    sentences = max(len([one for one in _SENTENCE.split(small) if one.strip()]), 1)
    yield from (f"words>{most}" if words > most else f"words<={most}" for most in (8, 15, 30, 60, 120))
    yield from (f"sentences>{most}" if sentences > most else f"sentences<={most}" for most in (1, 3))
    yield from (f"marks>{most}" for most in (0, 2) if small.count("!") > most)


@dataclass(frozen=True)
class Manner:
    """What was learned: how often each feature is seen with each side, of how many answers."""

    seen: Mapping[str, Counter[str]]
    answers: Counter[str]

    def side(self, answer: str) -> str:
        """The likelier side of an answer."""
        return max(sorted(self.answers), key=lambda side: self._weight(side, answer))

    def _weight(self, side: str, answer: str) -> float:
        known = {name for counts in self.seen.values() for name in counts}
        total = self.answers[side]
        told = (name for name in features(answer) if name in known)
        return math.log(total) + sum(math.log((self.seen[side][name] + 1) / (total + 2)) for name in told)


def learned(examples: Sequence[tuple[str, str]]) -> Manner:
    """Learns from (side, answer)."""
    seen: dict[str, Counter[str]] = {side: Counter() for side, _ in examples}
    for side, answer in examples:
        seen[side].update(set(features(answer)))
    return Manner(seen, Counter(side for side, _ in examples))
