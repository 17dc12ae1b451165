"""Search over what was said in one user's sessions (:mod:`agentforge.memory.said`): words in, sessions out, best first.

On SQLite it asks the index ``said_words`` (FTS5: BM25, English word stems, without accents, beginnings of longer
words). On every other database the rows of the user are compared one by one, and the more of the words a row
holds, the better; that is slower and knows no stems. Any text is a legal query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, case, or_, select, text

from agentforge.database.fulltext import MAX_QUERY, match_of
from agentforge.database.store import Database
from agentforge.database.tables import SAID, SESSIONS

MAX_WORDS = 32

SNIPPET_CHARS = 160
"""About so much is shown around what was found."""

_LAST = "~"
"""Sorts behind every time."""

_WORD = re.compile(r"\w+")

_RANKED = text("""
SELECT said.id, said.session FROM said_words JOIN said ON said.id = said_words.rowid
WHERE said_words MATCH :words AND said.org = :org AND said."user" = :user
AND said.created >= :since AND said.created < :before
ORDER BY said_words.rank, said.id DESC
""")
_SNIPPET = text("""
SELECT snippet(said_words, 0, '', '', '…', 24) FROM said_words WHERE said_words MATCH :words AND rowid = :id
""")


@dataclass(frozen=True, slots=True)
class Found:
    """A session with the best of what was found in it: who said it (``user``, ``assistant``; the name of a ``tool``;
    an ``error``), in which turn and when (UTC, ISO 8601), and some words around it.
    """

    session: str
    title: str
    kind: str
    turn: int
    created: str
    snippet: str


def search(
    database: Database,
    query: str,
    *,
    org: str,
    user: str,
    since: datetime | None = None,
    before: datetime | None = None,
    limit: int = 20,
) -> list[Found]:
    """The sessions of one user in which any of these words was said from ``since`` on and before ``before``.

    Raises:
        StorageError: the database is locked or damaged.
    """
    words = words_of(query)
    if not words or limit < 1:
        return []
    bounds = {
        "org": org,
        "user": user,
        "since": stamp(since) if since else "",
        "before": stamp(before) if before else "~",
    }
    with database.read() as connection:
        if database.engine.dialect.name == "sqlite":
            return _by_index(connection, words, bounds, limit)
        return _by_comparing(connection, words, bounds, limit)


def words_of(query: str) -> list[str]:
    """The words of any text: letters, digits and ``_``, so that none can be taken for a sign of a query."""
    found = (word.lower() for word in _WORD.findall(query[:MAX_QUERY]))
    return list(dict.fromkeys(found))[:MAX_WORDS]


def stamp(moment: datetime) -> str:
    """A time as rows hold it; one without a zone is local."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _by_index(connection: Connection, words: list[str], bounds: dict[str, str], limit: int) -> list[Found]:
    asked = match_of(words)
    ranked = connection.execute(_RANKED, {"words": asked, **bounds})
    best = [row.id for row in _first_of_each(ranked, limit)]
    ranked.close()
    rows = {row.id: row for row in connection.execute(_rows().where(SAID.c.id.in_(best)))}
    shown = {key: connection.execute(_SNIPPET, {"words": asked, "id": key}).scalar_one() for key in best}
    return [_found(rows[key], shown[key]) for key in best]


def _by_comparing(connection: Connection, words: list[str], bounds: dict[str, str], limit: int) -> list[Found]:
    held = [SAID.c.text.icontains(word, autoescape=True) for word in words]
    count = sum((case((one, 1), else_=0) for one in held[1:]), case((held[0], 1), else_=0))
    mine = (SAID.c.org == bounds["org"], SAID.c.user == bounds["user"], or_(*held))
    within = (SAID.c.created >= bounds["since"], SAID.c.created < bounds["before"])
    rows = connection.execute(_rows().where(*mine, *within).order_by(count.desc(), SAID.c.id.desc()))
    return [_found(row, snippet(row.text, words)) for row in _first_of_each(rows, limit)]


def _rows() -> Any:
    return select(SAID, SESSIONS.c.title).join(SESSIONS, SESSIONS.c.id == SAID.c.session)


def _first_of_each(rows: Iterable[Row[Any]], limit: int) -> Iterator[Row[Any]]:
    """The best row of each session, of at most so many sessions; no more are read than that takes."""
    seen = set[str]()
    for row in rows:
        if row.session not in seen:
            seen.add(row.session)
            yield row
            if len(seen) >= limit:
                return


def _found(row: Row[Any], shown: str) -> Found:
    return Found(row.session, row.title, row.kind, row.turn, row.created, " ".join(shown.split())[: 2 * SNIPPET_CHARS])


def snippet(said: str, words: list[str]) -> str:
    """A piece of a text around the first of the words that stands in it."""
    small = said.lower()
    at = min((place for word in words if (place := small.find(word)) >= 0), default=0)
    start = max(at - SNIPPET_CHARS // 3, 0)
    end = start + SNIPPET_CHARS
    return f"{'…' * (start > 0)}{said[start:end]}{'…' * (end < len(said))}"
