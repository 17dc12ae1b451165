"""What ``remember`` and ``recall`` do for a model: memory is written through its gates, and read within a share.

What is remembered names the session it comes from. Where untrusted text was read, or an entry that came from such was
shown, it names these too, and waits for the user unless they said it in so many words. What is recalled is data, marked
where it came from text that nobody vouched for.
"""

from __future__ import annotations

import asyncio
from typing import cast

from agentforge.agent.context import Window
from agentforge.agent.recollection import COMPANY, UNTRUSTED
from agentforge.agent.turn import ROLE, Turn
from agentforge.memory.entries import Kind
from agentforge.memory.layers import MemoryLayers
from agentforge.memory.recall import Hit
from agentforge.memory.remembering import Told, remember
from agentforge.registry.lineage import source_id
from agentforge.types import JSON, JSONObject

SHARE = 0.08
"""Part of the window that all that one turn recalls by itself may take, beside what the request recalled."""

MOST = 20
NO_MEMORY = "There is no memory here."


async def remembered(turn: Turn, memory: MemoryLayers, args: JSONObject) -> Told:
    """Remembers one sentence, as far as the gates let it; what became of it is told to the user, too. What the company
    says already is not said again for the user alone.

    Raises:
        RegistryError, StorageError: it cannot be written.
    """
    kind = cast("Kind", args.get("kind", "fact"))
    if known := await asyncio.to_thread(memory.said_below, str(args["text"]), lesson=kind == "lesson"):
        return Told(True, f"The company's layer says so already: {known.id}.", known.id)
    read = await asyncio.to_thread(turn.parts.episodes.sources, turn.session)
    shown = [*turn.unvouched, *(one.id for one in turn.memory.entries if one.untrusted and one.part != "passages")]
    sources = [*(source_id(one.kind, one.ref) for one in read), *(f"memory:{one}" for one in shown)]
    told = await asyncio.to_thread(
        remember,
        *(memory.own, str(args["text"])),
        kind=kind,
        topic=str(args.get("topic", "")),
        when=str(args.get("when", "")),
        episode=turn.session,
        sources=tuple(dict.fromkeys(sources)),
        tainted=turn.tainted or bool(shown),
        said=[turn.sources.get("user", "")],
        supersedes=[str(one) for one in cast("list[JSON]", args.get("supersedes", []))],
    )
    turn.emit("notice", {"message": f"Memory: {told.text}"})
    return told


async def recalled(turn: Turn, memory: MemoryLayers, args: JSONObject) -> tuple[str, list[JSON]]:
    """The entries that fit best, a line each, as many as the turn's share still takes, and their ids.

    Raises:
        RegistryError: memory cannot be read.
    """
    models = turn.parts.models
    room = int(Window(models, ROLE, models.context(ROLE) // 4).tokens * SHARE)
    hits = await asyncio.to_thread(memory.search, str(args["query"]), MOST)
    company = {hit.entry.id for hit in hits if memory.layer_of(hit.entry.id) is not memory.layer}
    lines, ids = list[str](), list[JSON]()
    for hit in hits:
        line = _line(hit, COMPANY * (hit.entry.id in company))
        cost = models.count(line) + 1
        if turn.recalled + cost > room:
            lines.append(f"[… {len(hits) - len(ids)} more are left out: this turn has recalled what it may]")
            break
        turn.recalled += cost
        lines.append(line)
        ids.append(hit.entry.id)
        turn.unvouched += [hit.entry.id] if hit.entry.untrusted else []
    return "\n".join(lines) or "Nothing is remembered about that.", ids


def _line(hit: Hit, company: str) -> str:
    entry = hit.entry
    when = f" (applies when: {entry.when})" if entry.when else ""
    since = (entry.confirmed or entry.created).isoformat()
    mark = UNTRUSTED if entry.untrusted else ""
    return f"- {entry.id} {entry.kind}, since {since}: {entry.text}{when}{company}{mark}"
