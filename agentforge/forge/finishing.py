"""A last step behind a candidate that computes what is asked and writes it in another form or order.

A small model sorts the words and forgets the blank behind each comma, or groups them rightly and returns Python's
notation where the examples show JSON; shown that, it mostly writes the same again. The host compares what came out
with what is right, example by example: where one short chain of plain steps (read a notation, convert items, order
them, write a notation) turns each into the other, these steps are put behind the candidate. Only JSON values are
computed with here; the finished candidate runs in the box and meets all the gates that any other meets.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias, cast

from agentforge.boxes.protocol import CallResult
from agentforge.forge.cases import equal
from agentforge.forge.mending import edited
from agentforge.forge.rewriting import function_of, without_demonstrations
from agentforge.forge.spec import Spec
from agentforge.parsing import parse
from agentforge.types import JSON

FEWEST = 2
"""With fewer examples a step could be right by chance."""

LONGEST = 20_000
"""Characters of a value, as JSON, with which steps are tried."""

_UNFIT = (ValueError, TypeError, SyntaxError, KeyError, IndexError, AttributeError, MemoryError, RecursionError)
_SIGNS = (", ", ",", "; ", ";", " | ", "|", "\n", " * ", "*", " × ", "×", " - ", " / ", "/", " -> ", " ")


@dataclass(frozen=True, slots=True)
class Step:
    """``code`` is an expression in ``value``, ``apply`` does the same to a JSON value, ``module`` is what it needs."""

    code: str
    apply: Callable[[Any], Any]
    module: str = ""


Chain: TypeAlias = tuple[Step, ...]

Run: TypeAlias = Callable[[str], Awaitable[Sequence[CallResult]]]
"""Runs a source on the visible examples."""

_LIST = Step("list(value)", lambda value: value)
_NONE = Step("value", lambda value: value)
_READ = (
    _NONE,
    Step("json.loads(value)", lambda value: json.loads(value), "json"),
    Step("ast.literal_eval(value)", ast.literal_eval, "ast"),
)
_ITEMS = (
    _NONE,
    Step("[str(one) for one in value]", lambda value: [str(one) for one in _listed(value)]),
    Step("[int(one) for one in value]", lambda value: [int(one) for one in _listed(value)]),
    Step("[float(one) for one in value]", lambda value: [float(one) for one in _listed(value)]),
)
_ORDER = (
    _NONE,
    Step("sorted(value)", lambda value: sorted(_listed(value))),
    Step("[sorted(row) for row in value]", lambda value: [sorted(_listed(row)) for row in _listed(value)]),
    Step("sorted(sorted(row) for row in value)", lambda value: sorted(sorted(_listed(row)) for row in _listed(value))),
)
_WRITE = (
    _NONE,
    Step("str(value)", str),
    Step("json.dumps(value, ensure_ascii=False)", lambda value: json.dumps(value, ensure_ascii=False), "json"),
    Step("str(value).lower()", lambda value: str(value).lower()),
    Step("str(value).upper()", lambda value: str(value).upper()),
    Step("str(value).strip()", lambda value: str(value).strip()),
)


def finished(spec: Spec, source: str, results: Sequence[CallResult]) -> str | None:
    """``source`` with the steps behind it that make all of the visible examples hold; None where none do, or none
    are needed. ``results`` are what it gave on the visible examples.
    """
    return _finished(spec, source, results, ())


async def listed(spec: Spec, source: str, run: Run) -> str | None:
    """The same for one that returns what JSON does not know, such as a set: as a list, in whose place it may be."""
    plain = _behind(spec, without_demonstrations(source), (_LIST,))
    if plain is None:
        return None
    results = await run(plain)
    if not all(result.ok for result in results):
        return None
    pairs = zip(results, spec.visible, strict=True)
    right = all(example.raises is None and equal(result.value, example.returns) for result, example in pairs)
    return plain if right else _finished(spec, source, results, (_LIST,))


def _finished(spec: Spec, source: str, results: Sequence[CallResult], start: Chain) -> str | None:
    examples = spec.visible
    whole = len(results) == len(examples) >= FEWEST and all(result.ok for result in results)
    if not whole or any(example.raises for example in examples):
        return None
    pairs = [(result.value, example.returns) for result, example in zip(results, examples, strict=True)]
    if any(len(json.dumps(side)) > LONGEST for pair in pairs for side in pair):
        return None
    chain = next((chain for chain in _chains(pairs) if all(_fits(chain, *pair) for pair in pairs)), None)
    return _behind(spec, without_demonstrations(source), (*start, *chain)) if chain else None


def _chains(pairs: Sequence[tuple[JSON, JSON]]) -> Iterator[Chain]:
    """Chains of steps that may turn values into what is wanted, the shortest first; without the empty one."""
    values, wanted = [value for value, _ in pairs], [wanted for _, wanted in pairs]
    kinds = (*_READ, *_splits(values)), _ITEMS, _ORDER, (*_WRITE, *_joins(wanted), *_decimals(wanted[0]))
    made = [tuple(step for step in steps if step is not _NONE) for steps in product(*kinds)]
    yield from sorted(filter(None, made), key=len)


def _signs_in(texts: Sequence[JSON]) -> list[str]:
    return [sign for sign in _SIGNS if any(isinstance(text, str) and sign in text for text in texts)]


def _splits(values: Sequence[JSON]) -> list[Step]:
    signs = _signs_in(values)
    return [Step(f"value.split({sign!r})", lambda text, sign=sign: text.split(sign)) for sign in signs]


def _joins(wanted: Sequence[JSON]) -> list[Step]:
    return [
        Step(f"{sign!r}.join(map(str, value))", lambda value, sign=sign: sign.join(map(str, _listed(value))))
        for sign in _signs_in(wanted)
    ]


def _decimals(wanted: JSON) -> list[Step]:
    """A number with as many decimals as what is wanted has."""
    text = wanted if isinstance(wanted, str) else ""
    whole, point, decimals = text.rpartition(".")
    if not (point and decimals.isdigit() and whole.lstrip("-").isdigit()):
        return []
    many = f".{len(decimals)}f"
    return [Step(f"format(float(value), {many!r})", lambda value: format(float(value), many))]


def _listed(value: Any) -> list[Any]:
    """A list as it is; a text is none, though Python would take it for its letters."""
    if not isinstance(value, list):
        raise TypeError("no list")
    return cast("list[Any]", value)


def _fits(chain: Chain, value: JSON, wanted: JSON) -> bool:
    try:
        for step in chain:
            value = step.apply(value)
    except _UNFIT:
        return False
    return equal(value, wanted)


def _behind(spec: Spec, source: str, chain: Chain) -> str | None:
    """The candidate under a private name, and a function of its own name that takes the steps."""
    function = function_of(source, spec.name)
    private = f"_{spec.name}"
    if function is None or function_of(source, private) is not None:
        return None
    named = [node for node in ast.walk(parse(source)) if isinstance(node, ast.Name) and node.id == spec.name]
    places = [(function.lineno, function.col_offset + len("def ")), *((one.lineno, one.col_offset) for one in named)]
    renamed = edited(source, [(line, column, "_") for line, column in places])
    names = [argument.arg for argument in function.args.args]
    modules = dict.fromkeys(step.module for step in chain if step.module)
    lines = [
        *(f"import {module}" for module in modules),
        *(["", ""] if modules else []),
        renamed.rstrip("\n"),
        "",
        "",
        f"def {spec.name}({', '.join(names)}):",
        f"    value = {private}({', '.join(names)})",
        *(f"    value = {step.code}" for step in chain[:-1]),
        f"    return {chain[-1].code}",
    ]
    return "\n".join(lines) + "\n"
