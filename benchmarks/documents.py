"""What documents cost as they become more: keeping one, building the search index, a search, one change.

A registry of its own is filled with made-up documents of 50 passages each, whose words come as often as words do
(Zipf's law). Queries are of three rare words, of ten words as they come (a question), and of 64 (a long message).
Processor time is told beside elapsed time, since the machine may be busy; keeping a document waits for the disk.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import TypeVar

from agentforge.gitstore.store import GitStore
from agentforge.memory.documents.conversion import Converted, digest_of
from agentforge.memory.documents.index import PassageIndex
from agentforge.memory.documents.library import Documents

SIZES = (100, 1_000, 10_000)
PASSAGES = 50
"""Of one document."""

T = TypeVar("T")
Times = tuple[float, float]
"""Milliseconds: elapsed, and of the processor."""


class Words:
    """Made-up words, some common and most of them rare; the same in every run."""

    def __init__(self) -> None:
        self._random = random.Random(1)  # the same documents in every run
        made = {"".join(self._syllable() for _ in range(self._random.randint(2, 4))) for _ in range(12_000)}
        self.known = sorted(made)
        self._random.shuffle(self.known)
        self._often = [1 / (rank + 3) for rank in range(len(self.known))]

    def as_they_come(self, number: int) -> str:
        """A text of so many words."""
        return " ".join(self._random.choices(self.known, weights=self._often, k=number))

    def rare(self, number: int) -> str:
        """So many words of those that hardly any passage holds."""
        return " ".join(self._random.choices(self.known[2000:], k=number))

    def document(self, title: str) -> str:
        """A document of :data:`PASSAGES` sections."""
        sections = (
            f"## {self.as_they_come(3)}\n\n{self.as_they_come(self._random.randint(30, 110))}." for _ in range(PASSAGES)
        )
        return "\n\n".join([f"# {title}", *sections]) + "\n"

    def _syllable(self) -> str:
        return self._random.choice("bcdfghjklmnprstvwz") + self._random.choice("aeiou")


def timed(work: Callable[[], T]) -> tuple[T, Times]:
    """What ``work`` gives, and what it took."""
    begun, used = time.perf_counter(), time.process_time()
    done = work()
    return done, ((time.perf_counter() - begun) * 1000, (time.process_time() - used) * 1000)


def middle(times: Sequence[Times]) -> Times:
    """Medians."""
    return median(elapsed for elapsed, _ in times), median(used for _, used in times)


def measured(passages: int, searches: int) -> dict[str, Times]:
    """What a registry of so many passages takes."""
    words = Words()
    with tempfile.TemporaryDirectory() as folder, GitStore.create(Path(folder, "r.git"), {"state.toml": b""}) as store:
        documents, index = Documents(store), PassageIndex(Documents(store), Path(folder, "index.db"))

        def keep(number: int) -> None:
            text = words.document(f"Document {number}")
            documents.keep(f"/{number}.md", digest_of(text.encode()), Converted(text, "markdown", f"Document {number}"))

        kept = middle([timed(lambda number=number: keep(number))[1] for number in range(passages // PASSAGES)])
        found = {"keeping one document": kept, "building the index": timed(lambda: index.search("word"))[1]}
        for name, query in {
            "search, 3 rare words": lambda: words.rare(3),
            "search, 10 words": lambda: words.as_they_come(10),
            "search, 64 words": lambda: words.as_they_come(64),
        }.items():
            asked = [query() for _ in range(searches)]
            found[name] = middle([timed(lambda one=one: index.search(one, 5))[1] for one in asked])
        keep(0)
        return {**found, "search after one change": timed(lambda: index.search("word"))[1]}


def main() -> None:
    """Prints a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--quick", action="store_true", help="only the two smaller sizes, few searches")
    given = parser.parse_args()
    sizes, searches = (SIZES[:2], 10) if given.quick else (SIZES, 50)
    told = {size: measured(size, searches) for size in sizes}
    if given.json:
        print(json.dumps({str(size): rows for size, rows in told.items()}))
        return
    print("| milliseconds: elapsed (processor) |", " | ".join(f"{size:,} passages" for size in sizes), "|")
    print("|---|" + "---|" * len(sizes))
    for name in told[sizes[0]]:
        cells = (f"{told[size][name][0]:.1f} ({told[size][name][1]:.1f})" for size in sizes)
        print(f"| {name} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
