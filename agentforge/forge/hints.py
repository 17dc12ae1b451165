"""Inputs that a tool's own source points at: the constants that it compares with, and what lies beside them.

Chance seldom finds the hundredth piece from which a price falls; the source names it. Such inputs carry no
expected result: they only tell a tool from its mutants.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from typing import TypeAlias, cast

from agentforge.parsing import parse
from agentforge.registry.schema import mismatches
from agentforge.types import JSON, JSONObject

LONGEST = 30
"""Characters of a text constant that may be an input."""
LARGEST = 100_000
"""Numbers that may be an input: a tool may well count up to what it is given."""
MOST_BASES = 3
"""Known inputs into which constants are put."""

Constant: TypeAlias = int | float | str


def pointed_at(source: str, known: Sequence[JSONObject], parameters: JSONObject, *, most: int) -> list[JSONObject]:
    """Up to ``most`` argument objects: known ones with one value in the place of which a constant of the source
    stands, or a number beside it. Those that do not fit the schema ``parameters`` are left out.

    Deterministic for the same input; the constants take turns, so that a long table does not crowd out the rest.
    """
    turns = [_with(constant, base) for base in known[:MOST_BASES] for constant in _constants(source)]
    made: dict[str, JSONObject] = {}
    for args in chain.from_iterable(zip_longest(*turns)):
        if len(made) >= most:
            break
        if args is not None and args not in known and not mismatches(args, parameters):
            made.setdefault(repr(args), args)
    return list(made.values())


def _constants(source: str) -> list[Constant]:
    """Numbers and short texts of the code, in its order; not those of docstrings and of exceptions' words."""
    found: dict[str, Constant] = {}
    waiting: list[ast.AST] = [parse(source)]
    while waiting:
        node = waiting.pop()
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if docstring or isinstance(node, ast.Raise | ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.Constant) and not isinstance(node.value, bool):
            value = node.value
            small = isinstance(value, int | float) and abs(value) <= LARGEST
            if small or (isinstance(value, str) and 0 < len(value) <= LONGEST):
                found.setdefault(repr(value), cast("Constant", value))
        waiting += reversed(list(ast.iter_child_nodes(node)))
    return list(found.values())


def _with(constant: Constant, base: JSONObject) -> Iterator[JSONObject]:
    for value in _beside(constant):
        for name, old in base.items():
            for new in _in_the_place_of(old, value):
                yield {**base, name: new}


def _beside(constant: Constant) -> list[Constant]:
    if isinstance(constant, str):
        return [constant]
    return [constant, constant + 1, constant - 1, *([constant + 0.01, constant - 0.01])]


def _in_the_place_of(old: JSON, value: Constant) -> Iterator[JSON]:
    """``value`` itself where the old one is of its kind, and a list with it where it is a list of such."""
    if isinstance(old, list) and old:
        for new in _in_the_place_of(old[0], value):
            yield [new, *old[1:]]
    elif isinstance(old, str):
        if isinstance(value, str):
            yield value
            yield old + value
        elif isinstance(value, int) and 0 <= value <= LONGEST:
            yield (old * (value + 1))[:value] if old else "a" * value
    elif isinstance(old, float) and not isinstance(value, str):
        yield float(value)
    elif isinstance(old, int) and not isinstance(old, bool) and isinstance(value, int):
        yield value
