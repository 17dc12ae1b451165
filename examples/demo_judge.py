"""Whether an answer in words is right. Strict: what cannot be told from a wrong answer counts as one.

An answer is right when all of this holds:

- What the session's last tool call or run gave says the expected value, if it was a number or a text.
- The answer says it too, whole.
- No rival stands beside it: no other number where a number is expected, no other token of the same
  shape (:func:`shape`) where a code is. What was asked may be repeated, except for the results of its
  worked examples: those are what a wrong answer would say.
- Where no call backs it, it is plain: it doubts, denies and leaves open nothing (``_NOT_PLAIN``).

So an answer that shows intermediate results is not taken for right; nobody asked for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_NUMBER = re.compile(r"(?:(?<![\w)])-)?\d+(?:\.\d+)?")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_TOKEN = re.compile(r"[\w#]+(?:-[\w#]+)*")
_WORD_OF_ONE_CAPITAL = re.compile(r"(?:(?:^|[.!?:]\s+)A|\bI)(?=['’]| (?!or\b|and\b|is\b)[a-z])")
_NOT_PLAIN = re.compile(
    r"\b(?:not|never|none|cannot|unable|unsure|unknown|maybe|perhaps|possibly|either|or)\b|n['’]t\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Question:
    """What one session asks, and the truth about it, which only the judge knows.

    ``given`` are the values asked about, ``before`` what was said in an earlier session, ``results``
    those of the worked examples.
    """

    ask: str
    expect: int | str
    given: tuple[Any, ...] = ()
    before: str = ""
    results: tuple[int | str, ...] = ()

    def is_right(self, answer: str, computed: object = None) -> bool:
        """Whether ``answer`` is right; ``computed`` is what the session's last tool call or run gave."""
        backed = isinstance(computed, int | float | str) and not isinstance(computed, bool)
        if backed:
            return self._says(str(computed)) and self._says(answer)
        return self._says(answer) and not _NOT_PLAIN.search(answer)

    def _says(self, text: str) -> bool:
        """Whether a text names the expected value and no rival of it."""
        named, results = self._values(text), set(self.results)
        repeated = (self._values(f"{self.before}\n{self.ask}") - results) | self._values(str(self.given))
        return self.expect in named and not named - {self.expect} - repeated

    def _values(self, text: str) -> set[float | str]:
        """Everything in a text that could be meant as the answer."""
        if not isinstance(self.expect, str):
            return {float(number) for number in _NUMBER.findall(_THOUSANDS.sub("", text))}
        text = _WORD_OF_ONE_CAPITAL.sub(" ", text)
        wanted = shape(self.expect)
        known = {str(one) for one in (self.expect, *self.results) if _stands(str(one), text)}
        return known | {token for token in _TOKEN.findall(text) if wanted and shape(token) == wanted}


def shape(token: str) -> str:
    """Which kinds of characters a code has, and of capitals alone how many: ``9A`` for ``SPL3``, ``A`` for
    ``C``, ``AA`` for ``OK``. Words and longer texts have none; only known results are rivals of them.
    """
    if not _TOKEN.fullmatch(token) or (token.isalpha() and not token.isupper()):
        return ""
    kinds = ["9" if one.isdigit() else "A" if one.isupper() else "a" if one.isalpha() else one for one in token]
    return "".join(kinds) if token.isalpha() else "".join(sorted(set(kinds)))


def _stands(value: str, text: str) -> bool:
    """Whether a value stands in a text whole."""
    return re.search(rf"(?<![\w#]){re.escape(value)}(?![\w#])", text) is not None
