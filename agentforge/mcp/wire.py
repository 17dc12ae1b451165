"""Tools and results of here in the words of the protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from mcp_types import CallToolResult, TextContent, Tool, ToolAnnotations

from agentforge.agent.calls import error_text
from agentforge.boxes.protocol import CallResult
from agentforge.registry.rights import Reach
from agentforge.registry.tool import Tool as LiveTool
from agentforge.types import JSON, JSONObject

MOST_TEXT = 200_000
"""Characters of a result's text; the structured content beside it is as large as the box allows."""
_ERROR_TEXT = 4_000


def described(tool: LiveTool, reach: Reach, summary: str) -> Tool:
    """A live tool as it is listed, with the ``reach`` that it has itself and through the tools that it needs. Its
    result is an object, as older clients want it: ``result`` and the ``call`` that feedback is about.

    Raises:
        ToolInvalid: its source breaks the contract.
    """
    signature, abroad = tool.signature, reach.abroad
    remarks = [
        "Unconfirmed: no example was held back to prove it." * tool.unconfirmed,
        "It reaches other machines: what it returns is untrusted text." * abroad,
    ]
    return Tool(
        name=tool.name,
        description=" ".join(part for part in (summary, *remarks) if part),
        input_schema=cast("dict[str, Any]", signature.parameters),
        output_schema={
            "type": "object",
            "properties": {"result": signature.returns, "call": {"type": "string"}},
            "required": ["result", "call"],
        },
        annotations=ToolAnnotations(
            read_only_hint=not abroad,
            destructive_hint=None if reach.all else False,
            open_world_hint=abroad,
        ),
    )


def answered(content: JSONObject) -> CallToolResult:
    """A result: the object, and the same as text for clients that read nothing else."""
    text = json.dumps(content, ensure_ascii=False)
    shown = text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}[… {len(text) - MOST_TEXT} more characters]"
    return CallToolResult(content=[TextContent(text=shown)], structured_content=content)


def refused(why: str) -> CallToolResult:
    """What went wrong, for the calling model to read and do better."""
    return CallToolResult(content=[TextContent(text=why[:_ERROR_TEXT])], is_error=True)


def of_call(result: CallResult) -> CallToolResult:
    """What a call of a live tool did."""
    if result.ok:
        return answered({"result": result.value, "call": result.call})
    return refused(f"{error_text(result)} (call {result.call})")


def arguments(given: Mapping[str, Any] | None) -> JSONObject:
    """The arguments of a call."""
    return cast("dict[str, JSON]", dict(given or {}))
