"""How the server is reached: over stdin and stdout by the program that started it, or over HTTP on loopback."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

import uvicorn
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings

from agentforge.loopback import address_of, listen
from agentforge.mcp.guard import Guard
from agentforge.mcp.service import Service
from agentforge.settings import McpSettings

PATH = "/mcp"
STOP_SECONDS = 3
"""So long open streams may take to end, once the server is asked to."""


async def over_stdio(service: Service) -> None:
    """Serves until stdin is closed. Standard output belongs to the protocol: whatever else is printed in this process
    goes to stderr meanwhile.
    """
    with _stdin_that_ends() as end:
        async with service, stdio_server() as (read, write):
            try:
                await service.server.run(read, write, service.server.create_initialization_options())
            finally:
                end()


@contextmanager
def _stdin_that_ends() -> Generator[Callable[[], None]]:
    """Standard input as a pipe of our own, whose end is given: who waits for a line of it could not be interrupted."""
    outside, (reading, writing) = os.dup(0), os.pipe()
    inside = os.fdopen(writing, "wb", buffering=0)

    def carry() -> None:
        with suppress(OSError, ValueError), inside:  # closed from here or from there
            while data := os.read(outside, 1 << 16):
                while data:
                    data = data[inside.write(data) :]

    os.dup2(reading, 0)
    os.close(reading)
    threading.Thread(target=carry, daemon=True).start()
    try:
        yield inside.close
    finally:
        os.dup2(outside, 0)


async def over_http(
    service: Service, settings: McpSettings, *, on_ready: Callable[[str, str], None], token: str | None = None
) -> None:
    """Serves until cancelled or interrupted. ``on_ready`` gets the address and the token.

    Raises:
        ConfigurationError: the host is not loopback, or the port is taken.
    """
    given = settings.token.get_secret_value() if settings.token is not None else ""
    token = token or given or secrets.token_urlsafe(32)
    with listen(settings.host, settings.port, what="The tools", section="mcp") as listener:
        # The guard has looked at Host and Origin before; the library's own look would log what it refuses.
        security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        application = service.server.streamable_http_app(
            streamable_http_path=PATH, host=listener.getsockname()[0], transport_security=security
        )
        config = uvicorn.Config(
            Guard(application, token),
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",  # what it would start is started below; interrupted in it, the server prints a traceback
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        async with service, service.server.session_manager.run():
            on_ready(f"{address_of(listener)}{PATH}", token)
            await uvicorn.Server(config).serve(sockets=[listener])
