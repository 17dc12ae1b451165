"""Questions of one kind: which earlier ones are like a new one, and what all of them have in common.

Likeness is the share of common words, each by how rare it is among the questions; words that stand in one question
only are its values and count for nothing. Side by side, like questions give a :class:`Pattern`: the words that all
share are the rule, and what stands between them are the values, read from a question as it stands. All of it is
done by the host, without a model, and costs the same however many questions there once were.

What this does not see: two requests that share a long stock phrase and are about different things look alike, until
others show how common the phrase is.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeAlias, TypeVar

T = TypeVar("T")

ALIKE = 0.5
"""So much of the words, by weight, two questions of one kind have in common at the least."""

FEWEST_SHARED = 3
"""Different words that two questions must share: "hello" is like "hello there" and no kind."""

LONGEST = 8_000
"""Characters of a question that is compared: a longer one is a document."""

FEW_TURNED = 2
"""Words in which a question may differ from a form and yet plainly be one of it that was turned."""

MOST_GAPS = 8

MOST_TOKENS = 500
"""Words, numbers and signs of a question that is laid beside others: the cost grows with the square of it."""
_NEAR = 3

STEM = 5
"""Letters by which two forms of a word are one."""
_QUOTED = re.compile(r"\"[^\"\n]{0,300}\"|“[^”\n]{0,300}”|(?<!\w)'[^'\n]{0,300}'(?!\w)")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "an the and or but if then than that this these those of in on at to for from by with without into as "
        "is are was were be been being am do does did how what which who whom whose when where why much many "
        "can could will would shall should may might must me my mine we us our you your it its he she they "
        "them his her their there here not no nor so too very just only also please now give tell show let "
        "get want need have has had one ones any all some each every other same such about over under out up "
        "down new given following below above find compute calculate return write print answer result value "
        "values number numbers task ",
    )
)
"""Words that tell nothing of what a request is about."""
_QUESTION_WORDS = frozenset(("who", "whom", "whose", "what", "which", "when", "where", "why", "how"))
"""Two questions that ask with different ones are of two kinds, whatever else they share."""
_WORD = re.compile(r"[^\W\d_]+")
_TOKEN = re.compile(r"(?<![\w)\]])[-−+]?\d+(?:[.,:/]\d+)*\w*|[^\W\d_]+|\d+\w*|_+|[^\w\s]")
_NUMBERED = re.compile(r"([^\W\d_]{2,})[-_]?\d{1,2}")
"""A word that counts its number, such as ``base-7``."""
_Tokens: TypeAlias = "tuple[str | None, ...]"


def alike(question: str, earlier: Sequence[T], text_of: Callable[[T], str]) -> list[T]:
    """Those of ``earlier`` that are like ``question``, the likest first."""
    asked, others = _words(question), [_words(text_of(one)) for one in earlier]
    seen = Counter(word for words in (asked, *others) for word in words)
    many = 1 + len(others)
    weights = {word: math.log(1 + many / times) for word, times in seen.items() if times > 1}
    scored = [(_shared(asked, words, weights), at) for at, words in enumerate(others)]
    return [earlier[at] for score, at in sorted(scored, key=lambda pair: (-pair[0], pair[1])) if score >= ALIKE]


def covered(question: str, others: Sequence[str]) -> float:
    """The share of the telling words of ``question`` that stand in one of ``others``, by their first letters; 1 where
    it has none. What is in quotes is a value.
    """
    asked = _stems(question)
    return len(asked & frozenset().union(*map(_stems, others))) / len(asked) if asked else 1.0


def _stems(text: str) -> frozenset[str]:
    words = _words(_QUOTED.sub(" ", text[:LONGEST]))
    return frozenset(word[:STEM] for word in words if len(word) > 1 and word not in _COMMON)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text[:LONGEST]))


def _shared(one: frozenset[str], two: frozenset[str], weights: dict[str, float]) -> float:
    common = one & two
    every = sum(weights.get(word, 0.0) for word in one | two)
    asks = one & _QUESTION_WORDS, two & _QUESTION_WORDS
    if len(common) < FEWEST_SHARED or not every or (all(asks) and not asks[0] & asks[1]):
        return 0.0
    return sum(weights.get(word, 0.0) for word in common) / every


@dataclass(frozen=True, slots=True)
class Pattern:
    """What like questions have in common: ``tokens`` of all of them in order, None where their values stand."""

    tokens: _Tokens

    @property
    def gaps(self) -> int:
        """How many values a question of this form gives."""
        return self.tokens.count(None)

    @property
    def words(self) -> int:
        """How many words all of them share."""
        return sum(bool(token and _WORD.fullmatch(token)) for token in self.tokens)

    def places(self, question: str) -> list[tuple[int, int]] | None:
        """Where the values stand; None where the question is not of this form."""
        found = [(match.group().lower(), match.start(), match.end()) for match in _TOKEN.finditer(question)]
        spans = _spans(self.tokens, [token for token, _, _ in found])
        if spans is None or any(start == end for start, end in spans):
            return None
        return [(found[start][1], found[end - 1][2]) for start, end in spans]

    def values(self, question: str) -> tuple[str, ...] | None:
        """What stands in the gaps, as it was written; None where the question is not of this form."""
        found = self.places(question)
        return None if found is None else tuple(question[start:end] for start, end in found)

    def beside(self, gap: int) -> tuple[str, str]:
        """The last word before a gap, signs aside, and the one right behind it; empty where there is none."""
        at, words = self._around(gap)
        return next(iter(reversed(_before(words, at))), ""), next(iter(words[at + 1 : at + 2]), "")

    def leading(self, gap: int) -> str:
        """The word before the last word before a gap: ``to`` of ``to base-…``; empty where there is none."""
        at, words = self._around(gap)
        return next(iter(_before(words, at)[-2:-1]), "")

    def _around(self, gap: int) -> tuple[int, list[str]]:
        """The place of a gap, and all tokens, those that are no words empty."""
        at = [place for place, token in enumerate(self.tokens) if token is None][gap]
        return at, [token if token and _WORD.fullmatch(token) else "" for token in self.tokens]

    def shown(self, question: str, names: Sequence[str]) -> str:
        """``question`` with a name in the place of each value."""
        told, at = "", 0
        for (start, end), name in zip(self.places(question) or (), names, strict=False):
            told, at = f"{told}{question[at:start]}{name}", end
        return told + question[at:]


def _before(words: Sequence[str], at: int) -> list[str]:
    """The words near before a place, in their order."""
    return [word for word in words[max(at - _NEAR, 0) : at] if word]


def common_pattern(questions: Sequence[str]) -> Pattern | None:
    """The form that all of two or more questions have; None where they have none that tells values from words."""
    if len(questions) < 2 or any(len(question) > LONGEST for question in questions):
        return None
    first, *others = (tuple(token.lower() for token in _TOKEN.findall(question)) for question in questions)
    if any(len(one) > MOST_TOKENS for one in (first, *others)):
        return None
    tokens: _Tokens = first
    for other in others:
        tokens = _common(tokens, other)
    pattern = Pattern(_settled(tokens))
    if pattern.words < FEWEST_SHARED or not 0 < pattern.gaps <= MOST_GAPS:
        return None
    return pattern if all(pattern.values(question) is not None for question in questions) else None


def main_form(questions: Sequence[str]) -> list[bool]:
    """Which of like questions have the form that more than half of them have, where one value of these is always the
    same word with a number (``base-7``, ``base-12``) and that of the others is not (``binary``); else all of them.
    The word belongs to the form, and the number is the value.
    """
    pattern = common_pattern(questions)
    main = [True] * len(questions)
    for texts in zip(*(pattern.values(one) or () for one in questions), strict=True) if pattern else ():
        words = [found[1] if (found := _NUMBERED.fullmatch(text.lower())) else "" for text in texts]
        word, times = Counter(filter(None, words)).most_common(1)[0] if any(words) else ("", 0)
        if 2 * times > len(questions):
            main = [before and one == word for before, one in zip(main, words, strict=True)]
    return main if any(main) else [True] * len(questions)


def turned(question: str, earlier: Sequence[str]) -> bool:
    """Whether a question has the form that all of ``earlier`` have but for a word or two that none of them varies:
    ``descending`` where they say ``ascending``. That is another request, however like it looks.
    """
    pattern = common_pattern(earlier)
    if pattern is None or pattern.places(question) is not None:
        return False
    wider = common_pattern([*earlier, question])
    return wider is not None and 0 < pattern.words - wider.words <= FEW_TURNED


def _common(one: _Tokens, two: _Tokens) -> _Tokens:
    """What both have, in order, with one None for whatever stands between in either."""
    kept: list[str | None] = []
    ends = (0, 0)
    for start, other, size in SequenceMatcher(None, one, two, autojunk=False).get_matching_blocks():
        if (start, other) != ends and (kept or start or other):
            kept.append(None)
        kept.extend(one[start : start + size])
        ends = (start + size, other + size)
    return _once(kept)


def _once(tokens: Sequence[str | None]) -> _Tokens:
    return tuple(token for at, token in enumerate(tokens) if token is not None or at == 0 or tokens[at - 1] is not None)


def _settled(tokens: _Tokens) -> _Tokens:
    """Numbers and signs that stand between values, or beside one, belong to it: rows of digits are equal by chance."""
    runs = _runs(tokens)
    last = len(runs) - 1
    trimmed = [_trimmed(run, before=at > 0, behind=at < last) for at, run in enumerate(runs)]
    kept: list[str | None] = []
    for at, run in enumerate(trimmed):
        kept += [None] * (at > 0) + run
    return _once(kept)


def _runs(tokens: _Tokens) -> list[list[str]]:
    """The tokens before, between and behind the gaps."""
    runs: list[list[str]] = [[]]
    for token in tokens:
        if token is None:
            runs.append([])
        else:
            runs[-1].append(token)
    return runs


def _trimmed(run: list[str], *, before: bool, behind: bool) -> list[str]:
    """A run of common tokens without the numbers, and what only stands between numbers, at its ends with a gap."""
    if before and behind and not any(_WORD.fullmatch(token) for token in run):
        return []
    while before and run and run[0][-1].isdigit():
        run = run[1:]
    while behind and run and run[-1][-1].isdigit():
        run = run[:-1]
    return run


def _spans(pattern: _Tokens, tokens: Sequence[str]) -> list[tuple[int, int]] | None:
    """The places of the gaps among ``tokens``, each of them as short as can be and the last as long as it must."""
    runs = _runs(pattern)
    if list(tokens[: len(runs[0])]) != runs[0]:
        return None
    spans: list[tuple[int, int]] = []
    at = len(runs[0])
    for number, run in enumerate(runs[1:], 1):
        last = number == len(runs) - 1
        start = len(tokens) - len(run) if last else _find(run, tokens, at + 1)
        if start is None or start < at or list(tokens[start : start + len(run)]) != run:
            return None
        spans.append((at, start))
        at = start + len(run)
    return spans if at == len(tokens) else None


def _find(run: Sequence[str], tokens: Sequence[str], start: int) -> int | None:
    return next(
        (at for at in range(start, len(tokens) - len(run) + 1) if list(tokens[at : at + len(run)]) == list(run)), None
    )
