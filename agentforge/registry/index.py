"""Search over the live tools: one for the agent, the terminal and the library.

Words are ranked by BM25 (SQLite's FTS5, Porter's stemmer) over name, summary, example requests, docstring and
signature. Where local embeddings are installed (:mod:`agentforge.models.meaning`) nearness in meaning is added, and
what is known of a tool's answers moves it a little up or down. The file is a cache and nothing else
(:mod:`agentforge.registry.index_file`): it is brought up when a layer changed, and made anew when it is damaged.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agentforge.database.fulltext import match_of, replace_file
from agentforge.registry.asking import joined, words_asked
from agentforge.registry.confidence import NEIGHBOURS, fits, signs
from agentforge.registry.index_file import BUSY_SECONDS, DAMAGED, FORMAT, Toolset, bring_up
from agentforge.registry.nearness import Nearness

if TYPE_CHECKING:
    from agentforge.models.meaning import Meaning

CREDIT = 0.1
"""The share of its score that a tool gains with answers that were all right, or loses with ones that were all wrong."""

MEANS = 40.0
"""What nearness in meaning (a cosine) counts beside the words' BM25; by cross-validation, see docs/decisions.md."""

LEAST_NEAR = 0.2
"""Texts that have nothing to do with each other are about so near: a tool no nearer that shares no word is not found.
"""

_WEIGHTS = "1.0, 1.0, 1.0, 0.3, 0.3"  # name, summary, requests, docstring, signature

_SEARCH = f"SELECT rowid, bm25(tools, {_WEIGHTS}) AS rank FROM tools WHERE tools MATCH ? ORDER BY rank, rowid LIMIT ?"  # noqa: S608 -- only our own constant is put in
_COUNT = "SELECT count(*) FROM tools WHERE tools MATCH ?"

_MANY = 500
"""From so many tools on, words that stand in a large share of them are left out of a query: they tell least and cost
most.
"""
_COMMON = 0.1
_DEPTH = 100
"""So many tools are ranked by their words before meaning and credit are looked at."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One tool that was found; a higher ``score`` is a better match, comparable within one search only."""

    name: str
    summary: str
    signature: str
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave, best first. ``fits`` is False where the best is probably no tool for what was asked."""

    hits: tuple[Hit, ...]
    fits: bool


def no_credit() -> Mapping[str, float]:
    """For whoever knows of no answers."""
    return {}


class Index:
    """Search over ``layers``; the cache lies at ``path``. May be used from any thread.

    ``meaning`` compares by meaning; without it words alone count. ``credit`` tells what is known of tools' answers, by
    name: from -1, all of them wrong, to 1.
    """

    def __init__(
        self,
        layers: Toolset,
        path: Path,
        *,
        meaning: Meaning | None = None,
        credit: Callable[[], Mapping[str, float]] = no_credit,
    ) -> None:
        self._layers = layers
        self._path = path
        self._credit = credit
        self._nearness = None if meaning is None else Nearness(meaning)
        self._counts: tuple[str, dict[str, int]] = ("", {})
        self._lock = threading.Lock()

    def search(self, query: str, k: int = 5) -> list[Hit]:
        """The ``k`` best tools for any text, best first; none where nothing of it is known."""
        return list(self.find(query, k).hits)

    def find(self, query: str, k: int = 5) -> Found:
        """As :meth:`search`, with whether the best one probably fits at all."""
        words = words_asked(query)
        if not words or k < 1:
            return Found((), fits=False)
        fingerprint = f"{FORMAT}-{self._layers.fingerprint()}"
        with contextlib.suppress(*DAMAGED), self._opened(fingerprint) as cache:
            return self._found(cache, fingerprint, query, words, k, self._nearness)
        with closing(sqlite3.connect(":memory:")) as built:
            bring_up(built, fingerprint, self._layers)
            with contextlib.suppress(sqlite3.Error, OSError):
                replace_file(built, self._path)
                with closing(sqlite3.connect(self._path)) as cache:
                    return self._found(cache, fingerprint, query, words, k, self._nearness)
            return self._found(built, fingerprint, query, words, k, None)  # vectors that nobody keeps cost too much

    def prepare(self) -> None:
        """Reads everything that a search needs, however long it takes: what many new tools mean is else worked out
        over several searches, which until then go by words alone.
        """
        self.find("anything")
        if self._nearness is not None:
            with contextlib.suppress(*DAMAGED), closing(sqlite3.connect(self._path)) as cache:
                self._nearness.prepare(cache)

    @contextmanager
    def _opened(self, fingerprint: str) -> Generator[sqlite3.Connection]:
        """The cache as it must be for ``fingerprint`` (raises one of DAMAGED where there is none that can be read)."""
        if not self._path.exists():
            raise sqlite3.OperationalError("there is no cache")
        with closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS)) as cache:
            if cache.execute("SELECT fingerprint FROM about").fetchone() != (fingerprint,):
                bring_up(cache, fingerprint, self._layers)
            yield cache

    def _found(
        self,
        cache: sqlite3.Connection,
        fingerprint: str,
        query: str,
        words: list[str],
        k: int,
        nearness: Nearness | None,
    ) -> Found:
        many: int = cache.execute("SELECT count(*) FROM known").fetchone()[0]
        telling = self._telling(cache, fingerprint, words, many)
        depth = max(_DEPTH, k)
        rows = cache.execute(_SEARCH, (joined(telling), depth)).fetchall()
        if not rows:
            rows = cache.execute(_SEARCH, (match_of(telling), depth)).fetchall()
        scores: dict[int, float] = {row: -rank for row, rank in rows}
        near = {} if nearness is None else nearness.of(cache, fingerprint, query, scores, depth)
        for row, cosine in near.items():
            if row in scores or cosine >= LEAST_NEAR:
                scores[row] = scores.get(row, 0.0) + MEANS * cosine
        best = self._credited(cache, scores, max(k, NEIGHBOURS))
        return Found(tuple(best[:k]), fits=_fits(query, best, many, meaning=bool(near)))

    def _credited(self, cache: sqlite3.Connection, scores: Mapping[int, float], most: int) -> list[Hit]:
        """The best by score and credit; only the first few are looked up, since credit moves a tool but little."""
        first = sorted(scores, key=lambda row: (-scores[row], row))[: 2 * most]
        asked = f"SELECT row, title, summary, signature FROM known WHERE row IN ({', '.join('?' * len(first))})"  # noqa: S608 -- only question marks are put in
        credit = self._credit()
        hits = [
            Hit(title, summary, signature, scores[row] * (1 + CREDIT * credit.get(title, 0.0)))
            for row, title, summary, signature in cache.execute(asked, first)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.name))[:most]

    def _telling(self, cache: sqlite3.Connection, fingerprint: str, words: list[str], many: int) -> list[str]:
        """Those of ``words`` that do not stand in a large share of ``many`` tools; all of them where none is left."""
        if many < _MANY:
            return words
        with self._lock:
            if self._counts[0] != fingerprint:
                self._counts = (fingerprint, {})
            counts = self._counts[1]
        for word in words:
            if word not in counts:
                counts[word] = cache.execute(_COUNT, (joined([word]),)).fetchone()[0]
        return [word for word in words if counts[word] <= _COMMON * many] or words


def _fits(query: str, best: Sequence[Hit], tools: int, *, meaning: bool) -> bool:
    scores = [hit.score for hit in best]
    return bool(best) and fits(signs(query, best[0].name, best[0].summary, scores, tools), meaning=meaning)
