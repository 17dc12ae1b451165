"""What calls were seen to reach: kept in their rows, redacted, added up by version, one user's only."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, func, select, text

from agentforge.boxes.observed import Observed, Request
from agentforge.database.store import Database
from agentforge.database.tables import CALLS, METADATA
from agentforge.memory.episodes import Episodes, new_call_id
from agentforge.memory.records import FinishedCall
from agentforge.memory.seen import NOTHING_SEEN, Seen, seen_of

GET = Request("GET", "api.example.org", "200")
OTHER = Request("GET", "other.example", "refused")
ME: dict[str, Any] = {"org": "personal", "user": "ada"}


@pytest.fixture
def episodes(database: Database) -> Episodes:
    return Episodes(database, **ME, secrets=["Blue-Horse-42"])


def called(
    episodes: Episodes,
    observed: Observed | None,
    version: str = "v1",
    status: str = "returned",
    *,
    repair: bool = False,
    at_once: bool = False,
) -> None:
    finished = FinishedCall("rate", version, {}, status, 7, 0.1, repair, observed)
    episodes.record_lone_call(finished, new_call_id(), at_once=at_once)


@pytest.mark.parametrize("options", [{}, {"at_once": True}, {"repair": True}])
def test_the_row_of_a_call_tells_what_it_was_seen_to_reach(episodes: Episodes, options: dict[str, bool]) -> None:
    seen = Observed({GET: 12, OTHER: 2}, ("KEY@api.example.org",), {"in.csv": 5}, {"out.csv": 3}, 4)
    called(episodes, seen, **options)
    assert [call.observed for call in episodes.calls("rate")] == [seen]


def test_and_so_does_that_of_a_call_in_a_session(episodes: Episodes) -> None:
    session, seen = episodes.start(), Observed({GET: 1})
    episodes.record_call(session, 1, FinishedCall("rate", "v1", {}, "returned", 7, 0.1, observed=seen))
    assert [call.observed for call in episodes.load(session).calls] == [seen]


@pytest.mark.parametrize("options", [{}, {"at_once": True}, {"repair": True}])
def test_a_call_of_which_nothing_can_be_seen_has_null_there(
    database: Database, episodes: Episodes, options: dict[str, bool]
) -> None:
    called(episodes, None, **options)
    called(episodes, Observed(), **options)
    with database.read() as connection:
        kept = connection.execute(text("select observed from calls order by rowid")).scalars().all()
    assert kept == [None, "{}"]


def test_a_secret_is_taken_out_also_where_a_host_has_it_in_lower_case(database: Database, episodes: Episodes) -> None:
    seen = {
        Request("GET", "blue-horse-42.other.example", "refused"): 1,
        Request("GET", "sk-ant-api03-abcdefghijklmnopqrst.other.example", "refused"): 1,
    }
    called(episodes, Observed(seen))
    with database.read() as connection:
        kept = str(connection.execute(text("select observed from calls")).scalar_one())
    assert "other.example" in kept
    assert "horse" not in kept
    assert "abcdef" not in kept


def test_calls_are_added_up_by_version(database: Database, episodes: Episodes) -> None:
    for _ in range(3):
        called(episodes, Observed({GET: 2}, ("KEY@api.example.org",), {"in.csv": 5}, {"out.csv": 3}))
    called(episodes, Observed({GET: 1, OTHER: 1}, (), {"in.csv": 6}, more=2))
    called(episodes, None)
    called(episodes, None, status="refused")
    called(episodes, Observed({OTHER: 1}), version="v2")
    assert seen_of(database, **ME, tool="rate") == {
        "v1": Seen(4, 1, {GET: 7, OTHER: 1}, {"KEY@api.example.org": 3}, {"in.csv": 4}, {"out.csv": 3}, 2),
        "v2": Seen(1, 0, {OTHER: 1}),
    }


def test_what_other_users_and_tools_reached_is_invisible(database: Database, episodes: Episodes) -> None:
    called(episodes, Observed({GET: 1}))
    assert seen_of(database, org="personal", user="bob", tool="rate") == {}
    assert seen_of(database, **ME, tool="rates") == {}


def test_it_stands_in_the_row_of_the_call_and_nowhere_else(database: Database, episodes: Episodes) -> None:
    """So whatever takes a user's rows away takes this along."""
    called(episodes, Observed({OTHER: 1}), repair=True)
    with database.write() as connection:
        connection.execute(delete(CALLS).where(CALLS.c.org == ME["org"], CALLS.c.user == ME["user"]))
    assert seen_of(database, **ME, tool="rate") == {}
    with database.read() as connection:
        for table in METADATA.tables.values():
            rows = [str(row) for row in connection.execute(select(table))]
            assert not any("other.example" in row for row in rows), table.name
        assert connection.execute(select(func.count()).select_from(CALLS)).scalar() == 0


def test_sums_have_nothing_as_their_zero() -> None:
    one = Seen(1, 0, {GET: 1}, more=1)
    assert one + NOTHING_SEEN == one == NOTHING_SEEN + one
