"""What the box tells of a right tool and of the wrong ones made of it.

All of it is our own harmless code, and runs in the box like any other: nothing of a tool is imported or
evaluated on the host. A wrong tool counts only where it differs from the right one on fresh inputs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentforge.boxes.protocol import Box, Limits
from agentforge.errors import UsageError
from agentforge.forge.cases import equal
from agentforge.types import JSONObject
from benchmarks.planted.source import Mistake, Planted

FRESH = 300
"""Fresh inputs on which tools are compared."""
SEEDS = (0, 1)
"""Hash seeds; a tool that depends on the order of a set differs under one of them."""
_SECONDS = 1.0
_LIMITS = Limits(seconds=60.0, result_bytes=8 << 20)
_INSIDE = Path(__file__).with_name("inside.py")


@dataclass(frozen=True)
class Known:
    """Inputs with the right outcome: ``examples`` as a user gave them, and fresh ones."""

    examples: tuple[JSONObject, ...]
    fresh: tuple[JSONObject, ...]
    right: tuple[JSONObject, ...]

    @property
    def inputs(self) -> tuple[JSONObject, ...]:
        """Both, the examples first."""
        return (*self.examples, *self.fresh)


@dataclass(frozen=True)
class Proved:
    """A wrong tool with the inputs (places in ``Known.inputs``) on which its value is right.

    ``returning`` are those on which both give a value of the same type, right or wrong.
    ``differing`` counts the fresh inputs whose outcome is another, ``changed`` those of them where only
    the caller's own arguments tell the difference, since the call changed them.
    """

    mistake: Mistake
    source: str
    agreeing: tuple[int, ...]
    returning: tuple[int, ...]
    differing: int
    changed: int


async def known(box: Box, tool: Planted) -> Known:
    """The right tool's outcomes.

    Raises:
        UsageError: it fails on an input, or gives something else under another hash seed.
    """
    told = [await _outcomes(box, tool, [tool.tool], seed) for seed in SEEDS]
    right = told[0]["outcomes"][0]
    for args, one, other in zip([*told[0]["examples"], *told[0]["fresh"]], right, told[1]["outcomes"][0], strict=True):
        if one != other or not (one.keys() == {"returns"} or one == {"raises": "ValueError"}):
            raise UsageError(f"The right tool {tool.name} gives {one} and {other} for {args}.")
    return Known(tuple(told[0]["examples"]), tuple(told[0]["fresh"]), tuple(right))


async def proved(box: Box, tool: Planted, facts: Known, mistake: Mistake) -> Proved:
    """A wrong tool and where it is right.

    Raises:
        UsageError: it differs from the right one on no fresh input.
    """
    source = mistake.source or generated(tool, facts, mistake.generated)
    told = [(await _outcomes(box, tool, [source], seed))["outcomes"][0] for seed in SEEDS]
    agreeing, returning, differing, changed = [], [], 0, 0
    for place, right in enumerate(facts.right):
        given = [outcomes[place] for outcomes in told]
        same = all(one is not None and _same(one, right) for one in given)
        pure = not any(one is not None and "args" in one for one in given)
        unknown = any(one is None for one in given)  # not called after it had been too slow
        if same:
            agreeing.append(place)
        if all(one is not None and _kind(one) == _kind(right) != "" for one in given):
            returning.append(place)
        if place >= len(facts.examples) and not unknown and not (same and pure):
            differing += 1
            changed += same
    if not differing:
        raise UsageError(
            f"The wrong tool {tool.name}.{mistake.name} differs from the right one on none of {FRESH} fresh inputs."
        )
    return Proved(mistake, source, tuple(agreeing), tuple(returning), differing, changed)


def generated(tool: Planted, facts: Known, how: str) -> str:
    """A wrong tool without any logic: a table of the visible examples, or always the commonest result."""
    head, _, _ = tool.tool.partition('    """')
    body = tool.tool[len(head) :]
    docstring = body[: body.index('"""', 7) + 3]
    results = [outcome["returns"] for outcome in facts.right if "returns" in outcome]
    commonest = Counter(map(repr, results)).most_common(1)[0][0]
    if how == "constant":
        return f"{head}{docstring}\n    return {commonest}\n"
    rows = [
        (list(args.values()), outcome["returns"])
        for place, (args, outcome) in enumerate(zip(facts.examples, facts.right, strict=False))
        if "returns" in outcome and not is_held_out(place, len(facts.examples))
    ]
    names = ", ".join(facts.examples[0])
    return (
        f"{head}{docstring}\n    for known, result in {rows!r}:\n        if known == [{names}]:\n"
        f"            return result\n    return {commonest}\n"
    )


def is_held_out(place: int, count: int) -> bool:
    """Whether an example is held out: every third of three or more."""
    return count >= 3 and place % 3 == 2


def _same(given: JSONObject, right: JSONObject) -> bool:
    if "returns" in right:
        return "returns" in given and equal(given["returns"], right["returns"])
    return given.get("raises") == right["raises"]


def _kind(outcome: JSONObject) -> str:
    return type(outcome["returns"]).__name__ if "returns" in outcome else ""


async def _outcomes(box: Box, tool: Planted, sources: Sequence[str], seed: int) -> Any:
    args: JSONObject = {
        "sources": list(sources),
        "name": tool.name,
        "examples": tool.examples.strip(),
        "fresh": tool.fresh.strip(),
        "count": FRESH,
        "seconds": _SECONDS,
    }
    result = await box.call(_INSIDE.read_text("utf-8"), "outcomes", args, limits=_LIMITS, hash_seed=seed)
    if not result.ok:
        raise UsageError(f"{tool.name}: the box says {result.status} {result.error} {result.message[:300]}.")
    return result.value
