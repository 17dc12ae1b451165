"""Where a need comes from, as it goes into a tool's provenance: the episode, those of which it is a fork, those in
which its examples were told, and every untrusted text read in them; and which of them are still believed.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from agentforge.agent.turn import Turn
from agentforge.memory.truths import Truth, Truths
from agentforge.registry.lineage import source_id
from agentforge.registry.references import Origin
from agentforge.registry.refusal import refuse_revoked_need
from agentforge.registry.repository import Registry
from agentforge.registry.revoked import read_revoked
from agentforge.types import Need


async def with_origins(turn: Turn, need: Need) -> Need:
    """``need`` with its episodes and the ids of all files and pages read in it so far, whichever turn read them.

    Raises:
        ToolInvalid: one of them was revoked, so nothing may come from it any more.
        RegistryError: nobody knows what was revoked.
    """
    return await asyncio.to_thread(_with_origins, turn, need)


def believed(truths: Truths | None, registry: Registry) -> list[Truth]:
    """What the user said of answers, oldest first, without what was said in revoked episodes. Blocks.

    Raises:
        StorageError: it cannot be read.
        RegistryError: nobody knows what was revoked.
    """
    if truths is None:
        return []
    revoked = read_revoked(registry.snapshot())
    return [one for one in truths.newest() if not revoked.of(Origin("episode", one.session))]


def _with_origins(turn: Turn, need: Need) -> Need:
    episodes = turn.parts.episodes
    read = [one for session in (turn.session, *need.taught_in) for one in episodes.sources(session)]
    sources = dict.fromkeys([*need.sources, *(source_id(one.kind, one.ref) for one in read)])
    told = replace(
        need,
        episode=turn.session,
        forked_from=turn.parts.episodes.ancestors(turn.session),
        sources=tuple(sources),
        tainted=need.tainted or turn.tainted or bool(read),
    )
    refuse_revoked_need(turn.parts.layers.registry.snapshot(), told)
    return told
