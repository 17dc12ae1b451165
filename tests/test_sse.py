"""Runs as server-sent events: in order and whole, alive while nothing happens, cancelled or gone on with, resumed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.responses import Response

from agentforge import Forge
from agentforge.errors import UsageError
from agentforge.models.capabilities import FEATURES
from agentforge.settings import load
from agentforge.sse import Streams
from agentforge.testing import Reply, ScriptedModel

SETTINGS = {"agent.embeddings": False}


@pytest.fixture
async def forge() -> AsyncIterator[Forge]:
    answers = [Reply("One two three four five", pause=0.05), "Second."]
    model = ScriptedModel(answers, features=FEATURES["claude"])
    async with Forge(user="ada", settings=load(overrides=SETTINGS), models=model) as opened:
        yield opened


class Reader:
    """A client of one response, which leaves after the event of a type."""

    def __init__(self, response: Response, leave_at: str = "") -> None:
        self._response = response
        self._leave_at = leave_at
        self._leaves = asyncio.Event()
        self.status = 0
        self.raw = ""

    async def read(self) -> list[dict[str, Any]]:
        scope = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}}
        await self._response(scope, self._receive, self._send)
        return self.events

    @property
    def events(self) -> list[dict[str, Any]]:
        fields = [dict(line.split(": ", 1) for line in block.split("\n")) for block in self.raw.split("\n\n") if block]
        return [{**field, "data": json.loads(field["data"])} for field in fields if "data" in field]

    async def _receive(self) -> dict[str, Any]:
        await self._leaves.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self.raw += message.get("body", b"").decode()
        if self._leave_at and f"event: {self._leave_at}\n" in self.raw:
            self._leaves.set()


async def types_in(forge: Forge, session: str) -> list[str]:
    return [event.type for event in await forge.sessions.events(session)]


async def test_every_event_comes_once_in_order_with_its_id_and_the_rest_can_be_asked_for(forge: Forge) -> None:
    streams = Streams()
    told = await Reader(await streams.start(forge, forge.stream("Count"))).read()
    session = told[0]["data"]["session"]
    assert [one["id"] for one in told] == [f"{session}.1.{number}" for number in range(len(told))]
    assert [one["event"] for one in told] == [one["data"]["type"] for one in told]
    assert told[-1]["event"] == "completed"
    rest = await Reader(await streams.resume(forge, told[1]["id"])).read()
    assert rest == [one for one in told[2:] if one["event"] != "model_delta"]
    over = Reader(await streams.resume(forge, told[-1]["id"]))
    assert (await over.read(), over.status) == ([], 204)


async def test_while_nothing_happens_comments_are_sent(forge: Forge) -> None:
    reader = Reader(await Streams(heartbeat=0.01).start(forge, forge.stream("Count")))
    await reader.read()
    assert reader.raw.count(": still here\n\n") > 1
    assert reader.events[-1]["event"] == "completed"


async def test_a_run_whose_reader_leaves_is_interrupted(forge: Forge) -> None:
    streams = Streams()
    told = await Reader(await streams.start(forge, forge.stream("Count")), leave_at="model_delta").read()
    await streams.aclose()
    assert (await types_in(forge, told[0]["data"]["session"]))[-1] == "interrupted"


async def test_a_detached_run_goes_on_and_many_readers_miss_nothing(forge: Forge) -> None:
    streams = Streams(detach=True)
    told = await Reader(await streams.start(forge, forge.stream("Count")), leave_at="model_delta").read()
    again = [Reader(await streams.resume(forge, told[0]["id"])) for _ in range(50)]
    first, *others = await asyncio.gather(*(reader.read() for reader in again))
    assert all(other == first for other in others)
    assert [one["data"]["seq"] for one in first] == list(range(1, len(first) + 1))
    assert first[-1]["event"] == "completed"
    assert (await types_in(forge, told[0]["data"]["session"]))[-1] == "completed"


async def test_what_keeps_a_run_from_starting_is_raised_before_anything_is_sent(forge: Forge) -> None:
    streams = Streams()
    with pytest.raises(UsageError, match="empty"):
        await streams.start(forge, forge.stream(" "))
    for wrong in ("", "x", "x.1", "x.y.z", "nosession.1.2"):
        with pytest.raises(UsageError):
            await streams.resume(forge, wrong)


async def test_nobody_reads_the_run_of_another_user(forge: Forge) -> None:
    streams = Streams(detach=True)
    told = await Reader(await streams.start(forge, forge.stream("Count")), leave_at="model_delta").read()
    async with Forge(user="eve", settings=load(overrides=SETTINGS), models=ScriptedModel([])) as eve:
        with pytest.raises(UsageError, match="no session"):
            await streams.resume(eve, told[0]["id"])
    await streams.aclose()
