"""``Forge.check``: a tool folder through all gates."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from agentforge.api.opened import Opened, secrets_of
from agentforge.errors import ToolInvalid
from agentforge.settings import Settings

if TYPE_CHECKING:
    from agentforge.boxes.protocol import Box
    from agentforge.forge.checking import Checked


async def check(folder: Path, opened: Opened, box: Callable[[], Awaitable[Box]], settings: Settings) -> Checked:
    """What the gates say of ``folder`` (raises as :func:`agentforge.forge.checking.check_folder`)."""
    from agentforge.boxes.protocol import Limits
    from agentforge.forge.checking import CheckParts, check_folder
    from agentforge.forge.folders import read_folder

    with suppress(ToolInvalid):  # a folder that is none is told before a box is started for it
        await asyncio.to_thread(read_folder, folder)
    own = settings.sandbox
    call = Limits(own.call_seconds, own.result_bytes, own.output_bytes, own.file_bytes)
    suite = Limits(own.suite_seconds, own.result_bytes, own.output_bytes, own.file_bytes)
    parts = CheckParts(
        box=await box(),
        layers=opened.layers,
        registry=opened.registry,
        settings=settings.gates,
        call_limits=call,
        suite_limits=suite,
        recordings=settings.recordings,
        secrets=secrets_of(settings),
    )
    return await check_folder(folder, parts)
