"""Two groups of candidates that both have support and differ: which one is right.

Ground truth is above everything: a group that fails a held-out example is no rival, and neither is one that fails
another gate. Twice as many independent
candidates decide (:data:`MAJORITY`); else role ``judge``, where it is another model than the generator, is asked one
question about one input; else a person. So a tool never goes live on a bare majority of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from agentforge.forge.agreement import Group
from agentforge.forge.author import Author
from agentforge.forge.cases import holds, is_returned
from agentforge.forge.domain import within
from agentforge.forge.evidence import Workshop, run_all, what_happened
from agentforge.forge.gates.forging import SUPPORT
from agentforge.forge.spec import Spec, render_call
from agentforge.registry.schema import mismatches
from agentforge.types import Example, JSONObject, Role

MAJORITY = 2
"""So many times as many lineages as a rival a group needs to be believed without anybody's judgement."""
SHOWN_CHARACTERS = 200

Side: TypeAlias = Literal["first", "second", "unknown"]
OTHER_SIDE: dict[Side, Side] = {"first": "second", "second": "first", "unknown": "unknown"}

_RIGHT: JSONObject = {
    "type": "object",
    "properties": {"right": {"type": "string", "enum": ["first", "second", "unknown"]}},
    "required": ["right"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Dispute:
    """One input on which two groups differ, and what each of them does with it, as the ends of sentences."""

    call: str
    first: str
    second: str

    @property
    def turned(self) -> Dispute:
        """The same from the other side."""
        return Dispute(self.call, self.second, self.first)

    @property
    def told(self) -> str:
        """For people."""
        return (
            f"Candidates that pass everything disagree: on {self.call} this one {self.first},"
            f" as many others nearly {self.second}."
        )


def rivals(group: Group, groups: list[Group]) -> list[Group]:
    """The groups with support that ``group`` does not clearly outnumber."""
    return [
        other
        for other in groups
        if other.members[0] is not group.members[0]
        and other.independent >= SUPPORT
        and group.independent < MAJORITY * other.independent
    ]


async def dispute(group: Group, rival: Group, spec: Spec, workshop: Workshop) -> Dispute | None:
    """Where two groups differ, within what the examples span if they do there; None where the rival fails a held-out
    example, or where they differ on nothing but inputs of other types than declared.
    """
    held = spec.held_out
    gave = await run_all(rival.best.source, spec.name, [example.args for example in held], workshop)
    if not all(map(holds, held, gave)):
        return None
    one, other = group.best, rival.best
    known = [example.args for example in spec.visible]
    differing = [
        (not within(args, known), at)
        for at, args in enumerate(one.inputs)
        if one.behaviour[at] != other.behaviour[at]
        and (is_returned(one.behaviour[at]) or is_returned(other.behaviour[at]))
        and not mismatches(args, spec.signature.parameters)
    ]
    if not differing:
        return None
    _, at = min(differing)
    call = render_call(spec.name, Example(one.inputs[at]))[:SHOWN_CHARACTERS]
    return Dispute(call, *(what_happened(each.results[at])[:SHOWN_CHARACTERS] for each in (one, other)))


async def judged(found: Dispute, author: Author) -> Side:
    """Which side role ``judge`` holds right; unknown where it is the generator's own model (raises ModelError)."""
    if author.models.same_model(Role.JUDGE, Role.GENERATE):
        return "unknown"
    said = await author.decide(
        Role.JUDGE, "forge_dispute", _RIGHT, call=found.call, first=found.first, second=found.second
    )
    return "first" if said["right"] == "first" else "second" if said["right"] == "second" else "unknown"
