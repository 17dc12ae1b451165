"""New tools appear by themselves: a commit of another process is told to clients of both generations, and soon."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from mcp import Client
from mcp_types import ToolListChangedNotification

from agentforge.mcp.changes import Changes
from agentforge.types import State
from tests.mcp_server.conftest import Serve, registry, starter

PATIENCE = 20.0
"""Seconds; how soon it is in the ordinary case, benchmarks/mcp.py measures."""


async def test_a_newer_client_that_listens_hears_of_a_commit(serve: Serve, home: Path, tmp_path: Path) -> None:
    async with (
        serve(base=tmp_path) as service,
        Client(service.server) as client,
        client.listen(tools_list_changed=True) as events,
        asyncio.timeout(PATIENCE),
    ):
        assert len((await client.list_tools()).tools) == 4
        with registry(home) as mine:
            await asyncio.to_thread(mine.add, starter("crc32_hex"), state=State.LIVE)
        await anext(events)
        assert "crc32_hex" in [tool.name for tool in (await client.list_tools()).tools]


async def test_an_older_client_hears_of_it_too(serve: Serve, home: Path, tmp_path: Path) -> None:
    heard = asyncio.Event()

    async def hear(message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            heard.set()

    async with (
        serve(base=tmp_path) as service,
        Client(service.server, mode="legacy", message_handler=hear) as client,
        asyncio.timeout(PATIENCE),
    ):
        assert client.server_capabilities.tools is not None
        assert client.server_capabilities.tools.list_changed
        with registry(home) as mine:
            await asyncio.to_thread(mine.add, starter("crc32_hex"), state=State.LIVE)
        await heard.wait()
        assert "crc32_hex" in [tool.name for tool in (await client.list_tools()).tools]


async def test_after_a_commit_only_what_moved_is_read(
    serve: Serve, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve(base=tmp_path) as service, Client(service.server) as client:
        forge = service._forge
        monkeypatch.setattr(forge, "served", lambda: pytest.fail("all tools were read"))
        with registry(home) as mine:
            for name in ("sha256_hex", "crc32_hex", "word_count"):
                mine.add(starter(name), state=State.LIVE)
            assert [tool.name for tool in (await client.list_tools()).tools][4:] == [
                "crc32_hex",
                "sha256_hex",
                "word_count",
            ]
            mine.set_state("sha256_hex", State.RETIRED)
            assert [tool.name for tool in (await client.list_tools()).tools][4:] == ["crc32_hex", "word_count"]
            mine.set_state("sha256_hex", State.LIVE)
            assert len((await client.list_tools()).tools) == 7


async def test_a_look_that_fails_is_not_the_last_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("agentforge.mcp.changes.AFTER_FAILURE_SECONDS", 0.01)
    looks: list[int | Exception] = [3, 2, OSError("the disk is gone"), 1]

    def look() -> int:
        found = looks.pop() if len(looks) > 1 else looks[0]
        if isinstance(found, Exception):
            raise found
        return found

    changes, told = Changes(look), asyncio.Event()
    monkeypatch.setattr(changes, "tell", mock.AsyncMock(side_effect=lambda: told.set() if looks == [3] else None))
    watching = asyncio.create_task(changes.watch())
    async with asyncio.timeout(PATIENCE):
        await told.wait()
    watching.cancel()
    assert "the disk is gone" in caplog.text


async def test_what_only_waits_for_a_person_is_told_to_nobody(serve: Serve, home: Path, tmp_path: Path) -> None:
    async with serve(base=tmp_path) as service, Client(service.server) as client:
        async with client.listen(tools_list_changed=True) as events:
            with registry(home) as mine:
                await asyncio.to_thread(mine.add, starter("crc32_hex"), state=State.PROPOSED)
                waiting = asyncio.create_task(anext(events))
                await asyncio.wait([waiting], timeout=0.5)
                assert not waiting.done()
                await asyncio.to_thread(mine.add, starter("word_count"), state=State.LIVE)
                await asyncio.wait_for(waiting, PATIENCE)
        assert [tool.name for tool in (await client.list_tools()).tools][4:] == ["word_count"]


async def test_a_client_that_has_gone_holds_nobody_up(serve: Serve, home: Path, tmp_path: Path) -> None:
    async with serve(base=tmp_path) as service:
        async with Client(service.server, mode="legacy"):
            pass
        started = time.monotonic()
        await service.changes.tell()
        assert time.monotonic() - started < 1.0
        assert not service.changes._sessions
