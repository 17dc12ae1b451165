"""Trying a version that waits on calls that once went wrong and were kept after it had met the gates."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from agentforge.boxes.protocol import Box, Limits
from agentforge.forge.boxed import bench_of
from agentforge.forge.cases import holds
from agentforge.forge.evidence import describe_failure
from agentforge.registry.layers import Layers
from agentforge.registry.pending import find
from agentforge.registry.repository import Registry
from agentforge.registry.untried import Tried, digest, untried


async def try_proposal(
    registry: Registry,
    target: str,
    layers: Layers,
    box: Callable[[], Awaitable[Box]],
    limits: Limits,
    recordings: Path | None,
    *,
    version: str = "",
) -> Tried:
    """What the proposal ``NAME`` or ``NAME/N`` does on those calls of which its report does not tell; ``box`` is asked
    for only where there are any.

    Raises:
        ToolNotFound, UsageError: as :func:`agentforge.registry.pending.find`.
        RegistryError: the regressions are malformed.
        SandboxError: the box failed.
    """
    found = await asyncio.to_thread(partial(find, version=version, approvable=True), registry, target)
    if found.tool is None:
        return Tried(found.version)
    missing = await asyncio.to_thread(untried, registry.snapshot(), found.tool, believed=not found.doubts)
    if not missing:
        return Tried(found.version)
    bench = await bench_of(found.tool, layers, await box(), limits, recordings)
    if isinstance(bench, str):
        return Tried(found.version, why=bench)
    results = await bench.run(found.tool.source, [example.args for example in missing])
    pairs = [*zip(missing, results, strict=True)]
    return Tried(
        found.version,
        frozenset(digest(example) for example, result in pairs if holds(example, result)),
        tuple(describe_failure(found.name, example, result) for example, result in pairs if not holds(example, result)),
    )
