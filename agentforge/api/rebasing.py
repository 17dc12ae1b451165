"""A user's own tools beside those that the company shares: which are the same, and what the company took back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from agentforge.api.opened import Opened
from agentforge.forge.boxed import bench_of
from agentforge.forge.cases import holds
from agentforge.forge.probes import neighbours
from agentforge.forge.twins import do_the_same
from agentforge.gitstore.changing import Change
from agentforge.registry.changes import move, retirement
from agentforge.registry.layers import Layers
from agentforge.registry.regressions import read_regressions
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.tool import Tool
from agentforge.settings import Settings
from agentforge.types import Layer, State

SHORT = 12


@dataclass(frozen=True, slots=True)
class Rebased:
    """What became of one of the user's tools: ``retired`` in favour of the shared one, or it stays and hides it."""

    name: str
    retired: bool
    why: str
    commit: str = ""


async def rebase(opened: Opened, settings: Settings, names: Sequence[str] = ()) -> list[Rebased]:
    """Each of the user's own live tools that hides one of the company's, all or ``names``, by name.

    Raises:
        RegistryError, StorageError: the registry cannot be read or written.
        SandboxError: the box failed.
    """
    hidden = {tool.name: tool for tool in opened.layers.shadowed() if tool.layer is Layer.COMPANY}
    done: list[Rebased] = []
    for name in sorted({*hidden} & {*names} if names else hidden):
        own = opened.layers.find(name)
        if own.layer is Layer.USER:
            done.append(await _one(own, hidden[name], opened, settings))
    return done


async def _one(own: Tool, shared: Tool, opened: Opened, settings: Settings) -> Rebased:
    why = await _difference(own, shared, opened, settings)
    standing = opened.registry.snapshot().states.tools.get(own.name)
    if not why and standing is not None and standing.pinned:
        why = "it does the same, and is pinned"
    reason = f"The company's version {shared.version[:SHORT]} {f'is hidden: {why}' if why else 'does the same'}."

    def change(snapshot: Snapshot) -> Change | None:
        now = snapshot.states.tools.get(own.name)
        if now is None or now.version != own.version:
            return None
        if why:
            return move(snapshot, own.name, State.LIVE, reason, None)
        return retirement(snapshot, own.name, own.version, reason, instead=own.name)

    commit = await asyncio.to_thread(opened.registry.apply, change, {"Tool": [own.name], "Approver": [settings.user]})
    return Rebased(own.name, not why, reason, commit or "")


async def _difference(own: Tool, shared: Tool, opened: Opened, settings: Settings) -> str:
    """Why the shared one may not take its place, as the end of a sentence; empty where it may."""
    same_reach = own.manifest.capabilities == shared.manifest.capabilities
    if own.source == shared.source and same_reach and not own.depends:  # what it imports may be another tool there
        return ""
    box, limits = await opened.box(), opened.limits(settings.sandbox.call_seconds)
    below = Layers(opened.company, opened.layers.base) if opened.company is not None else opened.layers
    mine = await bench_of(own, opened.layers, box, limits, None)
    theirs = await bench_of(shared, below, box, limits, None)
    if isinstance(mine, str) or isinstance(theirs, str) or not (own.pure and shared.pure):
        return "the two cannot be compared, since a tool with effects is not run again"
    kept = await asyncio.to_thread(read_regressions, opened.registry, own.name)
    results = await theirs.run(shared.source, [one.args for one in kept])
    if wrong := sum(not holds(one, result) for one, result in zip(kept, results, strict=True)):
        return f"it gets {wrong} of {len(kept)} calls wrong that once went wrong here"
    known = [one.args for one in (*own.examples, *shared.examples)]
    inputs = [*known, *neighbours(known)]
    same = await do_the_same(mine, theirs, inputs, settings.gates.twin_inputs)
    return "" if same else "it is not known to do the same"


def deprecated(opened: Opened) -> dict[str, str]:
    """What the company took out of use and this user has, had, or gets from the starter tools, by name."""
    if opened.company is None:
        return {}
    states, own = opened.company.snapshot().states, opened.registry.snapshot().states
    found: dict[str, str] = {}
    for name, standing in states.tools.items():
        if standing.state not in (State.RETIRED, State.QUARANTINED):
            continue
        reason = f": {standing.reason.rstrip('.')}" if standing.reason else ""
        told = f"The company has {standing.state} its {name}{reason}."
        mine = own.tools.get(name)
        below = name in {tool.name for tool in opened.layers.base.tools()}
        now = "The starter tool of that name is used." if below else "No tool of that name is used."
        if mine is not None and mine.state is State.LIVE:
            found[name] = f"{told} Yours is still used."
        elif mine is not None and mine.instead == name:
            found[name] = f"{told} {now} Yours, which it replaced, comes back with: agentforge tools release {name}"
        elif below:
            found[name] = f"{told} {now}"
    return found
