"""Changes of where tools stand: behavioural duplicates are merged, and what nobody uses is retired."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from agentforge.errors import ToolInvalid
from agentforge.forge.boxed import bench_of
from agentforge.forge.probes import neighbours
from agentforge.forge.twins import do_the_same
from agentforge.gitstore.changing import Change
from agentforge.models.protocol import ModelClient
from agentforge.registry.changes import retirement
from agentforge.registry.repository import Registry
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.tool import Tool
from agentforge.sleep.parts import Committed, Copy, Made, NightParts
from agentforge.sleep.report import Kind
from agentforge.types import Layer, State

MOST_OTHERS = 50
"""Tools of one signature that one is compared with at the most, the first ones."""


class Retirement:
    """One tool is retired; with ``others`` if one of these does the same. Implements
    :class:`~agentforge.sleep.parts.Proposal`.
    """

    costs = False

    def __init__(self, tool: Tool, parts: NightParts, others: Sequence[Tool] = ()) -> None:
        self.kind: Kind = "merge" if others else "retire"
        told = "\n".join(f"{one.name}@{one.version}" for one in others)
        among = f"/{hashlib.sha256(told.encode()).hexdigest()[:12]}" if others else ""
        self.key = f"{self.kind}/{tool.name}@{tool.version[:12]}{among}"
        days = parts.settings.sleep.unused_days
        self.what = (
            f"{tool.name} is merged into a tool that does the same"
            if others
            else f"{tool.name}, which was not called for {days} days, is retired"
        )
        self._tool, self._others, self._parts = tool, others, parts

    async def make(self, copy: Copy, once: str, models: ModelClient | None) -> Made | str:
        """Retires it in the copy, a duplicate only where the box shows that it is one."""
        del models
        heir = await self._heir(copy) if self._others else None
        if isinstance(heir, str):
            return heir
        if not (await asyncio.to_thread(self._commit, copy.registry, once, heir)).commits:
            return f"{self._tool.name} has changed meanwhile."
        why = f"{heir.name} does the same on all inputs that were tried." if heir is not None else ""
        return Made(lambda job: self._commit(self._parts.registry, job, heir), why=why, version=self._tool.version)

    async def _heir(self, copy: Copy) -> Tool | str:
        """The first live one that does the same; where there is none, that, as a sentence (raises SandboxError)."""
        live = {tool.name: tool.version for tool in await asyncio.to_thread(copy.layers.live)}
        for other in self._others:
            if live.get(other.name) == other.version and await _is_twin(self._tool, other, self._parts):
                return other
        return f"None of {len(self._others)} tools with its signature is known to do the same."

    def settle(self, tool: str) -> None:
        """Nothing: what was tried stands in the reports."""

    def _commit(self, registry: Registry, once: str, heir: Tool | None) -> Committed:
        tool = self._tool

        def change(snapshot: Snapshot) -> Change | None:
            if registry.effect(once) is not None or needed_by(snapshot, tool.name):
                return None
            reason = f"{heir.name} does the same." if heir is not None else "Nobody called it any more."
            instead = heir.name if heir is not None else ""
            return retirement(snapshot, tool.name, tool.version, reason, instead=instead)

        registry.apply(change, {"Tool": [tool.name], "Job": [once]})
        done = registry.effect(once)
        return Committed((done.commit,) if done is not None else ())


def needed_by(snapshot: Snapshot, name: str) -> list[str]:
    """The live tools of a registry that import a tool."""
    live = snapshot.standing(snapshot.names(State.LIVE))
    return [tool.name for tool in live if isinstance(tool, Tool) and name in tool.depends]


def merges(parts: NightParts) -> list[Retirement]:
    """The live tools that may do the same as another: they have its parameters, result and errors, and no rights. One
    of a layer below stays, or one that was proved, or the first by name. Blocks.
    """
    alike: dict[str, list[Tool]] = defaultdict(list)
    for tool in sorted(parts.layers.live(), key=_rank):
        if tool.pure and (form := _form(tool)):
            alike[form].append(tool)
    return [
        Retirement(one, parts, tools[:at][:MOST_OTHERS])
        for tools in alike.values()
        for at, one in enumerate(tools)
        if at and _may_go(parts, one)
    ]


def _rank(tool: Tool) -> tuple[bool, bool, str]:
    return tool.layer is Layer.USER, tool.unconfirmed, tool.name


def unused(parts: NightParts, today: date) -> list[Retirement]:
    """The user's own live tools that nobody called for long, and that are older than that. Blocks."""
    start = datetime.combine(today, datetime.min.time(), UTC) - timedelta(days=parts.settings.sleep.unused_days)
    used = parts.outcomes.used_since(start.isoformat(timespec="microseconds"))
    idle = [tool for tool in parts.registry.tools() if tool.name not in used and _made_before(tool, start.date())]
    return [Retirement(tool, parts) for tool in idle if _may_go(parts, tool)]


def _made_before(tool: Tool, day: date) -> bool:
    created = tool.manifest.provenance.created
    return created is not None and created < day


def _may_go(parts: NightParts, tool: Tool) -> bool:
    snapshot = parts.registry.snapshot()
    standing = snapshot.states.tools.get(tool.name)
    own = tool.layer is Layer.USER and standing is not None and not standing.pinned
    return own and not needed_by(snapshot, tool.name)


def _form(tool: Tool) -> str:
    """What must be equal of two tools that one of may stand for the other; empty of a malformed one."""
    try:
        signature = tool.signature
    except ToolInvalid:
        return ""
    return json.dumps([[signature.parameters, signature.returns], sorted(signature.raises)], default=str)


async def _is_twin(tool: Tool, other: Tool, parts: NightParts) -> bool:
    """Whether two tools do the same on all of their examples and near them, where that tells enough (raises
    SandboxError).
    """
    known = [example.args for example in (*tool.examples, *other.examples)]
    inputs = [*known, *neighbours(known)]
    box = await parts.box()
    one, two = [await bench_of(each, parts.layers, box, parts.limits, None) for each in (tool, other)]
    if isinstance(one, str) or isinstance(two, str):
        return False
    return await do_the_same(one, two, inputs, parts.settings.gates.twin_inputs)
