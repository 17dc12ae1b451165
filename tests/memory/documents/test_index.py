"""Search over passages: any text is a query, and the file is only a cache."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentforge.gitstore.store import GitStore
from agentforge.memory.documents import index as module
from agentforge.memory.documents.index import PassageIndex
from agentforge.memory.documents.library import Documents

from .conftest import POLICY, keep


@pytest.fixture
def index(documents: Documents, tmp_path: Path) -> Iterator[PassageIndex]:
    keep(documents, POLICY, trusted=True)
    keep(
        documents,
        "# Sick leave\n\nA note is needed from the third day of an illness on, from a physician.\n",
        "/sick.md",
    )
    return PassageIndex(documents, tmp_path / "cache" / "documents.db")


def test_the_best_passage_comes_first_with_its_citation(index: PassageIndex) -> None:
    best = index.search("how much are meals a day?")[0]
    assert best.citation == "Travel policy 2026, Meals, lines 5–7"
    assert best.passage.text.startswith("Meals are paid up to 28 EUR")
    assert best.score > 0
    scores = [hit.score for hit in index.search("rooms in France, meals and illness")]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) > 2


def test_headings_and_titles_are_searched_too(index: PassageIndex) -> None:
    assert index.search("hotel in France")[0].passage.headings == ("Hotel", "France")
    assert index.search("sick")[0].title == "Sick leave"


def test_a_hit_says_whether_its_words_are_trusted(index: PassageIndex) -> None:
    assert not index.search("meals")[0].untrusted
    assert index.search("illness")[0].untrusted


def test_a_passage_is_what_the_document_has(index: PassageIndex, documents: Documents) -> None:
    hit = index.search("illness")[0]
    assert hit.passage in documents.passages(hit.passage.document)


def test_the_title_that_a_text_gives_itself_is_found_under_another_name(
    documents: Documents, index: PassageIndex
) -> None:
    keep(documents, POLICY, title="Our rules")
    assert index.search("travel")[0].title == "Our rules"


def test_what_changes_is_found_at_once_and_what_went_no_more(documents: Documents, index: PassageIndex) -> None:
    assert not index.search("ferry")
    keep(documents, POLICY.replace("journey", "ferry trip"))
    assert index.search("ferry")[0].passage.headings == ("Meals",)
    documents.remove("Sick leave")
    assert not index.search("illness")


def test_only_documents_that_changed_are_cut_again(
    documents: Documents, index: PassageIndex, store: GitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.search("meals")
    read: list[str] = []
    honest = Documents.read
    monkeypatch.setattr(Documents, "read", lambda self, folders: read.extend(folders) or honest(self, folders))
    store.commit({"tools/x/tool.py": b"x"}, subject="A tool", trailers={}, expected=store.head())
    assert index.search("meals")
    assert read == []
    changed = keep(documents, POLICY.replace("28", "30"))
    assert index.search("meals")
    assert read == [changed.document.id]


def test_the_cache_is_thrown_away_where_it_is_damaged_or_of_another_form(
    index: PassageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "cache" / "documents.db"
    expected = index.search("meals")
    place.write_bytes(b"rubbish" * 999)
    assert index.search("meals") == expected
    with sqlite3.connect(place) as cache:
        cache.execute("PRAGMA user_version = 99")
    assert index.search("meals") == expected
    monkeypatch.setattr(module, "FORMAT", 2)
    assert index.search("meals") == expected
    with sqlite3.connect(place) as cache:
        assert cache.execute("PRAGMA user_version").fetchone() == (2,)


def test_where_no_cache_can_be_kept_the_search_works_all_the_same(documents: Documents, tmp_path: Path) -> None:
    keep(documents, POLICY)
    (tmp_path / "file").write_text("no folder")
    assert PassageIndex(documents, tmp_path / "file" / "documents.db").search("meals")


def test_two_searches_at_once_share_the_cache(documents: Documents, index: PassageIndex, tmp_path: Path) -> None:
    index.search("meals")
    with sqlite3.connect(tmp_path / "cache" / "documents.db") as other:
        other.execute("BEGIN IMMEDIATE")
        keep(documents, POLICY.replace("28", "30"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "BUSY_SECONDS", 0.05)
            assert "30 EUR" in index.search("meals")[0].passage.text


@pytest.mark.parametrize("query", ["", "   ", "zebra", "the of and", "?!", '"', "' OR 1=1 --", "\0", "*", "NEAR("])
def test_what_no_passage_is_about_finds_none(index: PassageIndex, query: str) -> None:
    assert index.search(query) == []


@pytest.mark.parametrize(
    "query", ['meals" OR "', "meals AND NOT words", "text:meals", "meals*^", "-meals", "meals\ud800"]
)
def test_the_query_language_of_the_database_means_nothing(index: PassageIndex, query: str) -> None:
    assert "Meals" in index.search(query)[0].passage.headings


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.text())
def test_any_text_is_a_legal_query(index: PassageIndex, query: str) -> None:
    assert isinstance(index.search(query), list)


def test_at_most_k_are_given(index: PassageIndex) -> None:
    assert len(index.search("EUR paid rooms meals", 2)) == 2
    assert index.search("meals", 0) == []


def test_before_the_first_document_nothing_is_found(documents: Documents, tmp_path: Path) -> None:
    assert PassageIndex(documents, tmp_path / "documents.db").search("meals") == []


def test_common_words_do_not_hide_a_rare_one(
    documents: Documents, index: PassageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what holds one of the rarest words is ranked, and that by all words of the query."""
    monkeypatch.setattr(module, "MOST_ROWS", 5)
    sections = "\n\n".join(f"## Town {n}\n\nRooms in this town are paid up to {n} euros a night." for n in range(40))
    keep(
        documents,
        f"# Towns\n\n{sections}\n\n## Zurich\n\nRooms in this town are dear, paid up to 300 francs a night.\n",
        "/t.md",
    )
    found = index.search("rooms paid per night in this town of Zurich, in francs")
    assert found[0].passage.headings == ("Zurich",)
    assert index.search("rooms")
