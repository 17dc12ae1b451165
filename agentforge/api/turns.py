"""What a session is made of: the rooms of one user, wired together for one turn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agentforge.api.documents import UserDocuments
from agentforge.api.opened import Opened
from agentforge.settings import Settings

if TYPE_CHECKING:
    from agentforge.agent.parts import Emit, Forger
    from agentforge.agent.recollection import Recall, Recollection
    from agentforge.agent.session import Session
    from agentforge.forge.parts import ForgeResult
    from agentforge.models.protocol import ModelClient
    from agentforge.types import Need

PASSAGES = 4
"""Most passages of documents that a request recalls."""


async def open_session(
    opened: Opened, settings: Settings, models: ModelClient, session: str | None, title: str
) -> Session:
    """A new session, or an earlier one taken up again (raises as ``Session.open``)."""
    from agentforge.agent.parts import AgentParts
    from agentforge.agent.session import Session

    parts = AgentParts(
        models=models,
        box=opened.box,
        layers=opened.layers,
        index=opened.index(),
        episodes=await opened.the_episodes(),
        settings=settings,
        forger=_forger(opened, models),
        recall=recall_of(opened, settings),
    )
    return await Session.open(parts, session, title=title)


def _forger(opened: Opened, models: ModelClient) -> Forger:
    from agentforge.models.protocol import Priority, as_event

    async def forger(need: Need, emit: Emit) -> ForgeResult:
        return await (await opened.user_jobs()).forge(need, models.at(Priority.AWAITED, as_event(emit)), emit)

    return forger


def recall_of(opened: Opened, settings: Settings) -> Recall:
    """What this user's memory holds for a request.

    Passages that nobody vouched for are not among it: reading one taints a session for good, so it is read only
    where somebody asks for it.
    """
    from agentforge.agent.recollection import Recalled, Recollection

    documents = UserDocuments(opened, settings)

    def passages(request: str) -> list[Recalled]:
        hits = [hit for hit in documents.search(request, 2 * PASSAGES) if not hit.untrusted][:PASSAGES]
        return [Recalled("passages", hit.passage.id, hit.passage.text, hit.citation, hit.score) for hit in hits]

    async def recall(request: str) -> Recollection:
        return Recollection(tuple(await asyncio.to_thread(passages, request)))

    return recall
