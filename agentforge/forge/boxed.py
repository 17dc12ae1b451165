"""A version of a tool run again: with what it imports, without its effects.

Nothing here reaches the network or a file of the user's: fetches are answered from recordings alone. A tool
that reads files, or that calls other tools with capabilities, cannot be run again at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from agentforge.boxes.network.recordings import read_recordings
from agentforge.boxes.protocol import NO_TOOLBOX, NOTHING, Box, BoxInfo, CallResult, Grant, Limits, SuiteResult, Toolbox
from agentforge.errors import ToolInvalid, ToolNotFound
from agentforge.forge.evidence import Workshop, run_all
from agentforge.registry.layers import Layers
from agentforge.registry.tool import Tool
from agentforge.types import JSONObject


class WithToolbox:
    """A box whose every run finds the same tools to import. Implements ``Box`` over another one, which stays
    the caller's.
    """

    def __init__(self, box: Box, sources: Mapping[str, str]) -> None:
        self._box = box
        self._sources = dict(sources)

    @property
    def info(self) -> BoxInfo:
        """That of the box within."""
        return self._box.info

    async def call(
        self,
        source: str,
        entry: str,
        args: JSONObject,
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        grant: Grant = NOTHING,
        hash_seed: int = 0,
        depth: int = 0,
    ) -> CallResult:
        """As the box within, with the tools."""
        tools = {**self._sources, **toolbox}
        return await self._box.call(
            source, entry, args, toolbox=tools, limits=limits, grant=grant, hash_seed=hash_seed, depth=depth
        )

    async def call_many(
        self,
        source: str,
        entry: str,
        many: Sequence[JSONObject],
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        hash_seed: int = 0,
        packages: str = "",
    ) -> list[CallResult]:
        """As the box within, with the tools."""
        tools = {**self._sources, **toolbox}
        return await self._box.call_many(
            source, entry, many, toolbox=tools, limits=limits, hash_seed=hash_seed, packages=packages
        )

    async def run(
        self, code: str, *, toolbox: Toolbox = NO_TOOLBOX, limits: Limits | None = None, grant: Grant = NOTHING
    ) -> CallResult:
        """As the box within, with the tools."""
        return await self._box.run(code, toolbox={**self._sources, **toolbox}, limits=limits, grant=grant)

    async def suite(
        self,
        source: str,
        tests: str,
        *,
        toolbox: Toolbox = NO_TOOLBOX,
        limits: Limits | None = None,
        grant: Grant = NOTHING,
    ) -> SuiteResult:
        """As the box within, with the tools."""
        return await self._box.suite(source, tests, toolbox={**self._sources, **toolbox}, limits=limits, grant=grant)

    async def processes(self) -> int | None:
        """As the box within."""
        return await self._box.processes()

    async def close(self) -> None:
        """Nothing: the box within stays open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


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
    inside = WithToolbox(box, needs.sources) if needs.sources else box
    return Bench(tool, Workshop(inside, limits, reach, exchanges, packages))
