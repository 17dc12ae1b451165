"""Which inputs a tool's examples speak of, and which errors it may raise on the others.

A signature promises more than most tools mean: ``int`` takes the ages of a person and minus seven.
What a tool does on an input of its own domain must be a value or a declared error. Far from it a
refusal is no defect, but how far is judged more narrowly the more an author has said:

- where the docstring names errors, or an example raises one, the author has said how bad input is
  refused: a crash (:data:`CRASHES`) is then a defect on every input of the declared types;
- where nothing is named, only on inputs within what the examples span (:func:`within`).

``ValueError``, ``OverflowError`` and errors that are no builtins (``decimal.InvalidOperation``) are
how Python itself refuses a value, and ``TypeError`` and ``AttributeError`` how it refuses a value of
an open type (a bare ``list`` or ``dict``): these count as a defect nowhere but within the domain of a
tool that names other errors. A list within a list that always holds as many items, and an object that
always has the same keys, is a record (:func:`is_misshapen`): JSON types cannot say so, and a point of
three numbers is then a value of another type.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterator, Sequence
from typing import TypeAlias

from agentforge.registry.contract import is_builtin_error
from agentforge.types import JSON, JSONObject

CRASHES = frozenset(
    {
        *("KeyError", "IndexError", "LookupError", "AttributeError", "TypeError", "NameError", "UnboundLocalError"),
        *("ZeroDivisionError", "RecursionError", "MemoryError", "AssertionError", "StopIteration", "SystemError"),
        *("NotImplementedError", "RuntimeError", "ImportError", "ModuleNotFoundError", "Exception"),
    }
)
"""Errors that tell of a mistake in the code rather than of a refused input."""

Shape: TypeAlias = int | frozenset[str]
FEWEST_RECORDS = 3
"""So many of the same shape, and none of another, make a record."""
_OF_OPEN_TYPES = frozenset({"TypeError", "AttributeError", "KeyError", "IndexError"})
_RUN = re.compile(r"[^\W\d_]+|\d+|\s+|.", re.DOTALL)


def is_defect(
    error: str, args: JSONObject, known: Sequence[JSONObject], declared: Collection[str], open_types: bool
) -> bool:
    """Whether raising ``error`` on ``args`` is a mistake. ``known`` are the arguments of examples that return,
    ``open_types`` tells whether a parameter is a list or an object of which nothing more is said.
    """
    if error in declared or any(_covers(name, error) for name in declared):
        return False
    if within(args, known):
        return bool(declared) or error in CRASHES
    if error in _OF_OPEN_TYPES and (open_types or is_misshapen(args, known)):
        return False
    return bool(declared) and error in CRASHES


def _covers(name: str, error: str) -> bool:
    """Whether a declared error is a builtin parent of ``error`` (``LookupError`` of ``KeyError``)."""
    import builtins

    parent, child = getattr(builtins, name, None), getattr(builtins, error, None)
    if not isinstance(parent, type) or not isinstance(child, type):
        return not is_builtin_error(error) and name in {"ValueError", "ArithmeticError"}
    return issubclass(child, parent)


def has_open_types(parameters: JSON) -> bool:
    """Whether a schema holds a list or an object of which nothing more is said."""
    if isinstance(parameters, list):
        return any(map(has_open_types, parameters))
    if not isinstance(parameters, dict):
        return False
    kind = parameters.get("type")
    bare = (kind == "array" and "items" not in parameters) or (
        kind == "object" and "additionalProperties" not in parameters and "properties" not in parameters
    )
    return bare or any(has_open_types(part) for part in parameters.values())


def is_misshapen(args: JSONObject, known: Sequence[JSONObject]) -> bool:
    """Whether a record of ``args`` has another shape than all of the known ones at its place."""
    shapes: dict[Hashable, list[Shape]] = {}
    for one in known:
        for place, shape in _shapes(one):
            shapes.setdefault(place, []).append(shape)
    records = {
        place: found[0]
        for place, found in shapes.items()
        if len(found) >= FEWEST_RECORDS and len(set(found)) == 1 and found[0] not in (0, 1, frozenset())
    }
    return any(records.get(place, shape) != shape for place, shape in _shapes(args))


def _shapes(value: JSON, place: tuple[str, ...] = ()) -> Iterator[tuple[Hashable, Shape]]:
    """The place and the shape of each object and of each list within a list: its keys, or its length. Items of a list
    share a place. The arguments themselves are no record: a default may be left out.
    """
    if isinstance(value, dict):
        if place:
            yield place, frozenset(value)
        for key, item in value.items():
            yield from _shapes(item, (*place, key))
    elif isinstance(value, list):
        if place[-1:] == ("[]",):
            yield place, len(value)
        for item in value:
            yield from _shapes(item, (*place, "[]"))


def within(args: JSONObject, known: Sequence[JSONObject]) -> bool:
    """Whether every argument lies within what the known ones span, each parameter for itself."""
    return bool(known) and all(
        _spanned(value, [one[name] for one in known if name in one]) for name, value in args.items()
    )


def _spanned(value: JSON, known: Sequence[JSON]) -> bool:
    """Numbers between the smallest and the largest known one, texts of a known form and length, lists of a
    known length, objects with known keys, and so on inside.
    """
    if isinstance(value, bool) or value is None:
        return any(one is value for one in known)
    if isinstance(value, int | float):
        numbers = [one for one in known if isinstance(one, int | float) and not isinstance(one, bool)]
        return bool(numbers) and min(numbers) <= value <= max(numbers)
    if isinstance(value, str):
        texts = [one for one in known if isinstance(one, str)]
        return value in texts or _form(value) in {_form(one) for one in texts if not one.isalpha()}
    if isinstance(value, list):
        lists = [one for one in known if isinstance(one, list)]
        lengths = [len(one) for one in lists]
        inner = [item for one in lists for item in one]
        return (
            bool(lists) and min(lengths) <= len(value) <= max(lengths) and all(_spanned(item, inner) for item in value)
        )
    objects = [one for one in known if isinstance(one, dict)]
    return any(one.keys() == value.keys() for one in objects) and all(
        _spanned(item, [one[key] for one in objects if key in one]) for key, item in value.items()
    )


def _form(text: str) -> str:
    """Letters, digits and blanks by kind and number, all else as it is: ``2h 30m`` is of the form ``9a 99a``.

    A text of nothing but letters is a name, and another name is another thing: it has no form.
    """
    return "".join(
        "a" * len(run) if run.isalpha() else "9" * len(run) if run.isdigit() else run for run in _RUN.findall(text)
    )
