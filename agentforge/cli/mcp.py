"""``agentforge mcp``: one user's tools for other agents, over stdio or HTTP."""

from __future__ import annotations

import asyncio
import logging
import sys
from importlib.util import find_spec

from agentforge.api.serving import Served
from agentforge.cli.options import Who
from agentforge.cli.output import Output
from agentforge.errors import ConfigurationError
from agentforge.settings import Settings, load


def mcp(who: Who, *, http: bool, port: int | None) -> int:
    """Serves until stdin is closed (stdio), or until Ctrl-C: the ordinary ways to end it, exit code 0."""
    given = {"mcp.port": port} if port is not None else {}
    settings = load(overrides=who.overrides() | given)
    installed()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="agentforge: %(message)s")
    output = Output()
    try:
        asyncio.run(_serve(settings, output, http=http))
    except KeyboardInterrupt:
        output.note("Stopped.")
    return 0


async def _serve(settings: Settings, output: Output, *, http: bool) -> None:
    from agentforge.mcp.serve import over_http, over_stdio
    from agentforge.mcp.service import Service

    def ready(address: str, token: str) -> None:
        output.note(f"Serving the tools of {settings.user} at {address}; Ctrl-C ends.")
        if settings.mcp.token is None:
            output.note(
                f"Callers send 'Authorization: Bearer {token}', valid until then; mcp.token sets a lasting one."
            )

    async with Served(settings=settings, on_notice=output.note) as forge:
        service = Service(forge)
        if http:
            await over_http(service, settings.mcp, on_ready=ready)
        else:
            await over_stdio(service)


def installed() -> None:
    """Raises ConfigurationError where the package of the protocol is not there."""
    if find_spec("mcp") is None:
        raise ConfigurationError(
            "This needs the package 'mcp', which is not installed.", fix="pip install 'agentforge-toolsmith[mcp]'"
        )
