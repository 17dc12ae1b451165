"""Search over what is remembered: BM25 over the words of the current entries, in memory and nothing else.

The index is made at the first search after a change and thrown away with the process, so that what is forgotten is
gone from it too.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from agentforge.database.fulltext import match_of, words_of
from agentforge.memory.entries import Entry

_CREATE = (
    'CREATE VIRTUAL TABLE entries USING fts5(text, topic, applies, lesson UNINDEXED, tokenize = "porter unicode61")'
)
_SEARCH = """
SELECT rowid, bm25(entries, 4.0, 4.0, 2.0) AS rank FROM entries
WHERE entries MATCH ? AND lesson IN (?, ?) ORDER BY rank, rowid LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that was found; a higher ``score`` is a better match, comparable within one search only."""

    entry: Entry
    score: float


class Recall:
    """The index over some entries, made anew when they are others; may be used from any thread."""

    def __init__(self) -> None:
        self._entries: Sequence[Entry] = ()
        self._index: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def search(self, entries: Sequence[Entry], query: str, k: int, *, lessons: bool | None = None) -> list[Hit]:
        """The ``k`` best of ``entries`` for any text, best first; none where no word of it is known."""
        words = words_of(query)
        if not words or k < 1:
            return []
        kinds = (0, 1) if lessons is None else (int(lessons), int(lessons))
        with self._lock:
            index = self._made(entries)
            rows: list[tuple[int, float]] = index.execute(_SEARCH, (match_of(words), *kinds, k)).fetchall()
        return [Hit(entries[row], -rank) for row, rank in rows]

    def close(self) -> None:
        """Gives the index up; harmless when repeated."""
        with self._lock:
            if self._index is not None:
                self._index.close()
            self._index = None

    def _made(self, entries: Sequence[Entry]) -> sqlite3.Connection:
        if self._index is None or entries is not self._entries:
            index = sqlite3.connect(":memory:", check_same_thread=False)
            index.execute(_CREATE)
            rows = ((at, one.text, one.topic, one.when, int(one.lesson)) for at, one in enumerate(entries))
            index.executemany("INSERT INTO entries(rowid, text, topic, applies, lesson) VALUES (?, ?, ?, ?, ?)", rows)
            if self._index is not None:
                self._index.close()
            self._index, self._entries = index, entries
        return self._index
