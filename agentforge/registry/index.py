"""Full-text search over the live tools: an SQLite FTS5 file that is a cache and nothing else.

It is rebuilt whenever a layer changed, and thrown away when it is damaged. Ranking is BM25 over
name, summary, example requests, docstring and signature, with Porter's stemmer.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agentforge.database.fulltext import match_of, replace_file, words_of
from agentforge.registry.contract import docstring_of
from agentforge.registry.layers import Layers
from agentforge.registry.tool import Tool

FORMAT = 1

_WEIGHTS = "10.0, 5.0, 4.0, 2.0, 1.0"  # name, summary, requests, docstring, signature

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
        words = words_of(query)
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
                replace_file(built, self._path)
            return _search(built, words, k)


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
    rows = cache.execute(_SEARCH, (match_of(words), k)).fetchall()
    return [Hit(name, summary, signature, -rank) for name, summary, signature, rank in rows]
