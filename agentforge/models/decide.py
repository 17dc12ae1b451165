"""A decision: an object that validates against a schema, by whichever means the endpoint has."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Literal, TypeAlias

from agentforge.errors import ModelError
from agentforge.models.protocol import Completion, Features, Message, ToolSpec
from agentforge.models.request import Ask
from agentforge.models.schemas import enforceable, first_object, mismatches
from agentforge.types import JSONObject

Means: TypeAlias = Literal["schema", "tool", "words"]

TOOL = "answer"
"""Name of the tool that is forced where there is no JSON schema output."""

_QUOTED = 2000  # characters of a failed answer shown again
_SHOWN = 200  # characters of it in an error


def means_of(features: Features, schema: JSONObject) -> Means:
    """How a decision is had: enforced output, else a forced tool, else asked for in words."""
    if enforceable(schema, features) is not None:
        return "schema"
    return "tool" if features.forced_tools else "words"


def with_means(ask: Ask, schema: JSONObject, means: Means) -> Ask:
    """``ask`` as it is sent for a decision."""
    match means:
        case "schema":
            return replace(ask, schema=schema)
        case "tool":
            tool = ToolSpec(TOOL, "Gives the answer.", schema)
            return replace(ask, tools=(tool,), force_tool=TOOL)
        case "words":
            text = json.dumps(schema, ensure_ascii=False)
            wanted = (
                "Answer with one JSON object and nothing else, in a ```json block. "
                f"It must validate against this JSON Schema:\n{text}"
            )
            return replace(ask, system=f"{ask.system}\n\n{wanted}".strip())


async def decide(
    send: Callable[[Ask], Awaitable[Completion]], ask: Ask, schema: JSONObject, features: Features
) -> JSONObject:
    """Asks, validates, and asks once more with the mismatch.

    Raises:
        ModelError: the second answer does not validate either; and whatever ``send`` raises.
    """
    wanted = with_means(ask, schema, means_of(features, schema))
    answer = await send(wanted)
    value, problem = read(answer, schema)
    if value is None:
        answer = await send(replace(wanted, messages=(*ask.messages, *_complaint(answer, problem))))
        value, problem = read(answer, schema)
    if value is None:
        raise ModelError(
            f"The model {answer.model!r} twice gave no valid decision: {problem} "
            f"It said: {' '.join(_said(answer).split())[:_SHOWN]!r}.",
            fix="Try again, or give the role a stronger model.",
        )
    return value


def read(answer: Completion, schema: JSONObject) -> tuple[JSONObject | None, str]:
    """The decision in ``answer``, or None and what is wrong, as one sentence for the model."""
    value = answer.calls[0].args if answer.calls else first_object(answer.text)
    if value is None:
        cut = answer.stop == "max_tokens"
        return None, "The answer was cut off: be shorter." if cut else "There is no JSON object in it."
    problems = mismatches(schema, value)
    return (None, f"{'; '.join(problems)}.") if problems else (value, "")


def _complaint(answer: Completion, problem: str) -> tuple[Message, Message]:
    said = Message("assistant", _said(answer)[:_QUOTED] or "(nothing)")
    return said, Message("user", f"That answer does not fit. {problem} Answer again, with one JSON object only.")


def _said(answer: Completion) -> str:
    return json.dumps(answer.calls[0].args, ensure_ascii=False) if answer.calls else answer.text
