"""What is exported is all that was recorded of one user, in a form of its own, and holds no secrets."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import text

from agentforge.database.store import Database
from agentforge.database.tables import SAID
from agentforge.errors import UsageError
from agentforge.events import Event
from agentforge.jobs.protocol import NewJob
from agentforge.memory import export as module
from agentforge.memory.episodes import Episodes, new_call_id
from agentforge.memory.erasure import TABLES
from agentforge.memory.export import UNREADABLE, VERSION, export
from agentforge.memory.jobs import JobRows
from agentforge.memory.outcomes import Outcomes
from agentforge.types import Role, Usage

from .conftest import assistant_says, user_says

KEY = "sk-ant-" + "api03-Abcdefghijklmnopqrst_uvw"
HIDDEN = f"{KEY} and blue-horse-42"


def fill(database: Database, episodes: Episodes, me: dict[str, str]) -> str:
    """A session with something in every table, and a call and a job outside any."""
    session = episodes.start(f"Herons {HIDDEN}")
    episodes.append(session, user_says(f"Count herons {HIDDEN}"), 1)
    episodes.append(session, assistant_says("Nine."), 1)
    call = episodes.record_call(session, 1, "count", "v1", {"of": HIDDEN}, "returned", 9, 0.5)
    episodes.record_cost(session, 1, Role.PLAN, "local", Usage(100, 7, 50, 1), 1.5, "answer")
    episodes.record_source(session, "page", f"https://ada:{KEY}@example.org")
    episodes.record_event(session, Event("turn_started", {"text": HIDDEN}, turn=1))
    outcomes = Outcomes(database, **me, secrets=["blue-horse-42"])
    outcomes.label(outcomes.call(call), "wrong", by="user", expected={"returns": HIDDEN}, reason=HIDDEN)
    jobs = JobRows(database, **me, secrets=["blue-horse-42"])
    jobs.create(NewJob(f"j-{session}", "forging", "count", {"purpose": HIDDEN}, session))
    jobs.keep(f"j-{session}", "tests", {"code": HIDDEN})
    episodes.record_lone_call("alone", "v1", {}, "returned", 1, 0.1, new_call_id())
    return session


def test_every_kind_is_there_and_every_key_is_the_documented_one(
    each_database: Database, episodes: Episodes, me: dict[str, str]
) -> None:
    session = fill(each_database, episodes, me)
    lines = [*export(each_database, **me, session=session)]
    assert lines[0] == {"kind": "export", "v": VERSION, **me, "created": lines[0]["created"]}
    kinds = [line["kind"] for line in lines[1:]]
    assert kinds == ["session", "source", "message", "message", "call", "label", "cost", "event", "job", "step"]
    assert {line["session"] for line in lines[1:]} == {session}
    for line in lines:
        assert {*line} - {"kind", "session"} == documented()[str(line["kind"])], line["kind"]
    assert lines[kinds.index("message") + 2]["content"] == [{"type": "text", "text": "Nine."}]
    assert lines[kinds.index("label") + 1]["says"] == "wrong"


def documented() -> dict[str, set[str]]:
    """Kind → keys, as the docstring has them."""
    table = (module.__doc__ or "").split("=\n")[1]
    rows = re.split(r"^``(\w+)``", table, flags=re.MULTILINE)[1:]
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return {kind: {*re.findall(r"``(\w+)``", keys)} for kind, keys in pairs}


def test_no_table_is_left_out_but_the_one_that_repeats_others() -> None:
    assert {table for table, _ in module._KINDS.values()} == {*TABLES} - {SAID}


def test_everything_of_a_user_holds_what_happened_outside_sessions_and_nothing_of_others(
    each_database: Database, episodes: Episodes, me: dict[str, str]
) -> None:
    first, second = fill(each_database, episodes, me), episodes.start("Second")
    other = Episodes(each_database, org=me["org"], user=me["user"] + "x")
    other.append(other.start("Not mine"), user_says("Not mine"))
    lines = [*export(each_database, **me)]
    assert [line["session"] for line in lines if line["kind"] == "session"] == [first, second]
    assert [line["tool"] for line in lines if line["kind"] == "call"] == ["alone", "count"]
    assert "Not mine" not in json.dumps(lines)


def test_no_secret_is_in_it(each_database: Database, episodes: Episodes, me: dict[str, str]) -> None:
    fill(each_database, episodes, me)
    told = json.dumps([*export(each_database, **me)])
    assert "herons" in told
    assert KEY not in told
    assert "blue-horse-42" not in told


def test_what_became_a_secret_since_is_taken_out_as_well(
    each_database: Database, episodes: Episodes, me: dict[str, str]
) -> None:
    session = episodes.start()
    episodes.append(session, user_says("it will be green-cow-17"))
    assert "green-cow-17" in json.dumps([*export(each_database, **me)])
    assert "green-cow-17" not in json.dumps([*export(each_database, **me, secrets=["green-cow-17"])])


def test_a_session_of_somebody_else_is_none(each_database: Database, episodes: Episodes, me: dict[str, str]) -> None:
    session = fill(each_database, episodes, me)
    with pytest.raises(UsageError, match="There is no session"):
        export(each_database, org=me["org"], user="eve", session=session)
    assert [line["kind"] for line in export(each_database, org=me["org"], user="eve")] == ["export"]


def test_one_damaged_row_hides_no_other(database: Database, me: dict[str, str]) -> None:
    episodes = Episodes(database, **me)
    session = fill(database, episodes, me)
    with database.write() as connection:
        connection.execute(text("update messages set content = '{ not json' where id = (select min(id) from messages)"))
        connection.execute(text("update calls set args = 'nothing'"))
    lines = [*export(database, **me, session=session)]
    assert [line["content"] for line in lines if line["kind"] == "message"] == [
        UNREADABLE,
        [{"type": "text", "text": "Nine."}],
    ]
    assert [line["args"] for line in lines if line["kind"] == "call"] == [UNREADABLE]
