"""Live tools that do the same: told by running both on the inputs that are known of them, and near these."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agentforge.boxes.protocol import Box, Limits
from agentforge.errors import ToolInvalid
from agentforge.forge.boxed import Bench, bench_of
from agentforge.forge.cases import is_returned, outcome
from agentforge.forge.probes import neighbours
from agentforge.registry.layers import Layers
from agentforge.registry.tool import Tool
from agentforge.types import JSONObject, Layer

FEWEST_RESULTS = 3
"""Different results among the inputs that two tools agree on: those that always return the same are alike anyway."""

MOST_OTHERS = 50
"""Tools of one signature that one is compared with at the most, the first ones."""

FIRST_LOOK = 4
"""Inputs on which two tools are compared before it is done on all: most differ at once."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Where tools are compared, and the fewest inputs on which two that do the same must agree."""

    layers: Layers
    box: Box
    limits: Limits
    fewest: int


def alike(tools: Iterable[Tool]) -> list[tuple[Tool, Sequence[Tool]]]:
    """The tools that may do the same as others, each with these: they have its parameters, result and errors, and no
    rights, and stand before it, being of a layer below, or proved, or first by name.
    """
    found: dict[str, list[Tool]] = defaultdict(list)
    for tool in sorted(tools, key=_rank):
        if tool.pure and (form := _form(tool)):
            found[form].append(tool)
    return [(one, some[:at][:MOST_OTHERS]) for some in found.values() for at, one in enumerate(some) if at]


def _rank(tool: Tool) -> tuple[bool, bool, str]:
    return tool.layer is Layer.USER, tool.unconfirmed, tool.name


def _form(tool: Tool) -> str:
    """What must be equal of two tools that one of may stand for the other; empty of a malformed one."""
    try:
        signature = tool.signature
    except ToolInvalid:
        return ""
    return json.dumps([[signature.parameters, signature.returns], sorted(signature.raises)], default=str)


async def is_twin(tool: Tool, other: Tool, looking: Looking) -> bool:
    """Whether two tools do the same on all of their examples and near them, where that tells enough (raises
    SandboxError).
    """
    known = [example.args for example in (*tool.examples, *other.examples)]
    inputs = [*known, *neighbours(known)]
    one, two = [await bench_of(each, looking.layers, looking.box, looking.limits, None) for each in (tool, other)]
    if isinstance(one, str) or isinstance(two, str):
        return False
    return await do_the_same(one, two, inputs, looking.fewest)


async def do_the_same(
    one: Bench, two: Bench, inputs: Sequence[JSONObject], least: int, names: Mapping[str, str] | None = None
) -> bool:
    """Whether both give the same on all ``inputs``, and on ``least`` of them something that tells. ``names`` are the
    parameters of the second one by those of the first, where they differ.

    Raises:
        SandboxError: a box failed.
    """
    told: list[str] = []
    for some in (inputs[:FIRST_LOOK], inputs[FIRST_LOOK:]):
        theirs = [{names.get(key, key): value for key, value in args.items()} for args in some] if names else some
        mine = [outcome(result) for result in await one.run(one.tool.source, some)]
        if mine != [outcome(result) for result in await two.run(two.tool.source, theirs)]:
            return False
        told += [each for each in mine if is_returned(each)]
    return len(told) >= least and len(set(told)) >= FEWEST_RESULTS
