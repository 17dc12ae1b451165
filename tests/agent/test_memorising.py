"""``remember`` and ``recall`` as a model calls them: through the gates of memory, inside a share of the window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentforge.agent import memorising
from agentforge.agent.attachments import Attachment
from agentforge.agent.parts import AgentParts
from agentforge.agent.recollection import UNTRUSTED
from agentforge.memory.entries import Candidate
from agentforge.memory.keeping import Memory
from agentforge.memory.layers import MemoryLayers
from agentforge.models.protocol import ToolCall
from agentforge.testing.script import Reply

from .conftest import Scene, Told

FACT = "Ada's parcels are weighed in kilograms."


class Mindful(Scene):
    """A scene with a memory in its registry."""

    @property
    def memory(self) -> Memory:
        return Memory(self.registry.store)

    @property
    def parts(self) -> AgentParts:
        return replace(super().parts, memory=MemoryLayers(self.memory))


@pytest.fixture
def mindful(scene: Scene) -> Mindful:
    scene.__class__ = Mindful
    assert isinstance(scene, Mindful)
    return scene


def calls(name: str, **args: Any) -> Reply:
    return Reply(calls=(ToolCall("c1", name, args),))


async def turn(scene: Mindful, text: str, *replies: Any, files: tuple[Attachment, ...] = ()) -> Told:
    scene.script(*replies, "Done.", free=True)
    return await scene.run(text, attachments=files)


def answered(scene: Mindful) -> str:
    """What the last request showed of the results of calls."""
    return "".join(one.content for message in scene.model.requests[-1].messages for one in message.answers)


async def test_what_the_user_said_is_remembered_with_its_session_and_recalled_in_the_next(mindful: Mindful) -> None:
    told = await turn(mindful, FACT, calls("remember", text=FACT, kind="fact", topic="units"))
    [entry] = mindful.memory.known().current
    assert (entry.text, entry.topic, entry.episodes, entry.untrusted) == (FACT, "units", (told.session,), False)
    assert told.of("notice") == [{"message": f"Memory: Remembered as {entry.id}."}]
    await turn(mindful, "In which unit?", calls("recall", query="parcels weighed"))
    assert f"{entry.id} fact" in answered(mindful)
    assert FACT in answered(mindful)
    assert UNTRUSTED not in answered(mindful)


async def test_what_is_known_already_and_what_is_trivial_is_not_written_again(mindful: Mindful) -> None:
    await turn(mindful, FACT, calls("remember", text=FACT, kind="fact"))
    await turn(mindful, FACT, calls("remember", text=FACT, kind="fact"))
    await turn(mindful, "Hello!", calls("remember", text="Hello!", kind="fact"))
    assert "It was not remembered." in answered(mindful)
    assert [one.text for one in mindful.memory.known().current] == [FACT]


async def test_in_a_session_that_has_read_a_file_it_waits_and_names_the_file(mindful: Mindful) -> None:
    file = (Attachment("file", "notes.txt", "The bank account is 12-34."),)
    await turn(mindful, "Read it.", calls("remember", text="The bank account is 12-34.", kind="fact"), files=file)
    known = mindful.memory.known()
    assert known.current == ()
    [waiting] = known.waiting
    assert (waiting.entry.untrusted, waiting.entry.sources) == (True, ("file:notes.txt",))
    assert "waits for the user's approval" in answered(mindful)


async def test_what_is_derived_from_an_entry_that_nobody_vouched_for_keeps_the_mark(mindful: Mindful) -> None:
    candidate = Candidate("The bank account is 12-34.", sources=("page:example.com",), tainted=True)
    mindful.memory.add(candidate)
    [waiting] = mindful.memory.known().waiting
    mindful.memory.approve(waiting.entry.id, approver="ada")
    new = "The bank account 12-34 is at the bank in Turin."
    await turn(mindful, "Which?", calls("recall", query="bank account"), calls("remember", text=new, kind="fact"))
    assert UNTRUSTED in answered(mindful)
    [derived] = mindful.memory.known().waiting
    assert (derived.entry.untrusted, derived.entry.sources) == (True, (f"memory:{waiting.entry.id}",))


async def test_recall_stays_inside_its_share_of_the_window_however_often_it_is_asked(
    mindful: Mindful, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        mindful.memory.add(Candidate(f"The parcel of shop {number} goes by train number {number}."), approver="ada")
    one = mindful.model.count("- f0000000 fact, since 2026-01-01: The parcel of shop 0 goes by train number 0.") + 1
    monkeypatch.setattr(memorising, "SHARE", 3.5 * one / (200_000 * 0.96 - 50_000))
    await turn(mindful, "Which?", calls("recall", query="parcel train"), calls("recall", query="parcel train"))
    first, second = (message.answers for message in mindful.model.requests[-1].messages if message.answers)
    assert first[0].content.count("goes by train") == 3
    assert "[… 3 more are left out" in first[0].content
    assert second[0].content.count("goes by train") == 0


async def test_who_has_no_memory_is_told_so(scene: Scene) -> None:
    scene.script(calls("recall", query="parcels"), "Done.", free=True)
    await scene.run("Which?")
    told = "".join(one.content for message in scene.model.requests[-1].messages for one in message.answers)
    assert told == memorising.NO_MEMORY
