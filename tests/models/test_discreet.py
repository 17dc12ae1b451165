"""What no model may see is in no request, whichever way it was asked and whatever part of it held it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import asdict
from typing import Any, cast

import pytest

from agentforge.models.capabilities import FEATURES
from agentforge.models.discreet import Discreet
from agentforge.models.prompts import FOLDER
from agentforge.models.protocol import Message, Priority, ToolAnswer, ToolCall, ToolSpec
from agentforge.secrecy import redact
from agentforge.testing import ScriptedModel
from agentforge.types import Role

KNOWN = "zebra-river-4411"
FORMED = "sk-ant-api03-abcdefghijklmnop1234567890"
LEAKY = f"log in with {KNOWN} or {FORMED}"
MESSAGES = [
    Message("user", LEAKY),
    Message("assistant", LEAKY, calls=(ToolCall("1", "look", {"deep": [{"in": LEAKY}]}),)),
    Message("user", answers=(ToolAnswer("1", LEAKY),)),
]
TOOLS = [ToolSpec("look", LEAKY, {"type": "object", "properties": {"at": {"default": LEAKY}}})]
SCHEMA: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": True}


async def _complete(client: Discreet) -> None:
    await client.complete(Role.PLAN, MESSAGES, system=LEAKY, tools=TOOLS)


async def _stream(client: Discreet) -> None:
    async with aclosing(cast("Any", client.stream(Role.PLAN, MESSAGES, system=LEAKY, tools=TOOLS))) as pieces:
        assert [piece async for piece in pieces]


async def _decide(client: Discreet) -> None:
    await client.decide(Role.PLAN, MESSAGES, SCHEMA, system=LEAKY)


@pytest.mark.parametrize("ask", [_complete, _stream, _decide])
async def test_no_part_of_a_request_holds_a_secret(ask: Callable[[Discreet], Any]) -> None:
    model = ScriptedModel(["{}"], features=FEATURES["claude"])
    await ask(Discreet(model, {KNOWN}))
    sent = json.dumps([asdict(request.ask) for request in model.requests])
    assert "[redacted:" in sent
    assert KNOWN not in sent
    assert FORMED not in sent


async def test_at_any_priority_it_keeps_what_it_knows() -> None:
    model = ScriptedModel(["a"])
    await Discreet(model, {KNOWN}).at(Priority.BACKGROUND).complete(Role.PLAN, MESSAGES)
    assert model.requests[0].priority is Priority.BACKGROUND
    assert KNOWN not in json.dumps(asdict(model.requests[0].ask))


async def test_the_same_words_are_sent_the_same_way_each_time() -> None:
    model = ScriptedModel(["a", "b"])
    client = Discreet(model, {KNOWN})
    for messages in (MESSAGES[:1], MESSAGES):
        await client.complete(Role.PLAN, messages)
    first, second = model.requests
    assert second.messages[0] == first.messages[0]


async def test_what_an_endpoint_wrote_and_signed_goes_back_unchanged() -> None:
    raw: Any = ({"type": "thinking", "thinking": LEAKY, "signature": "hf" + "a1" * 20},)
    model = ScriptedModel(["a"])
    await Discreet(model, {KNOWN}).complete(Role.PLAN, [Message("assistant", raw=raw)])
    assert model.requests[0].messages[0].raw == raw


async def test_a_key_that_may_be_a_word_spoils_no_prompt() -> None:
    model = ScriptedModel(["a"])
    await Discreet(model, {"test"}).complete(Role.PLAN, [Message("user", "Write a test.")])
    assert model.requests[0].messages[0].text == "Write a test."


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.md")), ids=lambda path: path.name)
def test_our_own_prompts_hold_nothing_that_looks_like_a_secret(path: Any) -> None:
    text = path.read_text("utf-8")
    assert redact(text) == text
