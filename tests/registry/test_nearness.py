"""Search by meaning and by what is known of answers, beside the words; and whether anything fits."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from sample_tools import make_tool

from agentforge.registry import confidence, nearness
from agentforge.registry.index import Index

np = pytest.importorskip("numpy")

from agentforge.models.meaning import Meaning  # noqa: E402 - it needs numpy

ABOUT = ("dog hound puppy", "tax money levy", "time clock hour")


class Topics(Meaning):
    """Vectors by hand: how many words of each topic a text has."""

    def __init__(self) -> None:
        super().__init__(Path())
        self.asked: list[str] = []

    def of(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        rows = [[0.1 + sum(word in text.lower() for word in topic.split()) for topic in ABOUT] for text in texts]
        vectors = np.array(rows, np.float32).reshape(len(texts), len(ABOUT))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Tools:
    """Live tools that can be others from one moment to the next."""

    def __init__(self, **summaries: str) -> None:
        self.summaries = summaries

    def fingerprint(self) -> str:
        return repr(sorted(self.summaries.items()))

    def places(self) -> dict[str, str]:
        """Nobody tells what differs between two moments."""
        return {}

    def moved_since(self, places: Mapping[str, str]) -> None:
        """All of them are read."""

    def live(self) -> list:
        return [make_tool(name, summary=summary) for name, summary in self.summaries.items()]


@pytest.fixture
def tools() -> Tools:
    return Tools(walk_puppy="Plan a walk.", file_levy="Work out what is owed.", set_clock="Set it.")


def names(index: Index, query: str, k: int = 5) -> list[str]:
    return [hit.name for hit in index.search(query, k)]


def test_a_tool_is_found_by_what_it_means(tools: Tools, tmp_path: Path) -> None:
    assert names(Index(tools, tmp_path / "w.db"), "my hound") == []
    assert names(Index(tools, tmp_path / "m.db", meaning=Topics()), "my hound")[0] == "walk_puppy"


def test_only_what_is_new_is_worked_out(tools: Tools, tmp_path: Path) -> None:
    topics = Topics()
    index = Index(tools, tmp_path / "index.db", meaning=topics)
    index.search("my hound")
    topics.asked.clear()
    tools.summaries["walk_hound"] = "Another."
    assert "walk_hound" in names(index, "my hound")
    assert topics.asked == ["walk hound: Another.", "my hound"]
    del tools.summaries["walk_puppy"]
    assert "walk_puppy" not in names(index, "my hound")


def test_the_file_is_kept_for_the_next_process(tools: Tools, tmp_path: Path) -> None:
    Index(tools, tmp_path / "index.db", meaning=Topics()).search("my hound")
    topics = Topics()
    assert names(Index(tools, tmp_path / "index.db", meaning=topics), "my hound")[0] == "walk_puppy"
    assert topics.asked == ["my hound"]


def test_until_all_is_worked_out_words_count_alone(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearness, "AT_ONCE", 2)
    index = Index(tools, tmp_path / "index.db", meaning=Topics())
    assert names(index, "my hound") == []
    assert names(index, "my hound")[0] == "walk_puppy"
    once = Index(tools, tmp_path / "other.db", meaning=Topics())
    once.prepare()
    assert names(once, "my hound")[0] == "walk_puppy"


def test_a_changed_tool_alone_is_read_again(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = Index(tools, tmp_path / "index.db")
    index.search("walk")
    read: list[str] = []
    monkeypatch.setattr("agentforge.registry.index_file.docstring_of", lambda _, name: read.append(name) or "")
    tools.summaries["walk_puppy"] = "Plan a stroll."
    assert names(index, "stroll") == ["walk_puppy"]
    assert read == ["walk_puppy"]
    with closing(sqlite3.connect(tmp_path / "index.db")) as cache:
        assert cache.execute("SELECT count(*) FROM tools").fetchone() == (3,)


def test_of_two_that_fit_alike_the_one_whose_answers_were_right_comes_first(tmp_path: Path) -> None:
    tools = Tools(sum_a="Add up figures.", sum_b="Add up figures.")
    known = SimpleNamespace(credit={})
    index = Index(tools, tmp_path / "index.db", credit=lambda: known.credit)
    assert names(index, "add figures") == ["sum_a", "sum_b"]
    known.credit = {"sum_a": -0.5, "sum_b": 0.5}
    assert names(index, "add figures") == ["sum_b", "sum_a"]


def test_credit_does_not_bring_up_what_fits_worse(tmp_path: Path) -> None:
    tools = Tools(add_figures="Add up figures.", list_figures="List all.")
    index = Index(tools, tmp_path / "index.db", credit=lambda: {"list_figures": 1.0, "add_figures": -1.0})
    assert names(index, "add up figures")[0] == "add_figures"


@pytest.mark.parametrize("meaning", [False, True])
def test_one_that_stands_out_fits_and_a_crowd_does_not(meaning: bool) -> None:
    strong, weak = (50.0, 12.0) if meaning else (20.0, 2.0)

    def fits(query: str, *scores: float) -> bool:
        return confidence.fits(confidence.signs(query, "count_words", "Count words.", scores, 1_000), meaning=meaning)

    assert fits("count the words", strong, *[weak] * 19)
    assert not fits("how is the weather over there", *[weak] * 20)
