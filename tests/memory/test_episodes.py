"""A session is on disk as it happens, belongs to one user, and holds no secrets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agentforge.database.store import Database
from agentforge.errors import UsageError
from agentforge.events import Event
from agentforge.memory.episodes import Episodes, new_call_id
from agentforge.memory.records import FinishedCall
from agentforge.types import JSONObject, OutcomeKind, Role, Usage

KEY = "sk-ant-" + "api03-Abcdefghijklmnopqrst_uvw"


@pytest.fixture
def episodes(database: Database) -> Episodes:
    return Episodes(database, org="personal", user="ada", secrets=["blue-horse-42"])


def user_says(text: str) -> JSONObject:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def test_messages_come_back_in_the_order_they_were_written(episodes: Episodes) -> None:
    session = episodes.start("A question")
    for text in ("one", "two", "three"):
        episodes.append(session, user_says(text))
    assert episodes.messages(session) == [user_says("one"), user_says("two"), user_says("three")]


def test_an_episode_holds_everything_that_was_recorded(episodes: Episodes) -> None:
    session = episodes.start("Roman numerals\nsecond line")
    call = episodes.record_call(session, 1, FinishedCall("roman", "abc123", {"text": "IX"}, "returned", 9, 0.25))
    failed = episodes.record_call(
        session, 1, FinishedCall("roman", "abc123", {"text": "?"}, "raised", "ValueError: ?", 0.1)
    )
    episodes.record_cost(session, 1, Role.PLAN, "local", Usage(100, 7, 50, 1), 1.5, "answer")
    episodes.record_cost(session, 1, Role.PLAN, "local", Usage(10, 3, 0, 1), 0.5, "answer")
    episodes.record_job(session, "job1", "forging", "roman", "failed", {"best": "def roman(): ..."})
    episode = episodes.load(session)
    assert episode.title == "Roman numerals"
    assert [(one.id, one.value, one.error, one.outcome) for one in episode.calls] == [
        (call, 9, "", OutcomeKind.RETURNED),
        (failed, None, "ValueError: ?", OutcomeKind.ERROR),
    ]
    assert episode.usage == {Role.PLAN: Usage(110, 10, 50, 2)}
    assert [(job.name, job.state, job.artefacts) for job in episode.jobs] == [
        ("roman", "failed", {"best": "def roman(): ..."})
    ]


def test_an_endpoint_that_repeats_an_id_costs_no_call(episodes: Episodes) -> None:
    session = episodes.start()
    ids = [episodes.record_call(session, 1, FinishedCall("t", "v", {}, "returned", n, 0.1), "call_0") for n in range(2)]
    assert ids[0] == "call_0"
    assert ids[1] != "call_0"
    assert [(call.id, call.value) for call in episodes.load(session).calls] == [(ids[0], 0), (ids[1], 1)]


def test_what_became_known_about_a_call_is_recorded(episodes: Episodes) -> None:
    session = episodes.start()
    call = episodes.record_call(session, 1, FinishedCall("t", "v", {}, "returned", None, 0.0))
    episodes.set_outcome(call, OutcomeKind.CONFIRMED)
    assert episodes.load(session).calls[0].outcome is OutcomeKind.CONFIRMED
    with pytest.raises(UsageError):
        episodes.set_outcome("call_unknown", OutcomeKind.WRONG)


def test_a_job_recorded_again_replaces_its_artefacts(episodes: Episodes) -> None:
    session = episodes.start()
    episodes.record_job(session, "j", "forging", "t", "running", {})
    episodes.record_job(session, "j", "forging", "t", "failed", {"why": "no candidate"})
    assert [(job.state, job.artefacts) for job in episodes.load(session).jobs] == [("failed", {"why": "no candidate"})]


def test_reading_untrusted_text_taints_the_episode_for_good(episodes: Episodes) -> None:
    session = episodes.start()
    assert not episodes.tainted(session)
    episodes.record_source(session, "page", "https://example.org/x")
    episodes.append(session, user_says("go on"))
    assert episodes.tainted(session)
    assert episodes.load(session).tainted


def test_no_secret_reaches_the_disk(episodes: Episodes, database: Database, tmp_path: Path) -> None:
    session = episodes.start(f"use {KEY}")
    hidden = f"{KEY} and blue-horse-42"
    episodes.append(session, user_says(hidden))
    episodes.record_call(session, 1, FinishedCall("t", "v", {"text": hidden}, "returned", {"out": [hidden]}, 0.0))
    episodes.record_call(session, 1, FinishedCall("t", "v", {}, "raised", hidden, 0.0))
    episodes.record_source(session, "page", f"https://ada:{KEY}@example.org")
    episodes.record_event(session, Event("turn_started", {"text": hidden}, turn=1))
    episodes.record_job(session, "j", "forging", "t", "failed", {"code": hidden})
    database.close()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"turn_started" in written
    assert KEY.encode() not in written
    assert b"blue-horse-42" not in written


def test_turns_are_counted_from_the_messages(episodes: Episodes) -> None:
    session = episodes.start()
    assert episodes.next_turn(session) == 1
    episodes.append(session, user_says("x"), 1)
    episodes.record_event(session, Event("turn_started", {"text": "x"}, turn=1))
    assert episodes.next_turn(session) == 2
    assert [one.turns for one in episodes.list()] == [1]
    assert [event.type for event in episodes.events(session)] == ["turn_started"]


def test_the_session_written_last_is_the_latest(episodes: Episodes) -> None:
    assert episodes.latest() is None
    first, second = episodes.start("first"), episodes.start("second")
    assert episodes.latest() == second
    episodes.append(first, user_says("more"))
    assert episodes.latest() == first
    assert [one.title for one in episodes.list()] == ["first", "second"]
    assert len(episodes.list(limit=1)) == 1


def test_sessions_of_other_users_and_companies_do_not_exist(database: Database, episodes: Episodes) -> None:
    session = episodes.start("private")
    call = episodes.record_call(session, 1, FinishedCall("t", "v", {}, "returned", 1, 0.0))
    for org, user in (("personal", "eve"), ("acme", "ada")):
        other = Episodes(database, org=org, user=user)
        assert not other.exists(session)
        assert other.messages(session) == []
        assert other.list() == []
        with pytest.raises(UsageError):
            other.append(session, user_says("x"))
        with pytest.raises(UsageError):
            other.load(session)
        with pytest.raises(UsageError):
            other.set_outcome(call, OutcomeKind.WRONG)


def test_a_killed_process_loses_nothing_that_it_had_written(tmp_path: Path, episodes: Episodes) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    code = (
        "import os, signal\n"
        "from agentforge.database.store import Database\n"
        "from agentforge.memory.episodes import Episodes\n"
        f"episodes = Episodes(Database.open({url!r}), org='personal', user='ada')\n"
        "session = episodes.start('killed')\n"
        "episodes.append(session, {'role': 'user', 'content': 'kept'})\n"
        "print(session, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -9
    assert episodes.messages(done.stdout.strip()) == [{"role": "user", "content": "kept"}]


def test_a_call_outside_any_session_has_a_row_of_its_own(episodes: Episodes, database: Database) -> None:
    session = episodes.start("x")
    inside = episodes.record_call(session, 1, FinishedCall("roman", "v1", {}, "returned", 9, 0.1))
    alone = new_call_id()
    episodes.record_lone_call(FinishedCall("roman", "v2", {"password": "hunter2"}, "returned", 10, 0.1), alone)
    newest, oldest = episodes.calls("roman")
    assert (newest.id, newest.version, newest.args, newest.turn) == (alone, "v2", {"password": "[redacted:secret]"}, 0)
    assert oldest.id == inside
    assert [call.id for call in episodes.load(session).calls] == [inside]
    assert episodes.calls("roman", limit=1) == [newest]
    episodes.set_outcome(alone, OutcomeKind.WRONG)
    assert episodes.calls("roman")[0].outcome is OutcomeKind.WRONG
    assert Episodes(database, org="personal", user="eve").calls("roman") == []
