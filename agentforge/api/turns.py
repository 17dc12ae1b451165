"""What a session is made of: the rooms of one user, wired together for one turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from agentforge.api.documents import UserDocuments
from agentforge.api.opened import Opened
from agentforge.api.starting import Start
from agentforge.settings import COMPANY, Endpoint, Settings
from agentforge.types import Layer, Role, Usage

if TYPE_CHECKING:
    from agentforge.agent.parts import AgentParts, Cite, Emit, Forger, Renew
    from agentforge.agent.recollection import Part, Recall, Recalled, Recollection
    from agentforge.agent.session import Session
    from agentforge.agent.worth import Kept
    from agentforge.forge.parts import ForgeResult
    from agentforge.memory.entries import Entry
    from agentforge.models.discreet import Discreet
    from agentforge.models.protocol import ModelClient
    from agentforge.types import JSONObject, Need

PREFERENCES = 40
"""Most preferences that stand beside a request; the record of a prompt names each."""
ENTRIES = 10
"""Most facts and lessons that a request recalls; how many of them are shown is a matter of room."""
PASSAGES = 4
"""Most passages of documents of each layer that it recalls."""
PIECES = 10
"""Most pieces of what was said in earlier sessions that it recalls."""


async def open_session(opened: Opened, settings: Settings, models: ModelClient, start: Start) -> Session:
    """A new session, or an earlier one taken up again, as ``start`` asks for it.

    Raises:
        UsageError: there is no such session, or it is the company's; or no price is known where money is limited.
        StorageError: the database cannot be read or written.
    """
    from agentforge.agent.session import Session
    from agentforge.api.approvals import Approvals
    from agentforge.errors import UsageError
    from agentforge.models.limited import Limited

    if opened.owner == COMPANY:
        raise UsageError("A company has no sessions of its own.", fix="Leave --company out: users' sessions read it.")
    limits = start.bounds
    if limits.usd is not None or limits.tokens is not None:
        models = Limited(models, limits, _endpoints(settings, models) if limits.usd is not None else {})
    parts = replace(await _parts_of(opened, settings, models), seconds=limits.seconds)
    if start.ask is not None:
        parts = replace(parts, approving=Approvals(opened, settings).approving(start.ask))
    return await Session.open(parts, start.session, title=start.text)


def _endpoints(settings: Settings, models: ModelClient) -> dict[Role, Endpoint]:
    """What plays each role, for its prices (raises UsageError: the settings do not know it)."""
    from agentforge.errors import UsageError

    names = {role: models.endpoint_name(role) for role in Role}
    if unknown := sorted({*names.values()} - {*settings.endpoints}):
        raise UsageError(f"No prices are known of {', '.join(unknown)}, so no limit of money can be kept.")
    return {role: settings.endpoints[name] for role, name in names.items()}


@asynccontextmanager
async def counted(opened: Opened, total: dict[Role, Usage], spent: dict[Role, Usage]) -> AsyncGenerator[Discreet]:
    """A client of the models; what it took is in ``spent`` afterwards, and is added to ``total``."""
    models = opened.new_models()
    before = dict(models.usage)
    try:
        yield models
    finally:
        spent.update({role: usage - before.get(role, Usage()) for role, usage in models.usage.items()})
        for role, usage in spent.items():
            total[role] = total.get(role, Usage()) + usage
        await opened.let_go(models)


async def end_session(
    opened: Opened, settings: Settings, models: ModelClient, session: str, on_notice: Callable[[str], None]
) -> list[Kept]:
    """As :meth:`agentforge.Forge.end_session`; ``on_notice`` hears what is made."""
    from agentforge.agent.worth import keep_what_worked
    from agentforge.memory.episodes import unknown_session

    parts = await _parts_of(opened, settings, models)
    if not await asyncio.to_thread(parts.episodes.exists, session):
        raise unknown_session(session)

    def emit(kind: str, data: JSONObject) -> None:
        if kind == "forge_started":
            on_notice(f"Code that gave right answers is made into the tool {data['name']}.")

    return await keep_what_worked(parts, session, emit)


async def _parts_of(opened: Opened, settings: Settings, models: ModelClient) -> AgentParts:
    from agentforge.agent.parts import AgentParts

    return AgentParts(
        models=models,
        box=opened.box,
        layers=opened.layers,
        index=opened.index(),
        episodes=await opened.the_episodes(),
        settings=settings,
        forger=forger_of(opened, models),
        recall=recall_of(opened, settings),
        truths=opened.truths(),
        learn=opened.learner().word,
        memory=opened.memories(),
        renew=renew_of(opened, settings, models),
        cite=cite_of(opened, settings),
    )


def forger_of(opened: Opened, models: ModelClient) -> Forger:
    """Has tools made by these models, as jobs that somebody waits for."""
    from agentforge.models.protocol import Priority, as_event

    async def forger(need: Need, emit: Emit) -> ForgeResult:
        return await (await opened.user_jobs()).forge(need, models.at(Priority.AWAITED, as_event(emit)), emit)

    return forger


def renew_of(opened: Opened, settings: Settings, models: ModelClient) -> Renew:
    """Has stale tools made anew by these models, as jobs that somebody waits for."""
    from agentforge.api.knowledge import UserKnowledge
    from agentforge.models.protocol import Priority, as_event

    async def renew(name: str, emit: Emit) -> str:
        asked = models.at(Priority.AWAITED, as_event(emit))
        return await UserKnowledge(opened, settings).renewed(name, asked, emit)

    return renew


def cite_of(opened: Opened, settings: Settings) -> Cite:
    """The passages of this user's documents that tools were made from."""
    from agentforge.errors import ToolInvalid, ToolNotFound
    from agentforge.registry.stale import cited
    from agentforge.result import Citation

    documents = UserDocuments(opened, settings)

    def look_up(names: Sequence[str]) -> list[Citation]:
        found: list[Citation] = []
        for name in names:
            try:
                tools = [opened.layers.find(one) for one in {name: 0, **opened.layers.closure([name]).sources}]
            except (ToolNotFound, ToolInvalid):
                continue  # it was set aside since
            cites = [(tool, passage) for tool in tools for passage in cited(tool)]
            found += [
                Citation(tool.name, tool.version, one, documents.passage(one, tool.layer).citation)
                for tool, one in cites
            ]
        return list(dict.fromkeys(found))

    async def cite(names: Sequence[str]) -> list[Citation]:
        return await asyncio.to_thread(look_up, names)

    return cite


