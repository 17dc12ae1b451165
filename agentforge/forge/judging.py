"""What role ``judge`` is asked about failures: what a call must give, and which of two versions is right.

It is asked only where another model plays it than the one that writes code: a model that erred in the code errs
about the code. What it says never outranks a person: an example of its making is no ground truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from agentforge.forge.spec import render_call, render_example
from agentforge.models.prompts import render
from agentforge.models.protocol import Message, ModelClient
from agentforge.registry.contract import docstring_of, is_builtin_error
from agentforge.registry.examples import read_json
from agentforge.registry.schema import mismatches
from agentforge.registry.tool import Tool
from agentforge.types import Example, JSONObject, Role

SHOWN_EXAMPLES = 6
SHOWN_CHARACTERS = 2000
"""Of a call or an outcome in a question."""

Side: TypeAlias = Literal["first", "second", "unknown"]

PROMPTS = ("repair_truth", "repair_dispute")
"""The prompt files; their hashes are part of a repaired tool's provenance."""

_TRUTH: JSONObject = {
    "type": "object",
    "properties": {
        "outcome": {"type": "string", "enum": ["returns", "raises", "unknown"]},
        "value": {"type": "string"},
        "error": {"type": "string"},
    },
    "required": ["outcome", "value", "error"],
    "additionalProperties": False,
}
_DISPUTE: JSONObject = {
    "type": "object",
    "properties": {"right": {"type": "string", "enum": ["first", "second", "unknown"]}},
    "required": ["right"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Judge:
    """Asks role ``judge`` about one tool."""

    models: ModelClient
    tool: Tool

    @property
    def independent(self) -> bool:
        """Whether it is another model than the generator, so that it may be asked at all."""
        return not self.models.same_model(Role.JUDGE, Role.GENERATE)

    async def truth(self, args: JSONObject, happened: str, source: str) -> Example | None:
        """What the tool must give for ``args``; None where the judge does not know (raises ModelError)."""
        call = render_call(self.tool.name, Example(args))[:SHOWN_CHARACTERS]
        said = await self._decide("repair_truth", _TRUTH, call=call, happened=happened)
        return self._example(args, said, source)

    async def side(self, args: JSONObject, first: str, second: str) -> Side:
        """Which of two outcomes is right (raises ModelError)."""
        call = render_call(self.tool.name, Example(args))[:SHOWN_CHARACTERS]
        shown = {"first": first[:SHOWN_CHARACTERS], "second": second[:SHOWN_CHARACTERS]}
        said = await self._decide("repair_dispute", _DISPUTE, call=call, **shown)
        return "first" if said["right"] == "first" else "second" if said["right"] == "second" else "unknown"

    def _example(self, args: JSONObject, said: JSONObject, source: str) -> Example | None:
        error = str(said["error"])
        if said["outcome"] == "raises" and is_builtin_error(error):
            return Example(args, None, error, source)
        if said["outcome"] != "returns":
            return None
        try:
            value = read_json(str(said["value"]))
        except (ValueError, RecursionError):
            return None
        fits = not mismatches(value, self.tool.signature.returns)
        return Example(args, value, None, source) if fits else None

    async def _decide(self, prompt: str, schema: JSONObject, **blanks: str) -> JSONObject:
        text = render(
            prompt,
            name=self.tool.name,
            signature=self.tool.manifest.signature,
            docstring=docstring_of(self.tool.source, self.tool.name),
            examples=self._examples(),
            **blanks,
        )
        return await self.models.decide(Role.JUDGE, [Message("user", text)], schema, temperature=0.0)

    def _examples(self) -> str:
        shown = [one for one in self.tool.examples if one.ground_truth and not one.held_out][:SHOWN_EXAMPLES]
        return "\n".join(render_example(self.tool.name, one) for one in shown) or "(nothing)"


def settled(sides: Sequence[Side]) -> Side:
    """What several answers come to: one loss outweighs everything, one doubt all but a loss."""
    return "first" if "first" in sides else "unknown" if "unknown" in sides else "second"
