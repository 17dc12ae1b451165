"""Kinds of input: what is special about a value, in words that a writer of tests can act on.

A suite that holds no input of a kind says nothing about what the tool does with it, and a clause that is missing from
a tool shows on inputs of its kind alone. Kinds are read off values and schemas here; which of them a purpose speaks of
says :mod:`~agentforge.forge.clauses`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias, cast

from agentforge.types import JSON, JSONObject

Met: TypeAlias = tuple[str, str]
"""A parameter, and a kind of what stands there."""

LEFT_OUT = "left out"
WORDS = {
    "empty": "empty text, an empty list or an empty object",
    "empty item": "an empty item among others",
    "zero": "0",
    "negative": "a negative number",
    "null": "None",
    "true": "True",
    "false": "False",
    "two": "two items or more",
    "duplicate": "equal values",
    "out of order": "items that are not in order",
    "upper": "a capital letter",
    "blank": "white space",
    "blank around": "white space at an end, or in a row",
    "non-ASCII": "a character beyond ASCII",
    "line break": "two lines",
    "leap day": "29 February or a leap year",
    "nested": "a list or an object within another",
    LEFT_OUT: "the argument left out",
}
"""How a kind is told."""

_OFFERED: dict[str, tuple[str, ...]] = {
    "string": ("empty",),
    "integer": ("zero", "negative"),
    "number": ("zero", "negative"),
    "array": ("empty", "two", "duplicate", "out of order"),
    "object": ("empty", "two"),
    "boolean": ("true", "false"),
    "null": ("null",),
}
_ITEMS = frozenset({"array", "object"})
_TEXT = frozenset({"string"})
_HOLDING: dict[str, frozenset[str]] = {
    "empty": _ITEMS | _TEXT,
    "empty item": _ITEMS,
    "zero": frozenset({"integer", "number", "string"}),
    "negative": frozenset({"integer", "number", "string"}),
    "duplicate": _ITEMS | _TEXT,
    "out of order": _ITEMS,
    "nested": _ITEMS,
    "leap day": frozenset({"integer", "string"}),
}
"""A kind → the types of which something can be of it; texts for all others."""
_NUMBERS = frozenset({"integer", "number", "enum"})
_OF_WORD: dict[str, frozenset[str]] = {
    "none": frozenset({"null", "enum"}),
    "true": frozenset({"boolean", "enum"}),
    "false": frozenset({"boolean", "enum"}),
    "empty": _ITEMS | _TEXT | {"enum"},
}
"""A result in a word → the types that can hold it; numbers for all others."""
_LEAP_DAY = re.compile(r"(?i)\b02-29\b|\b29\.0?2\.|\b29(?:th)? feb|\bfeb\w* 29\b")
MOST_OF_TEXT = 10_000
"""So many characters of a text are looked at: it is a stranger's, and what is special about it shows before."""
_FIRST_GREGORIAN, _LAST_YEAR = 1583, 9999


def met(args: JSONObject, parameters: Iterable[str]) -> set[Met]:
    """The kinds of each argument, those inside it included, and of arguments beside each other."""
    found = {(name, LEFT_OUT) for name in parameters if name not in args}
    for name, value in args.items():
        found |= {(name, kind) for part in leaves(value) for kind in _kinds(part)}
        found |= {(name, kind) for kind in _kinds_of_whole(value)}
    written = {name: json.dumps(value, sort_keys=True) for name, value in args.items()}
    often = Counter(written.values())
    return found | {(name, "duplicate") for name, value in written.items() if often[value] > 1}


def offered(parameters: JSONObject) -> set[Met]:
    """The kinds that the edges of the types of a schema have."""
    properties = cast("dict[str, JSONObject]", parameters.get("properties", {}))
    found = {(name, kind) for name, schema in properties.items() for kind in _of_schema(schema)}
    return found | {(name, LEFT_OUT) for name, schema in properties.items() if "default" in schema}


def _of_schema(schema: JSON) -> set[str]:
    if not isinstance(schema, dict) or "enum" in schema:
        return set()
    kind = schema.get("type")
    found = set(_OFFERED.get(kind, ())) if isinstance(kind, str) else set[str]()
    return found.union(*map(_of_schema, _inside(schema)))


def can_be(schema: JSON, kind: str) -> bool:
    """Whether something of the kind fits into what the schema describes; where the type is open, it does."""
    types = _types(schema)
    return not types or bool(types & _HOLDING.get(kind, _TEXT))


