"""Persona: how the user wants to be worked with, the change that waits, and every version of it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from agentforge.api import Forge
from agentforge.memory.persona import PERSONA_CHARS
from agentforge.web.rooms.room import Asked, Change, Made, Read, Seen, Why

VERSIONS = 50


class PersonaLine(BaseModel):
    """One line, and the sessions that it came from; none where the user wrote it."""

    text: str
    episodes: list[str]


class PersonaVersion(BaseModel):
    """One version: the commit that made it, when, by whom, from which sessions."""

    commit: str
    time: str
    what: str
    by: str
    episodes: list[str]


class PersonaPage(BaseModel):
    """The persona as it is used. ``diff`` is what the change that waits would do, ``since`` what has changed since the
    version that was asked for.
    """

    text: str
    lines: list[PersonaLine]
    company: str
    proposed: str
    diff: list[str]
    history: list[PersonaVersion]
    version: str
    since: list[str]
    earlier: str = Field(description="The text of that version.")
    saw: str = Field(description="Send it along with a decision.")
    most: int = PERSONA_CHARS


class PersonaEdit(Seen):
    """The whole of it; empty takes it away."""

    text: str = Field(max_length=PERSONA_CHARS)


async def page(asked: Asked) -> PersonaPage:
    """The persona, or an earlier version beside it."""
    version = asked.word("version", 64)

    def read(forge: Forge) -> PersonaPage:
        persona = forge.memory.persona
        waits = persona.proposed()
        return PersonaPage(
            text=persona.text(),
            lines=[PersonaLine(text=one.text, episodes=list(one.episodes)) for one in persona.lines()],
            company=forge.memory.company_persona,
            proposed=waits,
            diff=persona.diff()[2:] if waits else [],
            history=[
                PersonaVersion(
                    commit=one.commit,
                    time=one.time.isoformat(),
                    what=one.what,
                    by=one.approver,
                    episodes=list(one.episodes),
                )
                for one in persona.history()[:VERSIONS]
            ],
            version=version,
            since=persona.diff(version)[2:] if version else [],
            earlier=persona.at(version) if version else "",
            saw=persona.seen(),
        )

    return await asked.of(read)


async def edit(asked: Asked, given: PersonaEdit) -> Made:
    """Replaces it by the user's own words."""

    def do(forge: Forge) -> Made:
        text = given.text.replace("\r\n", "\n")
        done = forge.memory.by(asked.person.name).persona.edit(text, saw=given.saw)
        return Made(did=f"The persona is {'changed' if done.commit else 'as it was'}.", commit=done.commit)

    return await asked.of(do)


async def approve(asked: Asked, given: Seen) -> Made:
    """Makes the change that waits."""

    def do(forge: Forge) -> Made:
        done = forge.memory.by(asked.person.name).persona.approve(saw=given.saw)
        return Made(did="The persona is changed as it was proposed.", commit=done.commit)

    return await asked.of(do)


async def reject(asked: Asked, given: Why) -> Made:
    """Takes the change that waits away."""

    def do(forge: Forge) -> Made:
        done = forge.memory.by(asked.person.name).persona.reject(given.reason, saw=given.saw)
        return Made(did="The change is turned down; it comes back only if you ask for it.", commit=done.commit)

    return await asked.of(do)


READS = (
    Read(
        "/persona",
        "persona.html",
        PersonaPage,
        "How the user wants to be worked with",
        "persona",
        page,
        ("version",),
        True,
    ),
)
CHANGES = (
    Change("/persona/edit", PersonaEdit, "Replaces the persona", "remember", edit),
    Change("/persona/approve", Seen, "Makes the change of the persona that waits", "remember", approve),
    Change("/persona/reject", Why, "Turns down the change of the persona that waits", "remember", reject),
)
