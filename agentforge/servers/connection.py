"""One question to one MCP server: connect, ask, and be gone, all within the time that the settings give it.

What a server says is untrusted text: what comes back of it is capped here, its own secrets are taken out of it, and
nothing of it is believed. What it says about failures stays short, and what a library says about them is told to
nobody: it may hold an address with a password in it. The server's own program is started as the settings say; it is
the user's, and runs with the user's rights. The library reads each message whole before anything here sees it: one
without an end grows in memory until the time is over.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar, cast

from agentforge.errors import ConfigurationError, ServerFailed
from agentforge.sections import ServerSettings
from agentforge.types import JSON, JSONObject

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import CallToolResult

MOST_TEXT = 200_000
"""Characters of an answer that come back."""
MOST_OFFERED = 1_000
LEAST_SECRET = 8
"""Characters; shorter values of an environment, such as 1 or true, stand in any text."""
_SAID = 500
_BEYOND = 5.0
"""The library's own limit is that much later than ours, so that ours is the one that is told."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool as its server describes it: untrusted text, as it came."""

    name: str
    description: str
    parameters: JSONObject


async def offered(name: str, server: ServerSettings) -> list[Offered]:
    """The tools of a server.

    Raises:
        ServerFailed: it cannot be started or reached, or does not answer in time.
        ConfigurationError: the package of the protocol is missing.
    """

    async def listed(client: Client) -> list[Offered]:
        found: list[Offered] = []
        cursor: str | None = None
        while len(found) < MOST_OFFERED:
            page = await client.list_tools(cursor=cursor)
            found += [
                Offered(one.name, one.description or "", cast("JSONObject", one.input_schema)) for one in page.tools
            ]
            cursor = page.next_cursor
            if cursor is None:
                break
        return found[:MOST_OFFERED]

    return await _within(name, server, listed)


async def ask(name: str, server: ServerSettings, tool: str, args: JSONObject) -> str:
    """What one call of a server's tool gives, as text.

    Raises:
        ServerFailed: it cannot be started or reached, does not answer in time, or says that the call failed.
        ConfigurationError: the package of the protocol is missing.
    """

    async def called(client: Client) -> str:
        return _told(name, server, tool, await client.call_tool(tool, dict(args)))

    return await _within(name, server, called)


async def _within(name: str, server: ServerSettings, work: Callable[[Client], Awaitable[T]]) -> T:
    if find_spec("mcp") is None:
        raise ConfigurationError(
            "MCP servers need the package 'mcp', which is not installed.", fix="pip install 'agentforge-toolsmith[mcp]'"
        )
    try:
        async with asyncio.timeout(server.seconds), _connected(server) as client:
            return await work(client)
    except TimeoutError:
        raise ServerFailed(f"The MCP server {name} did not answer within {server.seconds:g} seconds.") from None
    except ServerFailed:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a library or a server comes up with is one failure of it
        if inner := _failure_in(error):
            raise inner from None
        raise ServerFailed(
            f"The MCP server {name} could not be {'reached' if server.url else 'started'}, or did not keep to the"
            " protocol.",
            fix=f"Look at servers.{name} in the settings.",
        ) from None


def _failure_in(error: BaseException) -> ServerFailed | None:
    """Ours, in whatever groups the library's tasks have wrapped it."""
    if isinstance(error, ServerFailed):
        return error
    inner = cast("BaseExceptionGroup[BaseException]", error).exceptions if isinstance(error, BaseExceptionGroup) else ()
    return next((found for one in inner if (found := _failure_in(one)) is not None), None)


@asynccontextmanager
async def _connected(server: ServerSettings) -> AsyncGenerator[Client]:
    from mcp import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    async with AsyncExitStack() as stack:
        if server.url:
            headers = {"Authorization": f"Bearer {server.token.get_secret_value()}"} if server.token else {}
            http = await stack.enter_async_context(create_mcp_http_client(headers=headers))
            transport = streamable_http_client(server.url, http_client=http)
        else:
            environment = {key: value.get_secret_value() for key, value in server.environment.items()}
            words = StdioServerParameters(command=server.command[0], args=[*server.command[1:]], env=environment)
            silence = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, ASYNC230, PTH123 - the stack closes it, and the null device never blocks
            transport = stdio_client(words, errlog=silence)
        yield await stack.enter_async_context(Client(transport, read_timeout_seconds=server.seconds + _BEYOND))


def _told(name: str, server: ServerSettings, tool: str, result: CallToolResult) -> str:
    texts = [block.text for block in result.content if block.type == "text"]
    others = sorted({block.type for block in result.content if block.type != "text"})
    told = "\n".join([*texts, *(f"[{kind}, left out]" for kind in others)])
    if not told and result.structured_content is not None:
        told = json.dumps(cast("JSON", result.structured_content), ensure_ascii=False)
    told = told[: MOST_TEXT + 1]
    for hidden in (server.token, *server.environment.values()):
        if hidden is not None and len(hidden.get_secret_value()) >= LEAST_SECRET:
            told = told.replace(hidden.get_secret_value(), "[redacted:secret]")
    if result.is_error:
        raise ServerFailed(f"The MCP server {name} says that {tool} failed: {' '.join(told.split())[:_SAID]}")
    return told if len(told) <= MOST_TEXT else f"{told[:MOST_TEXT]}[… cut]"
