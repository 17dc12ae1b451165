"""Which tools are near to a request in meaning; their vectors are kept in the search cache, by their texts."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentforge.models.meaning import Meaning

AT_ONCE = 200
"""What so many new tools mean is worked out within one search (about 2 s); the rest is left to later ones."""


class Nearness:
    """Cosines of requests and tools by ``meaning``; may be used from any thread."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning
        self._fingerprint = ""
        self._rows: list[int] = []
        self._places: dict[int, int] = {}
        self._vectors = meaning.none()
        self._lock = threading.Lock()

    def of(
        self, cache: sqlite3.Connection, fingerprint: str, query: str, rows: Iterable[int], most: int
    ) -> dict[int, float]:
        """By its row in the cache the cosine of each tool in ``rows`` and of the ``most`` nearest ones; nothing while
        the meaning of some tools is still to be worked out.
        """
        with self._lock:
            if fingerprint != self._fingerprint and not self._taken_up(cache, fingerprint):
                return {}
            known, places, vectors = self._rows, self._places, self._vectors
        cosines = self._meaning.cosines(vectors, self._meaning.of([query]))
        nearest = self._meaning.largest(cosines, most)
        wanted = {*nearest, *(places[row] for row in rows if row in places)}
        return {known[place]: float(cosines[place]) for place in wanted}

    def prepare(self, cache: sqlite3.Connection) -> None:
        """Works out all that is missing."""
        while self._work_out(cache):
            pass

    def _taken_up(self, cache: sqlite3.Connection, fingerprint: str) -> bool:
        if self._work_out(cache):
            return False
        vectors = dict[str, bytes](cache.execute("SELECT contents, vector FROM meanings").fetchall())
        known: list[tuple[int, str]] = cache.execute("SELECT row, meaning FROM known ORDER BY row").fetchall()
        self._rows = [row for row, _ in known]
        self._places = {row: place for place, row in enumerate(self._rows)}
        self._vectors = self._meaning.read([vectors[self._key(text)] for _, text in known])
        self._fingerprint = fingerprint
        return True

    def _work_out(self, cache: sqlite3.Connection) -> int:
        """Works some of what is missing out, and says how many are missing still."""
        there = {contents for (contents,) in cache.execute("SELECT contents FROM meanings")}
        texts = {self._key(text): text for (text,) in cache.execute("SELECT meaning FROM known")}
        missing = [key for key in texts if key not in there]
        some = missing[:AT_ONCE]
        if some or len(there) > 2 * len(texts):
            made = self._meaning.written(self._meaning.of([texts[key] for key in some]))
            with cache:
                cache.executemany("INSERT OR REPLACE INTO meanings VALUES (?, ?)", zip(some, made, strict=True))
                cache.executemany(
                    "DELETE FROM meanings WHERE contents = ?", ((key,) for key in there if key not in texts)
                )
        return len(missing) - len(some)

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self._meaning.name}\0{text}".encode(errors="replace")).hexdigest()
