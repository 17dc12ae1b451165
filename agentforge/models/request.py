"""From our values to the body of a Messages request, as far as the endpoint's features reach."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agentforge.models.protocol import Features, Message, Priority, ToolAnswer, ToolCall, ToolSpec
from agentforge.models.schemas import enforceable
from agentforge.settings import Endpoint
from agentforge.types import JSON, JSONObject

THINKING = frozenset({"thinking", "redacted_thinking"})

THINKING_ROOM = 16_000
"""Tokens added to ``max_tokens`` where a model thinks first: current Claude models always do, and what
they think counts towards the limit, which callers give for the visible answer."""

PRIORITY_HEADER = "X-Vllm-Priority"
"""A whole number, the lower the sooner, 0 without it (vLLM 0.32, ``entrypoints/generate/base/serving.py``). The
Messages protocol has no field for it, and vLLM drops unknown ones."""

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, before anything is known about the endpoint that gets it."""

    messages: tuple[Message, ...]
    system: str = ""
    max_tokens: int = 1024
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    force_tool: str | None = None
    schema: JSONObject | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The endpoint that gets it."""

    name: str
    endpoint: Endpoint
    features: Features
    salt: str = ""
    priority: Priority = Priority.INTERACTIVE


def body(ask: Ask, target: Target) -> Body:
    """Arguments of ``messages.stream``; what the endpoint lacks is left out.

    ``temperature`` and ``cache_salt`` are no arguments of the protocol: they travel in
    ``extra_body``, and only where the endpoint knows them. So does the priority, as a header.
    """
    features = target.features
    made: Body = {
        "model": target.endpoint.model,
        "max_tokens": ask.max_tokens + (THINKING_ROOM if features.thinking else 0),
        "messages": conversation(ask.messages, target, ask.tools),
    }
    if ask.system:
        made["system"] = ask.system
    if ask.stop:
        made["stop_sequences"] = list(ask.stop)
    if features.cache_control:
        made["cache_control"] = {"type": "ephemeral"}
    if ask.schema is not None and (schema := enforceable(ask.schema, features)) is not None:
        made["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    made.update(_tools(ask, features))
    if extra := _extra(ask, target):
        made["extra_body"] = extra
    if features.priority:
        made["extra_headers"] = {PRIORITY_HEADER: str(target.priority.value)}
    return made


def _tools(ask: Ask, features: Features) -> Body:
    """The definitions; deferred ones come last, so that all before them stays as it was sent first."""
    if not ask.tools:
        return {}
    strict = {"strict": True} if features.schema_bounds else {}  # else arguments are not enforced
    deferred = _deferred(ask.tools, features)
    tools = [
        {
            "name": tool.name,
            "description": tool.description,
            "input_schema": tool.schema,
            **strict,
            **({"defer_loading": True} if tool.name in deferred else {}),
        }
        for tool in sorted(ask.tools, key=lambda one: one.name in deferred)
    ]
    if ask.force_tool and features.forced_tools:
        return {"tools": tools, "tool_choice": {"type": "tool", "name": ask.force_tool}}
    return {"tools": tools}


def _deferred(tools: Sequence[ToolSpec], features: Features) -> frozenset[str]:
    """The names of the tools that the endpoint is to learn of from answers."""
    return frozenset(tool.name for tool in tools if tool.deferred and features.deferred_tools)


def _extra(ask: Ask, target: Target) -> Body:
    extra: Body = {}
    if ask.temperature is not None and target.features.sampling:
        extra["temperature"] = ask.temperature
    if target.salt and target.features.cache_salt:
        extra["cache_salt"] = target.salt
    return extra


def conversation(messages: Sequence[Message], target: Target, tools: Sequence[ToolSpec]) -> list[Body]:
    """The messages in the protocol's form, for a request with these tools: roles alternate, nothing is empty.

    Without tools in the request, earlier calls and their answers are told as text, since Claude
    refuses ``tool_use`` blocks in a request that defines none.
    """
    made: list[Body] = []
    deferred = _deferred(tools, target.features)
    for message in messages:
        plain = tools or not (message.calls or message.answers)
        blocks = list(_blocks(message, target, deferred) if plain else _told(message))
        if not blocks:
            continue
        if made and made[-1]["role"] == message.role:
            made[-1]["content"] += blocks
        else:
            made.append({"role": message.role, "content": blocks})
    return made


def _blocks(message: Message, target: Target, deferred: Collection[str]) -> Iterator[JSONObject]:
    if message.raw and (message.endpoint, message.model) == (target.name, target.endpoint.model):
        yield from message.raw
        return
    naming = {answer.call_id: _references(answer, deferred) for answer in message.answers}
    yield from (_answer_block(answer, naming[answer.call_id]) for answer in message.answers)
    yield from (_text(answer.content) for answer in message.answers if naming[answer.call_id] and answer.content)
    if message.text.strip():
        yield _text(message.text)
    yield from (_call_block(call) for call in message.calls)


def _told(message: Message) -> Iterator[JSONObject]:
    for answer in message.answers:
        yield _text(f"[{'error' if answer.error else 'result'} of the call {answer.call_id}]\n{answer.content}")
    if message.text.strip():
        yield _text(message.text)
    for call in message.calls:
        yield _text(f"[call {call.id}: {call.name}({json.dumps(call.args, ensure_ascii=False)})]")


def _text(text: str) -> JSONObject:
    return {"type": "text", "text": text}


def _call_block(call: ToolCall) -> JSONObject:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": call.args}


def _references(answer: ToolAnswer, deferred: Collection[str]) -> list[JSON]:
    """The blocks that stand for the definitions of the deferred tools that an answer makes known."""
    return [{"type": "tool_reference", "tool_name": name} for name in answer.found if name in deferred]


def _answer_block(answer: ToolAnswer, references: list[JSON]) -> JSONObject:
    """An answer; one with references holds nothing else, since the protocol allows no text beside them: its text comes
    behind all answers.
    """
    content: JSON = references or answer.content or "(empty)"
    block: JSONObject = {"type": "tool_result", "tool_use_id": answer.call_id, "content": content}
    return {**block, "is_error": True} if answer.error else block


def without_thinking(body: Body) -> Body:
    """The same request with every thinking block dropped from its history."""
    kept: list[Body] = []
    for message in body["messages"]:
        content = [block for block in message["content"] if block["type"] not in THINKING]
        if content:
            kept.append({**message, "content": content})
    return {**body, "messages": kept}


def spoken(body: Body) -> str:
    """All that the model reads of a request, for estimating its tokens."""
    parts: list[JSON] = [body.get("system", ""), body["messages"], body.get("tools", [])]
    return "\n".join(_strings(parts))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():  # pyright: ignore[reportUnknownVariableType] # JSON of any shape
            yield str(key)  # pyright: ignore[reportUnknownArgumentType] # as above
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:  # pyright: ignore[reportUnknownVariableType] # JSON of any shape
            yield from _strings(part)
    elif value is not None:
        yield str(value)
