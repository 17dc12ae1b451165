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
tool that names other errors. An object that always has the same keys is a record, and so is a list within a
list that always holds as many items, where each place means something of its own (:func:`is_misshapen`): JSON
types cannot say so, and a point of three numbers is then a value of another type. That some rows happen to be
equally long says nothing about a longer one; but where the rows of every known list are as long as one another,
it is a grid, and one with a shorter row is none (:func:`is_ragged`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
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
Place: TypeAlias = tuple[str, ...]
Inner: TypeAlias = list[JSON] | dict[str, JSON]
FEWEST_RECORDS = 3
"""So many of the same shape, and none of another, make a record."""
FEWEST_GRIDS, FEWEST_ROWS = 2, 3
"""So many lists of so many rows, each of equal length, make grids."""
_SIZES = {
    **dict.fromkeys(("pair", "interval", "range", "span", "segment", "edge"), (2,)),
    **dict.fromkeys(("point", "corner", "vertex", "vertice", "coordinate", "polygon", "polyline"), (2, 3)),
    **dict.fromkeys(("triple", "triplet"), (3,)),
}
"""Names of a parameter or a key → how many items each list in it then holds; of the singular."""
_SAID = {"pair": 2, "pairs": 2, "triple": 3, "triples": 3, "triplets": 3}
"""Words of a purpose that say so whatever they are about; the others of :data:`_SIZES` are too common for that."""
_PLACES = re.compile(r"(?<!\w)\[\s*([^\W\d][^\[\](){},.…]*(?:,\s*[^\W\d][^\[\](){},.…]*)+)\]")
"""``[x, y]``, ``[unit price in cents, quantity]``: what each place means; no list of values, and none that goes on."""
_OF_OPEN_TYPES = frozenset({"TypeError", "AttributeError", "KeyError", "IndexError"})
_RUN = re.compile(r"[^\W\d_]+|\d+|\s+|.", re.DOTALL)


def is_defect(
    error: str,
    args: JSONObject,
    known: Sequence[JSONObject],
    declared: Collection[str],
    open_types: bool,
    purpose: str = "",
    vouched: Sequence[JSONObject] = (),
) -> bool:
    """Whether raising ``error`` on ``args`` is a mistake. ``known`` are the arguments of examples that return,
    ``vouched`` those among them that a person gave, ``open_types`` tells whether a parameter is a list or an object of
    which nothing more is said, ``purpose`` is what the author says of the tool.
    """
    if declared_as(error, declared):
        return False
    if error in _OF_OPEN_TYPES and is_ragged(args, vouched or known):
        return False
    if within(args, known):
        return bool(declared) or error in CRASHES
    if error in _OF_OPEN_TYPES and (open_types or is_misshapen(args, known, purpose)):
        return False
    return bool(declared) and error in CRASHES


def declared_as(error: str, declared: Collection[str]) -> str:
    """The declared error that ``error`` is: itself or a parent, empty where none is."""
    return error if error in declared else next((name for name in sorted(declared) if _covers(name, error)), "")


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


def is_misshapen(args: JSONObject, known: Sequence[JSONObject], purpose: str = "") -> bool:
    """Whether a record of ``args`` has another shape than all of the known ones at its place.

    Lists are records only where their places mean something: the purpose or a name says so, or each place holds a
    type of its own.
    """
    found: dict[Place, list[Inner]] = {}
    for one in known:
        for place, value in _inner(one):
            found.setdefault(place, []).append(value)
    records = {place: _shape(values[0]) for place, values in found.items() if _are_records(place, values, purpose)}
    return any(records.get(place, _shape(value)) != _shape(value) for place, value in _inner(args))


def is_ragged(args: JSONObject, known: Sequence[JSONObject]) -> bool:
    """Whether rows of an argument differ in length where those of all the known ones do not.

    Known are those that a person gave, where there are any: a model that writes tests forgets a cell.
    """
    return any(
        len(_lengths(value)) > 1 and _are_grids([one[name] for one in known if name in one])
        for name, value in args.items()
    )


def _are_grids(values: Sequence[JSON]) -> bool:
    """Whether all have rows of one length each, and enough of them more rows than could be so by chance."""
    many = [value for value in values if isinstance(value, list) and len(value) >= FEWEST_ROWS]
    return len(many) >= FEWEST_GRIDS and all(len(_lengths(value)) == 1 for value in values)


def _lengths(value: JSON) -> set[int]:
    """The different lengths of the rows of a list of lists."""
    rows = value if isinstance(value, list) else []
    return {len(row) for row in rows if isinstance(row, list)} if all(isinstance(row, list) for row in rows) else set()


def _are_records(place: Place, values: Sequence[Inner], purpose: str) -> bool:
    shapes = {_shape(value) for value in values}
    if len(values) < FEWEST_RECORDS or len(shapes) != 1 or shapes & {0, 1, frozenset()}:
        return False
    lists = [value for value in values if isinstance(value, list)]
    return not lists or len(lists[0]) in _sizes_said(place, purpose) or _differ_by_place(lists)


def _sizes_said(place: Place, purpose: str) -> set[int]:
    """How many items a list at this place holds, as far as names and words say so."""
    names = [word for name in place for word in name.lower().split("_")]
    said = {len(found[1].split(",")) for found in _PLACES.finditer(purpose)}
    said.update(_SAID[word] for word in re.findall(r"\w+", purpose.lower()) if word in _SAID)
    return said.union(*(_SIZES.get(name.removesuffix("s"), ()) for name in names))


def _differ_by_place(lists: Sequence[list[JSON]]) -> bool:
    """Whether each place always holds one type, and not all the same: ``["Ada", 36]``."""
    rows = {tuple(_kind(item) for item in items) for items in lists}
    return len(rows) == 1 and len(set(rows.pop())) > 1


def _kind(value: JSON) -> str:
    return "number" if isinstance(value, float) or type(value) is int else type(value).__name__


def _shape(value: Inner) -> Shape:
    """The keys of an object, the length of a list."""
    return frozenset(value) if isinstance(value, dict) else len(value)


def _inner(value: JSON, place: Place = ()) -> Iterator[tuple[Place, Inner]]:
    """Each object and each list within a list, with its place. Items of a list share a place. The arguments
    themselves are no record: a default may be left out.
    """
    if isinstance(value, dict):
        if place:
            yield place, value
        for key, item in value.items():
            yield from _inner(item, (*place, key))
    elif isinstance(value, list):
        if place[-1:] == ("[]",):
            yield place, value
        for item in value:
            yield from _inner(item, (*place, "[]"))


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
