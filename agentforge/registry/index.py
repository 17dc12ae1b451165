"""Full-text search over the live tools: an SQLite FTS5 file that is a cache and nothing else.

It is rebuilt whenever a layer changed, and thrown away when it is damaged. Ranking is BM25 over
name, summary, example requests, docstring and signature, with Porter's stemmer.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agentforge.registry.contract import docstring_of
from agentforge.registry.layers import Layers
from agentforge.registry.tool import Tool

FORMAT = 1
MAX_QUERY = 10_000
"""Characters of a query that are looked at."""
MAX_WORDS = 64

_WEIGHTS = "10.0, 5.0, 4.0, 2.0, 1.0"  # name, summary, requests, docstring, signature
_WORD = re.compile(r"[^\W_]+")
_COMMON = (
    "a an and are as at be but by can could do does for from get give has have how i in into is it its make me my "
    "need no not of on one or our out please should so some such than that the their them then there these they "
    "this those to us use was we were what when where which who will with would you your"
)
_PREFIX = 4
"""From this length on a word also finds longer ones that begin with it (slug finds slugify)."""

_CREATE = """
CREATE TABLE about (fingerprint TEXT NOT NULL);
CREATE VIRTUAL TABLE tools USING fts5(
    name, summary, requests, docstring, signature, title UNINDEXED, tokenize = "porter unicode61"
);
"""
_SEARCH = f"""
SELECT title, summary, signature, bm25(tools, {_WEIGHTS}) AS rank
FROM tools WHERE tools MATCH ? ORDER BY rank, title LIMIT ?
"""  # noqa: S608 -- only our own constant is put in


@dataclass(frozen=True, slots=True)
class Hit:
    """One tool that was found; a higher ``score`` is a better match, comparable within one search only."""

    name: str
    summary: str
    signature: str
    score: float


class Index:
    """Search over ``layers``; the cache lies at ``path``."""

    def __init__(self, layers: Layers, path: Path) -> None:
        self._layers = layers
        self._path = path

    def search(self, query: str, k: int = 5) -> list[Hit]:
        """The ``k`` best tools for any text, best first; none where no word of it is known."""
        words = _words(query)
        if not words or k < 1:
            return []
        fingerprint = f"{FORMAT}-{self._layers.fingerprint()}"
        with contextlib.suppress(sqlite3.Error):
            if self._path.exists():
                with closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)) as cache:
                    if cache.execute("SELECT fingerprint FROM about").fetchone() == (fingerprint,):
                        return _search(cache, words, k)
        return self._search_anew(fingerprint, words, k)

    def _search_anew(self, fingerprint: str, words: list[str], k: int) -> list[Hit]:
        """Builds the index beside the old one and puts it in its place; a cache that cannot be kept is no error."""
        with closing(sqlite3.connect(":memory:")) as built:
            _fill(built, fingerprint, self._layers.live())
            with contextlib.suppress(sqlite3.Error, OSError):
                self._keep(built)
            return _search(built, words, k)

    def _keep(self, built: sqlite3.Connection) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        try:
            with closing(sqlite3.connect(draft)) as file:
                built.backup(file)
            draft.replace(self._path)
        finally:
            draft.unlink(missing_ok=True)


def _fill(cache: sqlite3.Connection, fingerprint: str, tools: Iterable[Tool]) -> None:
    cache.executescript(_CREATE)
    with cache:
        cache.execute("INSERT INTO about VALUES (?)", (fingerprint,))
        cache.executemany("INSERT INTO tools VALUES (?, ?, ?, ?, ?, ?)", (_row(tool) for tool in tools))


def _row(tool: Tool) -> tuple[str, ...]:
    manifest = tool.manifest
    docstring = docstring_of(tool.source, tool.name)
    return tool.name, manifest.summary, "\n".join(manifest.requests), docstring, manifest.signature, tool.name


def _search(cache: sqlite3.Connection, words: list[str], k: int) -> list[Hit]:
    terms = [f'"{word}"' for word in words] + [f'"{word}"*' for word in words if len(word) >= _PREFIX]
    rows = cache.execute(_SEARCH, (" OR ".join(terms), k)).fetchall()
    return [Hit(name, summary, signature, -rank) for name, summary, signature, rank in rows]


def _words(query: str) -> list[str]:
    """The words of a text that are worth looking for, in quotes-safe form; any text is a legal query."""
    common = set(_COMMON.split())
    words = (word.lower() for word in _WORD.findall(query[:MAX_QUERY]))
    return list(dict.fromkeys(word for word in words if word not in common))[:MAX_WORDS]
