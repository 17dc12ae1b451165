"""What is counted of a user's days: turns by how they ended, reuse, what was wrong, what was spent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agentforge import clock
from agentforge.database.store import Database
from agentforge.events import Event
from agentforge.memory.episodes import Episodes
from agentforge.memory.measures import days, first_day
from agentforge.memory.outcomes import Outcomes
from agentforge.memory.recalled import recalled
from agentforge.memory.records import FinishedCall
from agentforge.types import JSONObject, Role, Usage

LONG_AGO = "2000-01-01"


@pytest.fixture
def session(episodes: Episodes) -> str:
    return episodes.start("Work")


def ended(episodes: Episodes, session: str, turn: int, kind: str, **data: list[str]) -> None:
    time = clock.now().isoformat(timespec="microseconds")
    told: JSONObject = {"answer": "42", **{key: [*names] for key, names in data.items()}}
    episodes.record_event(session, Event(kind, told, 1, episodes.org, episodes.user, session, turn, time))


def test_turns_are_counted_by_their_end_and_a_tool_made_in_the_same_turn_is_no_reuse(
    episodes: Episodes, session: str, each_database: Database, me: dict[str, str]
) -> None:
    ended(episodes, session, 1, "completed", tools_used=["a"], tools_made=["a"])
    ended(episodes, session, 2, "completed", tools_used=["a"], tools_made=[])
    ended(episodes, session, 3, "completed", tools_used=[], tools_made=[])
    ended(episodes, session, 4, "failed")
    ended(episodes, session, 5, "waiting")
    [(date, day)] = days(each_database, **me, since=LONG_AGO).items()
    assert date == clock.now().date().isoformat() == first_day(each_database, **me)
    assert day.turns == {"completed": 3, "failed": 1}
    assert (day.used, day.reused, day.made) == (2, 1, 1)
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()
    assert days(each_database, **me, since=tomorrow) == {}
    assert days(each_database, org=me["org"], user="nobody", since=LONG_AGO) == {}


def test_the_last_word_on_a_call_counts_and_a_persons_before_the_programs(
    episodes: Episodes, session: str, each_database: Database, me: dict[str, str]
) -> None:
    outcomes = Outcomes(each_database, **me)
    for number, words in enumerate((["wrong"], ["wrong", "confirmed"], ["defect"], ["defect", "confirmed"])):
        call = FinishedCall(f"tool_{number}", "v" * 64, {}, "returned", 1, 0.1)
        known = outcomes.call(episodes.record_call(session, 1, call))
        for word in words:
            outcomes.label(known, word, by="program" if word == "defect" else "user")
    [day] = days(each_database, **me, since=LONG_AGO).values()
    assert day.wrong == {"tool_0": 1, "tool_2": 1}


def test_what_was_spent_is_added_up_by_endpoint(
    episodes: Episodes, session: str, each_database: Database, me: dict[str, str]
) -> None:
    for _ in range(2):
        episodes.record_cost(session, 1, Role.PLAN, "claude", Usage(100, 10, 40, 1), 0.5, "decide")
    episodes.record_cost(session, 1, Role.GENERATE, "local", Usage(7, 5, 0, 1), 0.5, "forge")
    [day] = days(each_database, **me, since=LONG_AGO).values()
    assert day.spent == {"claude": Usage(200, 20, 80, 2), "local": Usage(7, 5, 0, 1)}


def test_a_turn_in_which_an_entry_was_recalled_is_told_once_whatever_else_an_event_holds(
    episodes: Episodes, session: str, each_database: Database, me: dict[str, str]
) -> None:
    items: list[JSONObject] = [
        {"items": [{"id": "fabcdefg", "score": 1.5}, {"id": "f0000000", "score": 9}]},
        {"items": [{"id": "fabcdefg", "score": 2.5}]},
        {"items": [{"id": "fabcdefg", "score": "high"}]},
        {"items": None},
        {"items": "fabcdefg"},
    ]
    for number, data in enumerate(items):
        time = clock.now().isoformat(timespec="microseconds")
        turn = min(number, 1) + 1
        episodes.record_event(session, Event("context", data, number, episodes.org, episodes.user, session, turn, time))
    found = recalled(each_database, "fabcdefg", **me)
    assert [(one.turn, one.score) for one in found] == [(2, 2.5), (1, 1.5)]
