"""The client with a real model, where one is served (AGENTFORGE_TEST_MODEL_URL, AGENTFORGE_TEST_MODEL)."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from agentforge.errors import ContextOverflow
from agentforge.models.client import Models
from agentforge.models.protocol import Completion, Delta, Message, ToolSpec
from agentforge.settings import Endpoint
from agentforge.types import JSONObject, Role
from tests.models.conftest import Connect

URL = os.environ.get("AGENTFORGE_TEST_MODEL_URL", "")
pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not URL, reason="no model is served (AGENTFORGE_TEST_MODEL_URL)"),
    pytest.mark.timeout(600),
]
SCHEMA: JSONObject = {
    "type": "object",
    "properties": {"tool": {"enum": ["add", "multiply"]}, "name": {"type": "string", "pattern": "^[a-z_]{3,20}$"}},
    "required": ["tool", "name"],
    "additionalProperties": False,
}


@pytest.fixture
def models(connect: Connect) -> Models:
    name = os.environ.get("AGENTFORGE_TEST_MODEL", "qwen-coder")
    return connect(Endpoint(kind="vllm", url=URL, model=name, context=4096, timeout=500))


async def test_one_answer_and_a_stream_at_the_same_time(models: Models) -> None:
    async def streamed() -> list[Delta | Completion]:
        ask = (Message("user", "Count from 1 to 5."),)
        return [item async for item in models.stream(Role.PLAN, ask, max_tokens=16, temperature=0)]

    ask = (Message("user", "Say hi."),)
    answer, items = await asyncio.gather(
        models.complete(Role.GENERATE, ask, system="You are brief.", max_tokens=8, temperature=0), streamed()
    )
    assert answer.text
    assert isinstance(items[-1], Completion)
    assert items[-1].text == "".join(item.text for item in items if isinstance(item, Delta))
    assert models.usage[Role.PLAN].output_tokens > 1
    assert models.usage[Role.GENERATE].input_tokens > 5


async def test_a_decision(models: Models) -> None:
    ask = (Message("user", "I want the product of two numbers. Which tool, and a name for the result?"),)
    decision = await models.decide(Role.PLAN, ask, SCHEMA, max_tokens=60, temperature=0)
    assert decision["tool"] in ("add", "multiply")


async def test_a_forced_tool(models: Models) -> None:
    tool = ToolSpec("choose", "Chooses a tool.", SCHEMA)
    ask = (Message("user", "Choose the tool for 3 * 4."),)
    done = await models.complete(Role.PLAN, ask, tools=[tool], force_tool="choose", max_tokens=60, temperature=0)
    assert done.stop == "tool_use"
    assert done.calls[0].args["tool"] in ("add", "multiply")


async def test_the_count_is_the_servers_where_it_matters(models: Models) -> None:
    with pytest.raises(ContextOverflow):
        await models.complete(Role.PLAN, (Message("user", "word " * 4000),), max_tokens=200)
    assert not models.usage


async def test_a_cancelled_answer_stops_costing(models: Models) -> None:
    task = asyncio.create_task(models.complete(Role.PLAN, (Message("user", "Tell a long story."),), max_tokens=2000))
    await asyncio.sleep(3)
    start = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - start < 2
