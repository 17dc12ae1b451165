"""The served tools, seen by the protocol's own client: both generations of it, with the server in this process."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent

from agentforge.testing import FakeBox
from agentforge.testing.box import raised, returned
from agentforge.types import Capabilities, State
from tests.mcp_server.conftest import Serve, registry, starter

pytestmark = pytest.mark.parametrize("mode", ["auto", "legacy"])


def told(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


async def test_the_list_holds_our_own_four_names_and_the_live_tools(serve: Serve, mode: str) -> None:
    async with serve() as service, Client(service.server, mode=mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert [*tools][:4] == ["search_tools", "forge_tool", "forge_status", "feedback"]
    duration = tools["parse_duration"]
    assert duration.input_schema["properties"] == {"text": {"type": "string"}}
    assert duration.output_schema is not None
    assert duration.output_schema["properties"]["result"] == {"type": "integer"}


async def test_an_answer_is_structured_and_names_its_call(serve: Serve, mode: str) -> None:
    async with serve(FakeBox([returned(9900)])) as service, Client(service.server, mode=mode) as client:
        await client.list_tools()
        result = await client.call_tool("parse_duration", {"text": "2h 45m"})
    assert not result.is_error
    assert result.structured_content["result"] == 9900
    assert result.structured_content["call"].startswith("call_")
    assert '"result": 9900' in told(result)


async def test_a_result_with_named_fields_fits_its_schema(serve: Serve, mode: str) -> None:
    size = {"words": 2, "characters": 11, "characters_without_spaces": 10, "lines": 1}
    async with serve(FakeBox([returned(size)])) as service, Client(service.server, mode=mode) as client:
        await client.list_tools()  # the client checks results against the schemas that it was told
        result = await client.call_tool("word_count", {"text": "hello world"})
    assert result.structured_content["result"] == size


@pytest.mark.parametrize(
    ("name", "args", "why"),
    [
        ("parse_duration", {"txt": "2h"}, "its arguments do not fit"),
        ("parse_durations", {"text": "2h"}, "Did you mean parse_duration"),
        ("search_tools", {"query": "x", "limit": 999}, "its arguments do not fit"),
        ("forge_tool", {"name": "Bad Name", "signature": "() -> int", "purpose": "x"}, "its arguments do not fit"),
        ("forge_status", {"job": "nowhere"}, "There is no job 'nowhere'"),
        ("feedback", {"call": "nothing", "word": "good"}, "There is no tool call 'nothing'"),
    ],
)
async def test_bad_input_gets_one_sentence(serve: Serve, mode: str, name: str, args: dict[str, Any], why: str) -> None:
    async with serve(FakeBox()) as service, Client(service.server, mode=mode) as client:
        result = await client.call_tool(name, args)
    assert result.is_error
    assert why in told(result)
    assert "\n" not in told(result)


async def test_what_a_tool_raises_is_a_result_that_can_be_read(serve: Serve, mode: str) -> None:
    box = FakeBox([raised("ValueError", "no length of time: 'x'")])
    async with serve(box) as service, Client(service.server, mode=mode) as client:
        result = await client.call_tool("parse_duration", {"text": "x"})
    assert result.is_error
    assert told(result).startswith("ValueError: no length of time: 'x'")


async def test_a_defect_of_ours_tells_the_log_and_not_the_caller(
    serve: Serve, mode: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("inner words")

    async with serve() as service, Client(service.server, mode=mode) as client:
        monkeypatch.setattr(service._forge, "call", broken)
        with caplog.at_level(logging.ERROR):
            result = await client.call_tool("parse_duration", {"text": "2h"})
    assert result.is_error
    assert "inner words" not in told(result)
    assert "inner words" in caplog.text


async def test_a_result_of_another_type_than_declared_is_no_answer(serve: Serve, mode: str) -> None:
    async with serve(FakeBox([returned("9900")])) as service, Client(service.server, mode=mode) as client:
        await client.list_tools()
        result = await client.call_tool("parse_duration", {"text": "2h 45m"})
    assert result.is_error
    assert "is not of its declared type" in told(result)


async def test_search_finds_by_words_and_says_when_nothing_fits(serve: Serve, mode: str) -> None:
    async with serve() as service, Client(service.server, mode=mode) as client:
        found = await client.call_tool("search_tools", {"query": "read a length of time as seconds", "limit": 3})
        none = await client.call_tool("search_tools", {"query": "zebra xylophone"})
    assert found.structured_content["tools"][0]["name"] == "parse_duration"
    assert len(found.structured_content["tools"]) <= 3
    assert none.structured_content == {"tools": [], "fits": False}


async def test_a_tool_that_reads_files_is_not_served(serve: Serve, home: Path, mode: str) -> None:
    tool = starter("crc32_hex")
    reads = replace(tool, manifest=tool.manifest.model_copy(update={"capabilities": Capabilities(files=("a.csv",))}))
    with registry(home) as mine:
        mine.add(reads, state=State.LIVE)
    async with serve() as service, Client(service.server, mode=mode) as client:
        assert "crc32_hex" not in [tool.name for tool in (await client.list_tools()).tools]
        result = await client.call_tool("crc32_hex", {"text": "x"})
    assert result.is_error
    assert "reads files" in told(result)


async def test_search_does_not_say_that_it_fits_where_what_does_is_not_served(
    serve: Serve, home: Path, mode: str
) -> None:
    query, tool = "Compute the CRC-32 checksum of a text", starter("crc32_hex")
    reads = replace(tool, manifest=tool.manifest.model_copy(update={"capabilities": Capabilities(files=("a.csv",))}))
    async with serve(agent__embeddings=False) as service, Client(service.server, mode=mode) as client:
        assert (await client.call_tool("search_tools", {"query": query})).structured_content["fits"]
        with registry(home) as mine:
            mine.add(reads, state=State.LIVE)
        found = (await client.call_tool("search_tools", {"query": query})).structured_content
    assert found["tools"][0]["name"] == "sha256_hex"
    assert not found["fits"]


async def test_what_a_tool_reaches_through_others_is_told(serve: Serve, home: Path, mode: str) -> None:
    far = replace(
        starter("crc32_hex"),
        manifest=starter("crc32_hex").manifest.model_copy(
            update={"capabilities": Capabilities(hosts=("api.example.com",))}
        ),
    )
    tool = starter("sha256_hex")
    app = replace(
        tool,
        source=f"from toolbox import crc32_hex\n{tool.source}",
        manifest=tool.manifest.model_copy(update={"depends": ("crc32_hex",)}),
    )
    async with serve() as service, Client(service.server, mode=mode) as client:
        for added, abroad in ((app, False), (far, True)):
            with registry(home) as mine:
                mine.add(added, state=State.LIVE)
            [listed] = [one for one in (await client.list_tools()).tools if one.name == "sha256_hex"]
            assert listed.annotations is not None
            assert listed.annotations.open_world_hint is abroad
            assert listed.annotations.read_only_hint is not abroad
            assert listed.annotations.destructive_hint is (None if abroad else False)
            assert ("untrusted text" in (listed.description or "")) is abroad


async def test_a_secret_reaches_no_description(serve: Serve, home: Path, mode: str) -> None:
    secret, tool = "hunter2-hunter2-hunter2", starter("crc32_hex")
    leaky = replace(tool, manifest=tool.manifest.model_copy(update={"summary": f"Ask with {secret} for it."}))
    with registry(home) as mine:
        mine.add(leaky, state=State.LIVE)
    sets = {"secrets": {"rates": {"value": secret, "host": "api.example.com"}}}
    async with serve(**sets) as service, Client(service.server, mode=mode) as client:
        listed = await client.list_tools()
    assert "crc32_hex" in [tool.name for tool in listed.tools]
    assert secret not in listed.model_dump_json()


async def test_a_long_list_comes_in_pages(serve: Serve, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentforge.mcp.service.PAGE", 10)
    async with serve() as service, Client(service.server, mode=mode) as client:
        first = await client.list_tools()
        second = await client.list_tools(cursor=first.next_cursor)
        with pytest.raises(Exception, match="no page 'elsewhere'"):
            await client.list_tools(cursor="elsewhere")
    assert len(first.tools) == 10
    assert not {tool.name for tool in first.tools} & {tool.name for tool in second.tools}


async def test_an_agents_word_is_not_the_users(serve: Serve, mode: str) -> None:
    async with serve(FakeBox([returned(1)])) as service, Client(service.server, mode=mode) as client:
        call = (await client.call_tool("parse_duration", {"text": "2h"})).structured_content["call"]
        noted = await client.call_tool("feedback", {"call": call, "word": "bad", "expected": 7200})
        known = await service._forge.recorded_call(call)
    assert f"agentforge feedback bad {call}" in noted.structured_content["noted"]
    assert known.word is None


async def test_with_trust_it_is(serve: Serve, mode: str) -> None:
    box = FakeBox(lambda _: returned(1))
    async with serve(box, mcp__trust=True) as service, Client(service.server, mode=mode) as client:
        call = (await client.call_tool("parse_duration", {"text": "2h"})).structured_content["call"]
        await client.call_tool("feedback", {"call": call, "word": "good"})
        known = await service._forge.recorded_call(call)
    assert known.word == "confirmed"
