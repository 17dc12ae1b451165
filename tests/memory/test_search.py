"""Words find the sessions in which they were said: the best first, no others, and no text breaks the search."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentforge.database.store import Database
from agentforge.database.tables import SAID
from agentforge.events import Event
from agentforge.memory import search as module
from agentforge.memory.episodes import Episodes
from agentforge.memory.search import Found, search, words_of

from .conftest import assistant_says, user_says

ME = {"org": "personal", "user": "ada"}


def sessions(found: list[Found]) -> list[str]:
    return [one.session for one in found]


def test_what_user_and_assistant_said_tools_and_errors_are_found(
    episodes: Episodes, each_database: Database, me: dict[str, str]
) -> None:
    session, other = episodes.start("Invoices"), episodes.start("Other")
    episodes.append(session, user_says("Add up the invoices of March"), 1)
    episodes.append(session, assistant_says("They come to 1,200 euros."), 1)
    episodes.record_call(session, 2, "sum_amounts", "v1", {"hidden": "walrus"}, "raised", "ValueError: no comma", 0.1)
    episodes.record_event(session, Event("failed", {"message": "The endpoint refused"}, turn=3))
    episodes.append(other, user_says("Something else"), 1)
    wanted = {"march": ("user", 1), "EUROS": ("assistant", 1), "sum_amounts": ("tool", 2), "comma": ("error", 2)}
    for words, expected in {**wanted, "refused": ("error", 3)}.items():
        (found,) = search(each_database, words, **me)
        assert (found.session, found.title, found.kind, found.turn) == (session, "Invoices", *expected), words
        assert words.lower() in found.snippet.lower()
    assert search(each_database, "walrus", **me) == []  # what calls were given is not said by anybody


def test_the_more_of_the_words_the_better_and_a_session_comes_once(
    episodes: Episodes, each_database: Database, me: dict[str, str]
) -> None:
    one, both = episodes.start(), episodes.start()
    for text in ("a heron is a bird", "herons wade", "the heron again"):
        episodes.append(one, user_says(text))
    episodes.append(both, user_says("Otto the heron"))
    assert sessions(search(each_database, "otto heron", **me)) == [both, one]
    assert sessions(search(each_database, "otto heron", **me, limit=1)) == [both]
    assert search(each_database, "otto heron", **me, limit=0) == []


def test_time_bounds_hold(episodes: Episodes, each_database: Database, me: dict[str, str]) -> None:
    session = episodes.start()
    episodes.append(session, user_says("heron"))
    now = datetime.now(UTC)
    later, earlier = now + timedelta(minutes=1), now - timedelta(minutes=1)
    assert sessions(search(each_database, "heron", **me, since=earlier, before=later)) == [session]
    assert search(each_database, "heron", **me, since=later) == []
    assert search(each_database, "heron", **me, before=earlier) == []


def test_a_long_text_is_shown_around_the_word(episodes: Episodes, each_database: Database, me: dict[str, str]) -> None:
    episodes.append(episodes.start(), user_says("before " * 500 + "heron " + "after " * 500))
    (found,) = search(each_database, "heron", **me)
    assert "heron" in found.snippet
    assert len(found.snippet) <= 2 * module.SNIPPET_CHARS
    assert found.snippet[0] == found.snippet[-1] == "…"


def test_on_sqlite_stems_beginnings_and_accents_do_not_matter(database: Database) -> None:
    session = Episodes(database, **ME).start()
    Episodes(database, **ME).append(session, user_says("She parsed café receipts"))
    for words in ("parsing", "receipt", "cafe", "rece"):
        assert sessions(search(database, words, **ME)) == [session], words


def test_what_a_secret_was_is_not_found(episodes: Episodes, each_database: Database, me: dict[str, str]) -> None:
    session = episodes.start()
    episodes.append(session, user_says("the word is blue-horse-42"))
    assert sessions(search(each_database, "word", **me)) == [session]
    assert search(each_database, "horse", **me) == []


def test_text_that_no_database_takes_is_stored_and_found(
    episodes: Episodes, each_database: Database, me: dict[str, str]
) -> None:
    session = episodes.start()
    episodes.append(session, user_says("a heron\ud800 here"))
    assert sessions(search(each_database, "heron", **me)) == [session]


@cache
def full(kind: str) -> Database:
    """A database with one session; in both ways of searching."""
    del kind
    database = Database.open("sqlite://")
    episodes = Episodes(database, **ME)
    episodes.append(episodes.start(), user_says("AND OR NOT NEAR heron ( ) \" * ^ : - + { } _ ____ 'quoted'"))
    return database


@given(st.text(max_size=200))
@example('"')
@example("____ _")
@example('heron" OR text:*')
@example("NEAR(heron, 2) AND NOT ^x -y {z}")
@example("nul\0nul \ud800")
@example("%_\\")
def test_any_text_is_a_legal_query(query: str) -> None:
    for way in (module._by_index, module._by_comparing):
        words = words_of(query)
        bounds = {**ME, "since": "", "before": "~"}
        with full(way.__name__).read() as connection:
            found = way(connection, words, bounds, 5) if words else []
        assert len(found) <= 1
        if "heron" in words:
            assert len(found) == 1


def test_both_ways_know_the_same_words(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    episodes = Episodes(database, **ME)
    for text in ("a heron", "a pelican and a heron", "nothing"):
        episodes.append(episodes.start(), user_says(text))
    bounds = {**ME, "since": "", "before": "~"}
    with database.read() as connection:
        by_index = module._by_index(connection, ["heron", "pelican"], bounds, 5)
        by_comparing = module._by_comparing(connection, ["heron", "pelican"], bounds, 5)
    assert sessions(by_index) == sessions(by_comparing)
    assert len(by_index) == 2


def test_the_index_follows_in_the_same_transaction(database: Database) -> None:
    episodes = Episodes(database, **ME)
    session = episodes.start()

    def fail_halfway() -> None:
        with database.write() as connection:
            row = {**ME, "session": session, "kind": "user", "text": "heron"}
            connection.execute(SAID.insert().values(**row))
            raise RuntimeError

    def indexed() -> int:
        with database.read() as connection:
            return connection.exec_driver_sql("select count(*) from said_words('heron')").scalar_one()

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert indexed() == 0
    episodes.append(session, user_says("heron"))
    assert indexed() == 1