def recall_of(opened: Opened, settings: Settings) -> Recall:
    """What memory holds for a request: the persona, the preferences (those confirmed last first), what the company asks
    for, and the facts, lessons, passages and words of earlier sessions that fit best; in each part the user's own
    before the company's.

    Passages that nobody vouched for are not among it: reading one taints a session for good, so it is read only
    where somebody asks for it.
    """
    from agentforge.agent.recollection import Recalled, Recollection
    from agentforge.agent.verdicts import read_verdict
    from agentforge.api.memory import UserMemory
    from agentforge.memory.past import Past

    documents, memory = UserDocuments(opened, settings), UserMemory(opened, settings)
    past = Past(opened.rows(), settings.org, settings.user)

    def look_up(request: str, session: str) -> list[Recalled]:
        found: list[Recalled] = []
        if persona := memory.persona.text().strip():
            found.append(Recalled("persona", "persona", persona))
        preferred = [entry for entry in memory.list() if entry.kind == "preference"]
        preferred.sort(key=lambda entry: entry.confirmed or entry.created, reverse=True)
        found += [entry_of("preferences", entry) for entry in own_first(preferred)[:PREFERENCES]]
        if asked := memory.company_persona.strip():
            found.append(Recalled("company", "persona", asked, company=True))
        scores = {hit.entry.id: hit for hit in memory.search(request, ENTRIES) if hit.entry.kind != "preference"}
        for entry in own_first([hit.entry for hit in scores.values()]):
            found.append(entry_of("lessons" if entry.kind == "lesson" else "facts", entry, scores[entry.id].score))
        revoked = opened.memory().known().revoked
        without = {session, *(one.removeprefix("episode:") for one in revoked if one.startswith("episode:"))}
        pieces = past.search(request, PIECES, without=without, skip=lambda said: read_verdict(said) is not None)
        found += [Recalled("said", f"{one.session}:{one.turn}", one.text, one.day, one.score) for one in pieces]
        return found + passages_for(request)

    def own_first(entries: list[Entry]) -> list[Entry]:
        return sorted(entries, key=lambda entry: memory.layer(entry.id) is Layer.COMPANY)

    def entry_of(part: Part, entry: Entry, score: float = 0.0) -> Recalled:
        company = memory.layer(entry.id) is Layer.COMPANY
        return Recalled(part, entry.id, entry.text, score=score, untrusted=entry.untrusted, company=company)

    def passages_for(request: str) -> list[Recalled]:
        hits = [hit for hit in documents.search(request, 2 * PASSAGES) if not hit.untrusted]
        best = [hit for company in (False, True) for hit in [one for one in hits if one.company is company][:PASSAGES]]
        return [
            Recalled("passages", *(hit.passage.id, hit.passage.text, hit.citation, hit.score), company=hit.company)
            for hit in best
        ]

    async def recall(request: str, session: str) -> Recollection:
        return Recollection(tuple(await asyncio.to_thread(look_up, request, session)))

    return recall
