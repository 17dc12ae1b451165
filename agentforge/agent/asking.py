"""How a turn asks a small model: one system prompt, and the request in front of every question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from agentforge.agent.context import Window, prompt_text
from agentforge.agent.recollection import beside_of
from agentforge.agent.reference import referred_to
from agentforge.agent.told import in_form_of
from agentforge.agent.toolbox import Entry
from agentforge.agent.turn import ROLE, Turn
from agentforge.memory.truths import Truth
from agentforge.models.prompts import render
from agentforge.types import JSON, JSONObject

_FORM = re.compile(
    r"(?i)\b(?:final answer|(?:give|return|provide|print|write|say|output|state|answer)(?: me)?(?: with)?"
    r" (?:only|just)\b"
    r"|(?:only|just) (?:the|a|one|with)\b|nothing else|no (?:explanation|other (?:words|text))"
    r"|(?:answer|output|result|response)s? (?:in|as|should|must|has to|is a|to be)\b"
    r"|in the (?:form|format)\b|(?:format|form)(?:ted)? (?:as|like|is)\b|separated\b|^\s*return\b)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Taught:
    """What the user said of earlier questions like the one that is asked, the likest first."""

    like: tuple[Truth, ...] = ()
    elsewhere: frozenset[str] = frozenset()  # tools for questions of other kinds

    @property
    def known(self) -> list[Truth]:
        """Those of which the right answer is known; of one question the last one. An answer of the agent's own that was
        called right is left out where the user writes such answers in another form.
        """
        found = {one.question: one for one in sorted(self.like, key=lambda one: one.id) if one.expected}.values()
        told = [str(one.expected) for one in found if one.word == "wrong"]
        return [one for one in found if one.word == "wrong" or not told or in_form_of(str(one.expected), told)]

    @property
    def denies_words(self) -> bool:
        """Whether words alone did not do for one of them: they were wrong, or it took code."""
        return any(one.way or one.word == "wrong" for one in self.like)


@dataclass(slots=True)
class Asking:
    """How this turn asks. ``shown`` are the tools that were found, ``taught`` what was said of like questions,
    ``preferred`` how the user wants answers; it stands in ``system`` too.
    """

    turn: Turn
    system: str
    request: str
    shown: Sequence[Entry]
    taught: Taught = field(default_factory=Taught)
    preferred: str = ""

    async def decide(self, purpose: str, question: str, schema: JSONObject, max_tokens: int) -> JSONObject:
        """A decision about the request."""
        return await self.turn.decide(purpose, self.system, f"{self.request}{question}", schema, max_tokens)

    @property
    def wants_value(self) -> bool:
        """Whether a result is the whole answer: a form is asked for, or the user once told the right one."""
        return bool(self.taught.known) or asks_for_form(self.turn.text)


def asking_of(turn: Turn, shown: Sequence[Entry]) -> Asking:
    """How a turn asks, with what memory and history hold for it; what went in is put on record."""
    window = Window(turn.parts.models, ROLE, reserve=turn.parts.models.context(ROLE) // 3)
    system, beside = render("agent_robust"), beside_of(window, turn.memory, turn.summary)
    history = referred_to(turn.text, turn.history)
    request, account = prompt_text(window, system, "", turn.messages[0].text, history, beside)
    if len(history) < len(turn.history):
        account.leave_out("history", f"{len(turn.history) - len(history)} messages are closed and not referred to")
    account.tools = [entry.name for entry in shown]
    turn.emit("context", account.to_json())
    return Asking(turn, beside.under(system), request, shown, preferred=beside.preferred)


def asks_for_form(text: str) -> bool:
    """Whether a request says how its answer is to be written, so that words around a result are one too many."""
    return _FORM.search(text) is not None


def closed_object(**properties: JSONObject) -> JSONObject:
    """The schema of an object with just these properties, all of them required."""
    required: list[JSON] = [*properties]
    return {"type": "object", "properties": {**properties}, "required": required, "additionalProperties": False}
