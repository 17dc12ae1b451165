"""Tools that a calling agent asks for: a job at once, the gates of everybody, and the caller's own code among them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent

from agentforge.mcp.forging import need_of
from agentforge.models.speechless import Speechless
from agentforge.testing import FakeBox, ScriptedModel
from agentforge.types import Role, State
from tests.forge.forging import behaves, code, judged
from tests.mcp_server.conftest import Serve, registry

ASKED: dict[str, Any] = {
    "name": "double",
    "signature": "(n: int) -> int",
    "purpose": "Double n. ValueError if n is negative.",
    "examples": [
        {"args": {"n": 2}, "returns": 4},
        {"args": {"n": 3}, "returns": 6},
        {"args": {"n": 10}, "returns": 20},
        {"args": {"n": -1}, "raises": "ValueError"},
    ],
}
RIGHT = "def double(n: int) -> int:\n    # RIGHT\n    return n\n"
WRONG = RIGHT.replace("RIGHT", "ADDS")
TESTS = "```python\nassert double(n=5) == 10\nassert double(n=6) == 12\n```"


def box() -> FakeBox:
    return FakeBox(behaves, judged)


def told(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


async def ended(client: Client, job: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            now = (await client.call_tool("forge_status", {"job": job, "wait_seconds": 5})).structured_content
            if now["status"] not in ("queued", "running"):
                return now


async def begun(client: Client, **more: Any) -> str:
    result = await client.call_tool("forge_tool", {**ASKED, **more})
    assert not result.is_error, told(result)
    return result.structured_content["job"]


def writer(behaviour: str = "RIGHT") -> ScriptedModel:
    def answers(request: Any) -> str:
        return TESTS if request.role is Role.TEST else code(behaviour)

    return ScriptedModel(answers)


async def test_a_job_comes_at_once_and_the_tool_waits_for_a_person(serve: Serve, home: Path) -> None:
    async with serve(box(), writer()) as service, Client(service.server) as client:
        now = await ended(client, await begun(client))
        assert "double" not in [tool.name for tool in (await client.list_tools()).tools]
    assert (now["status"], now["state"], now["tool"]) == ("done", "proposed", "")
    assert "had read untrusted text" in now["reason"]
    with registry(home) as mine:
        waits = mine.get("double")
        assert waits.state is State.PROPOSED
        assert {example.source for example in waits.examples if example.source != "generated"} == {"agent"}


async def test_with_trust_it_goes_live_and_appears_to_who_listens(serve: Serve) -> None:
    async with (
        serve(box(), writer(), mcp__trust=True) as service,
        Client(service.server) as client,
        client.listen(tools_list_changed=True) as events,
    ):
        now = await ended(client, await begun(client))
        assert (now["status"], now["state"], now["tool"]) == ("done", "live", "double"), now
        await asyncio.wait_for(anext(events), 20)
        assert "double" in [tool.name for tool in (await client.list_tools()).tools]
        assert (await client.call_tool("double", {"n": 4})).structured_content["result"] == 8


async def test_its_own_code_is_judged_where_no_model_is_set_up(serve: Serve, home: Path) -> None:
    async with serve(box(), mcp__trust=True) as service, Client(service.server) as client:
        assert not service._forge.writes
        now = await ended(client, await begun(client, code=RIGHT))
    assert (now["status"], now["state"]) == ("done", "proposed"), now
    assert "No other candidate behaves like it" in now["reason"]
    with registry(home) as mine:
        made = mine.get("double")
    assert not any(example.held_out for example in made.examples), "who wrote the code has seen every example"
    assert made.manifest.provenance.models[Role.GENERATE].startswith("mcp:")


async def test_with_a_model_that_agrees_its_own_code_goes_live(serve: Serve) -> None:
    async with serve(box(), writer(), mcp__trust=True) as service, Client(service.server) as client:
        now = await ended(client, await begun(client, code=RIGHT))
    assert (now["status"], now["state"]) == ("done", "live"), now
    assert "Unconfirmed" in now["reason"]


async def test_its_own_code_meets_the_same_gates(serve: Serve, home: Path) -> None:
    async with serve(box(), mcp__trust=True) as service, Client(service.server) as client:
        now = await ended(client, await begun(client, code=WRONG))
    assert (now["status"], now["tool"]) == ("failed", "")
    with registry(home) as mine:
        assert mine.names(State.PROPOSED) == mine.names() == []


async def test_without_a_model_and_without_code_it_says_so_at_once(serve: Serve) -> None:
    async with serve(box()) as service, Client(service.server) as client:
        result = await client.call_tool("forge_tool", ASKED)
    assert result.is_error
    assert told(result).startswith("No model endpoint is set up here. Bring the code yourself")


async def test_a_malformed_need_is_refused_before_there_is_a_job(serve: Serve) -> None:
    async with serve(box(), writer()) as service, Client(service.server) as client:
        result = await client.call_tool("forge_tool", {**ASKED, "signature": "(n: complex) -> int"})
        jobs = await (await service._forge.jobs()).list()
    assert result.is_error
    assert "double" in told(result)
    assert jobs == []


async def test_so_many_at_once_and_no_more(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentforge.mcp.forging.MOST_WAITING", 0)
    slow = asyncio.Event()

    async def never(job: str) -> None:
        await slow.wait()

    async with serve(box(), writer()) as service, Client(service.server) as client:
        monkeypatch.setattr(service._forge, "carry", never)
        await begun(client)
        result = await client.call_tool("forge_tool", ASKED)
    assert result.is_error
    assert "forgings wait already" in told(result)


def test_what_a_client_calls_itself_is_one_plain_word() -> None:
    need = need_of({**ASKED, "code": RIGHT}, 'evil "name"\nwith lines', trusted=False)
    assert need.author == "mcp:evil-name-with-lines"
    assert need.tainted


async def test_where_no_model_is_there_each_question_says_so() -> None:
    with pytest.raises(Exception, match="No model endpoint"):
        await Speechless().decide(Role.PLAN, [], {})
