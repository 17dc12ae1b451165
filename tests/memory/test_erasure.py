"""What is erased is gone: from every table, from the index, from the file; and nothing else is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from agentforge.database.store import Database
from agentforge.database.tables import CALLS, JOB_STEPS, JOBS, LABELS, MESSAGES, METADATA, SESSIONS
from agentforge.errors import UsageError
from agentforge.events import Event
from agentforge.jobs.protocol import Holder, NewJob
from agentforge.memory.belonging import mine
from agentforge.memory.episodes import Episodes, new_call_id
from agentforge.memory.erasure import TABLES, Scope, erase, foreseen
from agentforge.memory.forks import fork
from agentforge.memory.jobs import JobRows
from agentforge.memory.outcomes import Outcomes
from agentforge.memory.records import FinishedCall
from agentforge.memory.search import search, stamp
from agentforge.memory.truths import Answered, Truths
from agentforge.types import Role, Usage

from .conftest import user_says

WORD = "pangolin"
LATER = "2999-01-01T00:00:00.000000"


def fill(database: Database, me: dict[str, str], word: str = WORD) -> str:
    """A session with rows in every table, all of which hold the word."""
    episodes = Episodes(database, **me)
    session = episodes.start(f"{word} title")
    episodes.append(session, user_says(f"about {word}"), 1)
    call = episodes.record_call(
        session, 1, FinishedCall("count", "v1", {"of": word}, "raised", f"ValueError: {word}", 0.5)
    )
    episodes.record_cost(session, 1, Role.PLAN, word, Usage(1, 1, 0, 1), 1.5, "answer")
    episodes.record_source(session, "page", f"{word}.example")
    episodes.record_event(session, Event("turn_started", {"text": word}, turn=1))
    outcomes = Outcomes(database, **me)
    outcomes.label(outcomes.call(call), "wrong", by="user", expected={"returns": word}, reason=word)
    Truths(database, **me).keep(Answered(session, 1, f"What about {word}?", "Nothing."), "wrong", word)
    jobs = JobRows(database, **me)
    jobs.create(NewJob(f"j-{session}", "forging", "count", {"purpose": word}, session))
    jobs.keep(f"j-{session}", "tests", {"code": word})
    return session


def rows(database: Database, me: dict[str, str], word: str = "") -> int:
    """In how many rows of a user a word stands, in any table."""
    with database.read() as connection:
        queries = (select(table).where(mine(table, **me)) for table in TABLES)
        return sum(word in str(row) for query in queries for row in connection.execute(query))


def on_disk(folder: Path, word: str) -> int:
    return sum(path.read_bytes().count(word.encode()) for path in folder.iterdir())


@pytest.fixture
def others(each_database: Database, me: dict[str, str]) -> Iterator[None]:
    """Somebody else, of whom nothing may change."""
    them = {**me, "user": me["user"] + "x"}
    fill(each_database, them, "heron")
    before = rows(each_database, them)
    yield
    assert rows(each_database, them) == before


def test_every_table_is_erased_from() -> None:
    assert {*TABLES} == {*METADATA.tables.values()}


@pytest.mark.usefixtures("others")
def test_one_session_leaves_every_table(each_database: Database, me: dict[str, str]) -> None:
    session, kept = fill(each_database, me), fill(each_database, me, "narwhal")
    before = rows(each_database, me, "narwhal")
    scope = Scope(**me, session=session)
    told = foreseen(each_database, scope)
    assert rows(each_database, me, WORD) > 0
    done = erase(each_database, scope)
    assert done == told
    assert done.sessions == (session,)
    assert {name: count for name, count in done.rows.items() if count != 1} == {"said": 3}
    assert {*done.rows} == {*METADATA.tables}
    assert rows(each_database, me, WORD) == 0
    assert rows(each_database, me, "narwhal") == before
    assert search(each_database, WORD, **me) == []
    assert [one.session for one in search(each_database, "narwhal", **me)] == [kept]
    with pytest.raises(UsageError, match="There is no session"):
        erase(each_database, scope)


@pytest.mark.usefixtures("others")
def test_everything_holds_also_what_happened_outside_sessions(each_database: Database, me: dict[str, str]) -> None:
    fill(each_database, me)
    Episodes(each_database, **me).record_lone_call(
        FinishedCall("lone", "v1", {"of": WORD}, "returned", 1, 0.1), new_call_id()
    )
    JobRows(each_database, **me).create(NewJob(f"lone-{me['user']}", "forging", "count", {"purpose": WORD}))
    done = erase(each_database, Scope(**me))
    assert (len(done.sessions), done.rows["calls"], done.rows["jobs"]) == (1, 2, 2)
    assert rows(each_database, me) == 0


def grow_old(database: Database, me: dict[str, str], days: int) -> None:
    """Everything that this user has happened so many days earlier."""
    then = stamp(datetime.now(UTC) - timedelta(days=days))
    with database.write() as connection:
        for table in TABLES:
            times = {name: then for name in ("created", "updated", "time") if name in table.c}
            connection.execute(update(table).where(table.c.org == me["org"], table.c.user == me["user"]).values(times))


@pytest.mark.usefixtures("others")
def test_before_a_time_old_sessions_go_and_those_that_went_on_lose_their_beginning(
    each_database: Database, me: dict[str, str]
) -> None:
    episodes = Episodes(each_database, **me)
    gone, went_on = fill(each_database, me), fill(each_database, me)
    forked = fork(each_database, went_on, **me)
    episodes.record_lone_call(FinishedCall("lone", "v1", {"of": WORD}, "returned", 1, 0.1), new_call_id())
    grow_old(each_database, me, days=10)
    episodes.append(went_on, user_says("about a walrus"), 2)
    episodes.append(forked, user_says("about a walrus"), 2)
    fresh = fill(each_database, me, "narwhal")
    untouched = rows(each_database, me, "narwhal")
    done = erase(each_database, Scope(**me, before=stamp(datetime.now(UTC) - timedelta(days=5))))
    assert done.sessions == (gone,)
    assert {*done.shortened} == {went_on, forked}
    assert {one.id: one.title for one in episodes.list()} == {fresh: "narwhal title", forked: "", went_on: ""}
    assert [*episodes.messages(went_on), *episodes.messages(forked)] == [user_says("about a walrus")] * 2
    assert episodes.tainted(went_on)
    assert episodes.tainted(forked)
    assert rows(each_database, me, WORD) == 2  # the two sources: taint stays
    assert rows(each_database, me, "narwhal") == untouched
    assert {one.session for one in search(each_database, "walrus", **me)} == {went_on, forked}


@pytest.mark.parametrize("by", ["session", "before"])
def test_what_a_night_that_was_cut_off_had_read_in_it_goes_too(
    each_database: Database, me: dict[str, str], by: str
) -> None:
    session, jobs = fill(each_database, me), JobRows(each_database, **me)
    jobs.create(NewJob("night", "sleep", "night", {"tokens": 9}))
    jobs.keep("night", f"memory/{session}/model", {"entries": [{"text": f"Keeps a {WORD}."}]})
    scope = Scope(**me, session=session) if by == "session" else Scope(**me, before=LATER)
    erase(each_database, scope)
    assert rows(each_database, me, WORD) == 0
    assert jobs.steps("night") == {}


def test_forks_that_hold_a_copy_are_told_also_where_one_between_them_is_gone(
    each_database: Database, me: dict[str, str]
) -> None:
    first = fill(each_database, me)
    second = fork(each_database, first, **me)
    third = fork(each_database, second, **me)
    unrelated = fork(each_database, fill(each_database, me), **me)
    assert foreseen(each_database, Scope(**me, session=first)).forks == (second, third)
    assert erase(each_database, Scope(**me, session=second)).forks == (third,)
    assert Episodes(each_database, **me).load(third).parent == first
    assert erase(each_database, Scope(**me, session=first)).forks == (third,)
    assert unrelated not in foreseen(each_database, Scope(**me, session=third)).forks


def test_the_words_are_gone_from_the_file(database: Database, me: dict[str, str], tmp_path: Path) -> None:
    for _ in range(20):
        session = fill(database, me)
        fill(database, me, "narwhal")
        assert on_disk(tmp_path, WORD) > 0
        erase(database, Scope(**me, session=session))
    assert on_disk(tmp_path, WORD) > 0
    assert database.scrub() == ""
    assert on_disk(tmp_path, WORD) == 0
    assert on_disk(tmp_path, "narwhal") > 0
    with database.read() as connection:
        connection.exec_driver_sql("create virtual table temp.terms using fts5vocab(main, said_words, row)")
        terms = {*connection.exec_driver_sql("select term from temp.terms").scalars()}
    assert "narwhal" in terms
    assert WORD not in terms


def test_what_still_runs_for_it_leaves_nothing_behind(each_database: Database, me: dict[str, str]) -> None:
    session = fill(each_database, me)
    jobs, outcomes, episodes = (
        JobRows(each_database, **me),
        Outcomes(each_database, **me),
        Episodes(each_database, **me),
    )
    taken = jobs.take(f"j-{session}", Holder("one", lambda label: False))
    assert taken is not None
    call = outcomes.call(episodes.load(session).calls[0].id)
    erase(each_database, Scope(**me, session=session))
    jobs.keep(taken.id, "further", {"code": WORD})
    assert not jobs.renew(taken.id, taken.takes)
    with pytest.raises(UsageError, match="There is no tool call"):
        outcomes.label(call, "wrong", by="user", expected={"returns": WORD})
    with pytest.raises(UsageError, match="There is no session"):
        episodes.append(session, user_says(WORD))
    with pytest.raises(UsageError, match="There is no session"):
        episodes.record_event(session, Event("turn_started", {"text": WORD}))
    assert rows(each_database, me, WORD) == 0


@pytest.mark.parametrize("what", ["message", "label", "step"])
def test_what_is_being_written_meanwhile_goes_too(each_database: Database, me: dict[str, str], what: str) -> None:
    """It waits for who is writing, on PostgreSQL as well, where several write at once."""
    session = fill(each_database, me)
    call = Episodes(each_database, **me).load(session).calls[0].id
    table, of = {"message": (SESSIONS, session), "label": (CALLS, call), "step": (JOBS, f"j-{session}")}[what]
    row = {
        "message": (MESSAGES, {"session": session, "content": WORD}),
        "label": (LABELS, {"call": call}),
        "step": (JOB_STEPS, {"job": f"j-{session}", "key": "late"}),
    }[what]
    with ThreadPoolExecutor() as pool:
        with each_database.write() as connection:
            connection.execute(select(table.c.id).where(table.c.id == of).with_for_update())  # as every writer does
            connection.execute(insert(row[0]).values(**me, **row[1]))
            erasing = pool.submit(erase, each_database, Scope(**me, session=session))
            time.sleep(1)  # it comes as far as it can
            assert not erasing.done()
        erasing.result(30)
    assert rows(each_database, me) == 0


def test_a_session_of_somebody_else_is_none(each_database: Database, me: dict[str, str]) -> None:
    session = fill(each_database, me)
    for them in ({**me, "user": "eve"}, {**me, "org": "acme"}):
        for action in (foreseen, erase):
            with pytest.raises(UsageError, match="There is no session"):
                action(each_database, Scope(**them, session=session))
    assert Episodes(each_database, **me).exists(session)
