"""Worked examples as people write them, one on a line, read by the host without a model.

A line such as ``- order 1000 has the letter "P"`` holds the values 1000 and "P". Where several lines
hold equally many values, they are cases of one rule. What is read here stands in the text by
construction. Only the last value of a line is taken for a result, and only tools with one parameter
are read so: with more of them, which value belongs to which parameter is for a model to say.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import cast

from agentforge.registry.contract import Signature
from agentforge.registry.schema import mismatches
from agentforge.types import JSON, Example, JSONObject

FEWEST = 2
"""So many lines of one shape are worked examples; a single one may be anything."""

_VALUE = re.compile(
    r"""(?P<double>"(?:[^"\\\n]|\\.)*")|“(?P<curly>[^”\n]*)”|(?<!\w)'(?P<single>[^'\n]*)'(?!\w)|`(?P<code>[^`\n]*)`"""
    r"""|(?P<json>\[[^\n]*?\](?=[\s,.;:)]|$)|\{[^\n]*?\}(?=[\s,.;:)]|$))"""
    r"""|(?<![\w.,-])(?P<number>[-−]?\d[\d,]*(?:\.\d+)?)(?![\w]|[.,]\d)"""
)
_BULLET = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Token:
    """One value of a line: as it was written, and whether that was in quotes."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text with the values in it."""

    text: str
    tokens: tuple[Token, ...]


def worked_lines(text: str) -> list[Line]:
    """The lines that look like cases of one rule (empty when fewer than :data:`FEWEST` do)."""
    lines = [Line(line, _tokens(_BULLET.sub("", line))) for line in text.splitlines() if _BULLET.match(line)]
    shapes = Counter(len(line.tokens) for line in lines if len(line.tokens) >= 2)
    if not shapes:
        return []
    shape, times = shapes.most_common(1)[0]
    return [line for line in lines if len(line.tokens) == shape] if times >= FEWEST else []


def read_cases(text: str, signature: Signature) -> list[Example]:
    """The worked examples for a tool of one parameter; empty where the lines do not fit it."""
    properties = cast("dict[str, JSONObject]", signature.parameters.get("properties", {}))
    if len(properties) != 1:
        return []
    name, schema = next(iter(properties.items()))
    found: list[Example] = []
    for line in worked_lines(text):
        if len(line.tokens) != 2:
            return []
        given, result = (_value(line.tokens[0], schema), _value(line.tokens[1], signature.returns))
        if given is None or result is None:
            return []
        found.append(Example({name: given.value}, result.value, source="user"))
    return found


def without_lines(text: str, lines: list[Line]) -> str:
    """``text`` without those lines."""
    gone = {line.text for line in lines}
    return "\n".join(line for line in text.splitlines() if line not in gone)


@dataclass(frozen=True, slots=True)
class _Read:
    value: JSON


def _value(token: Token, schema: JSONObject) -> _Read | None:
    """The token as a value of this type; text stays as it was written, also where it has digits only."""
    readings: list[JSON] = [] if token.quoted else _numbers(token.text) + _parsed(token.text)
    for reading in [*readings, token.text]:
        if not mismatches(reading, schema):
            return _Read(reading)
    return None


def _numbers(text: str) -> list[JSON]:
    plain = text.replace(",", "").replace("−", "-")
    if not re.fullmatch(r"-?\d+(?:\.\d+)?", plain):
        return []
    return [float(plain)] if "." in plain else [int(plain)]


def _parsed(text: str) -> list[JSON]:
    try:
        return [json.loads(text)] if text[:1] in "[{" else []
    except ValueError:
        return []


def _tokens(line: str) -> tuple[Token, ...]:
    found: list[Token] = []
    for match in _VALUE.finditer(line):
        kind, text = match.lastgroup, match.group(match.lastgroup or 0)
        if kind == "double":
            text = _unquoted(text)
        found.append(Token(text, quoted=kind not in ("number", "json")))
    return tuple(found)


def _unquoted(literal: str) -> str:
    try:
        return str(json.loads(literal))
    except ValueError:
        return literal[1:-1]
