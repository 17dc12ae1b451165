"""Changes of where tools stand: behavioural duplicates are merged, and what nobody uses is retired."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

from agentforge.errors import ToolInvalid
from agentforge.forge.boxed import bench_of
from agentforge.forge.cases import outcome
from agentforge.forge.probes import neighbours
from agentforge.gitstore.changing import Change
from agentforge.models.protocol import ModelClient
from agentforge.registry.changes import retirement
from agentforge.registry.repository import Registry
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.tool import Tool
from agentforge.sleep.parts import Committed, Copy, Made, NightParts
from agentforge.sleep.report import Kind
from agentforge.types import Layer, State

FEWEST_RESULTS = 3
"""Different results among the inputs that two tools agree on: those that always return the same are alike anyway."""

MOST_TOOLS = 300
"""Live tools of a user of which duplicates are looked for, by name: the cost grows with those of one signature."""


class Retirement:
    """One tool is retired; with ``instead`` because that one does the same. Implements
    :class:`~agentforge.sleep.parts.Proposal`.
    """

    costs = False

    def __init__(self, tool: Tool, parts: NightParts, instead: Tool | None = None) -> None:
        self.kind: Kind = "retire" if instead is None else "merge"
        into = f"/{instead.name}@{instead.version[:12]}" if instead is not None else ""
        self.key = f"{self.kind}/{tool.name}@{tool.version[:12]}{into}"
        days = parts.settings.sleep.unused_days
        self.what = (
            f"{tool.name} is merged into {instead.name}"
            if instead is not None
            else f"{tool.name}, which was not called for {days} days, is retired"
        )
        self._tool, self._instead, self._parts = tool, instead, parts

    async def make(self, copy: Copy, once: str, models: ModelClient | None) -> Made | str:
        """Retires it in the copy, a duplicate only where the box shows that it is one."""
        del models
        other = self._instead
        if other is not None and (why := await _difference(self._tool, other, self._parts)):
            return why
        if not (await asyncio.to_thread(self._commit, copy.registry, once)).commits:
            return f"{self._tool.name} has changed meanwhile."
        why = f"{other.name} does the same on all inputs that were tried." if other is not None else ""
        return Made(lambda job: self._commit(self._parts.registry, job), why=why, version=self._tool.version)

    def settle(self, tool: str) -> None:
        """Nothing: what was tried stands in the reports."""

    def _commit(self, registry: Registry, once: str) -> Committed:
        tool, other = self._tool, self._instead

        def change(snapshot: Snapshot) -> Change | None:
            if registry.effect(once) is not None or needed_by(snapshot, tool.name):
                return None
            reason = f"{other.name} does the same." if other is not None else "Nobody called it any more."
            instead = other.name if other is not None else ""
            return retirement(snapshot, tool.name, tool.version, reason, instead=instead)

        registry.apply(change, {"Tool": [tool.name], "Job": [once]})
        done = registry.effect(once)
        return Committed((done.commit,) if done is not None else ())


def needed_by(snapshot: Snapshot, name: str) -> list[str]:
    """The live tools of a registry that import a tool."""
    live = snapshot.standing(snapshot.names(State.LIVE))
    return [tool.name for tool in live if isinstance(tool, Tool) and name in tool.depends]


def merges(parts: NightParts) -> list[Retirement]:
    """The pairs of live tools that may be duplicates: the same parameters, result and errors, and no rights. The one
    that stays is of a layer below, or was proved, or came first by name. Blocks.
    """
    alike: dict[str, list[Tool]] = defaultdict(list)
    for tool in parts.layers.live():
        if tool.pure and (form := _form(tool)):
            alike[form].append(tool)
    found: list[Retirement] = []
    for tools in alike.values():
        stays, *others = sorted(tools[:MOST_TOOLS], key=_rank)
        found += [Retirement(one, parts, stays) for one in others if _may_go(parts, one)]
    return found


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


async def _difference(tool: Tool, other: Tool, parts: NightParts) -> str:
    """Why one does not do the same as the other, or nobody knows; empty where it does (raises SandboxError)."""
    known = [example.args for example in (*tool.examples, *other.examples)]
    inputs = [*known, *neighbours(known)]
    box, gates = await parts.box(), parts.settings.gates
    ran: list[list[str]] = []
    for one in (tool, other):
        bench = await bench_of(one, parts.layers, box, parts.limits, None)
        if isinstance(bench, str):
            return f"{one.name} cannot be tried: {bench}."
        results = await bench.run(one.source, inputs)
        ran.append([outcome(result) for result in results])
    telling = {told for told in ran[0] if told.startswith("returns ")}
    if sum(told.startswith("returns ") for told in ran[0]) < gates.twin_inputs or len(telling) < FEWEST_RESULTS:
        return f"Too few inputs tell anything of {tool.name} and {other.name}."
    differ = sum(one != two for one, two in zip(*ran, strict=True))
    return f"{tool.name} and {other.name} differ on {differ} of {len(inputs)} inputs." if differ else ""
