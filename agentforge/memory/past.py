"""What the user said in earlier sessions, found again by the words of a request.

Turns are found in the index over what was said (:mod:`agentforge.memory.said`), and of these the pieces are given
that hold the words: a long message is not shown whole for one sentence. Only what the user typed is among it, never
text that was attached, an answer or a result, so nothing here was read from a page. What was erased is gone from it
with its row.

Left out are turns that are known in another way: those whose answer was judged (``memory.truths``), and those that a
tool answered; code that was run once is no tool. Questions are left out too: they tell nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, case, column, exists, or_, select, table, text

from agentforge.database.fulltext import match_of, words_of
from agentforge.database.store import Database
from agentforge.database.tables import CALLS, SAID, TRUTHS
from agentforge.memory.truths import SCRIPT
from agentforge.memory.words import digest, sentences

TURNS = 40
"""Turns that are looked at, the best of them; their pieces are ranked anew."""
PIECE_WORDS = 45
"""Sentences that follow each other make a piece, as many as fit: one alone often names nobody."""
NEAR = 0.2
"""A piece that fits the words less than so well as the best one takes room and tells little."""

_WORDS = table("said_words", column("rowid"))
_CREATE = 'CREATE VIRTUAL TABLE pieces USING fts5(text, tokenize = "porter unicode61")'
_RANKED = "SELECT rowid, bm25(pieces) AS rank FROM pieces WHERE pieces MATCH ? ORDER BY rank, rowid LIMIT ?"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some sentences that follow each other in one turn; ``day`` is the UTC day on which they were said. A higher
    ``score`` is a better match, comparable within one search only.
    """

    session: str
    turn: int
    day: str
    text: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Past:
    """The earlier sessions of one user."""

    database: Database
    org: str
    user: str

    def search(
        self,
        query: str,
        k: int,
        *,
        without: Collection[str] = (),
        skip: Callable[[str], bool] = lambda _: False,
    ) -> list[Piece]:
        """The ``k`` best pieces for any text, best first. Sessions in ``without`` are left out, and turns whose text
        ``skip`` says so of.

        Raises:
            StorageError: the database is locked or damaged.
        """
        words = words_of(query)
        if not words or k < 1:
            return []
        with self.database.read() as connection:
            found = connection.execute(self._turns(words, without)).all()
        pieces = [piece for row in found if not skip(row.text) for piece in _pieces(row)]
        return _best(list({digest(one.text): one for one in reversed(pieces)}.values()), words, k)

    def _turns(self, words: Sequence[str], without: Collection[str]) -> Select[Any]:
        here = (SAID.c.org == self.org, SAID.c.user == self.user, SAID.c.kind == "user")
        judged = exists().where(TRUTHS.c.session == SAID.c.session, TRUTHS.c.turn == SAID.c.turn)
        called = exists().where(CALLS.c.session == SAID.c.session, CALLS.c.turn == SAID.c.turn, CALLS.c.tool != SCRIPT)
        wanted = select(SAID).where(*here, SAID.c.session.not_in(without), ~judged, ~called).limit(TURNS)
        if self.database.engine.dialect.name == "sqlite":
            by_index = wanted.join(_WORDS, _WORDS.c.rowid == SAID.c.id).where(text("said_words MATCH :words"))
            ranked = by_index.order_by(text("said_words.rank"), SAID.c.id.desc())
            return ranked.params(words=match_of(words))
        held = [SAID.c.text.icontains(word, autoescape=True) for word in words]
        count = sum((case((one, 1), else_=0) for one in held[1:]), case((held[0], 1), else_=0))
        return wanted.where(or_(*held)).order_by(count.desc(), SAID.c.id.desc())


def _pieces(row: Row[Any]) -> Iterator[Piece]:
    """The pieces of a turn."""
    kept: list[str] = []
    for sentence in [*(one for one in sentences(row.text) if not one.endswith("?")), ""]:
        if kept and (not sentence or len(" ".join([*kept, sentence]).split()) > PIECE_WORDS):
            yield Piece(row.session, row.turn, row.created[:10], " ".join(" ".join(kept).split()))
            kept = []
        kept.append(sentence)


def _best(pieces: Sequence[Piece], words: Sequence[str], k: int) -> list[Piece]:
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute(_CREATE)
        rows = ((at, one.text) for at, one in enumerate(pieces))
        index.executemany("INSERT INTO pieces(rowid, text) VALUES (?, ?)", rows)
        ranked: list[tuple[int, float]] = index.execute(_RANKED, (match_of(words), k)).fetchall()
    found = [(pieces[at], -rank) for at, rank in ranked]
    least = found[0][1] * NEAR if found else 0.0
    return [Piece(one.session, one.turn, one.day, one.text, score) for one, score in found if score >= least]
