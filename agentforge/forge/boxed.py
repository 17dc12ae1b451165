"""A version of a tool run again: with what it imports, without its effects.

Nothing here reaches the network or a file of the user's: fetches are answered from recordings alone. A tool
that reads files, or that calls other tools with capabilities, cannot be run again at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agentforge.boxes.network.recordings import read_recordings
from agentforge.boxes.protocol import Box, CallResult, Limits
from agentforge.errors import ToolInvalid, ToolNotFound
from agentforge.forge.evidence import Workshop, run_all
from agentforge.registry.layers import Layers
from agentforge.registry.tool import Tool
from agentforge.types import JSONObject


@dataclass(frozen=True, slots=True)
class Bench:
    """Where versions of one tool are run again. ``shop`` also serves the gates; ``clock`` and chance are the
    fixed ones of a run without a grant.
    """

    tool: Tool
    shop: Workshop

    async def run(self, source: str, many: Sequence[JSONObject], *, seconds: float | None = None) -> list[CallResult]:
        """Each of ``many`` with this source, in a fresh process each (raises SandboxError)."""
        shop = self.shop
        if seconds is not None:
            shop = replace(shop, limits=replace(shop.limits, seconds=seconds))
        return await run_all(source, self.tool.name, many, shop)


async def bench_of(tool: Tool, layers: Layers, box: Box, limits: Limits, recordings: Path | None) -> Bench | str:
    """The bench for a tool, or why it cannot be run again: a sentence's end that begins with 'it'.

    Raises:
        StorageError: its recordings cannot be read.
        RegistryError: the lock of packages is malformed.
    """
    reach = tool.manifest.capabilities
    if reach.servers:
        return "it asks MCP servers, and an effect is never repeated"
    if reach.files:
        return "it reads or writes files, which are not kept"
    exchanges = ()
    if reach.hosts:
        path = recordings / f"{tool.name}.jsonl" if recordings is not None else None
        exchanges = await asyncio.to_thread(read_recordings, path) if path is not None else ()
        if not exchanges:
            return "it reaches hosts of which nothing was recorded, and an effect is never repeated"
    try:
        needs = await asyncio.to_thread(layers.closure, tool.depends)
        packages = await asyncio.to_thread(layers.packages, tool)
    except (ToolNotFound, ToolInvalid) as error:
        return f"it needs what is not there: {error.message}"
    if needs.apart:
        return f"it calls {', '.join(needs.apart)}, whose effects are never repeated"
    return Bench(tool, Workshop(box, limits, reach, exchanges, packages, needs.sources))
