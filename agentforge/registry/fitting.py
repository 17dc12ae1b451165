"""Whether one signature can stand for another: types that take what others give, and parameters under other names."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from agentforge.registry.contract import Signature
from agentforge.registry.schema import mismatches
from agentforge.types import JSON, JSONObject

MOST_PARAMETERS = 5
"""With more parameters left to match, all orders of them (6! and up) are not looked through."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Which parameter of a tool (value) takes what a need calls otherwise (key).

    ``guessed`` are the need's parameters that only their order matched: they have the same types.
    """

    names: Mapping[str, str]
    guessed: tuple[str, ...] = ()


def fit(need: Signature, tool: Signature) -> Fit | None:
    """How ``tool`` can be called as ``need`` would be; None where it cannot.

    It takes as many parameters, each of a type that takes all that the need's does, and its result is of the
    need's type. Parameters match by name, else by type where only one order fits, else by their order.
    """
    wanted, given = _properties(need), _properties(tool)
    if len(wanted) != len(given) or not accepts(need.returns, tool.returns):
        return None
    named = {name: name for name in wanted if name in given}
    if not all(accepts(given[name], wanted[name]) for name in named):
        return None
    left, open_to = [name for name in wanted if name not in named], [name for name in given if name not in named]
    if len(left) > MOST_PARAMETERS:
        return None
    orders = [
        dict(zip(left, order, strict=True))
        for order in itertools.permutations(open_to)
        if all(accepts(given[theirs], wanted[mine]) for mine, theirs in zip(left, order, strict=True))
    ]
    if not orders:
        return None
    by_order = dict(zip(left, open_to, strict=True))
    if len(orders) == 1:
        return Fit({**named, **orders[0]})
    guessed = [name for name in left if len({order[name] for order in orders}) > 1]
    return Fit({**named, **by_order}, tuple(guessed)) if by_order in orders else None


def renamed(args: JSONObject, names: Mapping[str, str], need: Signature) -> JSONObject | None:
    """``args`` of the need as arguments of the tool, its defaults filled in; None where one has no place."""
    defaults = {name: schema["default"] for name, schema in _properties(need).items() if "default" in schema}
    full = {**defaults, **args}
    return {names[name]: value for name, value in full.items()} if full.keys() <= names.keys() else None


def accepts(wide: JSONObject, narrow: JSONObject) -> bool:
    """Whether every value that fits the schema ``narrow`` fits ``wide``, for schemas as annotations give them.

    Where that is not plain to see it says no.
    """
    wide, narrow = _bare(wide), _bare(narrow)
    if wide in ({}, narrow):
        return True
    if "anyOf" in narrow:
        return all(accepts(wide, each) for each in _options(narrow))
    if "enum" in narrow:
        return not any(mismatches(value, wide) for value in cast("list[JSON]", narrow["enum"]))
    if "anyOf" in wide:
        return any(accepts(each, narrow) for each in _options(wide))
    if (wide.get("type"), narrow.get("type")) == ("number", "integer"):
        return True
    if wide.get("type") != narrow.get("type") or "enum" in wide:
        return False
    if wide.get("type") == "array":
        return "items" not in wide or ("items" in narrow and accepts(_schema(wide["items"]), _schema(narrow["items"])))
    return wide.get("type") == "object" and _object_accepts(wide, narrow)


def _object_accepts(wide: JSONObject, narrow: JSONObject) -> bool:
    if "properties" not in wide:
        values = wide.get("additionalProperties")
        return not isinstance(values, dict) or all(accepts(values, each) for each in _values(narrow))
    if "properties" not in narrow:
        return False
    mine, theirs = _schemas(wide), _schemas(narrow)
    needed = set(cast("Sequence[str]", wide.get("required", [])))
    sure = set(cast("Sequence[str]", narrow.get("required", [])))
    return needed <= sure and theirs.keys() <= mine.keys() and all(accepts(mine[key], theirs[key]) for key in theirs)


def _values(schema: JSONObject) -> list[JSONObject]:
    """What the values of an object may be; anything at all where nothing is said."""
    if "properties" in schema:
        return list(_schemas(schema).values())
    values = schema.get("additionalProperties")
    return [values if isinstance(values, dict) else {}]


def _bare(schema: JSONObject) -> JSONObject:
    return {key: value for key, value in schema.items() if key != "default"}


def _options(schema: JSONObject) -> list[JSONObject]:
    return [_schema(each) for each in cast("list[JSON]", schema["anyOf"])]


def _schema(value: JSON) -> JSONObject:
    return value if isinstance(value, dict) else {}


def _schemas(schema: JSONObject) -> dict[str, JSONObject]:
    return {key: _schema(value) for key, value in _schema(schema["properties"]).items()}


def _properties(signature: Signature) -> dict[str, JSONObject]:
    return _schemas(signature.parameters)
