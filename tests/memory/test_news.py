"""What is new since a moment, of one user and of nobody else."""

from __future__ import annotations

from agentforge.database.store import Database
from agentforge.memory.episodes import Episodes, new_call_id
from agentforge.memory.news import News
from agentforge.memory.outcomes import Outcomes
from agentforge.memory.records import FinishedCall
from agentforge.types import Role, Usage


def news_of(database: Database, user: str = "ada") -> News:
    return News(database, org="personal", user=user)


def episodes_of(database: Database, user: str = "ada") -> Episodes:
    return Episodes(database, org="personal", user=user)


def test_whatever_is_said_called_or_judged_is_new(database: Database) -> None:
    news = news_of(database)
    assert news.newest() == ""
    episodes_of(database).start("first")
    said = news.newest()
    assert said
    call = new_call_id()
    episodes_of(database).record_lone_call(FinishedCall("double", "v", {}, "returned", 1, 0.1), call)
    called = news.newest()
    assert called > said
    outcomes = Outcomes(database, org="personal", user="ada")
    outcomes.label(outcomes.call(call), "wrong", by="user")
    assert news.newest() > called


def test_sessions_between_two_moments_are_found_oldest_first_and_so_many_at_the_most(database: Database) -> None:
    episodes, news = episodes_of(database), news_of(database)
    before = [episodes.start(str(number)) for number in range(2)]
    since = news.newest()
    made = [episodes.start(str(number)) for number in range(3)]
    until = news.newest()
    episodes.start("later")
    assert [session for session, _ in news.sessions(since, until, 10)] == made
    assert [session for session, _ in news.sessions("", until, 3)] == [*before, made[0]]


def test_generated_tokens_are_those_of_the_turns_that_are_named(database: Database) -> None:
    episodes, news = episodes_of(database), news_of(database)
    session = episodes.start("s")
    for turn, tokens in ((1, 10), (1, 20), (2, 400)):
        episodes.record_cost(session, turn, Role.PLAN, "local", Usage(1, tokens), 0.1, "answer")
    assert news.generated([(session, 1)]) == 30
    assert news.generated([]) == 0


def test_nothing_of_another_user_is_seen(database: Database) -> None:
    session = episodes_of(database, "bob").start("bob's")
    news = news_of(database)
    assert (news.newest(), news.sessions("", "9", 10), news.generated([(session, 1)])) == ("", [], 0)
