"""The whole agent over real HTTP against a server as strict as Claude: streaming, tools, thinking."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from agentforge.agent.session import Session
from agentforge.models.client import Models
from agentforge.models.protocol import ToolCall
from agentforge.settings import Settings
from agentforge.testing.script import Fault, Reply
from agentforge.testing.server import MessagesServer

from .conftest import ROMAN, Scene, Told, make_tool

CALL = Reply("Let me look.", (ToolCall("toolu_01", "roman_to_int", {"text": "XIV"}),), thinking="It is a numeral.")

GATE = ROMAN.replace("roman_to_int", "close_gate").replace("Convert a Roman numeral to an integer.", "Close a gate.")


async def turns(scene: Scene, server: MessagesServer, *texts: str) -> list[Told]:
    settings = Settings(home=scene.settings.home, endpoints={"claude": server.endpoint()})
    told: list[Told] = []
    async with Models(settings) as models:
        scene.model, scene.settings = models, settings  # type: ignore[assignment] # a real client for once
        session: Session = await scene.session()
        for text in texts:
            told.append(await scene.run(text, session))  # noqa: PERF401 - one turn after the other
    return told


async def test_tools_thinking_and_a_second_turn_pass_a_server_that_refuses_everything_wrong(roman: Scene) -> None:
    with MessagesServer([CALL, Reply("It is 14.", thinking="Done."), "You asked for XIV."]) as server:
        one, two = await turns(roman, server, "Roman numeral XIV?", "What did I ask for?")
    assert (one.answer, two.answer) == ("It is 14.", "You asked for XIV.")
    assert one.last.data["tools_used"] == ["roman_to_int"]
    assert len(one.of("model_delta")) > 2


async def test_a_session_is_continued_after_a_turn_that_broke_off_at_a_tool_call(roman: Scene) -> None:
    with MessagesServer([CALL, Fault(400, "invalid_request_error", "No."), "Once more then."]) as server:
        one, two = await turns(roman, server, "Roman numeral XIV?", "Go on.")
    assert (one.last.type, one.last.exit_code) == ("failed", 4)
    assert two.answer == "Once more then."


@pytest.mark.parametrize(
    ("status", "kind", "code"), [(401, "authentication_error", 3), (400, "invalid_request_error", 4)]
)
async def test_failures_of_the_endpoint_decide_the_exit_code(scene: Scene, status: int, kind: str, code: int) -> None:
    with MessagesServer([Fault(status, kind, "Not like this.")]) as server:
        (told,) = await turns(scene, server, "Hello!")
    assert (told.last.type, told.last.exit_code) == ("failed", code)


def prefix(body: dict[str, Any]) -> tuple[bytes, bytes, list[bytes]]:
    """What the endpoint caches of a request, in its order: definitions that are not deferred, system, messages."""
    first = [tool for tool in body["tools"] if not tool.get("defer_loading")]
    return written(first), written(body["system"]), [written(message) for message in body["messages"]]


def written(part: object) -> bytes:
    return json.dumps(part, ensure_ascii=False).encode()


def calls(name: str, **args: str) -> Reply:
    return Reply("", (ToolCall(f"toolu_{name}", name, {**args}),), thinking="One step more.")


async def test_a_tool_found_in_mid_run_is_callable_and_leaves_the_cached_prefix_as_it_was(scene: Scene) -> None:
    scene.add(make_tool("roman_to_int", "(text: str) -> int", "Convert a Roman numeral to an integer.", ROMAN))
    scene.add(make_tool("close_gate", "(text: str) -> int", "Close a gate.", GATE))
    scene.limit(tools_in_prompt=1)
    script = [
        calls("search_tools", query="Roman numeral to integer"),
        calls("roman_to_int", text="XIV"),
        calls("search_tools", query="Roman numeral to integer"),
        "It is 14.",
    ]
    with MessagesServer(script) as server:
        (told,) = await turns(scene, server, "Close a gate, the one of the number XIV.")
        bodies = [request.body for request in server.requests]
    assert told.answer == "It is 14."
    assert told.last.data["tools_used"] == ["roman_to_int"]
    assert [tool["name"] for tool in bodies[0]["tools"]][-1] == "close_gate"
    found = [[tool["name"] for tool in body["tools"] if tool.get("defer_loading")] for body in bodies]
    assert found == [[], ["roman_to_int"], ["roman_to_int"], ["roman_to_int"]]
    for before, after in pairwise(bodies):
        tools, system, messages = prefix(before)
        assert (tools, system) == prefix(after)[:2]
        assert messages == prefix(after)[2][: len(messages)], "what was sent stays as it was sent"
    named, said = bodies[1]["messages"][-1]["content"]
    assert named["content"] == [{"type": "tool_reference", "tool_name": "roman_to_int"}]
    assert said["text"].startswith("roman_to_int(text: str) -> int: Convert"), "the words that were found come behind"
    again = bodies[3]["messages"][-1]["content"]
    assert [block["type"] for block in again] == ["tool_result"], "what is known is not named once more"


async def test_an_endpoint_that_defers_nothing_gets_the_tool_among_the_others(roman: Scene) -> None:
    roman.limit(tools_in_prompt=0)
    with MessagesServer([calls("search_tools", query="Roman numeral"), "It is there."]) as server:
        own = server.endpoint(features={"deferred_tools": False})
        settings = roman.settings.model_copy(update={"endpoints": {"claude": own}})
        async with Models(settings) as models:
            roman.model, roman.settings = models, settings  # type: ignore[assignment] # a real client for once
            await roman.run("Is there anything for Roman numerals?", await roman.session())
        last = server.requests[-1].body
    assert last["tools"][-1]["name"] == "roman_to_int"
    assert "defer_loading" not in last["tools"][-1]
    assert "roman_to_int" in last["messages"][-1]["content"][0]["content"]
