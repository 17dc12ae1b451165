"""``agentforge tools connect``: what an MCP server offers, and tools that ask it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from agentforge.api.servers import Connecting
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, one_line, table
from agentforge.errors import UsageError
from agentforge.settings import load
from agentforge.types import JSON


def connect(who: Who, server: str, tools: Sequence[str], form: str, *, every: bool) -> int:
    """Lists what the server offers, or proposes tools; exit code 1 where one of them cannot be."""
    if every and tools:
        raise UsageError("Name the tools, or say --all.")
    settings, output = load(overrides=who.overrides()), Output(form)

    async def work() -> int:
        async with Connecting(user=settings.user, org=settings.org, settings=settings, on_notice=output.warn) as forge:
            if not tools and not every:
                return await _list(forge, server, output)
            wanted = [one.name for one in await forge.offered(server)] if every else tools
            return await _propose(forge, server, wanted, output)

    return asyncio.run(work())


async def _list(forge: Connecting, server: str, output: Output) -> int:
    found = await forge.offered(server)
    rows = table("TOOL", "WHAT IT SAYS OF ITSELF")
    for one in found:
        rows.add_row(cell(one.name), cell(one_line(one.description, 90)))
    if not output.json:
        output.note(f"'agentforge tools connect {server} TOOL' proposes a tool that asks it; --all proposes all.")
    told: list[JSON] = [{"tool": one.name, "description": one.description} for one in found]
    return output.finish(rows if found else "", {"server": server, "offered": told})


async def _propose(forge: Connecting, server: str, tools: Sequence[str], output: Output) -> int:
    done = await forge.propose(server, tools)
    lines = [
        f"{one.name} waits for you: agentforge tools approve {one.name} --version {one.version[:12]}"
        if one.name
        else f"{one.tool}: {one.why}"
        for one in done
    ]
    told: list[JSON] = [{"tool": one.tool, "name": one.name, "version": one.version, "why": one.why} for one in done]
    code = 0 if all(one.name for one in done) else 1
    return output.finish("\n".join(lines), {"server": server, "proposed": told}, code)
