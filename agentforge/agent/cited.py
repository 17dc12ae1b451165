"""What a turn owes to documents: stale tools that it would use are made anew first, and its answer tells the passages
that the tools it used were made from.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import cast

from agentforge.agent import toolbox
from agentforge.agent.ending import Ending
from agentforge.agent.turn import Turn
from agentforge.errors import AgentForgeError
from agentforge.types import JSONObject


async def make_fresh(turn: Turn) -> None:
    """Has the stale tools that fit the request made anew; one of which none came does not answer, and that is told."""
    if turn.parts.settings.agent.stale_tools:
        return
    for name in await asyncio.to_thread(_stale_and_wanted, turn):
        turn.emit("notice", {"message": f"What {name} was made from has changed: it is made anew."})
        async with turn.costs("renewal"):
            why = await turn.parts.renew(name, turn.emit)
        if why:
            turn.emit("notice", {"message": f"{name} does not answer, since it could not be made anew: {why}."})


def _stale_and_wanted(turn: Turn) -> list[str]:
    stale = turn.parts.layers.stale()
    if not stale:
        return []
    hits = turn.parts.index.search(turn.text, toolbox.CHOICES)
    near = [hit.name for hit in hits if hit.score >= toolbox.NEAR * hits[0].score]
    last = next((call.name for message in reversed(turn.history) for call in message.calls), "")
    return [name for name in dict.fromkeys([*near, last]) if name in stale]


async def with_citations(turn: Turn, ending: Ending) -> Ending:
    """The end of a turn with what its answer rests on; what cannot be looked up costs the citation, not the answer."""
    used = list(dict.fromkeys(turn.tools_used))
    if ending.type != "completed" or not used:
        return ending
    try:
        found = await turn.parts.cite(used)
    except AgentForgeError as error:
        turn.emit("notice", {"message": f"The passages behind this answer cannot be looked up: {error}"})
        return ending
    cites = [cast("JSONObject", asdict(one)) for one in found]
    return replace(ending, data={**ending.data, "cites": [*cites]}) if cites else ending
