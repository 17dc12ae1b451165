"""A need names its episode and every untrusted text that was read in it, whichever turn read it."""

from __future__ import annotations

from pathlib import Path

from agentforge.agent.attachments import Attachment
from agentforge.database.store import Database
from agentforge.memory.forks import fork
from agentforge.models.protocol import ToolCall
from agentforge.registry.references import Origin
from agentforge.registry.revocation import revoke, undo
from agentforge.testing import Reply
from agentforge.testing.box import FakeBox, returned
from agentforge.types import Capabilities, State

from .conftest import ROMAN, Scene, make_tool

STATED = {"name": "read_roman", "signature": "(text: str) -> int", "purpose": "Read a Roman numeral."}


def forging(number: int = 1) -> Reply:
    return Reply(calls=(ToolCall(f"call-{number}", "forge_tool", dict(STATED)),))


async def test_files_and_pages_of_all_turns_are_among_the_sources(scene: Scene) -> None:
    reaching = make_tool("look_up", "(text: str) -> int", "Look it up.", ROMAN.replace("roman_to_int", "look_up"))
    manifest = reaching.manifest.model_copy(update={"capabilities": Capabilities(hosts=("api.example.com",))})
    scene.add(type(reaching)(manifest, reaching.source, reaching.tests))
    scene.box = FakeBox(calls=lambda _: returned(9))
    session = await scene.session()
    scene.script("Noted.", free=True)
    files = (Attachment("file", "rules.txt", "IX is 9"), Attachment("file", "my other rules.txt", "X is 10"))
    await scene.run("Read this.", session, files)
    scene.script(Reply(calls=(ToolCall("c1", "look_up", {"text": "IX"}),)), forging(), "code", "Done.", free=True)
    session = await scene.session(session.id)  # taken up again, as another process does
    scene.forged_state = "proposed"
    told = await scene.run("Look up IX, then make a tool of it.", session)
    (need,) = scene.needs
    assert need.episode == told.session
    assert need.tainted
    file, other, page = need.sources
    assert (file, page) == ("file:rules.txt", "page:api.example.com")
    assert other.startswith("file:sha256-")


async def test_an_episode_without_untrusted_text_names_none(scene: Scene) -> None:
    scene.script(forging(), "code", "Done.", free=True)
    await scene.run("Make it.")
    assert (scene.needs[0].sources, scene.needs[0].tainted) == ((), False)


async def test_nothing_is_forged_in_an_episode_that_read_what_was_revoked(scene: Scene) -> None:
    done = revoke(scene.registry, Origin("source", "file:rules.txt"))
    model = scene.script(forging(), "It was revoked.", forging(2), "code", "Done.", free=True)
    session = await scene.session()
    await scene.run("Make it.", session, (Attachment("file", "rules.txt", "IX is 9"),))
    assert scene.needs == []
    assert f"it comes from source:file:rules.txt, which was revoked ({done.id})" in model.requests[1].prompt
    undo(scene.registry, done.id)
    await scene.run("Make it now.", session)
    assert scene.needs[0].sources == ("file:rules.txt",)


async def test_nothing_is_forged_in_a_revoked_episode(scene: Scene) -> None:
    model = scene.script(forging(), "It was revoked.", free=True)
    session = await scene.session()
    revoke(scene.registry, Origin("episode", session.id))
    await scene.run("Make it.", session)
    assert scene.needs == []
    assert "Start a new session without it" in model.requests[1].prompt
    assert scene.registry.names(State.LIVE) == []


def forked(folder: Path, session: str, turn: int | None = None) -> str:
    with Database.open(f"sqlite:///{folder / 'state.db'}") as database:
        return fork(database, session, org="personal", user="ada", turn=turn)


async def test_a_fork_goes_on_where_the_other_session_was_and_stays_as_tainted(scene: Scene, tmp_path: Path) -> None:
    session = await scene.session()
    scene.script("Noted.", "And this.", free=True)
    await scene.run("My heron is called Otto.", session, (Attachment("file", "rules.txt", "IX is 9"),))
    await scene.run("It is grey.", session)
    made = forked(tmp_path, session.id, turn=1)
    model = scene.script(forging(), "code", "Otto.", free=True)
    scene.forged_state = "proposed"
    told = await scene.run("What is it called?", await scene.session(made))
    assert (told.session, {event.turn for event in told.events}) == (made, {2})
    assert "My heron is called Otto." in model.requests[0].prompt
    assert "It is grey." not in model.requests[0].prompt
    (need,) = scene.needs
    assert (need.episode, need.forked_from, need.sources) == (made, (session.id,), ("file:rules.txt",))
    assert need.tainted


async def test_nothing_is_forged_in_a_fork_of_an_episode_that_was_revoked(scene: Scene, tmp_path: Path) -> None:
    scene.script("Noted.", free=True)
    session = (await scene.run("IX is 9")).session
    done = revoke(scene.registry, Origin("episode", session))
    model = scene.script(forging(), "It was revoked.", free=True)
    await scene.run("Make it.", await scene.session(forked(tmp_path, session)))
    assert scene.needs == []
    assert f"it comes from episode:{session}, which was revoked ({done.id})" in model.requests[1].prompt
