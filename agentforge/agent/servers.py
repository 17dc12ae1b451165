"""A run's questions to MCP servers: each is checked against what its tool was granted, as if an attacker had asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import cast

from agentforge.boxes.asks import Refused
from agentforge.errors import ConfigurationError, ServerFailed
from agentforge.sections import ServerSettings
from agentforge.servers.connection import ask
from agentforge.types import JSONObject

STARTED = 2.0
"""Seconds beside those of the server, so that its own limit is the one that is told."""


async def answer(granted: Collection[str], servers: Mapping[str, ServerSettings], stated: JSONObject) -> str:
    """The answer to ``ask_server(SERVER, TOOL, ARGUMENTS)``: untrusted text.

    Raises:
        Refused: it is not granted, the settings name no such server, or that failed.
    """
    match stated:
        case {"positional": [str(server), str(tool), dict(args)], "named": dict(named), **rest} if not named | rest:
            pass
        case _:
            raise Refused("An MCP server is asked by ask_server(SERVER, TOOL, ARGUMENTS).")
    if f"{server}/{tool}" not in granted:
        raise Refused(f"This tool does not declare {f'{server}/{tool}'[:120]!r} among its servers.")
    if server not in servers:
        raise Refused(f"The settings name no MCP server {server!r}.", "failed")
    try:
        return await ask(server, servers[server], tool, cast("JSONObject", args))
    except (ServerFailed, ConfigurationError) as error:
        raise Refused(str(error), "failed") from None


def patience(granted: Collection[str], servers: Mapping[str, ServerSettings]) -> float:
    """Seconds that a run may need which asks these servers; 0 where it asks none."""
    named = {entry.partition("/")[0] for entry in granted}
    return max((servers[name].seconds + STARTED for name in named if name in servers), default=0.0)
