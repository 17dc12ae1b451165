"""What the rules say of two runs of a tool: properties that need no example, since one run is held against the other.

Only what the rules state in words is a property: that the order of an input does not matter, that the tool applied
to its own result changes nothing. Such a property can show that a candidate is wrong, and never that one is right.
Kept out on purpose: what follows from words that are often meant otherwise ("sorted" may leave equal keys in
their order, "in any order" may speak of the result), and the way there and back through a live inverse: a result
for an input beyond the domain is often none that the inverse takes, so that right tools would fail.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, cast

from agentforge.boxes.protocol import CallResult
from agentforge.forge.cases import equal
from agentforge.forge.spec import Spec, render_call
from agentforge.registry.schema import mismatches
from agentforge.types import JSON, Example, JSONObject

MOST_TRIED = 8
"""Inputs on which a property is tried: each costs one more run."""
SHOWN_CHARACTERS = 300

Run: TypeAlias = Callable[[Sequence[JSONObject]], Awaitable[list[CallResult]]]
"""Runs the candidate on argument objects."""

_ORDER = re.compile(
    r"(?i)\b(?:the|their|its) order (?:of (?!(?:the )?(?:result|output))[a-z ]{1,30} )?"
    r"(?:does not|doesn't|never) matters?\b"
    r"|\bregardless of (?:the|their) order\b|\bindependent of (?:the|their) order\b"
)
_AGAIN = re.compile(
    r"(?i)(?<!not )\bidempotent\b"
    r"|\b(?:applying|calling|running|doing) it (?:twice|again)\b[a-z ,]{0,40}"
    r"\b(?:changes nothing|gives the same|is the same)\b"
)
_EXCEPT = re.compile(r"(?i)\b(?:unless|except|only|if|but|when)\b")
"""A rule with a condition is not taken for one that holds for every input."""


async def broken_properties(
    spec: Spec, inputs: Sequence[JSONObject], results: Sequence[CallResult], run: Run
) -> list[str]:
    """For each property of the rules the first input that breaks it, as a line that a generator can act on.

    ``results`` are what the candidate gave for ``inputs``; ``run`` runs it again.
    """
    returned = [(args, result.value) for args, result in zip(inputs, results, strict=True) if result.ok]
    rules = [rule for rule in spec.rules if not _EXCEPT.search(rule)]
    found = [
        *((rule, _turned(spec, returned)) for rule in rules if _ORDER.search(rule)),
        *((rule, _fed_back(spec, returned)) for rule in rules if _AGAIN.search(rule)),
    ]
    problems: list[str] = []
    for rule, pairs in found:
        tried = pairs[:MOST_TRIED]
        for (args, right), again in zip(tried, await run([args for args, _ in tried]), strict=True):
            if not (again.ok and equal(again.value, right)):
                said = repr(again.value) if again.ok else f"raises {again.error}" if again.error else again.status
                call = render_call(spec.name, Example(args))
                problems.append(f"- {call} must give {right!r}, but gives {said}: {rule}"[:SHOWN_CHARACTERS])
                break
    return problems


Pair: TypeAlias = tuple[JSONObject, JSON]
"""Arguments, and what must come of them."""


def _turned(spec: Spec, returned: Sequence[Pair]) -> list[Pair]:
    """Each input with its one list the other way round; none where it is not plain which list is meant."""
    properties = cast("dict[str, JSONObject]", spec.signature.parameters["properties"])
    lists = [name for name, schema in properties.items() if schema.get("type") == "array"]
    if len(lists) != 1:
        return []
    turned: list[Pair] = []
    for args, right in returned:
        items = args.get(lists[0])
        if isinstance(items, list) and items != items[::-1]:
            turned.append(({**args, lists[0]: items[::-1]}, right))
    return turned


def _fed_back(spec: Spec, returned: Sequence[Pair]) -> list[Pair]:
    """Each result as the one argument, which must come back as it is."""
    properties = cast("dict[str, JSONObject]", spec.signature.parameters["properties"])
    if len(properties) != 1:
        return []
    ((name, schema),) = properties.items()
    return [({name: value}, value) for _, value in returned if not mismatches(value, schema)]
