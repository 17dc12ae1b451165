"""How soon a tool that was committed is in the list of a client that listens.

A real server (``agentforge mcp``, a process of its own, over stdio and over HTTP) and a real client of the protocol, of
the newer generation (``subscriptions/listen``) and the older one (a notification on its session). This process
commits tools to the same registry, as another terminal would. The clock runs from the return of the commit until the
client, woken by the notification, has fetched a list that holds the tool. ``told`` is until the notification alone.
Nothing is compared: the aim is 100 ms.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from agentforge.registry.layers import BaseLayer, Registry
from agentforge.registry.tool import Tool
from agentforge.types import State
from benchmarks.form import parser, progress, show

TOKEN = "a-token-for-the-benchmark"
PATIENCE = 30.0
Wake = Callable[[], Awaitable[object]]


def named(tool: Tool, name: str) -> Tool:
    """The same tool under another name."""
    old = tool.name
    return replace(
        tool,
        manifest=tool.manifest.model_copy(update={"name": name}),
        source=tool.source.replace(old, name),
        tests=tool.tests.replace(old, name),
    )


@asynccontextmanager
async def stdio(home: Path) -> AsyncIterator[Any]:
    """What a client of a server over stdio is made with."""
    from mcp.client.stdio import StdioServerParameters

    env = {**os.environ, "AGENTFORGE_HOME": str(home)}
    yield lambda: StdioServerParameters(command=sys.executable, args=["-m", "agentforge", "mcp"], env=env)


@asynccontextmanager
async def http(home: Path) -> AsyncIterator[Any]:
    """What a client of a server over HTTP is made with."""
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    env = {**os.environ, "AGENTFORGE_HOME": str(home), "AGENTFORGE_MCP__TOKEN": TOKEN}
    words = (sys.executable, "-m", "agentforge", "mcp", "--http", "--port", "0")
    server = await asyncio.create_subprocess_exec(*words, env=env, stderr=asyncio.subprocess.PIPE)
    assert server.stderr is not None
    try:
        line = (await asyncio.wait_for(server.stderr.readline(), 120)).decode()
        address = line.partition(" at ")[2].partition(";")[0]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with create_mcp_http_client(headers=headers) as client:
            yield lambda: streamable_http_client(address, http_client=client)
    finally:
        server.terminate()
        await server.wait()


@asynccontextmanager
async def listening(transport: Any, generation: str) -> AsyncIterator[tuple[Any, Wake]]:
    """A client, and what waits for the next change of the list."""
    from mcp import Client
    from mcp_types import ToolListChangedNotification

    told: asyncio.Queue[None] = asyncio.Queue()

    async def hear(message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            told.put_nowait(None)

    if generation == "older":
        async with Client(transport, mode="legacy", message_handler=hear) as client:
            yield client, told.get
    else:
        async with Client(transport) as client, client.listen(tools_list_changed=True) as events:
            yield client, events.__anext__


async def timed(home: Path, carrier: Any, generation: str, runs: int, label: str) -> dict[str, float]:
    """Milliseconds of one carrier and generation."""
    starter = next(tool for tool in BaseLayer().tools() if tool.name == "crc32_hex")
    told_ms: list[float] = []
    visible_ms: list[float] = []
    async with carrier(home) as transport, listening(transport(), generation) as (client, wake):
        await client.list_tools()
        for number in range(runs):
            tool = named(starter, f"made_{label}_{number}")
            with Registry.open_or_create(home / "registries" / "personal" / "me.git") as registry:
                waiting = asyncio.ensure_future(wake())
                await asyncio.to_thread(registry.add, tool, state=State.LIVE)
            start = time.perf_counter()
            await asyncio.wait_for(waiting, PATIENCE)
            heard = time.perf_counter()
            names = [one.name for one in (await client.list_tools()).tools]
            if tool.name not in names:
                raise SystemExit("the client was told, and the tool is not in its list")
            told_ms.append(max(0.0, heard - start) * 1000)
            visible_ms.append((time.perf_counter() - start) * 1000)
            await asyncio.sleep(0.05 + 0.01 * (number % 7))  # so that commits do not follow the server's own beat
    ranked = sorted(visible_ms)
    return {
        "told_p50_ms": round(statistics.median(told_ms), 1),
        "visible_p50_ms": round(statistics.median(visible_ms), 1),
        "visible_p95_ms": round(ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))], 1),
        "visible_max_ms": round(ranked[-1], 1),
        "runs": runs,
    }


async def measure(runs: int, present: int) -> dict[str, dict[str, float]]:
    """All four kinds of client, one after the other."""
    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        starter = next(tool for tool in BaseLayer().tools() if tool.name == "crc32_hex")
        with Registry.open_or_create(home / "registries" / "personal" / "me.git") as registry:
            for number in range(present):
                registry.add(named(starter, f"present_{number}"), state=State.LIVE)
        for name, carrier in (("stdio", stdio), ("http", http)):
            for generation in ("newer", "older"):
                progress(f"{name}, {generation} client …")
                rows[f"{name} {generation}"] = await timed(home, carrier, generation, runs, f"{name}_{generation}")
    return rows


def main() -> int:
    """Measures and prints."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--runs", type=int, default=40, help="commits for each kind of client")
    arguments.add_argument("--present", type=int, default=100, help="tools that stand in the registry before")
    given = arguments.parse_args()
    runs, present = (8, 10) if given.quick else (given.runs, given.present)
    rows = asyncio.run(measure(runs, present))
    worst = max(row["visible_p95_ms"] for row in rows.values())
    show({"present": present, "worst_visible_p95_ms": worst, **rows}, rows, as_json=given.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
