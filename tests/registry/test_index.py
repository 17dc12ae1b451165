"""Search over the live tools: any text is a query, and the file is only a cache."""

import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_tools import make_tool, write_tool

from agentforge.registry.index import Index
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.types import State


@pytest.fixture
def layers(registry, tmp_path):
    folder = tmp_path / "toolbox"
    for tool in (
        make_tool("parse_duration", summary="Read a length of time such as 1h30m.", requests=["How long is 90 min?"]),
        make_tool("format_bytes", summary="Show a number of bytes for people.", requests=["How big is this file?"]),
        make_tool("slugify", summary="Turn text into a URL slug.", requests=["Make a link name from a title."]),
        make_tool("word_count", summary="Count the words in a text."),
    ):
        write_tool(folder, tool)
    return Layers(registry, BaseLayer(folder))


@pytest.fixture
def index(layers, tmp_path):
    return Index(layers, tmp_path / "cache" / "index.db")


def names(index, query, k=5):
    return [hit.name for hit in index.search(query, k)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("duration", "parse_duration"),
        ("parse durations please", "parse_duration"),
        ("PARSE_DURATION", "parse_duration"),
        ("a slug for my page title", "slugify"),
        ("counting words", "word_count"),
        ("how big is it in bytes?", "format_bytes"),
    ],
)
def test_the_best_tool_comes_first(index, query, first):
    assert names(index, query)[0] == first


def test_a_hit_says_what_the_tool_is(index):
    hit = index.search("slug")[0]
    assert (hit.name, hit.summary, hit.signature) == ("slugify", "Turn text into a URL slug.", "(text: str) -> str")
    assert hit.score > 0
    scores = [hit.score for hit in index.search("text bytes words")]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("query", ["", "   ", "zebra", "the of and", "?!", '"', "' OR 1=1 --", "\0", "*", "NEAR("])
def test_what_no_tool_is_about_finds_none(index, query):
    assert index.search(query) == []


def test_at_most_k_are_given(index):
    assert len(index.search("text words bytes time", 2)) == 2
    assert index.search("text", 0) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.text())
def test_any_text_is_a_legal_query(index, query):
    assert isinstance(index.search(query), list)


@pytest.mark.parametrize(
    "query", ['slug" OR "', "slug AND NOT text", "name:slug", "slug*^", "NEAR(slug text)", "-slug", "slug\ud800"]
)
def test_the_query_language_of_the_database_means_nothing(index, query):
    assert "slugify" in names(index, query)


def test_a_very_long_query_is_no_trouble(index):
    assert names(index, "slug " + "word salad " * 1_000_000)[0] in {"slugify", "word_count"}


def test_a_new_tool_is_found_at_once(index, registry):
    assert names(index, "zebra") == []
    registry.add(make_tool("zebra_stripes", summary="Count stripes."), state=State.LIVE)
    assert names(index, "zebra") == ["zebra_stripes"]
    registry.set_state("zebra_stripes", State.RETIRED)
    assert names(index, "zebra") == []


def test_the_file_is_used_while_nothing_changed(index, tmp_path, monkeypatch):
    index.search("slug")
    monkeypatch.setattr(Layers, "live", lambda self: pytest.fail("the index was built again"))
    assert names(index, "slug") == ["slugify"]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["index.db"]


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_made_anew(index, tmp_path, damage):
    index.search("slug")
    (tmp_path / "cache" / "index.db").write_bytes(damage)
    assert names(index, "slug") == ["slugify"]
    with sqlite3.connect(tmp_path / "cache" / "index.db") as again:
        assert again.execute("SELECT count(*) FROM tools").fetchone() == (4,)
    again.close()


def test_a_page_damaged_in_the_middle_is_made_anew(index, tmp_path):
    index.search("slug")
    file = tmp_path / "cache" / "index.db"
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    assert names(index, "slug") == ["slugify"]


def test_where_no_cache_can_be_kept_search_still_works(layers, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert names(Index(layers, tmp_path / "file" / "index.db"), "slug") == ["slugify"]
