"""Full-text search over the passages of all documents: an SQLite FTS5 file that is a cache and nothing else.

It knows the commit that it was made from. Where the registry has moved, only documents whose contents are others are
cut and written anew; where it cannot be used, all of it is built again. Ranking is BM25 over title, headings and
words, with Porter's stemmer.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agentforge.database.fulltext import match_of, replace_file, words_of
from agentforge.errors import StorageError
from agentforge.memory.documents.library import Documents
from agentforge.memory.documents.passages import Passage, passages_of, title_of
from agentforge.memory.documents.record import Document

FORMAT = 1
"""Of the file, and of how passages are cut: another one is built anew."""

BUSY_SECONDS = 5.0

AT_ONCE = 100
"""Documents whose texts are held in memory at the same time."""

MOST_ROWS = 1000
"""Passages that are ranked for one query. What holds none of its rarest words is not among the best, and so the time
of a search does not grow with the number of passages that hold a common one."""

MOST_WORDS = 16
"""The rarest words of a query, by which they are ranked."""

_CREATE = """
CREATE TABLE about (revision TEXT NOT NULL);
INSERT INTO about VALUES ('');
CREATE TABLE documents (
    id TEXT PRIMARY KEY, contents TEXT NOT NULL, title TEXT NOT NULL, untrusted INTEGER NOT NULL
);
CREATE VIRTUAL TABLE passages USING fts5(
    title, headings, text, id UNINDEXED, document UNINDEXED, first UNINDEXED, last UNINDEXED, page UNINDEXED,
    tokenize = "porter unicode61"
);
"""
_WEIGHTS = "2.0, 3.0, 1.0"  # title, headings, words
_SEARCH = f"""
SELECT passages.id, document, headings, text, first, last, page, documents.title, untrusted,
    bm25(passages, {_WEIGHTS}) AS rank
FROM passages JOIN documents ON documents.id = document
WHERE passages MATCH ? ORDER BY rank, passages.id LIMIT ?
"""  # noqa: S608 -- only our own constant is put in

_COUNT = "SELECT count(*) FROM (SELECT 1 FROM passages WHERE passages MATCH ? LIMIT ?)"


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found; a higher ``score`` is a better match, comparable within one search only.

    ``title`` is that of its document; ``untrusted``: its words are somebody else's, as far as is known. ``company``: it
    is in the company's layer (``api.documents``), and not in the user's own.
    """

    passage: Passage
    title: str
    score: float
    untrusted: bool
    company: bool = False

    @property
    def citation(self) -> str:
        """Where it stands: title, headings, lines."""
        return f"{self.title}, {self.passage.place}"


class PassageIndex:
    """Search over ``documents``; the cache lies at ``path``."""

    def __init__(self, documents: Documents, path: Path) -> None:
        self._documents = documents
        self._path = path

    def search(self, query: str, k: int = 5) -> list[Hit]:
        """The ``k`` best passages for any text, best first; none where no word of it is known.

        Raises:
            RegistryError: the registry cannot be read.
        """
        words, revision = words_of(query), self._documents.head()
        if not words or k < 1 or not revision:
            return []
        with contextlib.suppress(sqlite3.Error, OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS)) as cache:
                self._bring_up(cache, revision)
                return _search(cache, words, k)
        return self._search_anew(words, k, revision)

    def drop(self) -> None:
        """Takes the file away, and is built again at the next search: rows that are deleted in it leave their words
        behind.

        Raises:
            StorageError: it cannot be taken away.
        """
        try:
            for end in ("", "-journal", "-wal", "-shm"):
                self._path.with_name(f"{self._path.name}{end}").unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{self._path} cannot be taken away: {error.strerror}.", fix="Delete it.") from error

    def _search_anew(self, words: Sequence[str], k: int, revision: str) -> list[Hit]:
        """Where the file is damaged, or of another form: it is replaced; where there can be none, that is no error."""
        with closing(sqlite3.connect(":memory:")) as built:
            self._bring_up(built, revision)
            with contextlib.suppress(sqlite3.Error, OSError):
                replace_file(built, self._path)
            return _search(built, words, k)

    def _bring_up(self, cache: sqlite3.Connection, revision: str) -> None:
        """Makes the cache that of a commit (raises sqlite3.Error where it cannot be)."""
        [version] = cache.execute("PRAGMA user_version").fetchone()
        if version == FORMAT and cache.execute("SELECT revision FROM about").fetchone() == (revision,):
            return
        cache.execute("PRAGMA synchronous = OFF")  # what a power failure damages is built again
        if version == 0:
            cache.executescript(f"BEGIN IMMEDIATE; {_CREATE} PRAGMA user_version = {FORMAT}; COMMIT;")
        elif version != FORMAT:
            raise sqlite3.DatabaseError("of another form")
        with cache:
            cache.execute("BEGIN IMMEDIATE")
            self._renew(cache, revision)
            cache.execute("UPDATE about SET revision = ?", (revision,))

    def _renew(self, cache: sqlite3.Connection, revision: str) -> None:
        entries = self._documents.folders(revision)
        known = dict[str, str](cache.execute("SELECT id, contents FROM documents"))
        gone = [one for one, contents in known.items() if entries.get(one) != contents]
        for name, column in (("passages", "document"), ("documents", "id")):
            cache.executemany(f"DELETE FROM {name} WHERE {column} = ?", [(one,) for one in gone])  # noqa: S608 -- our own names
        changed = {one: contents for one, contents in entries.items() if known.get(one) != contents}
        for start in range(0, len(changed), AT_ONCE):
            for document, text in self._documents.read(dict([*changed.items()][start : start + AT_ONCE])):
                self._add(cache, document, changed[document.id], text)

    def _add(self, cache: sqlite3.Connection, document: Document, contents: str, text: str) -> None:
        title = " ".join({document.title, title_of(text)})
        found = {passage.id: passage for passage in reversed(passages_of(text, document.id) if text else [])}
        cache.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?)", (document.id, contents, document.title, document.untrusted)
        )
        cache.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (title, "\n".join(one.headings), one.text, one.id, document.id, one.first, one.last, one.page)
                for one in found.values()
            ],
        )


def _search(cache: sqlite3.Connection, words: Sequence[str], k: int) -> list[Hit]:
    rows = cache.execute(_SEARCH, (_expression(cache, words), k)).fetchall()
    return [
        Hit(Passage(key, document, _path(headings), *place), title, -rank, bool(untrusted))
        for key, document, headings, *place, title, untrusted, rank in rows
    ]


def _expression(cache: sqlite3.Connection, words: Sequence[str]) -> str:
    """Finds what holds one of the rarest words, up to :data:`MOST_ROWS` passages, and ranks that by all of them."""
    counted = sorted((cache.execute(_COUNT, (match_of([word]), MOST_ROWS)).fetchone()[0], word) for word in words)
    rarest = [(count, word) for count, word in counted if count][:MOST_WORDS]
    chosen, rows = list[str](), 0
    for count, word in rarest:
        if chosen and rows + count > MOST_ROWS:
            break
        chosen, rows = [*chosen, word], rows + count
    if len(chosen) == len(rarest):
        return match_of(chosen or words[:1])
    return f"({match_of(chosen)}) AND ({match_of([word for _, word in rarest])})"


def _path(headings: str) -> tuple[str, ...]:
    return tuple(headings.split("\n")) if headings else ()
