"""``forge.sessions``: what was said is found, forked, exported and erased from a program."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentforge import Forge
from agentforge.agent.heard import origin_of
from agentforge.errors import UsageError
from agentforge.events import Event
from agentforge.models.capabilities import FEATURES
from agentforge.testing import ScriptedModel


def ada(*answers: str) -> Forge:
    return Forge(user="ada", models=ScriptedModel(answers, features=FEATURES["claude"]))


async def test_a_session_is_found_shown_and_forked_and_the_fork_goes_on() -> None:
    async with ada("Noted.", "Otto.") as forge:
        first = (await forge.run("My heron is called Otto")).session
        assert [one.id for one in await forge.sessions.list()] == [first]
        assert await forge.sessions.latest() == first
        (found,) = await forge.sessions.search("heron otto")
        assert (found.session, found.turn, found.kind) == (first, 1, "user")
        assert await forge.sessions.search("heron", since=datetime.now(UTC) + timedelta(hours=1)) == []
        made = await forge.sessions.fork(first, turn=1)
        second = await forge.run("What is it called?", session=made)
        assert (second.session, second.answer) == (made, "Otto.")
        assert (await forge.sessions.show(made)).parent == first
        assert len((await forge.sessions.show(first)).messages) == 2


async def test_it_is_exported_as_objects_and_as_a_document() -> None:
    async with ada("Noted.") as forge:
        session = (await forge.run("My heron is called Otto")).session
        lines = [line async for line in forge.sessions.export()]
        assert [line["kind"] for line in lines][:4] == ["export", "session", "message", "message"]
        assert lines == [lines[0], *[line async for line in forge.sessions.export(session)][1:]]
        assert "My heron is called Otto" in await forge.sessions.markdown(session)


async def test_what_is_erased_was_foreseen_and_is_in_no_file(home: Path) -> None:
    async with ada("Noted.", "Noted.") as forge:
        first, second = [(await forge.run(f"My {bird} is called Otto")).session for bird in ("heron", "pelican")]
        foreseen = await forge.sessions.foreseen(first)
        assert await forge.sessions.erase(first) == foreseen
        assert (foreseen.complete, foreseen.erasure.sessions) == (True, (first,))
        assert b"heron" not in b"".join(path.read_bytes() for path in home.glob("state.db*"))
        assert (await forge.sessions.erase(before=datetime.now(UTC) - timedelta(days=1))).erasure.sessions == ()
        assert (await forge.sessions.erase(everything=True)).erasure.sessions == (second,)
        assert await forge.sessions.list() == []


async def test_one_thing_is_erased_at_a_time() -> None:
    async with ada() as forge:
        for given in ({}, {"session": "s", "everything": True}, {"before": datetime.now(UTC), "everything": True}):
            with pytest.raises(UsageError, match="Say one thing to erase"):
                await forge.sessions.erase(**given)


async def test_a_registry_that_cannot_be_read_keeps_nothing_from_being_erased(home: Path) -> None:
    async with ada("Noted.") as forge:
        session = (await forge.run("My heron is called Otto")).session
        path = home / "registries" / "personal" / "ada.git"
        (path / "HEAD").unlink()
        for name in ("packed-refs", "refs/heads/main"):
            (path / name).unlink(missing_ok=True)
        done = await forge.sessions.erase(session)
        assert done.erasure.sessions == (session,)
        assert done.complete
        assert "What was learned from it cannot be told" in done.remains[0]
        assert await forge.sessions.list() == []


async def test_of_a_session_that_loses_its_beginning_the_rules_go_that_were_stated_there(home: Path) -> None:
    async with Forge(user="ada") as forge:
        episodes = await forge._opened().the_episodes()
        session = episodes.start("rules")
        moments: list[datetime] = []
        for turn in (1, 2):
            moments.append(datetime.now(UTC))
            text = f"Rule {turn}: we charge {turn} EUR for each kilogram of a parcel."
            episodes.append(session, {"role": "user", "content": [{"type": "text", "text": text}]}, turn)
            episodes.record_event(session, Event("turn_started", {"text": text}, session=session, turn=turn))
            forge.documents.keep(text, origin=origin_of(session, turn))
        first = next(one for one in forge.documents.list() if one.record.origin == origin_of(session, 1))
        assert (await forge.sessions.foreseen(before=moments[1])).rules == (first.title,)
        assert len((await forge.sessions.foreseen(session)).rules) == 2
        assert (await forge.sessions.erase(before=moments[1])).erasure.shortened == (session,)
        assert [one.record.origin for one in forge.documents.list()] == [origin_of(session, 2)]
