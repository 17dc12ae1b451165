"""``Forge.check``: a tool folder through all gates; ``Forge.tried``: a proposal on what once went wrong."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from agentforge.api.opened import Opened, secrets_of
from agentforge.errors import ToolInvalid
from agentforge.settings import Settings

if TYPE_CHECKING:
    from agentforge.forge.checking import Checked, CheckParts
    from agentforge.registry.untried import Tried


async def check(folder: Path, opened: Opened, settings: Settings) -> Checked:
    """What the gates say of ``folder`` (raises as :func:`agentforge.forge.checking.check_folder`)."""
    from agentforge.forge.checking import check_folder
    from agentforge.forge.folders import read_folder

    with suppress(ToolInvalid):  # a folder that is none is told before a box is started for it
        await asyncio.to_thread(read_folder, folder)
    return await check_folder(folder, await parts_of(opened, settings))


async def parts_of(opened: Opened, settings: Settings) -> CheckParts:
    """What a check works with, the box among it (raises SandboxError)."""
    from agentforge.forge.checking import CheckParts
    from agentforge.policy import policy_of

    policy = policy_of(settings)
    return CheckParts(
        box=await opened.box(),
        layers=opened.layers,
        registry=opened.registry,
        settings=policy.gates,
        call_limits=opened.limits(settings.sandbox.call_seconds),
        suite_limits=opened.limits(settings.sandbox.suite_seconds),
        recordings=settings.recordings,
        secrets=secrets_of(settings),
        policy=policy,
    )


async def tried(target: str, version: str, opened: Opened, settings: Settings) -> Tried:
    """What a proposal does on those calls (raises as :func:`agentforge.forge.trying.try_proposal`)."""
    from agentforge.forge.trying import try_proposal

    limits = opened.limits(settings.sandbox.call_seconds)
    return await try_proposal(
        opened.registry, target, opened.layers, opened.box, limits, settings.recordings, version=version
    )
