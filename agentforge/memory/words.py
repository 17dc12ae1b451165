"""The words of a sentence that carry its meaning, to tell whether two sentences say the same.

Rules, no model: they err on the side of "not the same". Two sentences that mean the same in other words are told
apart; two that differ in a number, a negation, a preposition or the order of their words are never taken for one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from functools import lru_cache

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_EDGES = ".,;:!?\"'()[]{}<>«»“”‘’…*`"
_ENDINGS = ("'s", "'m", "'re", "'ve", "'ll", "'d")

_EMPTY_WORDS = "a an the am is are be been i me my mine myself we our ours you your yours user please do does"
_EMPTY = frozenset(_EMPTY_WORDS.split())
"""Words that say nothing about what is said of the user: articles, forms of "to be", the user and the agent."""

_OPENINGS_WORDS = "and but so well ok okay hi hello hey also btw actually remember note that"
_OPENINGS = frozenset(_OPENINGS_WORDS.split())
"""With these a sentence begins, whatever it says."""

_TURNS_WORDS = (
    "not no never none nothing nobody neither nor without except unless if only but hardly rarely seldom "
    "sometimes maybe perhaps might may could would should was were had used until since before after instead "
    "than over under"
)
TURNS = frozenset(_TURNS_WORDS.split())
"""Words that turn a meaning: a sentence with one of them says something else than without."""


@lru_cache(maxsize=50_000)
def meaning(text: str) -> tuple[str, ...]:
    """The words of a sentence that count, in order, in one form each."""
    found = [word for raw in text.replace("’", "'").split() if (word := _word(raw.strip(_EDGES)))]
    while len(found) > 1 and found[0] in _OPENINGS:
        found.pop(0)
    return tuple(found)


def sentences(text: str) -> list[str]:
    """The sentences of a text, roughly."""
    return [one.strip() for one in _SENTENCE.split(text) if one.strip()]


def stands_in(sentence: str, texts: Iterable[str]) -> bool:
    """Whether ``texts`` say this sentence, or each of several, as a sentence of its own that is no question."""
    wanted = {meaning(one) for one in sentences(sentence)}
    said = {meaning(one) for text in texts for one in sentences(text) if not one.endswith("?")}
    return bool(wanted) and () not in wanted and wanted <= said


def repeats(new: str, old: str) -> bool:
    """Whether ``new`` says nothing that ``old`` does not say: the same words, or nearly all of them in their order,
    where what is left out turns no meaning and is no number.
    """
    said, known = meaning(new), meaning(old)
    if said == known:
        return True
    if not 0.8 * len(known) <= len(said) < len(known):
        return False
    rest = _left_out(said, known)
    return rest is not None and not any(word in TURNS or any(c.isdigit() for c in word) for word in rest)


def digest(text: str) -> str:
    """A hash of the words that count."""
    return hashlib.sha256(" ".join(meaning(text)).encode()).hexdigest()


def _left_out(some: Collection[str], all_words: Collection[str]) -> list[str] | None:
    """The words of ``all_words`` that are not in ``some``, whose words stand there in order; None where they do not."""
    rest: list[str] = []
    wanted = list(some)
    for word in all_words:
        if wanted and word == wanted[0]:
            wanted.pop(0)
        else:
            rest.append(word)
    return None if wanted else rest


def _word(raw: str) -> str:
    word = raw.casefold()
    if word.endswith("n't") or word == "cannot":
        return "not"
    word = next((word[: -len(ending)] for ending in _ENDINGS if word.endswith(ending)), word)
    if word in _EMPTY and not (raw.isupper() and len(raw) > 1):
        return ""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") and word.isalpha() else word