def can_hold(schema: JSON, value: str) -> bool:
    """Whether none, true, false, empty or a number, as a word, can be of what the schema describes."""
    types = _types(schema)
    return not types or bool(types & _OF_WORD.get(value, _NUMBERS))


def _types(schema: JSON) -> set[str]:
    if not isinstance(schema, dict):
        return set()
    if "enum" in schema:
        return {"enum"}
    kind = schema.get("type")
    own = {kind} if isinstance(kind, str) else set[str]()
    return own.union(*map(_types, _inside(schema)))


def _inside(schema: JSONObject) -> list[JSON]:
    inner = [schema.get("items"), schema.get("additionalProperties")]
    for several in (schema.get("anyOf"), schema.get("properties")):
        inner += several.values() if isinstance(several, dict) else several if isinstance(several, list) else ()
    return inner


def leaves(value: JSON) -> Iterator[JSON]:
    """A value, and all that stands in it."""
    yield value
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in items:
        yield from leaves(item)


def _kinds(value: JSON) -> Iterator[str]:
    if isinstance(value, bool):
        yield "true" if value else "false"
    elif value is None:
        yield "null"
    elif isinstance(value, int | float):
        yield from _kinds_of_number(value)
    elif isinstance(value, str):
        yield from _kinds_of_text(value[:MOST_OF_TEXT])
    else:
        yield from _kinds_of_items(value)


def _kinds_of_whole(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        text = value[:MOST_OF_TEXT].casefold()
        if len(set(text)) < len(text):
            yield "duplicate"
    elif isinstance(value, list | dict) and any(map(_is_empty, islice(leaves(value), 1, None))):
        yield "empty item"


def _is_empty(value: JSON) -> bool:
    return not value.strip() if isinstance(value, str) else isinstance(value, list | dict) and not value


def _kinds_of_number(value: float) -> Iterator[str]:
    tests = {
        "zero": value == 0,
        "negative": value < 0,
        "leap day": _FIRST_GREGORIAN <= value <= _LAST_YEAR and value % 4 == 0,
    }
    yield from (kind for kind, holds in tests.items() if holds)


def _kinds_of_text(text: str) -> Iterator[str]:
    words = re.findall(r"\w+", text)
    tests = {
        "empty": not text.strip(),
        "blank": re.search(r"\s", text) is not None,
        "blank around": bool(text.strip()) and (text != text.strip() or re.search(r"\s\s", text) is not None),
        "upper": text != text.lower(),
        "non-ASCII": not text.isascii(),
        "line break": "\n" in text.strip("\n"),
        "negative": re.search(r"[-−]\s*\d", text) is not None,
        "zero": re.search(r"(?<![\d.,])0++(?![.,]*+\d)", text) is not None,
        "duplicate": len(set(words)) < len(words) or re.search(r"([^\w\s])\1", text) is not None,
        "out of order": words != sorted(words),
        "two": len(words) > 1,
        "leap day": _LEAP_DAY.search(text) is not None,
    }
    yield from (kind for kind, holds in tests.items() if holds)


def _kinds_of_items(items: list[JSON] | dict[str, JSON]) -> Iterator[str]:
    values = list(items.values()) if isinstance(items, dict) else items
    columns = [values, *_columns(values)] if isinstance(items, list) else [list[JSON](items), values]
    tests = {
        "empty": not items,
        "two": len(items) > 1,
        "nested": any(map(_holds_items, values)),
        "duplicate": any(map(_has_equal, columns)),
        "out of order": any(map(_is_out_of_order, columns)),
    }
    yield from (kind for kind, holds in tests.items() if holds)


def _holds_items(value: JSON) -> bool:
    return isinstance(value, list | dict)


def _columns(rows: Sequence[JSON]) -> Iterator[list[JSON]]:
    """What records have in one field, and what lists have at one place."""
    fields: dict[str, list[JSON]] = {}
    for key, value in (field for row in rows if isinstance(row, dict) for field in row.items()):
        fields.setdefault(key, []).append(value)
    yield from fields.values()
    yield from map(list, zip(*(row for row in rows if isinstance(row, list)), strict=False))


def _has_equal(values: Collection[JSON]) -> bool:
    return len({json.dumps(value, sort_keys=True) for value in values}) < len(values)


def _is_out_of_order(values: Sequence[JSON]) -> bool:
    texts = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if isinstance(value, int | float)]
    return texts != sorted(texts) or numbers != sorted(numbers)
