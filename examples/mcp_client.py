"""Any client of the Model Context Protocol can use the toolbox: this one starts ``agentforge mcp`` as Claude Code does.

python -m examples.mcp_client parse_duration '{"text": "2h 45m"}'

Needs the extra ``mcp``. For Claude Code itself: ``claude mcp add agentforge -- agentforge mcp``.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

SERVER = StdioServerParameters(command=sys.executable, args=["-m", "agentforge", "mcp"], env=dict(os.environ))


async def main(name: str, args: str) -> int:
    async with Client(stdio_client(SERVER)) as client:
        print(f"tools: {', '.join(tool.name for tool in (await client.list_tools()).tools)}")
        result = await client.call_tool(name, json.loads(args))
    told = result.structured_content or {"error": [block.text for block in result.content if block.type == "text"]}
    print(f"{name}: {json.dumps(told.get('result', told))}")
    return int(result.is_error or False)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:3])))
