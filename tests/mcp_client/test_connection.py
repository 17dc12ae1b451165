"""One question to somebody else's server, a real one: its answer, or one sentence, and always in time."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from pydantic import SecretStr, ValidationError

from agentforge.errors import ServerFailed
from agentforge.sections import ServerSettings
from agentforge.servers.connection import MOST_TEXT, ask, offered
from tests.mcp_client.neighbour import server as neighbour

PROGRAM = (sys.executable, str(Path(__file__).with_name("neighbour.py")))


def program(*, seconds: float = 60, environment: Mapping[str, str] | None = None) -> ServerSettings:
    hidden = {key: SecretStr(value) for key, value in (environment or {}).items()}
    return ServerSettings(command=PROGRAM, seconds=seconds, environment=hidden)


@asynccontextmanager
async def at_an_address() -> AsyncIterator[str]:
    """The same server over HTTP, in this process."""
    app = neighbour.streamable_http_app()
    serving = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    task = asyncio.create_task(serving.serve())
    while not serving.started:  # noqa: ASYNC110 - the library tells it by no event
        await asyncio.sleep(0.02)
    port = serving.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        serving.should_exit = True
        await task


async def test_a_program_tells_its_tools_and_answers() -> None:
    found = {one.name: one for one in await offered("neighbour", program())}
    assert found["greet"].description == "Greets somebody."
    assert found["greet"].parameters["required"] == ["name"]
    assert await ask("neighbour", program(), "greet", {"name": "Ada", "loud": True}) == "HELLO ADA"


async def test_an_address_does_too() -> None:
    async with at_an_address() as url:
        server = ServerSettings(url=url, token=SecretStr("a-token-of-ours"))
        assert "greet" in [one.name for one in await offered("neighbour", server)]
        assert await ask("neighbour", server, "greet", {"name": "Ada"}) == "Hello Ada"


async def test_it_gets_none_of_our_environment_and_its_own_secrets_do_not_come_back() -> None:
    said = await ask("neighbour", program(environment={"NEIGHBOUR_KEY": "k-12345678"}), "whisper", {})
    assert "k-12345678" not in said
    assert "[redacted" in said
    assert "home is unknown" in said


async def test_what_it_says_of_a_failure_is_one_sentence() -> None:
    with pytest.raises(ServerFailed, match=r"The MCP server neighbour says that broken failed: .*the kettle is empty"):
        await ask("neighbour", program(), "broken", {})


async def test_what_takes_too_long_is_given_up() -> None:
    async with at_an_address() as url:
        started = time.monotonic()
        with pytest.raises(ServerFailed, match="did not answer within 1 seconds"):
            await ask("neighbour", ServerSettings(url=url, seconds=1), "slow", {})
        assert time.monotonic() - started < 10


async def test_a_long_answer_is_cut() -> None:
    async with at_an_address() as url:
        said = await ask("neighbour", ServerSettings(url=url), "long", {"size": MOST_TEXT * 2})
    assert len(said) < MOST_TEXT + 20
    assert said.endswith("[… cut]")


@pytest.mark.parametrize(
    "server",
    [
        ServerSettings(command=("/nowhere/at/all",)),
        ServerSettings(command=(sys.executable, "-c", "print('no protocol')")),
        ServerSettings(url="http://user:hunter2@127.0.0.1:9/mcp"),
    ],
    ids=["no such program", "another program", "nobody listens"],
)
async def test_one_that_is_not_there_is_told_in_a_sentence_without_its_address(server: ServerSettings) -> None:
    with pytest.raises(ServerFailed) as told:
        await ask("neighbour", server.model_copy(update={"seconds": 20}), "greet", {"name": "Ada"})
    assert "The MCP server neighbour" in str(told.value)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    "given",
    [{}, {"command": ("a",), "url": "http://a"}, {"url": "ftp://a"}, {"command": ("a",), "token": "t"}],
    ids=["neither", "both", "no http", "a token for a program"],
)
def test_settings_that_make_no_sense_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ServerSettings.model_validate(given)
