"""Tools from code that worked: at the end of a session, since models seldom volunteer.

Looked at are the answers that code computed and the user called right, where no live tool answers such questions and
no forging had them before. Of each kind of question one small decision is made: whether it is worth keeping. Then a
tool is made of what is known, as in a turn (:mod:`agentforge.agent.teaching`), with the code as its first candidate.

One right answer proves little. So one alone counts only where the model that decides is not the one that writes code;
otherwise two of a kind are needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from agentforge.agent.asking import Taught, closed_object
from agentforge.agent.likeness import alike
from agentforge.agent.origins import believed
from agentforge.agent.parts import AgentParts, Emit
from agentforge.agent.teaching import asking_about, is_due, made_of
from agentforge.forge.record import shortened
from agentforge.memory.truths import SCRIPT, Truth
from agentforge.models.prompts import render
from agentforge.models.protocol import Message
from agentforge.types import Role

FEWEST, FEWEST_OF_ONE_MODEL = 1, 2
"""Right answers of a kind, where another model than the generator decides, and where the same does."""

DECISION_TOKENS = 20
SHOWN_CHARS = 1_500
"""Of a question and of its code, in a prompt."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one kind of question: the ``tool`` that answers it now, or ``why`` there is none."""

    question: str
    tool: str = ""
    why: str = ""


async def keep_what_worked(parts: AgentParts, session: str, emit: Emit) -> list[Kept]:
    """Makes tools of the code that gave right answers in a session; nothing is asked or spent where none did.

    Raises:
        StorageError, RegistryError: what is known could not be read, or a finished tool not be committed.
        ModelError: no model answered.
    """
    truths = parts.truths
    if truths is None:
        return []
    known = await asyncio.to_thread(believed, truths, parts.layers.registry)
    found = await asyncio.to_thread(worked, parts, known, session)
    kept: list[Kept] = []
    for taught in found:
        newest = taught.known[-1]
        if not await _is_worth(parts, taught):
            await asyncio.to_thread(truths.mark, taught.known)
            kept.append(Kept(newest.question, why="it is not worth keeping"))
            continue
        ready, why = await made_of(asking_about(taught, parts, emit))
        await asyncio.to_thread(truths.mark, taught.known, tool=ready.entry.name if ready and ready.in_order else "")
        kept.append(Kept(newest.question, ready.entry.name if ready else "", why))
    return kept


def worked(parts: AgentParts, truths: Sequence[Truth], session: str) -> list[Taught]:
    """The kinds of questions that code answered rightly in a session, and that no live tool answers; blocks."""
    fewest = FEWEST_OF_ONE_MODEL if parts.models.same_model(Role.PLAN, Role.GENERATE) else FEWEST
    seen: set[int] = set()
    found: list[Taught] = []
    for one in truths:
        if one.session != session or one.way != SCRIPT or one.word != "right" or one.id in seen or not one.expected:
            continue
        taught = Taught(tuple(alike(one.question, truths, lambda other: other.question)))
        seen |= {other.id for other in taught.like}
        if len(_by_code(taught)) >= fewest and is_due(parts.layers, taught, fewest):
            found.append(taught)
    return found


def _by_code(taught: Taught) -> list[Truth]:
    """The right answers that code gave."""
    return [one for one in taught.known if one.way == SCRIPT and one.word == "right"]


async def _is_worth(parts: AgentParts, taught: Taught) -> bool:
    """The model's decision about the newest answer that code gave."""
    by_code = _by_code(taught)
    scripts = await asyncio.to_thread(parts.truths.scripts, by_code) if parts.truths is not None else {}
    newest = next((one for one in reversed(by_code) if one.id in scripts), None)
    if newest is None:
        return False
    question, code = shortened(newest.question, SHOWN_CHARS), scripts[newest.id][:SHOWN_CHARS]
    said = await parts.models.decide(
        *(Role.PLAN, [Message("user", render("agent_worth", question=question, code=code))]),
        closed_object(keep={"type": "boolean"}),
        max_tokens=DECISION_TOKENS,
        temperature=0.0,
    )
    return said["keep"] is True
