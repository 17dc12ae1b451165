"""Worked examples as people write them, one on a line, read by the host without a model.

A line such as ``- order 1000 has the letter "P"`` or ``4 kg -> 12`` holds given values and, behind an
arrow, a colon or a verb such as *has* or *costs*, the result. Where several lines hold equally many
values, they are cases of one rule. Which of several given values is which parameter is told by their
types and by the words beside them; where that leaves a doubt, nothing is read. A line that speaks of
ranges or of every case (``over 10 items: 5 percent``) is a rule and no case. What is read stands in
the text by construction.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    r"""|(?<![\w.,-])(?<!\d[:/])(?P<number>[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?!\w|[.,:/-]\d)"""
)
_BULLET = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.)])\s+")
_ARROW = re.compile(r"\s(?:->|=>|→|⇒|↦)\s")
_RESULT = re.compile(
    r"(?i):|\b(?:is|are|was|were|has|have|gives?|gave|gets?|got|becomes?|became|costs?|scores?|makes?|made|returns?"
    r"|yields?|equals?|means?|pays?|paid|comes? to|came to|turns into|stands for)\b"
)
"""What stands between what is given and the result, where there is no arrow."""
_CODE_BEFORE = re.compile(r"(?:^|\s)(?:[A-Z]+|\S*\d\S*)[\s-]*$")
_CODE_BEHIND = re.compile(r"^\s*[A-Z]{2,}\b")
"""A number beside a word in capitals is a part of something longer (``CS 101``, ``12.50 EUR``)."""
RULE_WORDS = re.compile(
    r"(?i)\b(?:over|under|above|below|beyond|until|up to|at (?:least|most)|(?:more|less|fewer|greater|larger|smaller)"
    r" than|or (?:more|less|fewer)|between|per|each|every|any|all|only|if|when|otherwise|else"
    r"|unless|except|must|never|always|first|next|then)\b|\bfrom\s*$"
)
"""Words of a rule; a value in quotes may hold them."""
_COLUMNS = re.compile(r"[ ]*[|\t][ \t]*|[ ]{2,}")
_QUOTED = r"""(?:"([^"\n]+)"|“([^”\n]+)”|(?<!\w)'([^'\n]+)'(?!\w))"""
_CLAUSE = re.compile(
    _QUOTED + r"((?:\s+\w+){0,2}?\s+(?:gives?|gave|becomes?|became|is|are|was|were|gets?|got|has|have|makes?|made"
    r"|returns?|yields?|turns? into|turned into|stays?|stayed)(?:\s+\w+){0,2}?\s+)" + _QUOTED
)
SHORTEST_IN_PROSE = 2
"""Characters of a given text in prose: ``'a' becomes 'e'`` is a rule about letters."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"'“(A-Z0-9])|\n+")


@dataclass(frozen=True, slots=True)
class Token:
    """One value of a line as it was written. ``whole`` is what stands around it on its side of an arrow;
    ``part`` tells that it is a part of something longer, of which no text can be made.
    """

    text: str
    quoted: bool
    whole: str = ""
    part: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text: the values in it, and the words before, between and after them."""

    text: str
    tokens: tuple[Token, ...]
    words: tuple[str, ...]


def worked_lines(text: str) -> list[Line]:
    """The lines, or else the clauses with two quoted texts, that look like cases of one rule.

    Empty when fewer than :data:`FEWEST` do, or when the question gives more values than they: then they
    are a table that the rule reads from.
    """
    lines = [line for line in map(_line, text.splitlines()) if line is not None] or _clauses(text)
    shapes = Counter(len(line.tokens) for line in lines)
    if not shapes:
        return []
    shape, times = shapes.most_common(1)[0]
    questions = [part for part in _SENTENCE.split(text) if part.rstrip().endswith("?")]
    if times < FEWEST or (questions and _asks_for_more(questions[-1], shape - 1, lines)):
        return []
    return [line for line in lines if len(line.tokens) == shape]


def _asks_for_more(question: str, given: int, lines: Sequence[Line]) -> bool:
    """Whether a question gives more values than the lines do; a list may be asked for item by item."""
    lists = any(token.text.startswith("[") for line in lines for token in line.tokens)
    return not lists and len(_tokens(question)[0]) > given


