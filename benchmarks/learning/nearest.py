"""The past questions that are nearest to a new one, by BM25 over their words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

K1, B = 1.5, 0.75
"""The usual constants (Robertson and Zaragoza, 2009)."""
_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Its words and numbers in lower case."""
    return _WORD.findall(text.lower())


def nearest(query: str, past: Sequence[str], most: int) -> list[int]:
    """The positions of at most so many of the ``past`` texts that share words with ``query``, nearest first; of
    equally near ones the latest.
    """
    counts = [Counter(words(text)) for text in past]
    lengths = [sum(count.values()) for count in counts]
    mean = sum(lengths) / len(lengths) if lengths else 1.0
    holding = Counter(word for count in counts for word in count)

    def weight(word: str) -> float:
        return math.log(1 + (len(past) - holding[word] + 0.5) / (holding[word] + 0.5))

    def score(at: int) -> float:
        norm = K1 * (1 - B + B * lengths[at] / mean)
        shared = [(word, counts[at][word]) for word in set(words(query)) if word in counts[at]]
        return sum(weight(word) * times * (K1 + 1) / (times + norm) for word, times in shared)

    scores = {at: score(at) for at in range(len(past))}
    near = sorted((at for at in scores if scores[at] > 0), key=lambda at: (scores[at], at), reverse=True)
    return near[:most]
