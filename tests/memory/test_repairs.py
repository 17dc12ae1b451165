"""Repairs as rows of jobs: queued with the call, one at a time for each, and what is done stays done."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agentforge.database.store import Database
from agentforge.jobs.protocol import Ending, Holder
from agentforge.memory.episodes import Episodes, new_call_id
from agentforge.memory.jobs import JobRows, waiting
from agentforge.memory.outcomes import Known, Outcomes
from agentforge.memory.records import FinishedCall
from agentforge.memory.repairs import ASKED, WAITING, Repairs
from tests.database.forms import form, url

ME = {"org": "personal", "user": "ada"}
HOLDER = Holder("one", lambda label: False)


@pytest.fixture
def repairs(database: Database) -> Repairs:
    return Repairs(database, **ME)


def failed(database: Database) -> Known:
    call = new_call_id()
    Episodes(database, **ME).record_lone_call(
        FinishedCall("halve", "v1", {}, "raised", "KeyError: 1", 0.1, repair=True), call
    )
    return Outcomes(database, **ME).call(call)


def said(database: Database, call: Known, word: str = "wrong") -> Known:
    outcomes = Outcomes(database, **ME)
    outcomes.label(call, word, by="user")
    return outcomes.call(call.id)


def end(database: Database, job: str, ending: Ending) -> None:
    rows = JobRows(database, **ME)
    taken = rows.take(job, HOLDER)
    assert taken is not None
    assert rows.finish(job, taken.takes, ending)


def test_a_failed_call_is_queued_for_a_worker_from_the_moment_it_is_written(
    database: Database, repairs: Repairs
) -> None:
    episodes = Episodes(database, **ME)
    lone, session = failed(database).id, episodes.start("One")
    inside = episodes.record_call(
        session, 1, FinishedCall("double", "v1", {}, "raised", "KeyError: 1", 0.1, repair=True)
    )
    assert [one.call for one in repairs.ready()] == [lone, inside]
    assert [one.session for one in repairs.newest(name="double")] == [session]
    assert [one.call for one in repairs.newest(session=session)] == [inside]
    records = JobRows(database, **ME).list()
    assert {(one.kind, one.status, one.via) for one in records} == {("repair", "queued", "queue")}
    assert records[0].payload == {"call": inside, "said": 0}
    assert {ticket.job for ticket in waiting(database, HOLDER)} == {f"repair:{lone}", f"repair:{inside}"}


def test_it_is_one_row_however_often_it_is_queued(database: Database, repairs: Repairs) -> None:
    call = failed(database)
    assert {repairs.queue(call).id for _ in range(3)} == {f"repair:{call.id}"}
    end(database, f"repair:{call.id}", Ending("failed", "It broke off.", "failed", keep_steps=True))
    assert (repairs.queue(call).id, repairs.queue(call).status) == (f"repair:{call.id}", "queued")


def test_a_question_to_a_person_is_taken_by_nobody_and_the_answer_asks_anew(
    database: Database, repairs: Repairs
) -> None:
    call = failed(database)
    end(database, f"repair:{call.id}", Ending("done", "Say what is right.", ASKED))
    assert waiting(database, HOLDER) == []
    assert repairs.ready() == []
    assert [one.waits for one in repairs.newest()] == [True]
    answered = repairs.queue(said(database, call))
    assert answered.id == f"repair:{call.id}:2"
    assert [ticket.job for ticket in waiting(database, HOLDER)] == [answered.id]
    assert [one.id for one in repairs.newest()] == [answered.id]


def test_where_a_model_is_missing_no_worker_takes_it_again_but_it_waits(database: Database, repairs: Repairs) -> None:
    call = failed(database)
    end(database, f"repair:{call.id}", Ending("failed", "It waits for a model.", WAITING))
    assert waiting(database, HOLDER) == []
    assert [one.state for one in repairs.ready()] == [WAITING]


def test_what_goes_by_an_earlier_word_is_cancelled(database: Database, repairs: Repairs) -> None:
    call = failed(database)
    repairs.queue(said(database, call), "inline")
    rows = JobRows(database, **ME)
    assert [(one.status, one.via) for one in rows.list()] == [("queued", "inline"), ("cancelled", "queue")]


def test_a_good_word_closes_what_waits_and_what_was_asked(database: Database, repairs: Repairs) -> None:
    waits, asked = failed(database), failed(database)
    end(database, f"repair:{asked.id}", Ending("done", "Say what is right.", ASKED))
    for call in (waits, asked):
        repairs.close(call.id, "Noted as right.")
    assert [(one.waits, one.reason) for one in repairs.newest()] == [(False, "Noted as right.")] * 2


def test_those_of_other_users_are_invisible_and_untouched(database: Database, repairs: Repairs) -> None:
    call = failed(database)
    others = Repairs(database, org="personal", user="bob")
    assert others.newest() == []
    others.close(call.id, "Mine.")
    assert [one.status for one in repairs.newest()] == ["queued"]


def test_rows_from_before_they_were_jobs_are_queued_where_they_waited(tmp_path: Path) -> None:
    columns = "id, org, user, kind, name, state, artefacts"
    with form(tmp_path, "0003") as connection:
        for call, state in (("a", "waiting"), ("b", "adopted")):
            values = f"'repair:{call}', 'personal', 'ada', 'repair', 'halve', '{state}', '{{\"call\": \"{call}\"}}'"
            connection.exec_driver_sql(f"insert into jobs ({columns}) values ({values})")
    with Database.open(url(tmp_path)) as database:
        found = Repairs(database, **ME).newest()
    assert [(one.call, one.status, one.state) for one in found] == [("a", "queued", ""), ("b", "done", "adopted")]


@cache
def opened() -> Database:
    """One database for all stories, since making it takes longest."""
    return Database.open("sqlite://")


USERS = itertools.count()


class Story(RuleBasedStateMachine):
    """One call, a person who says things of it, and processes that take what is queued."""

    def __init__(self) -> None:
        super().__init__()
        self.me = {"org": "o", "user": f"u{next(USERS)}"}
        self.rows = JobRows(opened(), **self.me)
        self.repairs = Repairs(opened(), **self.me)
        self.outcomes = Outcomes(opened(), **self.me)
        call = new_call_id()
        episodes = Episodes(opened(), **self.me)
        episodes.record_lone_call(FinishedCall("halve", "v1", {}, "raised", "KeyError: 1", 0.1, repair=True), call)
        self.call = self.outcomes.call(call)
        self.held: dict[str, int] = {}
        self.done: set[str] = set()

    @rule(via=st.sampled_from(["inline", "queue"]))
    def queue(self, via: str) -> None:
        made = self.repairs.queue(self.call, via)  # type: ignore[arg-type] - one of the two
        assert made.said == self.call.said
        assert made.status in ("queued", "running")
        assert made.id not in self.done

    @rule(word=st.sampled_from(["wrong", "confirmed"]))
    def say(self, word: str) -> None:
        self.outcomes.label(self.call, word, by="user")
        self.call = self.outcomes.call(self.call.id)

    @rule()
    def close(self) -> None:
        self.repairs.close(self.call.id, "Noted as right.")
        assert not any(one.waits for one in self.repairs.newest())

    @rule()
    def take(self) -> None:
        for record in self.rows.list():
            taken = self.rows.take(record.id, HOLDER)
            assert (taken is not None) == (record.status == "queued")
            if taken is not None:
                self.held[taken.id] = taken.takes

    @precondition(lambda self: self.held)
    @rule(
        data=st.data(),
        ending=st.sampled_from([Ending("done", "", ASKED), Ending("done", "", "adopted"), Ending("failed", "", "")]),
    )
    def finish(self, data: st.DataObject, ending: Ending) -> None:
        job = data.draw(st.sampled_from(sorted(self.held)))
        if self.rows.finish(job, self.held.pop(job), ending) and ending.status == "done":
            self.done.add(job)

    @invariant()
    def what_is_done_stays_done_and_one_at_most_goes_on(self) -> None:
        records = {one.id: one.status for one in self.rows.list()}
        assert all(records[job] == "done" for job in self.done)
        assert sum(status in ("queued", "running") for status in records.values()) <= 1
        assert len(self.repairs.newest()) == 1


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
