"""The client against servers that behave like Claude and like vLLM."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

import pytest

from agentforge.models.protocol import Completion, Delta, Message, ModelClient, ToolAnswer, ToolCall, ToolSpec
from agentforge.testing import Reply
from agentforge.types import JSONObject, Role, Usage
from tests.models.conftest import Connect, Serve

HELLO = (Message("user", "hello"),)
ADD = ToolSpec(
    "add",
    "Adds two integers.",
    {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
)
CALL = ToolCall("call_1", "add", {"a": 1, "b": 2})
CITY: JSONObject = {
    "type": "object",
    "properties": {"city": {"type": "string", "pattern": "^[A-Z]", "maxLength": 20}},
    "required": ["city"],
    "additionalProperties": False,
}
BOTH = pytest.mark.parametrize("mode", ["claude", "vllm"])


@BOTH
async def test_one_answer(serve: Serve, connect: Connect, mode: str) -> None:
    server = serve(["Good day."], mode=mode)
    models: ModelClient = connect(server)
    completion = await models.complete(Role.PLAN, HELLO, system="Be polite.", max_tokens=50)
    assert (completion.text, completion.stop, completion.model) == ("Good day.", "end_turn", server.model)
    assert completion.endpoint == models.endpoint_name(Role.PLAN)
    assert server.requests[0].body["system"] == "Be polite."


@BOTH
async def test_one_request_after_another_goes_over_the_same_connection(
    serve: Serve, connect: Connect, mode: str
) -> None:
    server = serve(["one", "two", "three"], mode=mode)
    models = connect(server)
    for _ in range(3):
        await models.complete(Role.PLAN, HELLO)
    assert len({request.port for request in server.requests}) == 1


@BOTH
async def test_a_stream_gives_the_text_in_pieces_and_the_completion_last(
    serve: Serve, connect: Connect, mode: str
) -> None:
    models = connect(serve(["one two three"], mode=mode))
    items = [item async for item in models.stream(Role.PLAN, HELLO)]
    *pieces, last = items
    assert [piece.text for piece in pieces if isinstance(piece, Delta)] == ["one ", "two ", "three"]
    assert isinstance(last, Completion)
    assert last.text == "one two three"


@BOTH
async def test_a_cut_answer_says_so(serve: Serve, connect: Connect, mode: str) -> None:
    endpoint = serve(["one two three four"], mode=mode).endpoint(features={"thinking": False})
    completion = await connect(local=endpoint).complete(Role.PLAN, HELLO, max_tokens=2)
    assert (completion.text, completion.stop) == ("one two ", "max_tokens")


async def test_sampling_is_sent_to_vllm_and_never_to_claude(serve: Serve, connect: Connect) -> None:
    local, claude = serve(["a"], mode="vllm"), serve(["b"], mode="claude")
    models = connect(local=local, claude=claude)
    await models.complete(Role.GENERATE, HELLO, temperature=0.7)
    await models.complete(Role.PLAN, HELLO, temperature=0.7)
    assert local.requests[0].body["temperature"] == 0.7
    assert "temperature" not in claude.requests[0].body


async def test_tenants_do_not_share_a_prefix_cache(serve: Serve, connect: Connect) -> None:
    server = serve(lambda request: "ok", mode="vllm")
    first = connect(server)
    other = connect(server)
    other._settings = first._settings.model_copy(update={"user": "ada@example.org"})
    second = type(first)(other._settings)
    for models in (first, first, second):
        await models.complete(Role.PLAN, HELLO)
    await second.aclose()
    salts = [request.body["cache_salt"] for request in server.requests]
    assert salts[0] == salts[1] != salts[2]


async def test_claude_caches_prompts_and_vllm_is_not_bothered(serve: Serve, connect: Connect) -> None:
    local, claude = serve(["a"], mode="vllm"), serve(["b"], mode="claude")
    models = connect(local=local, claude=claude)
    await models.complete(Role.GENERATE, HELLO)
    await models.complete(Role.PLAN, HELLO)
    assert claude.requests[0].body["cache_control"] == {"type": "ephemeral"}
    assert "cache_control" not in local.requests[0].body


async def test_a_whole_tool_turn_with_claude(serve: Serve, connect: Connect) -> None:
    server = serve([Reply("Let me add.", calls=(CALL,)), "The sum is 3."], mode="claude")
    models = connect(server)
    first = await models.complete(Role.PLAN, HELLO, tools=[ADD])
    assert (first.stop, first.calls) == ("tool_use", (CALL,))
    answered = (*HELLO, first.as_message(), Message("user", answers=(ToolAnswer(CALL.id, "3"),)))
    assert (await models.complete(Role.PLAN, answered, tools=[ADD])).text == "The sum is 3."


async def test_a_tool_turn_streams_too(serve: Serve, connect: Connect) -> None:
    models = connect(serve([Reply("Let me add.", calls=(CALL,))], mode="claude"))
    items = [item async for item in models.stream(Role.PLAN, HELLO, tools=[ADD])]
    assert isinstance(items[-1], Completion)
    assert items[-1].calls == (CALL,)


async def test_calls_without_tools_in_the_request_are_told_as_text(serve: Serve, connect: Connect) -> None:
    server = serve([Reply(calls=(CALL,)), "done"], mode="claude")
    models = connect(server)
    first = await models.complete(Role.PLAN, HELLO, tools=[ADD])
    history = (*HELLO, first.as_message(), Message("user", answers=(ToolAnswer(CALL.id, "3"),)))
    assert (await models.complete(Role.PLAN, history)).text == "done"
    assert "add" in str(server.requests[1].body["messages"][1]["content"])


async def test_a_forced_tool_is_sent_where_that_is_possible(serve: Serve, connect: Connect) -> None:
    local, claude = serve([Reply(calls=(CALL,))], mode="vllm"), serve([Reply(calls=(CALL,))], mode="claude")
    models = connect(local=local, claude=claude)
    assert (await models.complete(Role.GENERATE, HELLO, tools=[ADD], force_tool="add")).calls == (CALL,)
    assert local.requests[0].body["tools"][0]["strict"] is True
    assert (await models.complete(Role.PLAN, HELLO, tools=[ADD], force_tool="add")).calls == (CALL,)
    assert "tool_choice" not in claude.requests[0].body


async def test_a_printed_tool_call_is_text_and_nothing_is_called(serve: Serve, connect: Connect) -> None:
    completion = await connect(serve([Reply(calls=(CALL,))], mode="vllm")).complete(Role.PLAN, HELLO, tools=[ADD])
    assert completion.calls == ()
    assert completion.text.startswith("```json")


async def test_a_call_cut_by_max_tokens_is_never_executed(serve: Serve, connect: Connect) -> None:
    models = connect(serve([Reply(calls=(CALL,)), "next"], mode="vllm"))
    cut = await models.complete(Role.PLAN, HELLO, tools=[ADD], force_tool="add", max_tokens=2)
    assert (cut.stop, cut.calls, cut.raw) == ("max_tokens", (), ())


async def test_thinking_goes_back_to_its_own_model_and_to_no_other(serve: Serve, connect: Connect) -> None:
    script = [Reply("Hm.", calls=(CALL,), thinking="I should add."), "Three.", "Four."]
    claude, local = serve(script, mode="claude"), serve(["Five."], mode="vllm")
    models = connect(claude=claude, local=local)
    first = await models.complete(Role.PLAN, HELLO, tools=[ADD])
    assert first.text == "Hm."
    history = (*HELLO, first.as_message(), Message("user", answers=(ToolAnswer(CALL.id, "3"),)))
    await models.complete(Role.PLAN, history, tools=[ADD])
    await models.complete(Role.GENERATE, history, tools=[ADD])
    kinds = [
        [block["type"] for block in server.requests[number].body["messages"][1]["content"]]
        for server, number in ((claude, 1), (local, 0))
    ]
    assert kinds == [["thinking", "text", "tool_use"], ["text", "tool_use"]]


async def test_thinking_of_another_model_behind_the_same_name_is_dropped(serve: Serve, connect: Connect) -> None:
    server = serve([Reply("Hm.", thinking="…"), "ok"], mode="claude")
    models = connect(server)
    first = await models.complete(Role.PLAN, HELLO)
    old = replace(first.as_message(), model="claude-haiku-5-5")
    await models.complete(Role.PLAN, (*HELLO, old, Message("user", "go on")))
    assert len(server.requests) == 2


async def test_thinking_that_is_refused_after_the_history_changed_is_left_out(serve: Serve, connect: Connect) -> None:
    server = serve([Reply("Hm.", thinking="…"), "ok"], mode="claude")
    models = connect(server)
    first = await models.complete(Role.PLAN, HELLO)
    shortened = (Message("user", "something else"), first.as_message(), Message("user", "go on"))
    assert (await models.complete(Role.PLAN, shortened)).text == "ok"
    assert len(server.requests) == 3


async def test_a_schema_reaches_claude_in_the_form_it_knows_and_vllm_whole(serve: Serve, connect: Connect) -> None:
    local, claude = serve([{"city": "Bonn"}], mode="vllm"), serve([{"city": "Bonn"}], mode="claude")
    models = connect(local=local, claude=claude)
    await models.complete(Role.GENERATE, HELLO, schema=CITY)
    await models.complete(Role.PLAN, HELLO, schema=CITY)
    assert local.requests[0].body["output_config"]["format"]["schema"] == CITY
    city = claude.requests[0].body["output_config"]["format"]["schema"]["properties"]["city"]
    assert "pattern" not in city
    assert "^[A-Z]" in city["description"]


async def test_consecutive_messages_of_one_role_become_one_and_empty_ones_vanish(
    serve: Serve, connect: Connect
) -> None:
    server = serve(["ok"], mode="claude")
    history = (Message("user", "one"), Message("user", "two"), Message("assistant", " "), Message("user", "three"))
    await connect(server).complete(Role.PLAN, history)
    (message,) = server.requests[0].body["messages"]
    assert [block["text"] for block in message["content"]] == ["one", "two", "three"]


@BOTH
async def test_usage_is_the_servers_by_role_with_the_cache_counted_as_input(
    serve: Serve, connect: Connect, mode: str
) -> None:
    models = connect(serve(["one two", "three"], mode=mode))
    first = await models.complete(Role.PLAN, HELLO)
    second = await models.complete(Role.JUDGE, HELLO)
    assert models.usage[Role.PLAN] == first.usage
    assert models.usage[Role.JUDGE] == second.usage
    assert first.usage.calls == 1
    assert first.usage.output_tokens == 2
    assert first.usage.input_tokens == second.usage.input_tokens > 0
    assert (first.usage.cached_tokens > 0) == (mode == "vllm")
    assert Role.TEST not in models.usage


async def test_usage_stands_when_a_stream_shows_its_completion(serve: Serve, connect: Connect) -> None:
    models = connect(serve(["one two"], mode="vllm"))
    async for item in models.stream(Role.PLAN, HELLO):
        if isinstance(item, Completion):
            assert models.usage[Role.PLAN] == item.usage
    assert models.usage[Role.PLAN].calls == 1


async def test_no_more_requests_than_the_endpoint_takes(serve: Serve, connect: Connect) -> None:
    server = serve(lambda request: Reply("ok", pause=0.05), mode="vllm")
    models = connect(server.endpoint(parallel=2))
    await asyncio.gather(*(models.complete(Role.PLAN, HELLO) for _ in range(6)))
    assert server.most_at_once == 2


async def test_requests_do_run_in_parallel(serve: Serve, connect: Connect) -> None:
    server = serve(lambda request: Reply("ok", pause=0.2), mode="vllm")
    models = connect(server.endpoint(parallel=4))
    await asyncio.gather(*(models.complete(Role.PLAN, HELLO) for _ in range(4)))
    assert server.most_at_once == 4


async def test_a_cancelled_request_stops_the_server_and_counts_what_was_begun(serve: Serve, connect: Connect) -> None:
    server = serve([Reply("word " * 1000, pause=0.02), "after"], mode="vllm")
    models = connect(server.endpoint(parallel=1))
    task = asyncio.create_task(models.complete(Role.PLAN, HELLO))
    await _until(lambda: server.most_at_once == 1)
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _until(lambda: server.abandoned == 1)
    assert models.usage[Role.PLAN].calls == 1
    assert (await models.complete(Role.PLAN, HELLO)).text == "after"  # its place is free again


async def test_a_stream_left_early_stops_the_server(serve: Serve, connect: Connect) -> None:
    server = serve([Reply("word " * 1000, pause=0.02)], mode="vllm")
    async with aclosing(connect(server).stream(Role.PLAN, HELLO)) as stream:
        async for _ in stream:
            break
    await _until(lambda: server.abandoned == 1)


async def test_closing_is_harmless_when_repeated_and_a_later_request_opens_again(
    serve: Serve, connect: Connect
) -> None:
    models = connect(serve(["one", "two"], mode="vllm"))
    await models.complete(Role.PLAN, HELLO)
    await models.aclose()
    await models.aclose()
    assert (await models.complete(Role.PLAN, HELLO)).text == "two"


async def test_roles_and_models(serve: Serve, connect: Connect) -> None:
    local, claude = serve([], mode="vllm", context=4096), serve([], mode="claude")
    models = connect(local=local, claude=claude)
    assert models.endpoint_name(Role.GENERATE) == "local"
    assert models.endpoint_name(Role.TEST) == "claude"
    assert models.same_model(Role.PLAN, Role.JUDGE)
    assert not models.same_model(Role.GENERATE, Role.TEST)
    assert models.context(Role.GENERATE) == 4096
    assert models.features(Role.GENERATE).sampling
    assert not models.features(Role.PLAN).sampling
    assert models.usage.get(Role.PLAN, Usage()) == Usage()


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.01)
