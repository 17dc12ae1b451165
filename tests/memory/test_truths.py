"""What a user said of answers: kept once for each turn, without secrets, and for nobody else."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentforge.database.store import Database
from agentforge.events import Event
from agentforge.memory.episodes import Episodes
from agentforge.memory.records import FinishedCall
from agentforge.memory.truths import LONGEST, Answered, Truths
from agentforge.types import JSONObject

SECRET = "correct-horse-battery"


def truths_of(database: Database, user: str = "ada") -> Truths:
    return Truths(database, org="personal", user=user, secrets=[SECRET])


def episodes_of(database: Database, user: str = "ada") -> Episodes:
    return Episodes(database, org="personal", user=user)


def answered(session: str = "s1", turn: int = 1, question: str = "What is 2 and 2?") -> Answered:
    return Answered(session, turn, question, "5", way="run_python")


def test_a_word_is_kept_and_a_later_one_takes_its_place(database: Database) -> None:
    truths = truths_of(database)
    truths.keep(answered(), "right", "5")
    truths.keep(answered(), "wrong", "4")
    (kept,) = truths.newest()
    assert (kept.word, kept.expected, kept.question, kept.way) == ("wrong", "4", "What is 2 and 2?", "run_python")


def test_what_holds_a_secret_is_redacted_and_right_of_nothing(database: Database) -> None:
    truths = truths_of(database)
    truths.keep(answered(turn=1, question=f"Is {SECRET} long?"), "wrong", "yes")
    truths.keep(answered(turn=2), "wrong", SECRET)
    assert [one.expected for one in truths.newest()] == [None, None]
    with database.read() as connection:
        rows = str(connection.exec_driver_sql("SELECT * FROM truths").all())
    assert SECRET not in rows


def test_what_is_too_long_is_no_case(database: Database) -> None:
    truths = truths_of(database)
    truths.keep(answered(question="x" * (LONGEST + 1)), "wrong", "4")
    (kept,) = truths.newest()
    assert (len(kept.question), kept.expected) == (LONGEST, None)


def test_a_forging_is_noted_on_all_that_it_had(database: Database) -> None:
    truths = truths_of(database)
    for turn in (1, 2):
        truths.keep(answered(turn=turn), "wrong", "4")
    truths.mark(truths.newest())
    assert [(one.tried, one.tool) for one in truths.newest()] == [(2, ""), (2, "")]
    truths.mark(truths.newest(), tool="add_up")
    assert [one.tool for one in truths.newest()] == ["add_up", "add_up"]


def test_forgings_that_failed_are_found_where_all_that_they_showed_is_among_the_truths(database: Database) -> None:
    truths, episodes = truths_of(database), episodes_of(database)
    for turn in (1, 2, 3):
        truths.keep(answered(turn=turn), "wrong", "4")
    first, second, _ = truths.newest()
    shown = {"a": [first], "b": [first, second], "live": [first], "none": []}
    for job, some in shown.items():
        kept: JSONObject = {"name": job, "shown": [one.source for one in some]}
        episodes.record_job(episodes.start(), job, "forging", job, "live" if job == "live" else "failed", kept)
    eve = episodes_of(database, "eve")
    eve.record_job(eve.start(), "theirs", "forging", "theirs", "failed", {"shown": [first.source]})
    assert {str(one["name"]) for one in truths.attempts([first, second])} == {"a", "b"}
    assert [one["name"] for one in truths.attempts([first])] == ["a"], "what it was shown may have been revoked"
    assert truths.attempts([second]) == []


def test_what_was_said_in_a_session_is_tainted_as_soon_as_the_session_is(database: Database) -> None:
    episodes, truths = episodes_of(database), truths_of(database)
    session = episodes.start()
    truths.keep(answered(session), "wrong", "4")
    assert not truths.newest()[0].tainted
    episodes.record_source(session, "page", "example.com")
    assert truths.newest()[0].tainted


def test_the_last_answer_is_that_of_the_last_turn_which_judged_none(database: Database) -> None:
    episodes, truths = episodes_of(database), truths_of(database)
    session = episodes.start()
    told = (
        (1, "turn_started", {"text": "What is 2 and 2?"}),
        (1, "completed", {"answer": "It is 5.", "result": "5"}),
        (2, "turn_started", {"text": "wrong"}),
        (2, "judged", {"turn": 1}),
        (2, "completed", {"answer": "Noted."}),
    )
    for turn, kind, data in told:
        episodes.record_event(session, Event(kind, dict(data), session=session, turn=turn))
    episodes.record_call(session, 1, FinishedCall("add_up", "v1", {"a": 2}, "returned", 5, 0.1), "call1")
    assert truths.answered(session) == Answered(
        session, 1, "What is 2 and 2?", "It is 5.", "5", way="add_up", call="call1", tool="add_up", value=5
    )
    assert truths.answered_by("call1") == truths.answered(session, 1)
    assert truths.answered_by("call2") is None
    assert truths.answered("nope") is None
    assert truths_of(database, "eve").answered(session) is None


@pytest.mark.parametrize("kind", ["failed", "interrupted"])
def test_a_turn_that_failed_has_a_question_and_no_answer(database: Database, kind: str) -> None:
    episodes, truths = episodes_of(database), truths_of(database)
    session = episodes.start()
    for name, data in (("turn_started", {"text": "What is 2 and 2?"}), (kind, {"message": "no"})):
        episodes.record_event(session, Event(name, dict(data), session=session, turn=1))
    found = truths.answered(session)
    assert found is not None
    assert (found.question, found.answer) == ("What is 2 and 2?", "")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(st.text(max_size=60).filter(lambda text: "\0" not in text), st.sampled_from(["right", "wrong"]))
def test_rows_of_one_user_are_never_seen_by_another(database: Database, question: str, word: str) -> None:
    truths_of(database).keep(answered(question=question), "right" if word == "right" else "wrong", "4")
    eve = truths_of(database, "eve")
    assert eve.newest() == []
    eve.mark(truths_of(database).newest(), tool="stolen")
    assert all(one.tool == "" for one in truths_of(database).newest())
