"""A fork begins with the words of another session, and with its taint, and then goes its own way."""

from __future__ import annotations

import pytest

from agentforge.database.store import Database
from agentforge.errors import UsageError
from agentforge.events import Event
from agentforge.memory.episodes import Episodes
from agentforge.memory.forks import fork
from agentforge.memory.records import Source
from agentforge.memory.search import search
from agentforge.types import Role, Usage

from .conftest import assistant_says, user_says


@pytest.fixture
def talk(episodes: Episodes) -> str:
    """A session of three turns in which everything happened that can happen."""
    session = episodes.start("Birds")
    for turn in (1, 2, 3):
        episodes.append(session, user_says(f"question {turn}"), turn)
        episodes.record_event(session, Event("turn_started", {"text": f"question {turn}"}, turn=turn))
        episodes.append(session, assistant_says(f"answer {turn}"), turn)
        episodes.record_call(session, turn, "name_bird", "v1", {}, "returned", turn, 0.1)
        episodes.record_cost(session, turn, Role.PLAN, "local", Usage(1, 1, 0, 1), 0.1, "answer")
    episodes.record_source(session, "page", "example.org")
    episodes.record_job(session, f"job-{session}", "forging", "t", "failed", {})
    return session


def test_it_holds_all_that_was_said_and_names_its_parent(
    episodes: Episodes, each_database: Database, me: dict[str, str], talk: str
) -> None:
    made = fork(each_database, talk, **me)
    episode = episodes.load(made)
    assert episode.messages == episodes.load(talk).messages
    assert (episode.title, episode.parent, episode.parent_turn) == ("Birds", talk, 3)
    assert episodes.next_turn(made) == 4
    assert [(one.id, one.parent, one.turns) for one in episodes.list()] == [(made, talk, 3), (talk, "", 3)]


def test_it_ends_with_the_turn_that_was_asked_for(
    episodes: Episodes, each_database: Database, me: dict[str, str], talk: str
) -> None:
    made = fork(each_database, talk, **me, turn=2)
    assert episodes.messages(made) == episodes.messages(talk)[:4]
    assert (episodes.load(made).parent_turn, episodes.next_turn(made)) == (2, 3)


def test_taint_comes_along_whatever_the_turn_and_calls_and_costs_stay(
    episodes: Episodes, each_database: Database, me: dict[str, str], talk: str
) -> None:
    made = fork(each_database, fork(each_database, talk, **me, turn=1), **me)
    episode = episodes.load(made)
    assert episode.tainted
    assert episode.sources == (Source("page", "example.org"),)
    assert (episode.calls, episode.costs, episode.jobs, episodes.events(made)) == ((), (), (), [])
    assert episodes.ancestors(made) == (episode.parent, talk)


def test_what_is_said_in_it_is_said_there_alone(
    episodes: Episodes, each_database: Database, me: dict[str, str], talk: str
) -> None:
    made = fork(each_database, talk, **me)
    episodes.append(made, user_says("only here"), 4)
    assert len(episodes.messages(talk)) == 6
    assert [one.session for one in search(each_database, "only", **me)] == [made]
    assert {one.session for one in search(each_database, "question", **me)} == {made, talk}
    assert [one.session for one in search(each_database, "name_bird", **me)] == [talk]


@pytest.mark.parametrize("turn", [-1, 0, 4])
def test_a_turn_that_is_not_there_is_refused(
    episodes: Episodes, each_database: Database, me: dict[str, str], talk: str, turn: int
) -> None:
    with pytest.raises(UsageError, match=f"has no turn {turn}"):
        fork(each_database, talk, **me, turn=turn)
    assert len(episodes.list()) == 1


def test_a_session_of_somebody_else_cannot_be_forked(each_database: Database, talk: str) -> None:
    with pytest.raises(UsageError, match="There is no session"):
        fork(each_database, talk, org="personal", user="eve")
    assert Episodes(each_database, org="personal", user="eve").list() == []


def test_a_session_in_which_nothing_was_said_can_be_forked(
    episodes: Episodes, each_database: Database, me: dict[str, str]
) -> None:
    made = fork(each_database, episodes.start("Nothing"), **me)
    assert episodes.messages(made) == []
