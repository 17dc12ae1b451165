"""Whether a run of letters and digits was drawn by chance, as keys are, or put together from words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_RUN = re.compile(r"[A-Za-z0-9+/_=.~-]{20,}")
_HEX = re.compile(r"(?:[0-9a-f]{32,}|[0-9A-F]{32,})")
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]+", re.IGNORECASE)
"""Five in a row no two words of English bring together, but for a few."""
_BETWEEN = re.compile(r"[_./+=~-]+")

LONGEST_PIECE = 2.8
"""Letters and digits of one kind that stand side by side on average: in drawn texts of letters of both cases and
digits 1.5 to 2.3, of one case and digits 2 to 3.3, in names of Python more than 4."""
LONG, LONGEST_IN_LONG = 32, 3.2
"""So many characters tell more, so that the average may be further from that of drawn ones."""
LONGEST_PIECE_OF_LETTERS = 2.5
LONGEST_PIECE_OF_ONE_CASE = 3.8
ODD_SHARE = 0.6
"""Of a text in several parts, so much stands in parts that are no words: small letters, capitals and digits in turn."""
LONGEST_WORD = 12
"""Characters of a part between two marks in a name that is put together; in drawn texts marks are rarer."""


def drawn(text: str) -> Iterator[tuple[int, int]]:
    """Where in a text such runs stand: start and end of each."""
    for found in _RUN.finditer(text):
        for start, end in _trimmed(found[0]):
            if is_drawn(found[0][start:end]):
                yield found.start() + start, found.start() + end


def is_drawn(text: str) -> bool:
    """Whether a run looks drawn by chance; one of fewer than 20 characters never does, nor one that counts upwards."""
    if len(text) < 20 or _counts(text) or len(set(text)) < 8:
        return False
    letters = sum(letter.isalpha() for letter in text)
    digits = sum(letter.isdigit() for letter in text)
    if _HEX.fullmatch(text):
        return letters >= 2 and digits >= 2
    parts = [part for part in _BETWEEN.split(text) if part]
    if len(parts) > 1 and any(is_drawn(part) for part in parts):
        return True
    longest = max(map(len, parts), default=0)
    pieces = _PIECE.findall(text)
    odd = sum(len(part) for part in parts if len(_PIECE.findall(part)) >= 3)
    if not pieces or (longest < LONGEST_WORD and odd < ODD_SHARE * len(text)):
        return False
    mean = sum(map(len, pieces)) / len(pieces)
    lower, upper = any(c.islower() for c in text), any(c.isupper() for c in text)
    if lower and upper:
        most = LONGEST_IN_LONG if len(text) >= LONG else LONGEST_PIECE if digits else LONGEST_PIECE_OF_LETTERS
        return (digits >= 2 or len(text) >= 24) and mean <= most
    numbers = sum(piece.isdigit() for piece in pieces)
    hard = max(map(len, _CONSONANTS.findall(text)), default=0)
    if len(text) >= 24 and len(parts) == 1 and (hard >= 5 or numbers >= 3 or (numbers == 2 and hard == 4)):
        return True
    return len(text) >= 24 and digits >= 4 and letters >= 4 and mean <= LONGEST_PIECE_OF_ONE_CASE


def _trimmed(run: str) -> Iterator[tuple[int, int]]:
    """The whole run without marks at its ends, and behind each ``=`` or before it, since NAME=VALUE is one run."""
    begun = 0
    for part in re.split(r"(?<=[^=])=(?=[^=])", run):
        bare = part.strip("./-_~+")
        start = begun + part.index(bare) if bare else begun
        yield start, start + len(bare)
        begun += len(part) + 1


def _counts(text: str) -> bool:
    """Whether most characters follow the one before them, as in an alphabet, or repeat it."""
    steps = [ord(right) - ord(left) for left, right in pairwise(text)]
    return sum(step in (-1, 0, 1) for step in steps) >= len(steps) / 2
