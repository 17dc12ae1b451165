"""Tools from what the user said of answers: questions of one kind that nobody asked again since enough is known.

The same work as in a turn (:mod:`agentforge.agent.teaching`), done for all questions, in a copy of the registry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from agentforge.agent.asking import Asking, Taught
from agentforge.agent.likeness import alike
from agentforge.agent.parts import AgentParts, Forger
from agentforge.agent.teaching import asking_about, is_due, made_of
from agentforge.forge.parts import Emit, ForgeResult
from agentforge.forge.pipeline import forge
from agentforge.memory.truths import Truth
from agentforge.models.protocol import ModelClient
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool
from agentforge.sleep.parts import Committed, Copy, Made, NightParts
from agentforge.sleep.report import Kind
from agentforge.sleep.wordings import kindred, retold
from agentforge.types import JSONObject, Need, State

LEAST_OUTPUT = 500
"""Generated tokens without which a forging is not begun."""


class FromAnswers:
    """A tool is made of like questions with known right answers. Implements
    :class:`~agentforge.sleep.parts.Proposal`.
    """

    kind: Kind = "tool"
    costs = True

    def __init__(self, taught: Taught, parts: NightParts, wordings: int = 1) -> None:
        known = taught.known
        digest = hashlib.sha256("\n".join(sorted(one.source for one in known)).encode()).hexdigest()[:12]
        self.key = f"tool/{digest}"
        told = f" in {wordings} wordings" if wordings > 1 else ""
        self.what = f"a tool is made for {len(known)} requests of one kind{told}, whose right answers are known"
        self._taught, self._parts, self.known = taught, parts, known

    async def make(self, copy: Copy, once: str, models: ModelClient | None) -> Made | str:
        """Forges it in the copy, as a turn would."""
        if models is None:
            return "No model is set up that could write it."
        forged: list[ForgeResult] = []

        async def forger(need: Need, emit: Emit) -> ForgeResult:
            given = await self._parts.forging(models)
            most = max(LEAST_OUTPUT, min(given.settings.max_output_tokens, copy.tokens))
            settings = given.settings.model_copy(update={"max_output_tokens": most})
            own = replace(given, models=models, registry=copy.registry, layers=copy.layers, job=once, settings=settings)
            forged.append(await forge(need, own, emit))
            return forged[-1]

        ready, why = await made_of(self._asking(copy, models, forger))
        if not forged or forged[-1].state == "failed":
            return f"{why[:1].upper()}{why[1:]}." if why else "Nothing was made."
        done = forged[-1]
        name = ready.entry.name if ready is not None and ready.in_order else ""
        marks = {one.id: name for one in self.known} if name else {}
        if done.reused:
            return Made(lambda _: Committed(), "found", f"{done.reused} answers them already.", tool=name, marks=marks)
        made = _made_in(copy.registry, done)
        state = State.LIVE if done.state == "live" else State.PROPOSED

        def commit(job: str) -> Committed:
            registry = self._parts.registry
            registry.add(made, state=state, unconfirmed=done.unconfirmed, reason=done.reason, once=job)
            found = registry.effect(job)
            return Committed((found.commit,) if found is not None else ())

        waits = state is State.PROPOSED
        told = f"{done.name}: {done.reason}"
        return Made(commit, "waits" if waits else "kept", told, made.version, "" if waits else name, marks)

    def settle(self, tool: str) -> None:
        """Notes which answers a forging had, so that it is not tried again before there are more."""
        self._parts.truths.mark(self.known, tool=tool)

    def _asking(self, copy: Copy, models: ModelClient, forger: Forger) -> Asking:
        parts = self._parts
        agent = AgentParts(
            models=models,
            box=parts.box,
            layers=copy.layers,
            index=parts.index,
            episodes=parts.episodes,
            settings=parts.settings,
            forger=forger,
            truths=parts.truths,
        )
        return asking_about(self._taught, agent, _unheard)


def due_tools(truths: Sequence[Truth], parts: NightParts) -> list[FromAnswers]:
    """The kinds of questions of which enough is known, and that no live tool answers: those of one wording, the newest
    first, then those of which only all wordings together are enough. Blocks.
    """
    enough = parts.settings.agent.truths_for_a_tool
    seen: set[int] = set()
    found: list[FromAnswers] = []
    for one in reversed(truths):
        if one.id in seen or not one.expected:
            continue
        taught = Taught(tuple(alike(one.question, truths, lambda other: other.question)))
        seen |= {other.id for other in taught.like}
        if is_due(parts.layers, taught, enough):
            found.append(FromAnswers(taught, parts))
    had = {one.id for each in found for one in each.known}
    for kind in kindred([one for one in truths if one.id not in had]):
        taught = Taught(retold(kind))
        if is_due(parts.layers, taught, enough):
            found.append(FromAnswers(taught, parts, len(kind)))
    return found


def _made_in(registry: Registry, done: ForgeResult) -> Tool:
    """The tool that a forging has just committed there."""
    found = [*registry.tools(), *registry.proposed()]
    return next(tool for tool in found if tool.name == done.name and tool.version == done.version)


def _unheard(kind: str, data: JSONObject) -> None:
    """Nobody listens at night; the report tells the end."""
    del kind, data
