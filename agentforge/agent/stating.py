"""Stating a need from questions with known right answers: a model gives names, the host gives types and values.

Where the questions have one form, its values are the parameters, in their order, and several of them are named by the
words beside them. Else the model states the whole signature, and the arguments of each question, which the host checks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from agentforge.agent import toolbox
from agentforge.agent.asking import Asking, closed_object
from agentforge.agent.needs import NEED_TOKENS, PARAMETER_NAME, need_problems, need_schema
from agentforge.agent.told import Slot, told_type
from agentforge.forge.record import shortened
from agentforge.memory.truths import Truth
from agentforge.models.prompts import render
from agentforge.registry.contract import Signature
from agentforge.types import JSON, JSONObject

ARGUMENT_TOKENS = 150
"""Room for the arguments of one question, where a model gives them."""

SHOWN_CHARS = 400
"""Of a question, a value or an answer, in a prompt."""


async def stated_need(asking: Asking, pairs: Sequence[Truth], slots: Sequence[Slot]) -> tuple[JSONObject, list[str]]:
    """A name and a signature whose result has the type of the told answers, and what is wrong with them."""
    problems: list[str] = []
    stated: JSONObject = {}
    told = told_type([str(one.expected) for one in pairs])
    returns = ["str"] if told == "str" else [told, "str"]
    schema = need_schema(f"({'|'.join(returns)})", ", ".join(_parameter(slot, slots) for slot in slots))
    taken = await toolbox.taken_names(asking.turn.parts)
    for _ in range(2):
        remark = f"\nYour last answer was wrong: {'; '.join(problems)}." if problems else ""
        question = render("agent_need_taught", cases=_shown(pairs, slots), problem=remark)
        stated = await asking.decide("state the need", question, schema, NEED_TOKENS)
        problems = need_problems(stated, taken)
        if not problems:
            break
    return stated, problems


def _parameter(slot: Slot, slots: Sequence[Slot]) -> str:
    """The pattern of a parameter. A model names the only one; of several a small one confuses which is which."""
    name = PARAMETER_NAME if len(slots) == 1 else slot.name
    return f"{name}: {re.escape(slot.kind)}"


def _shown(pairs: Sequence[Truth], slots: Sequence[Slot]) -> str:
    """The pairs as lines for a model: only the values of the questions, where they have one form."""
    lines: list[str] = []
    for row, one in enumerate(pairs):
        values = [f"{slot.name if len(slots) > 1 else ''} {_line(slot.texts[row])}".strip() for slot in slots]
        lines.append(f"- {', '.join(values) or _line(one.question)} -> {_line(str(one.expected))}")
    return "\n".join(lines)


def _line(text: str) -> str:
    return f"<{shortened(text.replace(chr(10), ' / '), SHOWN_CHARS)}>"


async def asked_arguments(asking: Asking, signature: Signature, name: str, pairs: Sequence[Truth]) -> list[JSONObject]:
    """The arguments of each earlier question, from the model under the stated signature."""
    many: JSONObject = {"minItems": len(pairs), "maxItems": len(pairs)}
    cases: JSONObject = {"type": "array", "items": signature.parameters, **many}
    listed = "\n".join(f"{at}. {shortened(one.question, SHOWN_CHARS)}" for at, one in enumerate(pairs, 1))
    question = render("agent_args_taught", tool=f"{name}{signature.text}", cases=listed)
    turn, most = asking.turn, ARGUMENT_TOKENS * len(pairs)
    answer = await turn.decide("read arguments", asking.system, question, closed_object(cases=cases), most)
    return [one for one in cast("list[JSON]", answer["cases"]) if isinstance(one, dict)]
