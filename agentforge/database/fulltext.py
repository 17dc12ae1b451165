"""Full-text search in SQLite (FTS5): any text as a query, and files that are caches and nothing else."""

from __future__ import annotations

import contextlib
import re
import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path

MAX_QUERY = 10_000
"""Characters of a query that are looked at."""
MAX_WORDS = 64

_WORD = re.compile(r"[^\W_]+")
_SMALL_WORDS = (
    "a an and are as at be but by can could do does for from get give has have how i in into is it its make me my "
    "need no not of on one or our out please should so some such than that the their them then there these they "
    "this those to us use was we were what when where which who will with would you your"
)
_COMMON = frozenset(_SMALL_WORDS.split())
_PREFIX = 4
"""From this length on a word also finds longer ones that begin with it (slug finds slugify)."""


def words_of(query: str) -> list[str]:
    """The words of any text that are worth looking for, in lower case, each once."""
    words = (word.lower() for word in _WORD.findall(query[:MAX_QUERY]))
    return list(dict.fromkeys(word for word in words if word not in _COMMON))[:MAX_WORDS]


def match_of(words: Sequence[str]) -> str:
    """The expression that finds rows with any of ``words``; they are quoted, so that none is taken for syntax."""
    return " OR ".join([f'"{word}"' for word in words] + [f'"{word}"*' for word in words if len(word) >= _PREFIX])


def replace_file(built: sqlite3.Connection, path: Path) -> None:
    """Puts a database that was built in memory in the place of the file at ``path``, whole or not at all.

    Raises:
        sqlite3.Error, OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with contextlib.closing(sqlite3.connect(draft)) as file:
            built.backup(file)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
