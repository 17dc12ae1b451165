"""What Claude refuses, as rules over one request; written from the Messages API of 2026-10-21.

Each rule yields every problem it finds, in the words of the API where they are known. Stricter than
the real server in one point: a field that is not listed here is refused even where the real API has
come to know it since.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeAlias, cast

Problems: TypeAlias = Iterator[str]
Block: TypeAlias = dict[str, Any]

MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5-1")
REFUSE_FORCED = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5-1")
ALWAYS_THINK = ("claude-opus-5-5", "claude-fable-5-1")
SAMPLING = ("temperature", "top_p", "top_k")

_FIELDS = frozenset(
    [
        "model",
        "max_tokens",
        "messages",
        "cache_control",
        "container",
        "diagnostics",
        "inference_geo",
        "metadata",
        "output_config",
        "service_tier",
        "speed",
        "stop_sequences",
        "stream",
        "system",
        "thinking",
        "tool_choice",
        "tools",
    ]
)
_COUNTED = frozenset(
    ["model", "messages", "cache_control", "output_config", "speed", "system", "thinking", "tool_choice", "tools"]
)
_BLOCKS: dict[str, tuple[frozenset[str], frozenset[str]]] = {  # type → required and other fields
    "text": (frozenset({"text"}), frozenset({"cache_control", "citations"})),
    "thinking": (frozenset({"thinking", "signature"}), frozenset()),
    "redacted_thinking": (frozenset({"data"}), frozenset()),
    "tool_use": (frozenset({"id", "name", "input"}), frozenset({"cache_control", "caller"})),
    "tool_result": (frozenset({"tool_use_id"}), frozenset({"content", "is_error", "cache_control"})),
}
_TOOL_FIELDS = frozenset({"name", "description", "input_schema", "strict", "cache_control", "type", "defer_loading"})
_UNSUPPORTED = frozenset(
    [
        "pattern",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "maxItems",
        "uniqueItems",
        "oneOf",
        "patternProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "not",
        "if",
        "then",
        "else",
    ]
)


def problems_of(body: Block, *, counting: bool = False) -> list[str]:
    """Everything for which Claude would answer 400, in the order of the rules."""
    if problems := list(_shape(body, counting)):
        return problems  # the other rules need a sound shape
    return [problem for rule in RULES for problem in rule(body)]


def sign(model: str, before: Sequence[Block]) -> str:
    """The signature that binds a thinking block to its model and to the messages before it."""
    told = [(message["role"], [_bare(block) for block in _content(message)]) for message in before]
    return hashlib.sha256(f"{model}{json.dumps(told, sort_keys=True)}".encode()).hexdigest()[:32]


def _bare(block: Block) -> Block:
    return {} if "thinking" in block["type"] else {key: part for key, part in block.items() if key != "cache_control"}


def _content(message: Block) -> list[Block]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _shape(body: Block, counting: bool) -> Problems:
    for name in sorted(body.keys() - (_COUNTED if counting else _FIELDS)):
        known = "is not supported by this API version" if name in SAMPLING else "Extra inputs are not permitted"
        yield f"{name}: {known}"
    for name in ("model", "messages") if counting else ("model", "max_tokens", "messages"):
        if name not in body:
            yield f"{name}: Field required"
    if not counting and not (isinstance(limit := body.get("max_tokens", 0), int) and limit >= 0):
        yield "max_tokens: Input should be a valid integer of at least 0"
    if not isinstance(body.get("messages", []), list) or not body.get("messages", ["?"]):
        yield "messages: at least one message is required"
        return
    for index, message in enumerate(body.get("messages", [])):
        yield from _message_shape(f"messages.{index}", message)


def _message_shape(at: str, message: Any) -> Problems:
    if not isinstance(message, dict) or set(cast(Block, message)) != {"role", "content"}:
        yield f"{at}: a message has a role and a content and nothing else"
        return
    found = cast(Block, message)
    if found["role"] not in ("user", "assistant"):
        yield f"{at}.role: Input should be 'user' or 'assistant'"
    if isinstance(found["content"], str):
        if not found["content"].strip():
            yield f"{at}: text content blocks must be non-empty"
        return
    if not isinstance(found["content"], list) or not found["content"]:
        yield f"{at}: all messages must have non-empty content"
        return
    for index, block in enumerate(cast("list[Any]", found["content"])):
        yield from _block_shape(f"{at}.content.{index}", block, found["role"])


def _block_shape(at: str, block: Any, role: str) -> Problems:
    kind = cast(Block, block).get("type", "") if isinstance(block, dict) else ""
    if kind not in _BLOCKS:
        yield f"{at}: Input tag {kind!r} does not match any of the expected tags"
        return
    needed, allowed = _BLOCKS[kind]
    fields = set(cast(Block, block)) - {"type"}
    yield from (f"{at}.{kind}.{name}: Field required" for name in sorted(needed - fields))
    yield from (f"{at}.{kind}.{name}: Extra inputs are not permitted" for name in sorted(fields - needed - allowed))
    if kind == "text" and not str(cast(Block, block).get("text", "")).strip():
        yield f"{at}: text content blocks must be non-empty"
    if (kind == "tool_result") != (role == "user") and kind != "text":
        yield f"{at}: {kind} blocks are not allowed in {role} messages"


def _turns(body: Block) -> Problems:
    messages = body["messages"]
    if messages[0]["role"] != "user":
        yield 'messages: first message must use the "user" role'
    if messages[-1]["role"] == "assistant":
        yield "This model does not support assistant message prefill. The conversation must end with a user message."


def _tool_pairs(body: Block) -> Problems:
    asked: list[str] = []
    for index, message in enumerate(body["messages"]):
        content = _content(message)
        answered = [block["tool_use_id"] for block in content if block["type"] == "tool_result"]
        if missing := sorted(set(asked) - set(answered)):
            yield (
                f"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(missing)}"
            )
        if foreign := sorted(set(answered) - set(asked)):
            yield f"messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {', '.join(foreign)}"
        if answered and [block["type"] for block in content[: len(answered)]] != ["tool_result"] * len(answered):
            yield f"messages.{index}: `tool_result` blocks must come first in the content"
        asked = [block["id"] for block in content if block["type"] == "tool_use"]
    if asked:
        yield f"messages: `tool_use` ids were found without `tool_result` blocks after: {', '.join(asked)}"


def _tools_defined(body: Block) -> Problems:
    used = any(
        block["type"] in ("tool_use", "tool_result") for message in body["messages"] for block in _content(message)
    )
    if used and not body.get("tools"):
        yield "Requests which include `tool_use` or `tool_result` blocks must define tools"


def _tools(body: Block) -> Problems:
    tools = cast("list[Block]", body.get("tools") or [])
    for index, tool in enumerate(tools):
        at = f"tools.{index}"
        yield from (f"{at}.{name}: Extra inputs are not permitted" for name in sorted(tool.keys() - _TOOL_FIELDS))
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", str(tool.get("name", ""))):
            yield f"{at}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        if cast(Block, tool.get("input_schema") or {}).get("type") != "object":
            yield f"{at}.input_schema.type: Field required, and must be 'object'"
    if len({tool.get("name") for tool in tools}) < len(tools):
        yield "tools: Tool names must be unique."


def _deferred(body: Block) -> Problems:
    tools = cast("list[Block]", body.get("tools") or [])
    late = {tool.get("name") for tool in tools if tool.get("defer_loading")}
    if tools and len(late) == len(tools):
        yield "All tools have defer_loading set. At least one tool must be non-deferred."
    for tool in tools:
        if tool.get("defer_loading") and "cache_control" in tool:
            yield f"tools: '{tool.get('name')}' cannot have both defer_loading and cache_control"
    for index, message in enumerate(body["messages"]):
        for position, block in enumerate(_content(message)):
            yield from _references(f"messages.{index}.content.{position}", block, late)


def _references(at: str, block: Block, late: Collection[Any]) -> Problems:
    """What is wrong with the tools that an answer names."""
    content = block.get("content") if block["type"] == "tool_result" else None
    inner = cast("list[Block]", content) if isinstance(content, list) else []
    named = [one.get("tool_name") for one in inner if one.get("type") == "tool_reference"]
    if named and len(named) < len(inner):
        yield f"{at}.tool_result.content: tool_reference blocks cannot stand beside others"
    for name in named:
        if name not in late:
            yield f"{at}: Tool reference '{name}' has no corresponding tool definition"


def _tool_choice(body: Block) -> Problems:
    choice = cast("Block | None", body.get("tool_choice"))
    if choice is None:
        return
    if not body.get("tools"):
        yield "tool_choice: may only be specified while providing tools"
        return
    forced = choice.get("type") in ("any", "tool")
    if forced and body["model"] in REFUSE_FORCED:
        yield f"tool_choice: forcing a tool is not supported by {body['model']}"
    if choice.get("type") == "tool" and choice.get("name") not in {tool.get("name") for tool in body["tools"]}:
        yield f"tool_choice: Tool '{choice.get('name')}' not found in provided tools"


def _thinking(body: Block) -> Problems:
    kind = cast(Block, body.get("thinking") or {}).get("type", "adaptive")
    if body["model"] in ALWAYS_THINK and kind != "adaptive":
        yield f'"thinking.type.{kind}" is not supported for this model.'
    for index, message in enumerate(body["messages"]):
        signature = sign(body["model"], body["messages"][:index])
        for position, block in enumerate(_content(message)):
            if block["type"] == "thinking" and block["signature"] != signature:
                yield f"messages.{index}.content.{position}: Invalid `signature` in `thinking` block"


def _output(body: Block) -> Problems:
    config = cast(Block, body.get("output_config") or {})
    yield from (
        f"output_config.{name}: Extra inputs are not permitted" for name in config.keys() - {"format", "effort"}
    )
    form = cast(Block, config.get("format") or {})
    if form and (form.get("type") != "json_schema" or not isinstance(form.get("schema"), dict)):
        yield "output_config.format: Input should be of type 'json_schema' with a schema"
    elif form:
        yield from _schema("output_config.format.schema", form["schema"])


def _schema(at: str, schema: Any) -> Problems:
    if isinstance(schema, list):
        for index, part in enumerate(cast("list[Any]", schema)):
            yield from _schema(f"{at}.{index}", part)
    if not isinstance(schema, dict):
        return
    found = cast(Block, schema)
    for name in sorted(found.keys() & _UNSUPPORTED):
        yield f"{at}: For '{found.get('type')}' type, property '{name}' is not supported"
    if found.get("type") == "object" and found.get("additionalProperties") is not False:
        yield f"{at}: For 'object' type, 'additionalProperties' must be explicitly set to false"
    for key, part in found.items():
        if key in ("properties", "$defs"):
            yield from (problem for name, sub in part.items() for problem in _schema(f"{at}.{key}.{name}", sub))
        elif key in ("items", "anyOf", "allOf"):
            yield from _schema(f"{at}.{key}", part)


def _odds(body: Block) -> Problems:
    for index, stop in enumerate(cast("list[Any]", body.get("stop_sequences") or [])):
        if not isinstance(stop, str) or not stop.strip():
            yield f"stop_sequences.{index}: each stop sequence must contain non-whitespace"
    if "cache_control" in body and cast(Block, body["cache_control"]).get("type") != "ephemeral":
        yield "cache_control.type: Input should be 'ephemeral'"
    system = body.get("system", "?")
    if not (isinstance(system, str) or all(block.get("text", "").strip() for block in cast("list[Block]", system))):
        yield "system: text content blocks must be non-empty"


RULES: tuple[Callable[[Block], Problems], ...] = (
    _turns,
    _tool_pairs,
    _tools_defined,
    _tools,
    _deferred,
    _tool_choice,
    _thinking,
    _output,
    _odds,
)
