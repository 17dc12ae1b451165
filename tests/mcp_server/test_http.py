"""Over HTTP: the real client through a real socket, thirty of them at once, and whom the guard turns away."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_types import ToolListChangedNotification

from agentforge.boxes.protocol import CallResult
from agentforge.errors import ConfigurationError
from agentforge.mcp.serve import over_http
from agentforge.settings import McpSettings
from agentforge.testing import FakeBox
from agentforge.testing.box import Run, returned
from agentforge.types import State
from tests.mcp_server.conftest import Serve, registry, starter

TOKEN = "a-token-of-this-test"
CLIENTS = 30


def lengths(run: Run) -> CallResult:
    return returned(len(str(run.args["text"])))


@asynccontextmanager
async def listening(serve: Serve, base: Path | None = None) -> AsyncIterator[str]:
    """The address of a server that listens."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with serve(FakeBox(lengths), base=base) as service:

        def ready(at: str, token: str) -> None:
            assert token == TOKEN
            address.set_result(at)

        # the fixture has begun to watch; over_http does that itself
        await service.__aexit__()
        task = asyncio.create_task(over_http(service, McpSettings(port=0), on_ready=ready, token=TOKEN))
        try:
            yield await asyncio.wait_for(address, 20)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def transport(address: str) -> AsyncIterator[TransportStreams]:
    """What the client speaks over, with the token in each request."""
    async with (
        create_mcp_http_client(headers={"Authorization": f"Bearer {TOKEN}"}) as http,
        streamable_http_client(address, http_client=http) as streams,
    ):
        yield streams


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_thirty_clients_at_once_each_get_their_own_answers(serve: Serve, mode: str) -> None:
    async def one(number: int) -> None:
        async with Client(transport(address), mode=mode, read_timeout_seconds=60) as client:
            assert "parse_duration" in [tool.name for tool in (await client.list_tools()).tools]
            for length in (number + 1, number + 101):
                result = await client.call_tool("parse_duration", {"text": "x" * length})
                assert result.structured_content["result"] == length

    async with listening(serve) as address:
        await asyncio.gather(*(one(number) for number in range(CLIENTS)))


async def test_a_commit_is_told_to_clients_of_both_generations(serve: Serve, home: Path, tmp_path: Path) -> None:
    heard = asyncio.Event()

    async def hear(message: object) -> None:
        if isinstance(message, ToolListChangedNotification):
            heard.set()

    async with (
        listening(serve, tmp_path) as address,
        Client(transport(address)) as newer,
        Client(transport(address), mode="legacy", message_handler=hear) as older,
        newer.listen(tools_list_changed=True) as events,
        asyncio.timeout(30),
    ):
        await older.list_tools()
        with registry(home) as mine:
            await asyncio.to_thread(mine.add, starter("crc32_hex"), state=State.LIVE)
        await anext(events)
        await heard.wait()
        for client in (newer, older):
            assert "crc32_hex" in [tool.name for tool in (await client.list_tools()).tools]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": f"Bearer {TOKEN}", "host": "evil.example"}, 421),
        ({"authorization": f"Bearer {TOKEN}", "host": "127.0.0.1.evil.example"}, 421),
        ({"authorization": f"Bearer {TOKEN}", "host": "user@127.0.0.1"}, 421),
        ({"authorization": f"Bearer {TOKEN}", "origin": "https://evil.example"}, 403),
        ({"authorization": f"Bearer {TOKEN}", "origin": "null"}, 403),
        ({"authorization": f"Bearer {TOKEN}", "origin": "http://localhost.evil.example"}, 403),
        ({"authorization": f"Bearer {TOKEN}", "origin": "http://localhost:5000"}, 200),
        ({"authorization": f"Bearer {TOKEN}"}, 200),
    ],
)
async def test_host_origin_and_token_are_looked_at(
    serve: Serve, headers: dict[str, str], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    accept = {"accept": "application/json, text/event-stream"}
    async with listening(serve) as address, httpx2.AsyncClient() as browser:
        answer = await browser.post(address, json=hello, headers={**accept, **headers})
    assert answer.status_code == status
    assert TOKEN not in answer.text
    assert TOKEN not in caplog.text
    if status != 200:
        assert answer.json()["error"].endswith(".")


async def test_an_address_that_others_could_reach_is_refused(serve: Serve) -> None:
    async with serve() as service:
        with pytest.raises(ConfigurationError, match="not its loopback address"):
            await over_http(service, McpSettings(host="0.0.0.0"), on_ready=lambda *_: None)


async def test_a_port_that_is_taken_is_told(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with serve() as service:
            with pytest.raises(ConfigurationError, match=f"Port {port} of 127.0.0.1 is taken"):
                await over_http(service, McpSettings(port=port), on_ready=lambda *_: None)
