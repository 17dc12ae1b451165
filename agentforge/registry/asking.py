"""The words of a request for a tool, and of what tools are called."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentforge.database.fulltext import MAX_QUERY, words_of

_SEAM = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ASKING_WORDS = (
    "about all also am any been being did find had he hello help her here hey hi him his if just know let like more "
    "off only she show tell up used using very want wants were why"
)
_ASKING = frozenset(_ASKING_WORDS.split())
"""Words with which people ask for anything at all, beside those that tell nothing anywhere."""


def parted(text: str) -> str:
    """``text`` with names taken apart, so that their words are found: parseHTTPDate gives parse HTTP Date."""
    return _SEAM.sub(" ", text.replace("_", " "))


def words_asked(query: str) -> list[str]:
    """The words of a request that tell what is wanted, in lower case, each once; all where none of them does."""
    words = words_of(parted(query[:MAX_QUERY]))
    return [word for word in words if word not in _ASKING] or words


def joined(words: Sequence[str]) -> str:
    """The expression that finds rows with any of ``words``, whole but for their endings; quoted, so that none is taken
    for syntax.
    """
    return " OR ".join(f'"{word}"' for word in words)
