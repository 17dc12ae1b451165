"""Servers over one user's registry, and real clients of the protocol that speak with them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agentforge.api.serving import Served
from agentforge.boxes.protocol import Box
from agentforge.mcp.service import Service
from agentforge.models.protocol import ModelClient
from agentforge.registry.layers import BaseLayer, Registry
from agentforge.registry.tool import Tool
from agentforge.settings import SandboxSettings, load
from agentforge.testing import FakeBox

Serve = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture
def serve() -> Serve:
    """Opens a server in this process; ``box`` answers its calls, settings come as dotted keys."""

    @asynccontextmanager
    async def served(
        box: FakeBox | None = None, models: ModelClient | None = None, base: Path | None = None, **sets: Any
    ) -> AsyncIterator[Service]:
        overrides = {key.replace("__", "."): value for key, value in sets.items()}
        opener: Callable[[SandboxSettings], Awaitable[Box]] | None = None
        if box is not None:

            async def given(settings: SandboxSettings) -> Box:
                return box

            opener = given
        forge = Served(
            settings=load(overrides=overrides), on_notice=lambda _: None, models=models, open_box=opener, base=base
        )
        async with forge, Service(forge) as service:
            yield service

    return served


def starter(name: str) -> Tool:
    """A starter tool, to be put into a registry."""
    return next(tool for tool in BaseLayer().tools() if tool.name == name)


def registry(home: Path) -> Registry:
    """The user's registry, opened a second time: as another process would."""
    return Registry.open_or_create(home / "registries" / "personal" / "me.git")
