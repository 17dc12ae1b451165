"""What the user says after each answer: right or wrong and, when wrong, what was right.

Said through what the product has for it, and once: of the answer of a tool's call by ``feedback``, as the command
line does; of any other answer in words, which are the next turn of the same session.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from agentforge import Forge, RunResult
from agentforge.api.feedback import UNSAID
from agentforge.errors import AgentForgeError, ToolInvalid, ToolNotFound, UsageError
from agentforge.registry.schema import mismatches
from agentforge.types import JSON, JSONObject

RIGHT = "That is right."
WRONG = "That is wrong. The right answer is: {answer}"


@dataclass(frozen=True)
class ToolCall:
    """One call of a live tool in a turn, by the id under which the product wrote it down."""

    id: str
    tool: str
    args: JSONObject
    value: JSON


def tool_calls(result: RunResult) -> list[ToolCall]:
    """The calls of live tools in a turn that ran, oldest first."""
    told: dict[str, dict[str, Any]] = {}
    for event in result.events:
        if event.type in ("tool_called", "tool_returned"):
            told.setdefault(str(event.data["call"]), {}).update(event.data)
    ran = {call: data for call, data in told.items() if "args" in data and data["tool"] in result.tools_used}
    return [ToolCall(call, data["tool"], data["args"], data.get("value")) for call, data in ran.items()]


async def tell(forge: Forge, result: RunResult, answer: str, *, right: bool) -> str:
    """Says it; returns how it was said: ``call``, ``words``, or both where the word on the call was refused."""
    how = ""
    if calls := tool_calls(result):
        with suppress(UsageError):  # such as a right result in a sentence that is none
            expected = UNSAID if right else expected_value(forge, calls[-1].tool, answer)
            await forge.feedback("good" if right else "bad", calls[-1].id, expected=expected)
            return "call"
        how = "call, "
    said = await forge.run(RIGHT if right else WRONG.format(answer=answer), session=result.session)
    if said.error in BROKEN:
        said.raise_for_status()
    return f"{how}words"


BROKEN = frozenset(
    {"ModelUnavailable", "ModelTimeout", "AuthenticationError", "SandboxError", "SandboxUnavailable", "SandboxBusy"}
    | {"ImageError", "StorageError", "ConfigurationError"}
)
"""Errors of a turn that are the machine's and no answer: nothing is measured then."""


def expected_value(forge: Forge, tool: str, answer: str) -> Any:
    """The right answer in the type that the tool returns, as its user would write it; unsaid where it fits none."""
    try:
        returns = forge.tool(tool).signature.returns
    except (ToolNotFound, ToolInvalid):
        return UNSAID
    return next((value for value in _values(answer) if not mismatches(value, returns)), UNSAID)


def _values(answer: str) -> Iterator[JSON]:
    yield answer
    for read in (json.loads, ast.literal_eval):
        with suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            yield read(answer)
    yield [part.strip() for part in answer.split(",")]


def broken(result: RunResult) -> AgentForgeError | None:
    """The failure that ends the benchmark, where a turn ended with one."""
    try:
        result.raise_for_status()
    except AgentForgeError as error:
        return error if result.error in BROKEN else None
    return None
