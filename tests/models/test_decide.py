"""A decision is an object that validates, by whichever means the endpoint has."""

from __future__ import annotations

from typing import Any

import pytest

from agentforge.errors import ModelError
from agentforge.models.protocol import Message, ToolCall
from agentforge.testing import Reply
from agentforge.testing.server import MessagesServer
from agentforge.types import JSONObject, Role
from tests.models.conftest import Connect, Serve

ASK = (Message("user", "Which tool?"),)
SCHEMA: JSONObject = {
    "type": "object",
    "properties": {"tool": {"enum": ["add", "none"]}, "why": {"type": "string", "maxLength": 40}},
    "required": ["tool"],
    "additionalProperties": False,
}
ANY_ARGS: JSONObject = {"type": "object", "properties": {"args": {"type": "object"}}, "required": ["args"]}
GOOD: JSONObject = {"tool": "add", "why": "to add"}
WORDS = {"json_schema": False, "forced_tools": False}
TOOL = {"json_schema": False, "forced_tools": True}


async def decide(connect: Connect, server: MessagesServer, schema: JSONObject = SCHEMA, **features: Any) -> JSONObject:
    return await connect(server.endpoint(features=features)).decide(Role.PLAN, ASK, schema)


@pytest.mark.parametrize("mode", ["claude", "vllm"])
async def test_by_json_schema(serve: Serve, connect: Connect, mode: str) -> None:
    server = serve([GOOD], mode=mode)
    assert await decide(connect, server) == GOOD
    assert server.requests[0].body["output_config"]["format"]["type"] == "json_schema"
    assert "tools" not in server.requests[0].body


async def test_by_a_forced_tool(serve: Serve, connect: Connect) -> None:
    server = serve([Reply(calls=(ToolCall("1", "answer", GOOD),))], mode="vllm")
    assert await decide(connect, server, **TOOL) == GOOD
    assert server.requests[0].body["tool_choice"] == {"type": "tool", "name": "answer"}


@pytest.mark.parametrize("mode", ["claude", "vllm"])
async def test_in_words(serve: Serve, connect: Connect, mode: str) -> None:
    said = 'Sure! {not json} Here it is:\n```json\n{"tool": "add"}\n```\nAnything {else}?'
    server = serve([said], mode=mode)
    assert await decide(connect, server, **WORDS) == {"tool": "add"}
    assert '"enum": ["add", "none"]' in server.requests[0].body["system"]


async def test_an_object_with_any_keys_is_asked_of_claude_in_words(serve: Serve, connect: Connect) -> None:
    server = serve([{"args": {"a": 1}}], mode="claude")
    assert await decide(connect, server, ANY_ARGS) == {"args": {"a": 1}}
    assert "output_config" not in server.requests[0].body


@pytest.mark.parametrize("features", [{}, TOOL, WORDS])
async def test_a_mismatch_is_told_and_asked_for_again(serve: Serve, connect: Connect, features: Any) -> None:
    server = serve(['{"tool": "subtract", "why": 3}', '{"tool": "none"}'], mode="vllm")
    assert await decide(connect, server, **features) == {"tool": "none"}
    *_, said, complaint = server.requests[1].body["messages"]
    assert said["content"][0]["text"] == '{"tool": "subtract", "why": 3}'
    text = complaint["content"][0]["text"]
    assert "'subtract' is not one of ['add', 'none']" in text
    assert "$.why: 3 is not of type 'string'" in text


async def test_no_object_at_all_is_told_too(serve: Serve, connect: Connect) -> None:
    server = serve(["I would add.", '{"tool": "add"}'], mode="vllm")
    assert await decide(connect, server) == {"tool": "add"}
    assert "no JSON object" in server.requests[1].body["messages"][-1]["content"][0]["text"]


async def test_a_cut_answer_is_asked_for_shorter(serve: Serve, connect: Connect) -> None:
    server = serve(['{"tool": "add", "why": "' + "because " * 500, '{"tool": "add"}'], mode="vllm")
    assert await decide(connect, server) == {"tool": "add"}
    assert "be shorter" in server.requests[1].body["messages"][-1]["content"][0]["text"]


async def test_a_forced_call_that_is_cut_to_nothing_is_survived(serve: Serve, connect: Connect) -> None:
    long = ToolCall("1", "answer", {"tool": "add", "why": "because " * 500})
    server = serve([Reply(calls=(long,)), Reply(calls=(ToolCall("2", "answer", GOOD),))], mode="vllm")
    assert await decide(connect, server, **TOOL) == GOOD


async def test_twice_wrong_is_an_error_that_says_what_was_wrong(serve: Serve, connect: Connect) -> None:
    server = serve(["Maybe.", "Perhaps."], mode="vllm")
    with pytest.raises(
        ModelError, match=r"'qwen-coder' twice gave no valid decision: .*no JSON.* It said: 'Perhaps\.'"
    ):
        await decide(connect, server)
    assert len(server.requests) == 2


async def test_both_attempts_are_paid_for(serve: Serve, connect: Connect) -> None:
    models = connect(serve(["?", GOOD], mode="vllm"))
    await models.decide(Role.JUDGE, ASK, SCHEMA)
    assert models.usage[Role.JUDGE].calls == 2


async def test_a_model_that_thinks_first_has_room_for_it(serve: Serve, connect: Connect) -> None:
    server = serve([Reply('{"tool": "add"}', thinking="hm " * 3000)], mode="claude")
    assert await connect(server).decide(Role.PLAN, ASK, SCHEMA, max_tokens=50) == {"tool": "add"}
