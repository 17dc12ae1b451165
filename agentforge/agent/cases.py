"""Worked examples as people write them, one on a line, read by the host without a model.

A line such as ``- order 1000 has the letter "P"`` holds the values 1000 and "P". Where several lines
hold equally many values, they are cases of one rule: the last value is the result, the others are
arguments. A line that speaks of ranges or of every case (``over 10 items: 5 percent``) is a rule and
no case. Which of several arguments is which is told by their types and by the words beside them;
where that leaves a doubt, nothing is read. What is read stands in the text by construction.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import cast

from agentforge.registry.contract import Signature
from agentforge.registry.schema import mismatches
from agentforge.types import JSON, Example, JSONObject

MOST_PARAMETERS = 5
FEWEST = 2
"""So many lines of one shape are worked examples; a single one may be anything."""

_VALUE = re.compile(
    r"""(?P<double>"(?:[^"\\\n]|\\.)*")|“(?P<curly>[^”\n]*)”|(?<!\w)'(?P<single>[^'\n]*)'(?!\w)|`(?P<code>[^`\n]*)`"""
    r"""|(?P<json>\[[^\n]*?\](?=[\s,.;:)]|$)|\{[^\n]*?\}(?=[\s,.;:)]|$))"""
    r"""|(?<![\w.,-])(?P<number>[-−]?\d[\d,]*(?:\.\d+)?)(?![\w]|[.,]\d)"""
)
_BULLET = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.)])\s+")
_ARROW = re.compile(r"\s(?:->|=>|→|⇒|↦)\s")
_RULE = re.compile(
    r"(?i)\b(?:over|under|above|below|beyond|until|up to|at (?:least|most)|(?:more|less|fewer|greater|larger|smaller)"
    r" than|or (?:more|less|fewer)|between|per|each|every|any|all|only|if|when|otherwise|else"
    r"|unless|except|must|never|always|first|next|then)\b|\bfrom\s*$"
)
"""Words of a rule; a value in quotes may hold them."""


@dataclass(frozen=True, slots=True)
class Token:
    """One value of a line: as it was written, and whether that was in quotes."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text: the values in it, and the words before, between and after them."""

    text: str
    tokens: tuple[Token, ...]
    words: tuple[str, ...]


def worked_lines(text: str) -> list[Line]:
    """The lines that look like cases of one rule (empty when fewer than :data:`FEWEST` do)."""
    lines = [_line(line) for line in text.splitlines() if _BULLET.match(line) or _ARROW.search(line)]
    lines = [line for line in lines if not any(map(_RULE.search, line.words))]
    shapes = Counter(len(line.tokens) for line in lines if len(line.tokens) >= 2)
    if not shapes:
        return []
    shape, times = shapes.most_common(1)[0]
    return [line for line in lines if len(line.tokens) == shape] if times >= FEWEST else []


def read_cases(text: str, signature: Signature) -> list[Example]:
    """The worked examples for a tool of this signature; empty where one of the lines does not fit it."""
    lines = worked_lines(text)
    parameters = cast("dict[str, JSONObject]", signature.parameters.get("properties", {}))
    if not lines or len(parameters) + 1 != len(lines[0].tokens):
        return []
    order = _order(lines, parameters)
    if order is None:
        return []
    found: list[Example] = []
    for line in lines:
        given = {name: _value(line.tokens[at], parameters[name]) for at, name in enumerate(order)}
        result = _value(line.tokens[-1], signature.returns)
        if result is None:
            return []
        found.append(Example({name: one.value for name, one in given.items() if one}, result.value, source="user"))
    return found


def _order(lines: Sequence[Line], parameters: Mapping[str, JSONObject]) -> tuple[str, ...] | None:
    """The parameters in the order of the values; None where none or more than one order is likely."""
    orders = [
        order
        for order in (permutations(parameters) if len(parameters) <= MOST_PARAMETERS else ())
        if all(_value(line.tokens[at], parameters[name]) for line in lines for at, name in enumerate(order))
    ]
    if len(orders) < 2:
        return orders[0] if orders else None
    scores = [sum(_nearness(line, order) for line in lines) for order in orders]
    best = max(scores)
    return orders[scores.index(best)] if best > 0 and scores.count(best) == 1 else None


def _nearness(line: Line, order: Sequence[str]) -> int:
    """How many words of the parameters' names stand beside the values that they would get."""
    return sum(
        len(_stems(name.replace("_", " ")) & _stems(" ".join(line.words[at : at + 2]))) for at, name in enumerate(order)
    )


def _stems(words: str) -> set[str]:
    return {word[:4] for word in re.findall(r"[a-z]+", words.lower()) if len(word) > 2}


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


def _line(text: str) -> Line:
    tokens: list[Token] = []
    words: list[str] = []
    plain, at = _BULLET.sub("", text), 0
    for match in _VALUE.finditer(plain):
        kind, value = match.lastgroup, match.group(match.lastgroup or 0)
        value = _unquoted(value) if kind == "double" else value
        tokens.append(Token(value, quoted=kind not in ("number", "json")))
        words.append(plain[at : match.start()])
        at = match.end()
    return Line(text, tuple(tokens), (*words, plain[at:]))


def _unquoted(literal: str) -> str:
    try:
        return str(json.loads(literal))
    except ValueError:
        return literal[1:-1]