def read_cases(text: str, signature: Signature, *, in_order: bool = False) -> list[Example]:
    """The worked examples for a tool of this signature; empty where one of the lines does not fit it. ``in_order``:
    the parameters are known to be the given values, in their order.
    """
    lines = worked_lines(text)
    parameters = _given(signature, len(lines[0].tokens) - 1) if lines else {}
    if not parameters:
        return []
    order = tuple(parameters) if in_order else _order(lines, parameters)
    if order is None:
        return []
    found: list[Example] = []
    for line in lines:
        given = {name: _value(line.tokens[at], parameters[name]) for at, name in enumerate(order)}
        result = _value(line.tokens[-1], signature.returns)
        if result is None or None in given.values():
            return []
        found.append(Example({name: one.value for name, one in given.items() if one}, result.value, source="user"))
    return found


def _given(signature: Signature, count: int) -> dict[str, JSONObject]:
    """The parameters that so many values are for: all, or all that have no default; else none."""
    every = cast("dict[str, JSONObject]", signature.parameters.get("properties", {}))
    required = cast("list[str]", signature.parameters.get("required", []))
    if len(every) == count:
        return every
    return {name: every[name] for name in required} if len(required) == count else {}


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


@dataclass(frozen=True, slots=True)
class _Read:
    value: JSON


def _value(token: Token, schema: JSONObject) -> _Read | None:
    """The token as a value of this type; text stays as it was written, also where it has digits only."""
    readings: list[JSON] = [] if token.quoted else _numbers(token.text) + _parsed(token.text)
    texts: list[JSON] = [] if token.part else [token.whole or token.text]
    for reading in (*readings, *texts):
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


def _line(text: str) -> Line | None:
    """A line as a case, or None where it is none."""
    plain = _BULLET.sub("", text)
    sides = _ARROW.split(plain)
    if len(sides) == 2:
        line = _with_arrow(text, *sides)
    elif len(sides) == 1 and _BULLET.match(text):
        tokens, words = _tokens(plain)
        line = Line(text, tuple(tokens), tuple(words))
        if len(tokens) < 2 or not _RESULT.search(words[-2]):
            return None
    else:
        return _row(text)
    return None if any(map(RULE_WORDS.search, line.words)) else line


def _row(text: str) -> Line | None:
    """A row of a table: values in columns and nothing else."""
    tokens, words = _tokens(text)
    columns = len(tokens) > 1 and all(_COLUMNS.fullmatch(word) for word in words[1:-1])
    return Line(text, tuple(tokens), tuple(words)) if columns and not "".join(words).strip(" |\t") else None


def _clauses(text: str) -> list[Line]:
    """``'ab-12' becomes 'AB12'`` in the middle of prose."""
    found: list[Line] = []
    for match in _CLAUSE.finditer(text):
        given, result = match.group(1, 2, 3), match.group(5, 6, 7)
        value, link = next(filter(None, given)), match.group(4)
        if len(value) >= SHORTEST_IN_PROSE and not RULE_WORDS.search(link):
            tokens = (Token(value, quoted=True), Token(next(filter(None, result)), quoted=True))
            found.append(Line(match.group(), tokens, ("", link, "")))
    return found


def _with_arrow(text: str, given: str, result: str) -> Line:
    tokens, words = _tokens(given)
    if len(tokens) < 2:
        tokens, words = [_side(given)], ["", "".join(words) if tokens else ""]
    return Line(text, (*tokens, _side(result.rstrip(" .;"))), (*words, ""))


def _side(side: str) -> Token:
    """One side of an arrow as one value."""
    tokens, words = _tokens(side)
    if len(tokens) != 1:
        return Token(side.strip(), quoted=True)
    return replace(tokens[0], whole=side.strip(), part=False) if any(word.strip() for word in words) else tokens[0]


def _tokens(plain: str) -> tuple[list[Token], list[str]]:
    """The values in a text, and the words before, between and after them."""
    tokens: list[Token] = []
    words: list[str] = []
    at = 0
    for match in _VALUE.finditer(plain):
        kind, value = match.lastgroup, match.group(match.lastgroup or 0)
        value = _unquoted(value) if kind == "double" else value
        before, behind = plain[at : match.start()], plain[match.end() :]
        part = kind == "number" and bool(_CODE_BEFORE.search(before) or _CODE_BEHIND.match(behind))
        tokens.append(Token(value, quoted=kind not in ("number", "json"), part=part))
        words.append(before)
        at = match.end()
    return tokens, [*words, plain[at:]]


def _unquoted(literal: str) -> str:
    try:
        return str(json.loads(literal))
    except ValueError:
        return literal[1:-1]
