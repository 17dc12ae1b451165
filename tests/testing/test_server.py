"""The Messages server is as strict as Claude in one mode and has vLLM's habits in the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest

from agentforge.models.protocol import ToolCall
from agentforge.testing import Fault, MessagesServer, Reply
from agentforge.testing.refusals import problems_of, sign

ADD = {"name": "add", "description": "Adds.", "input_schema": {"type": "object", "properties": {}}}
CALL = ToolCall("call_1", "add", {"a": 1})
USE = {"type": "tool_use", "id": "call_1", "name": "add", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "call_1", "content": "3"}
LATE = {**ADD, "name": "late", "defer_loading": True}
NAMED = {**RESULT, "content": [{"type": "tool_reference", "tool_name": "late"}]}
BOTH = {**RESULT, "content": [*NAMED["content"], {"type": "text", "text": "x"}]}
USER = {"role": "user", "content": "hi"}
HEADERS = {"anthropic-version": "2026-10-21", "authorization": "Bearer sk-test-0123456789"}


def request(**changes: Any) -> dict[str, Any]:
    """A sound request, changed; a change to None takes the field away."""
    body = {"model": "claude-opus-5-5", "max_tokens": 100, "messages": [USER], **changes}
    return {key: value for key, value in body.items() if value is not None}


def vllm(**changes: Any) -> dict[str, Any]:
    return request(**{"model": "qwen-coder", **changes})


def turn(*assistant: dict[str, Any], user: Any = "go on") -> list[dict[str, Any]]:
    return [USER, {"role": "assistant", "content": list(assistant)}, {"role": "user", "content": user}]


@pytest.fixture
def claude() -> Iterator[MessagesServer]:
    with MessagesServer(lambda received: Reply("Good day.")) as server:
        yield server


def post(server: MessagesServer, body: Any, headers: Any = HEADERS, path: str = "/v1/messages") -> httpx2.Response:
    with httpx2.Client(trust_env=False) as client:
        return client.post(f"{server.url}{path}", json=body, headers=headers, timeout=10)


def test_a_sound_request_has_no_problems() -> None:
    assert problems_of(request()) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (request(temperature=0.5), "temperature: is not supported"),
        (request(top_p=0.5), "top_p: is not supported"),
        (request(top_k=5), "top_k: is not supported"),
        (request(cache_salt="x"), "cache_salt: Extra inputs"),
        (request(seed=1), "seed: Extra inputs"),
        (request(max_tokens=None), "max_tokens: Field required"),
        (request(max_tokens="many"), "max_tokens: Input should be"),
        (request(messages=[]), "at least one message"),
        (request(messages=[{"role": "user", "content": ""}]), "must be non-empty"),
        (request(messages=[{"role": "user", "content": []}]), "must have non-empty content"),
        (request(messages=[{"role": "robot", "content": "x"}]), "role: Input should be"),
        (request(messages=[{**USER, "name": "ada"}]), "nothing else"),
        (request(messages=[{"role": "user", "content": [{"type": "text", "text": "x", "id": 1}]}]), "text.id: Extra"),
        (request(messages=[{"role": "user", "content": [{"type": "smell"}]}]), "Input tag 'smell'"),
        (request(messages=[{"role": "assistant", "content": "x"}, USER]), "first message"),
        (request(messages=[USER, {"role": "assistant", "content": "x"}]), "prefill"),
        (request(messages=turn(USE), tools=[ADD]), "without `tool_result` blocks immediately after: call_1"),
        (request(messages=turn({"type": "text", "text": "x"}, user=[RESULT]), tools=[ADD]), "unexpected `tool_use_id`"),
        (request(messages=turn(USE, user=[{"type": "text", "text": "x"}, RESULT]), tools=[ADD]), "must come first"),
        (request(messages=turn(USE, user=[RESULT])), "must define tools"),
        (request(messages=turn(user=[RESULT])), "all messages must have non-empty content"),
        (request(messages=[{"role": "user", "content": [USE]}], tools=[ADD]), "not allowed in user messages"),
        (request(tools=[ADD, ADD]), "unique"),
        (request(tools=[{**ADD, "name": "a b"}]), "match pattern"),
        (request(tools=[{**ADD, "schema": {}}]), "schema: Extra inputs"),
        (request(tools=[{"name": "add", "input_schema": {}}]), "input_schema.type"),
        (request(tools=[LATE]), "At least one tool must be non-deferred"),
        (
            request(tools=[ADD, {**LATE, "cache_control": {"type": "ephemeral"}}]),
            "both defer_loading and cache_control",
        ),
        (request(messages=turn(USE, user=[NAMED]), tools=[ADD]), "'late' has no corresponding tool definition"),
        (request(messages=turn(USE, user=[BOTH]), tools=[ADD, LATE]), "cannot stand beside others"),
        (request(tools=[ADD], tool_choice={"type": "tool", "name": "add"}), "not supported by claude-opus-5-5"),
        (request(tools=[ADD], tool_choice={"type": "any"}, model="claude-fable-5-1"), "not supported by claude-fable"),
        (request(tools=[ADD], tool_choice={"type": "any"}, model="claude-sonnet-5-5"), "not supported by claude-so"),
        (request(tool_choice={"type": "auto"}), "while providing tools"),
        (request(output_config={"format": {"type": "json"}}), "of type 'json_schema'"),
        (request(output_config={"fmt": {}}), "output_config.fmt: Extra"),
        (request(stop_sequences=["\n"]), "non-whitespace"),
        (request(system=[{"type": "text", "text": ""}]), "system: text"),
        (request(cache_control={"type": "forever"}), "ephemeral"),
        (request(thinking={"type": "disabled"}), "thinking.type.disabled"),
    ],
)
def test_what_claude_refuses(body: dict[str, Any], problem: str) -> None:
    assert problem in "; ".join(problems_of(body))


def test_a_result_may_name_a_deferred_tool() -> None:
    assert problems_of(request(messages=turn(USE, user=[NAMED]), tools=[ADD, LATE])) == []


def test_haiku_lets_a_tool_be_forced() -> None:
    forced = {"type": "tool", "name": "add"}
    assert problems_of(request(tools=[ADD], tool_choice=forced, model="claude-haiku-5-5")) == []


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "object", "properties": {}}, "additionalProperties"),
        ({"type": "array", "items": {"type": "string", "pattern": "x"}}, "'pattern' is not supported"),
        ({"anyOf": [{"type": "integer", "minimum": 1}]}, "'minimum' is not supported"),
    ],
)
def test_schemas_that_claude_refuses(schema: Any, problem: str) -> None:
    body = request(output_config={"format": {"type": "json_schema", "schema": schema}})
    assert problem in "; ".join(problems_of(body))


def test_a_property_may_have_the_name_of_a_keyword() -> None:
    schema = {"type": "object", "properties": {"pattern": {"type": "string"}}, "additionalProperties": False}
    assert problems_of(request(output_config={"format": {"type": "json_schema", "schema": schema}})) == []


def test_thinking_is_bound_to_its_model_and_conversation() -> None:
    thinking = {"type": "thinking", "thinking": "…", "signature": sign("claude-opus-5-5", [USER])}
    told = turn(thinking, {"type": "text", "text": "x"})
    assert problems_of(request(messages=told)) == []
    assert "Invalid `signature`" in problems_of(request(messages=told, model="claude-haiku-5-5"))[0]
    assert "Invalid `signature`" in problems_of(request(messages=[{**USER, "content": "bye"}, *told[1:]]))[0]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (HEADERS, 200),
        ({**HEADERS, "authorization": "Bearer wrong"}, 401),
        ({"anthropic-version": "2026-10-21"}, 401),
        ({"authorization": HEADERS["authorization"]}, 400),
    ],
)
def test_key_and_version_are_wanted(claude: MessagesServer, headers: dict[str, str], status: int) -> None:
    answer = post(claude, request(), headers)
    assert answer.status_code == status
    assert answer.headers["request-id"]
    assert ("error" in answer.json()) == (status != 200)


def test_models_that_do_not_exist_and_prompts_that_do_not_fit(claude: MessagesServer) -> None:
    assert post(claude, request(model="claude-1")).status_code == 404
    claude_small = MessagesServer([], context=100)
    with claude_small:
        answer = post(claude_small, request(messages=[{"role": "user", "content": "word " * 200}]))
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert "prompt is too long" in answer.json()["error"]["message"]


def test_tokens_are_counted_and_max_tokens_is_foreign_there(claude: MessagesServer) -> None:
    path = "/v1/messages/count_tokens"
    assert post(claude, request(max_tokens=None), path=path).json()["input_tokens"] > 0
    assert post(claude, request(), path=path).status_code == 400


def test_streamed_and_whole_are_the_same_answer() -> None:
    reply = Reply("Let me add.", calls=(CALL,), thinking="Hm.")
    with MessagesServer([reply, reply]) as server:
        client = anthropic.Anthropic(base_url=server.url, api_key=server.key, max_retries=0)
        body = request(tools=[ADD])
        whole = client.messages.create(**body)
        with client.messages.stream(**body) as stream:
            streamed = stream.get_final_message()
        client.close()
    assert [block.to_dict() for block in streamed.content] == [block.to_dict() for block in whole.content]
    assert [block.type for block in whole.content] == ["thinking", "text", "tool_use"]
    assert streamed.stop_reason == whole.stop_reason == "tool_use"


def test_an_exhausted_script_is_a_refusal_that_says_so() -> None:
    with MessagesServer([]) as server:
        answer = post(server, request())
    assert answer.status_code == 400
    assert "script has no answer left" in answer.json()["error"]["message"]


def test_vllm_drops_what_it_does_not_know() -> None:
    with MessagesServer(["ok"], mode="vllm") as server:
        answer = post(server, vllm(seed=1, n=4, nonsense=True, temperature=0.5), headers={})
    assert answer.json()["content"] == [{"type": "text", "text": "ok"}]
    assert "request-id" not in answer.headers


def test_vllm_prints_a_call_that_was_not_forced() -> None:
    with MessagesServer(lambda received: Reply(calls=(CALL,)), mode="vllm") as server:
        free = post(server, vllm(tools=[ADD])).json()
        forced = post(server, vllm(tools=[ADD], tool_choice={"type": "tool", "name": "add"})).json()
    assert free["stop_reason"] == "end_turn"
    assert free["content"][0]["text"] == '```json\n{"name": "add", "arguments": {"a": 1}}\n```'
    assert forced["stop_reason"] == "tool_use"
    assert forced["content"][0]["input"] == {"a": 1}


def test_vllm_cuts_a_forced_call_to_raw_text_or_when_streamed_to_nothing() -> None:
    body = vllm(tools=[ADD], tool_choice={"type": "any"}, max_tokens=1)
    with MessagesServer(lambda received: Reply(calls=(CALL,)), mode="vllm") as server:
        whole = post(server, body).json()
        streamed = post(server, {**body, "stream": True}).text
    assert whole["stop_reason"] == "max_tokens"
    assert whole["content"][0]["text"].startswith("<tool_call>")
    events = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: ")]
    assert [event["type"] for event in events] == ["message_start", "message_delta", "message_stop"]


def test_vllm_shortens_an_answer_that_does_not_fit_without_a_word() -> None:
    with MessagesServer(["word " * 100], mode="vllm", context=100, tokens=lambda body: 90) as server:
        answer = post(server, vllm(max_tokens=100)).json()
    assert (answer["stop_reason"], answer["content"][0]["text"]) == ("max_tokens", "word " * 10)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (vllm(max_tokens=None), 400, "body.max_tokens"),
        (vllm(model="other"), 404, "does not exist"),
        (vllm(max_tokens=5000), 400, "max_model_len=4096"),
        (vllm(messages=[{"role": "user", "content": "word " * 9000}]), 400, "maximum context length is 4096"),
        (vllm(cache_salt="acme/ada"), 400, "cache_salt"),
        (vllm(messages=[]), 400, "empty conversation"),
        (vllm(tools=[ADD], tool_choice={"type": "tool", "name": "sub"}), 400, "not found in the tools list"),
    ],
)
def test_what_vllm_refuses(body: dict[str, Any], status: int, said: str) -> None:
    with MessagesServer([], mode="vllm", context=4096) as server:
        answer = post(server, body)
    assert answer.status_code == status
    assert said in answer.text


def test_vllm_leaves_the_outer_type_out_of_validation_errors_and_guards_its_key() -> None:
    with MessagesServer([], mode="vllm", key="k") as server:
        assert post(server, vllm(), headers={}).json() == {"error": "Unauthorized"}
        assert "type" not in post(server, vllm(max_tokens=None), headers={"authorization": "Bearer k"}).json()


def test_faults_are_served_with_status_and_headers() -> None:
    with MessagesServer([Fault(429, "rate_limit_error", "slow", {"retry-after": "7"})]) as server:
        answer = post(server, request())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


async def test_it_is_an_asynchronous_context_too_and_the_port_is_free_afterwards() -> None:
    async with (
        MessagesServer(["ok"]) as server,
        anthropic.AsyncAnthropic(base_url=server.url, api_key=server.key) as client,
    ):
        assert (await client.messages.create(**request())).content
    with pytest.raises(httpx2.ConnectError):
        post(server, request())
