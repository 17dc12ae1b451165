"""Whether two tools do the same, seen in the box: what both were proved on, and what is near it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentforge.forge.boxed import Bench
from agentforge.forge.cases import is_returned, outcome
from agentforge.types import JSONObject

FEWEST_RESULTS = 3
"""Different results among the inputs that two tools agree on: those that always return the same are alike anyway."""

FIRST_LOOK = 4
"""Inputs on which two tools are compared before it is done on all: most differ at once."""


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
