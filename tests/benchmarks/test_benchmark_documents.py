"""The benchmark of documents measures what it says."""

from __future__ import annotations

from agentforge.memory.documents.passages import passages_of
from benchmarks.documents import PASSAGES, Words, measured


def test_a_document_has_the_passages_that_are_counted() -> None:
    assert len(passages_of(Words().document("A title"), "d000000000000")) == PASSAGES


def test_every_row_is_measured() -> None:
    found = measured(2 * PASSAGES, searches=2)
    assert len(found) == 6
    assert all(elapsed > 0 and used >= 0 for elapsed, used in found.values())
