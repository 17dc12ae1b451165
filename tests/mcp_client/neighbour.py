"""Somebody else's MCP server, as a program of its own over stdio."""

from __future__ import annotations

import asyncio
import os
import sys

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("neighbour")


@server.tool()
def greet(name: str, loud: bool = False) -> str:
    """Greets somebody."""
    return f"HELLO {name.upper()}" if loud else f"Hello {name}"


@server.tool()
def broken() -> str:
    """Always fails."""
    raise ToolError("the kettle is empty")


@server.tool()
async def slow() -> str:
    """Takes its time."""
    await asyncio.sleep(60)
    return "late"


@server.tool()
def whisper() -> str:
    """Tells what it was started with."""
    home = os.environ.get("AGENTFORGE_HOME", "unknown")
    return f"The key is {os.environ.get('NEIGHBOUR_KEY', 'nothing')}; home is {home}."


@server.tool()
def long(size: int) -> str:
    """Gives a long text."""
    return "x" * size


if __name__ == "__main__":
    sys.stderr.write("noise on stderr\n")
    server.run("stdio")
