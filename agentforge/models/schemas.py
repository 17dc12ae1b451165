"""JSON Schema as endpoints can enforce it, and objects out of what models write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, cast

from jsonschema import Draft202012Validator, ValidationError

from agentforge.models.protocol import Features
from agentforge.types import JSON, JSONObject

_SHOWN = 5  # mismatches named at once; more would not help a model


def enforceable(schema: JSONObject, features: Features) -> JSONObject | None:
    """``schema`` in the form this endpoint enforces, or None where it cannot.

    Claude's structured output knows closed objects only and no patterns or bounds: the latter become
    prose in the description, and an open object (a map with any keys) cannot be asked for at all.
    """
    if not features.json_schema:
        return None
    if features.schema_bounds:
        return schema
    if _has_open_object(schema):
        return None
    import anthropic  # costs a second, and whoever gets here is about to ask Claude

    try:
        closed = anthropic.transform_schema(cast("dict[str, Any]", _without_type_lists(deepcopy(schema))))
    except (ValueError, AssertionError):  # a part without a type, or of one it does not know
        return None
    return cast(JSONObject, closed)


def mismatches(schema: JSONObject, value: JSON) -> list[str]:
    """What in ``value`` breaks ``schema``, in words a model can act on; empty when it fits."""
    found = cast("Iterator[ValidationError]", Draft202012Validator(cast("Any", schema)).iter_errors(cast("Any", value)))  # pyright: ignore[reportUnknownMemberType] # jsonschema leaves the instance untyped
    worst = sorted(found, key=lambda error: error.json_path)[:_SHOWN]
    return [f"{error.json_path}: {error.message[:300]}" for error in worst]


def first_object(text: str) -> JSONObject | None:
    """The JSON object that a model meant: its whole text, a fenced block, or the first one in prose.

    Of several the first wins. Braces in prose or code that are no JSON are passed over.
    """
    for candidate in _candidates(text):
        value = _object_at(candidate)
        if value is not None:
            return value
    return None


def _candidates(text: str) -> Iterator[str]:
    yield text
    yield from fenced_blocks(text)
    position = text.find("{")
    tried = 0
    while position >= 0 and tried < 200:  # bounds the work on hostile text full of braces
        yield text[position:]
        position = text.find("{", position + 1)
        tried += 1


def fenced_blocks(text: str) -> list[str]:
    """The contents of all ``` blocks in order; one that is never closed counts to the end."""
    blocks: list[str] = []
    lines: list[str] | None = None
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            if lines is None:
                lines = []
            else:
                blocks.append("\n".join(lines))
                lines = None
        elif lines is not None:
            lines.append(line)
    if lines:
        blocks.append("\n".join(lines))
    return blocks


def _object_at(text: str) -> JSONObject | None:
    """The object that ``text`` begins with, whatever follows it."""
    start = text.lstrip()
    if not start.startswith("{"):
        return None
    try:
        value: Any = json.JSONDecoder(strict=False, parse_constant=_refuse).raw_decode(start)[0]
    except (ValueError, RecursionError):
        return None
    return cast(JSONObject, value) if isinstance(value, dict) else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _has_open_object(schema: JSON) -> bool:
    if isinstance(schema, list):
        return any(_has_open_object(part) for part in schema)
    if not isinstance(schema, dict):
        return False
    kinds = schema.get("type")
    if kinds == "object" or (isinstance(kinds, list) and "object" in kinds):
        extra = schema.get("additionalProperties", False)
        if not schema.get("properties") or extra is not False:
            return True
    return any(_has_open_object(part) for part in schema.values())


def _without_type_lists(schema: JSON) -> JSON:
    """``type: [a, b]`` as ``anyOf``, which is all that the transformation knows."""
    if isinstance(schema, list):
        return [_without_type_lists(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kinds = schema.get("type")
    if not isinstance(kinds, list):
        return {key: _without_type_lists(part) for key, part in schema.items()}
    rest = {key: part for key, part in schema.items() if key != "type"}
    return {"anyOf": [_without_type_lists({**rest, "type": kind}) for kind in kinds]}
