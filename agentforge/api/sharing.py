"""How many users of an organisation have had a tool's answers confirmed: their own versions count where they do the
same. Each tool of another user runs in a box of that user, and only the number comes out.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

from agentforge.api.opened import Opened, secrets_of
from agentforge.errors import AgentForgeError, RegistryError, ToolInvalid
from agentforge.forge.boxed import bench_of
from agentforge.forge.probes import neighbours
from agentforge.forge.twins import do_the_same
from agentforge.memory.credited import has_credit, users_who_confirmed
from agentforge.memory.outcomes import Outcomes
from agentforge.parsing import parse
from agentforge.registry.fitting import Fit, fit
from agentforge.registry.layers import Layers
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool
from agentforge.settings import COMPANY, Settings

MOST_TOOLS = 20
"""Tools of one user that one is compared with in the box, the first ones by name."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The tool as it would be shared, and the layers in which it would stand."""

    tool: Tool
    layers: Layers


async def users_of(own: Tool, shared: Shared, opened: Opened, settings: Settings) -> int:
    """How many users had this tool's answers confirmed: the one who asks, by their version ``own``, and others, by a
    version that has the same source or does the same as the shared one.

    Raises:
        StorageError: the database cannot be read.
        SandboxError: a box failed.
    """
    database = await asyncio.to_thread(opened.rows)
    users = await asyncio.to_thread(users_who_confirmed, database, settings.org)
    count = 0
    for user in users:
        outcomes = Outcomes(database, org=settings.org, user=user, secrets=secrets_of(settings))
        if user == opened.owner:
            count += await asyncio.to_thread(has_credit, outcomes, own.name, own.version)
        elif user != COMPANY:
            count += await _has_one(user, outcomes, own, shared, opened, settings)
    return count


async def _has_one(
    user: str, outcomes: Outcomes, own: Tool, shared: Shared, opened: Opened, settings: Settings
) -> bool:
    """Whether another user has such a tool with credit."""
    place = settings.registries / settings.org / f"{user}.git"
    async with AsyncExitStack() as stack:
        try:
            registry = stack.enter_context(await asyncio.to_thread(Registry.open, place, writable=False))
        except RegistryError:
            return False  # theirs to mend; nobody else's proposal fails for it
        layers = Layers(registry, opened.layers.base, opened.company)
        theirs = await asyncio.to_thread(registry.tools)
        known = [tool for tool in theirs if await asyncio.to_thread(has_credit, outcomes, tool.name, tool.version)]
        if any(_form(tool) in (_form(own), _form(shared.tool)) for tool in known):
            return True
        near = [*_fitting(shared.tool, known)][:MOST_TOOLS]
        if not near:
            return False
        box = await stack.enter_async_context(await opened.box_of(user))
        limits = opened.limits(settings.sandbox.call_seconds)
        mine = await bench_of(shared.tool, shared.layers, box, limits, None)
        for tool, found in near:
            other = await bench_of(tool, layers, box, limits, None)
            if isinstance(mine, str) or isinstance(other, str):
                continue
            known_inputs = [one.args for one in shared.tool.examples]
            back = {theirs: ours for ours, theirs in found.names.items()}
            known_inputs += [{back.get(key, key): value for key, value in one.args.items()} for one in tool.examples]
            inputs = [*known_inputs, *neighbours(known_inputs)]
            if await do_the_same(mine, other, inputs, settings.gates.twin_inputs, found.names):
                return True
    return False


def _fitting(tool: Tool, others: list[Tool]) -> Iterator[tuple[Tool, Fit]]:
    """Those that can be called as this one is, and that have no effects."""
    for other in others if tool.pure else ():
        try:
            found = fit(tool.signature, other.signature) if other.pure else None
        except ToolInvalid:
            continue
        if found is not None and not found.guessed:
            yield other, found


def _form(tool: Tool) -> str:
    """Its source without comments and spaces; the version of one that cannot be parsed."""
    try:
        return ast.dump(parse(tool.source))
    except (SyntaxError, ValueError, RecursionError, MemoryError, AgentForgeError):
        return tool.version
