"""A tool that is called by its name, without a model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from agentforge.agent.calls import Called, Caller
from agentforge.agent.rows import Rows
from agentforge.api.opened import OnNotice, Opened
from agentforge.boxes.protocol import CallResult
from agentforge.errors import UsageError
from agentforge.memory.episodes import new_call_id
from agentforge.settings import Settings
from agentforge.types import JSONObject


async def call(
    name: str,
    args: JSONObject,
    opened: Opened,
    settings: Settings,
    on_notice: OnNotice,
    *,
    files: Mapping[str, bytes],
    record: bool,
) -> CallResult:
    """As :meth:`agentforge.Forge.call`."""
    layers = opened.layers
    tool, needs = layers.at_hand(name) or await asyncio.to_thread(layers.pinned, name)
    if record and not tool.manifest.capabilities.hosts:
        raise UsageError(f"The tool {name} fetches nothing: it declares no host.")
    recordings = settings.recordings / f"{name}.jsonl" if record else None
    rows = Rows(await opened.the_episodes(), on_notice)
    limits, box = opened.limits(settings.sandbox.call_seconds), await opened.box()
    caller = Caller(box, layers, settings.secrets, limits, rows, settings.servers)
    called = Called(new_call_id(), tool, args)
    called, result = await caller.followed(called, needs, files=files, record_to=recordings)
    await rows.returned(called, result)
    return replace(result, call=called.id)
