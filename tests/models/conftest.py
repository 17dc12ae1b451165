"""A scripted Messages server and the real client speaking to it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agentforge.models import connection
from agentforge.models.client import Models
from agentforge.settings import Endpoint, Settings
from agentforge.testing.server import MessagesServer

Serve = Callable[..., MessagesServer]
Connect = Callable[..., Models]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts are real elsewhere; here they would only be waited for."""
    monkeypatch.setattr(connection, "PAUSES", (0.01, 0.01))


@pytest_asyncio.fixture
async def resources() -> Any:
    """Closes what a test opened, whatever came of it."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def serve(resources: AsyncExitStack) -> Serve:
    """Starts a server: ``serve(script, mode="vllm", …)``."""
    return lambda script, **options: resources.enter_context(MessagesServer(script, **options))


@pytest.fixture
def connect(resources: AsyncExitStack, home: Path) -> Connect:
    """A client: ``connect(server)``, ``connect(local=server, claude=other)`` or with endpoints."""

    def open_client(default: MessagesServer | Endpoint | None = None, **named: MessagesServer | Endpoint) -> Models:
        if default is not None:
            named["claude" if getattr(default, "mode", None) == "claude" else "local"] = default
        endpoints = {name: one.endpoint() if isinstance(one, MessagesServer) else one for name, one in named.items()}
        models = Models(Settings(home=home, endpoints=endpoints))
        resources.push_async_callback(models.aclose)
        return models

    return open_client
