"""The live tools in the plain tool runner of the anthropic library, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest
from anthropic import AsyncAnthropic

from agentforge import Forge
from agentforge.boxes.protocol import Box
from agentforge.errors import ToolNotFound
from agentforge.models.protocol import ToolCall
from agentforge.settings import SandboxSettings, load
from agentforge.testing import FakeBox, MessagesServer, Reply
from agentforge.testing.box import raised, returned
from agentforge.toolrunner import runner_tools


def opener(box: FakeBox) -> Callable[[SandboxSettings], Awaitable[Box]]:
    async def open_box(_: SandboxSettings) -> Box:
        return box

    return open_box


async def test_the_runner_calls_live_tools_in_the_box_and_reads_their_errors() -> None:
    box = FakeBox([returned(9900), raised("ValueError", "no duration")])
    calls = [
        Reply("", (ToolCall("toolu_1", "parse_duration", {"text": "2h 45m"}),)),
        Reply("", (ToolCall("toolu_2", "parse_duration", {"text": "soon"}),)),
        Reply("", (ToolCall("toolu_3", "parse_duration", {"txt": 1}),)),
        "9900 seconds.",
    ]
    settings = load(overrides={"agent.embeddings": False})
    async with Forge(user="ada", settings=settings, open_box=opener(box)) as forge:
        with MessagesServer(calls) as server:
            async with AsyncAnthropic(api_key=server.key, base_url=server.url) as client:
                runner = client.beta.messages.tool_runner(
                    model=server.model,
                    max_tokens=500,
                    messages=[{"role": "user", "content": "How many seconds are 2h 45m?"}],
                    tools=await runner_tools(forge, ["parse_duration"]),
                    thread=False,
                )
                last = await runner.until_done()
        found = [tool.name for tool in await runner_tools(forge, query="parse a duration", k=3)]
        with pytest.raises(ToolNotFound, match="parse_duration"):
            await runner_tools(forge, ["parse_durations"])
        known = await forge.recorded_call()
    assert [block.text for block in last.content if block.type == "text"] == ["9900 seconds."]
    told = json.dumps(server.requests[-1].body)
    assert '"9900"' in told
    assert "ValueError: no duration" in told
    assert "was not run, its arguments do not fit" in told
    assert [run.args for run in box.runs] == [{"text": "2h 45m"}, {"text": "soon"}]
    offered = server.requests[0].body["tools"]
    assert [tool["name"] for tool in offered] == ["parse_duration"]
    assert offered[0]["input_schema"]["required"] == ["text"]
    assert found[0] == "parse_duration"
    assert known.tool == "parse_duration"
