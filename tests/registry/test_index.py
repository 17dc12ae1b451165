"""Search over the live tools: any text is a query, and the file is only a cache."""

import json
import random
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_tools import make_tool, write_tool

from agentforge.registry.index import Index
from agentforge.registry.index_file import forget
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.registry.repository import Registry
from agentforge.types import Layer, State


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


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE about SET fingerprint = CAST(x'ff' AS TEXT)",
        "UPDATE about SET fingerprint = '', places = '{'",
        "UPDATE about SET fingerprint = '', places = CAST(x'ff' AS TEXT)",
        "DELETE FROM about",
    ],
)
def test_other_words_in_it_than_were_written_are_damage_too(index, tmp_path, damage):
    file = tmp_path / "cache" / "index.db"

    def damaged():
        with closing(sqlite3.connect(file)) as cache, cache:
            cache.execute(damage)

    index.search("slug")
    damaged()
    assert names(index, "slug") == ["slugify"]
    damaged()
    forget(file, ["slugify"], Layer.USER, "0" * 40)
    assert not file.exists() or _holds(file, "slugify") == 0


def _holds(file, name):
    with closing(sqlite3.connect(file)) as cache:
        return cache.execute("SELECT count(*) FROM known WHERE title = ?", (name,)).fetchone()[0]


def test_where_no_cache_can_be_kept_search_still_works(layers, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert names(Index(layers, tmp_path / "file" / "index.db"), "slug") == ["slugify"]


class Later:
    """The same user in another process: nothing is kept but what is on disk."""

    def __init__(self, layers, path, company=None):
        self.registry = Registry.open(layers.registry.path)
        self.layers = Layers(self.registry, BaseLayer(layers.base.folder), company)
        self.index = Index(self.layers, path / "cache" / "index.db")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.registry.close()


@pytest.fixture
def never_all(monkeypatch):
    """Reading all tools fails from when it is called."""
    return lambda: monkeypatch.setattr(Layers, "live", lambda self: pytest.fail("all tools were read"))


def test_another_process_reads_only_what_a_commit_changed(index, layers, registry, tmp_path, never_all):
    registry.add(make_tool("zebra_stripes", summary="Count stripes."), state=State.LIVE)
    index.search("slug")
    registry.add(make_tool("giraffe_spots", summary="Count spots."), state=State.LIVE)
    registry.set_state("zebra_stripes", State.RETIRED)
    never_all()
    with Later(layers, tmp_path) as later:
        assert names(later.index, "giraffe") == ["giraffe_spots"]
        assert names(later.index, "zebra") == []
        assert names(later.index, "slug") == ["slugify"]


def test_what_shadows_and_no_longer_shadows_is_followed(index, layers, registry, tmp_path, never_all):
    with Registry.create(tmp_path / "c.git", layer=Layer.COMPANY) as company:
        company.add(make_tool("slugify", summary="Shared by the company: zebra."), state=State.LIVE)
        with Later(layers, tmp_path, company) as later:
            assert names(later.index, "zebra") == ["slugify"], "another layer has come: all tools are read"
            never_all()
            registry.add(make_tool("slugify", summary="My own giraffe."), state=State.LIVE)
            assert names(later.index, "giraffe") == ["slugify"]
            assert names(later.index, "zebra") == []
            registry.set_state("slugify", State.QUARANTINED)
            assert names(later.index, "zebra") == ["slugify"]


def test_where_the_commit_that_it_was_made_at_is_gone_all_tools_are_read(index, layers, registry, tmp_path):
    index.search("slug")
    with closing(sqlite3.connect(tmp_path / "cache" / "index.db")) as cache, cache:
        places = json.loads(cache.execute("SELECT places FROM about").fetchone()[0])
        cache.execute("UPDATE about SET places = ?", (json.dumps({**places, "user": "f" * 40}),))
    registry.add(make_tool("zebra_stripes", summary="Count stripes."), state=State.LIVE)
    with Later(layers, tmp_path) as later:
        assert names(later.index, "zebra") == ["zebra_stripes"]


def test_followed_through_any_changes_it_is_what_is_made_anew(index, layers, registry, tmp_path):
    chance = random.Random(7)
    for number in range(25):
        standing = dict(registry.snapshot().states.tools)
        name = chance.choice(["slugify", "alpha", "beta", "gamma"])
        if name in standing and chance.random() < 0.6:
            registry.set_state(name, chance.choice([State.LIVE, State.RETIRED, State.QUARANTINED]))
        else:
            made = make_tool(name, summary=f"Number {number} of zebras.")
            parent = standing[name].version if name in standing else ""
            origin = made.manifest.provenance.model_copy(update={"parent": parent})
            registry.add(
                replace(made, manifest=made.manifest.model_copy(update={"provenance": origin})), state=State.LIVE
            )
        if number % 3:
            continue
        with Later(layers, tmp_path) as later:
            anew = Index(later.layers, tmp_path / f"{number}.db")
            for query in ("zebras", "number slug", "count text"):
                assert sorted(names(later.index, query)) == sorted(names(anew, query))
            assert rows(tmp_path / "cache" / "index.db") == rows(tmp_path / f"{number}.db")


def rows(path):
    with closing(sqlite3.connect(path)) as cache:
        return sorted(cache.execute("SELECT title, contents, summary, signature FROM known").fetchall())


def test_what_is_taken_out_of_use_leaves_no_word_in_the_file(index, registry, tmp_path):
    registry.add(make_tool("zebra_stripes", summary="Count quagga patterns."), state=State.LIVE)
    index.search("zebra")
    file = tmp_path / "cache" / "index.db"
    assert b"quagga" in file.read_bytes()
    told = []
    registry.on_withdrawn = lambda names, commit: told.append(names) or forget(file, names, Layer.USER, commit)
    registry.set_state("zebra_stripes", State.QUARANTINED, "It stole.")
    assert told == [["zebra_stripes"]]
    assert b"quagga" not in file.read_bytes()
    assert b"zebra" not in file.read_bytes()
    assert names(index, "slug") == ["slugify"]
    registry.set_state("zebra_stripes", State.LIVE)
    assert names(index, "zebra") == ["zebra_stripes"], "what is released is found again"
    assert len(told) == 1


def test_forgetting_what_came_back_meanwhile_loses_nothing(index, registry, tmp_path):
    registry.add(make_tool("slugify", summary="My own zebra."), state=State.LIVE)
    index.search("zebra")
    registry.set_state("slugify", State.RETIRED)
    assert names(index, "slug") == ["slugify"], "another search was faster, and has the one of the layer below"
    forget(tmp_path / "cache" / "index.db", ["slugify"], Layer.USER, registry.head())
    assert names(index, "slug") == ["slugify"]
