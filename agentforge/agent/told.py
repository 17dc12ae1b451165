"""Right answers as a user tells them, and the arguments of the questions that they belong to, read by the host.

The type of a tool's result is that of the answers: a number where each is a bare number that is shown as it was
written, else text in exactly that form, so that tests prove the form as well. Arguments are what stands in the gaps
of a pattern (``agent.likeness``), where types and the words beside them leave no doubt which is which.
"""

from __future__ import annotations

import ast
import builtins
import json
import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal, TypeAlias, cast

from agentforge.agent.cases import MOST_PARAMETERS
from agentforge.agent.likeness import Pattern
from agentforge.registry.contract import Signature
from agentforge.registry.schema import mismatches
from agentforge.types import JSON, JSONObject

Told: TypeAlias = Literal["int", "float", "str"]

_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,14})")
_FLOAT = re.compile(r"-?(?:0|[1-9]\d*)\.\d+")
_SENTENCE = re.compile(r"[.!?]\s+\S")
_REPEATED = re.compile(r"(\w|\[[^\[\]]*\])(\W{1,8})\1")
_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"), ("`", "`"))


def value_text(value: JSON) -> str:
    """A result as it is shown: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def told_type(answers: Sequence[str]) -> Told:
    """The type of a result that is shown exactly as each of these answers was written."""
    if answers and all(map(_INTEGER.fullmatch, answers)):
        return "int"
    if answers and all(_FLOAT.fullmatch(one) and value_text(float(one)) == one for one in answers):
        return "float"
    return "str"


def as_told(answer: str, kind: Told) -> JSON:
    """The answer as a value of that type."""
    return int(answer) if kind == "int" else float(answer) if kind == "float" else answer


def in_form_of(answer: str, others: Sequence[str]) -> bool:
    """Whether it is written as one of ``others``: the same signs around and between its words and numbers, however
    many there are.
    """
    skeleton, signs = _form(answer)
    forms = map(_form, others)
    return any(skeleton == one and (signs <= between or between <= signs) for one, between in forms)


def _form(answer: str) -> tuple[str, frozenset[str]]:
    """One of each kind of item in its place, and the signs that stand between items."""
    text = re.sub(r"[^\W\d_]+", "a", re.sub(r"[-−]?\d+(?:[.,:]\d+)*", "0", answer.strip()))
    signs: set[str] = set()
    while match := _REPEATED.search(text):
        signs.add(match[2])
        text = text[: match.start()] + match[1] + text[match.end() :]
    return text, frozenset(signs)


def bare_value(answer: str) -> str | None:
    """A model's own words, where they are nothing but a value: of a sentence nobody knows which part was meant."""
    value = answer.strip()
    if _INTEGER.fullmatch(value) or _FLOAT.fullmatch(value) or (value and len(value.split()) == 1):
        return value
    return value if any(isinstance(one, list | dict) for one in _literals(value)) else None


def fitting_value(answer: str, schema: JSONObject) -> JSONObject | None:
    """``{"returns": value}`` for what a user wrote, in the type that a tool returns; None where it fits none."""
    return next(({"returns": one} for one in _values(answer.strip()) if not mismatches(one, schema)), None)


def _values(answer: str) -> Iterator[JSON]:
    yield answer
    yield from _literals(answer)
    yield [part.strip() for part in answer.split(",")]


def _literals(text: str) -> Iterator[JSON]:
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
            json.dumps(value, allow_nan=False)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        yield cast("JSON", value)


@dataclass(frozen=True, slots=True)
class Filling:
    """The arguments of each question, and what stands in each gap, as parameters' names."""

    args: list[JSONObject]
    gaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """One value of a question's form: as which type it can be read in all questions, what it was in each, and a name
    for it from the words beside it, or from its type.
    """

    kind: str
    texts: tuple[str, ...]
    name: str = ""


def slots_of(pattern: Pattern, questions: Sequence[str], *, as_written: bool = False) -> list[Slot]:
    """The values of a form, in their order; none where a gap holds more than a value. ``as_written``: a whole number
    of several digits may be a text of digits, as in another base, and is taken for one.
    """
    rows = [pattern.values(question) for question in questions]
    if None in rows:
        return []
    gaps = [tuple(column) for column in zip(*cast("list[tuple[str, ...]]", rows), strict=True)]
    columns = _words_apart(gaps[0]) if len(gaps) == 1 else gaps
    if not all(map(_kind, columns)):
        return []
    words = [name_beside(*pattern.beside(gap)) for gap in range(len(gaps))]
    beside = words if len(columns) == len(gaps) else [*_ORDINALS]
    slots: list[Slot] = []
    for at, (texts, called) in enumerate(zip(columns, beside, strict=False)):
        kind = _kind(texts)
        if as_written and kind == "int" and max(map(len, texts)) >= SEVERAL_DIGITS:
            kind = "str"
        taken = {slot.name.rstrip("_0123456789"): slot.kind for slot in slots}
        name = called if called and taken.get(called, kind) == kind else _PLAIN_NAMES[kind]
        leading = pattern.leading(at) if len(columns) == len(gaps) else ""
        slots.append(Slot(kind, texts, _another(name, leading, [slot.name for slot in slots])))
    return slots


def _another(name: str, leading: str, taken: Sequence[str]) -> str:
    """The name, or where it is taken one that tells its value from the others'."""
    again = sum(one.rstrip("_0123456789") == name for one in taken)
    led = f"{leading}_{name}"
    if again and leading in _LEADING and led not in taken:
        return led
    return f"{name}_{again + 1}" if again else name


def name_beside(before: str, behind: str) -> str:
    """What a value is called, where the word before or else behind it can be its name."""
    return next((word for word in (before, behind) if _nameable(word)), "")


def _nameable(word: str) -> bool:
    plain = re.fullmatch(r"[a-z]{3,15}", word) is not None and word not in _NO_NAMES
    return plain and not keyword.iskeyword(word) and not hasattr(builtins, word)


def _words_apart(texts: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Two or three plain words that are always as many are so many values."""
    rows = [text.split() for text in texts]
    many = len(rows[0])
    apart = 2 <= many <= 3 and all(len(row) == many and all(map(str.isalpha, row)) for row in rows)
    return [tuple(column) for column in zip(*rows, strict=True)] if apart else [texts]


def _kind(texts: Sequence[str]) -> str:
    fitting = (kind for kind, schema in _KINDS if all(_reading(texts, at, schema) for at in range(len(texts))))
    kind = next(fitting, "")
    if kind == "list[str]" and not any(sign in text for text in texts for sign in ",[\n"):
        kind = next(fitting, "")  # words of a text, unless there is more in it than a value
    return kind


SEVERAL_DIGITS = 3
"""A whole number of so many signs may be a text of digits."""
_LEADING = frozenset(("to", "from", "into", "until"))
"""Words before a name that tell which of several values it is."""
_ORDINALS = ("first", "second", "third")
_PLAIN_NAMES = {
    "int": "number",
    "float": "number",
    "str": "text",
    "list[str]": "items",
    "list[int]": "numbers",
    "list[float]": "numbers",
    "list[list[int]]": "grid",
}
_NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        "the and for from with between into than then that this these those following given below above about are was"
        " were has have had will can our your their its his her not but per each every all any only most least more"
        " less who what which when where how why otherwise please also under over until after before left right cost",
    )
)
"""Words beside a value that say nothing of what it is."""
_KINDS: tuple[tuple[str, JSONObject], ...] = (
    ("int", {"type": "integer"}),
    ("float", {"type": "number"}),
    ("list[list[int]]", {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}),
    ("list[int]", {"type": "array", "items": {"type": "integer"}}),
    ("list[float]", {"type": "array", "items": {"type": "number"}}),
    ("list[str]", {"type": "array", "items": {"type": "string"}}),
    ("str", {"type": "string"}),
)
"""The narrowest first."""


def fill(signature: Signature, pattern: Pattern, questions: Sequence[str], *, in_order: bool = False) -> Filling | None:
    """The arguments of each question; None where the gaps do not plainly tell them, or not for each question.

    ``in_order``: the parameters are known to be the gaps, in their order.
    """
    parameters = cast("dict[str, JSONObject]", signature.parameters.get("properties", {}))
    given = [pattern.values(question) for question in questions]
    if not parameters or not given or None in given:
        return None
    rows = cast("list[tuple[str, ...]]", given)
    if in_order and len(parameters) == pattern.gaps:
        args = _in_order(parameters, rows)
        return None if args is None else Filling(args, tuple(f"`{name}`" for name in parameters))
    if len(parameters) > MOST_PARAMETERS:
        return None
    if len(rows[0]) == 1 < len(parameters):
        rows = [tuple(map(value_text, _items(value))) for (value,) in rows]
        gaps = (" ".join(f"`{name}`" for name in parameters),)
        order = tuple(range(len(parameters))) if all(len(row) == len(parameters) for row in rows) else None
    else:
        order = _order(parameters, rows, pattern)
        names = dict(zip(order or (), parameters, strict=False))
        gaps = tuple(f"`{names[gap]}`" if gap in names else "…" for gap in range(pattern.gaps))
    args = _in_order(parameters, [tuple(row[gap] for gap in order) for row in rows]) if order is not None else None
    return None if args is None else Filling(args, gaps)


def _in_order(parameters: Mapping[str, JSONObject], rows: Sequence[tuple[str, ...]]) -> list[JSONObject] | None:
    """The arguments where each row holds one text for each parameter."""
    read: list[JSONObject] = []
    for at in range(len(rows)):
        found = {name: _reading([row[n] for row in rows], at, parameters[name]) for n, name in enumerate(parameters)}
        read.append({name: one[0] for name, one in found.items() if one is not None})
    return read if all(len(one) == len(parameters) for one in read) else None


def _order(
    parameters: Mapping[str, JSONObject], rows: Sequence[tuple[str, ...]], pattern: Pattern
) -> tuple[int, ...] | None:
    """The gap of each parameter."""
    readings = {
        (name, gap): [_reading([row[gap] for row in rows], at, schema) for at in range(len(rows))]
        for name, schema in parameters.items()
        for gap in range(pattern.gaps)
    }
    orders = [
        order
        for order in permutations(range(pattern.gaps), len(parameters))
        if all(None not in readings[name, gap] for name, gap in zip(parameters, order, strict=True))
    ]
    return _best(orders, list(parameters), pattern)


_Read: TypeAlias = "tuple[JSON]"
"""A value that was read; None is no reading."""


def _best(orders: Sequence[tuple[int, ...]], names: Sequence[str], pattern: Pattern) -> tuple[int, ...] | None:
    """Which gap is which parameter: by the words beside them, and where these say as much for several, in the order
    in which the values stand. None where two are as good, or where values are left over and no word decides.
    """
    scored = sorted((-_nearness(names, order, pattern), _turned(order), order) for order in orders)
    if not scored or (len(scored) > 1 and scored[0][:2] == scored[1][:2]):
        return None
    undecided = len(scored) > 1 and scored[0][0] == 0 and len(names) < pattern.gaps
    return None if undecided else scored[0][2]


def _nearness(names: Sequence[str], order: Sequence[int], pattern: Pattern) -> int:
    """A word of the name right before its value counts twice as much as one right behind it."""
    score = 0
    for name, gap in zip(names, order, strict=True):
        before, behind = (word.lower()[:4] for word in pattern.beside(gap))
        stems = {part[:4] for part in name.split("_") if len(part) > 2}
        score += 2 * (before in stems) + (behind in stems)
    return score


def _turned(order: Sequence[int]) -> int:
    """How many pairs stand in another order than the values."""
    return sum(one > two for at, one in enumerate(order) for two in order[at + 1 :])


def _reading(values: Sequence[str], at: int, schema: Mapping[str, JSON]) -> _Read | None:
    """The value at ``at`` in the type of a parameter; ``values`` are what stands there in all questions, since one
    number may be a list of numbers only where another question gives more of them.
    """
    text = values[at]
    items = cast("JSONObject", schema.get("items") or {})
    match schema.get("type"), items.get("type"):
        case ("string", _) if not {"enum", "const"} & schema.keys():
            return None if _SENTENCE.search(text) else (_unquoted(text),)
        case ("integer" | "number" as kind, _):
            return _number(text, whole=kind == "integer")
        case ("array", "string" | "integer" | "number" as kind) if any(len(_items(one)) > 1 for one in values):
            return _listed(_items(text), str(kind))
        case ("array", "array") if any("\n" in one or "[[" in one for one in values):
            return _rows(text, cast("JSONObject", items.get("items") or {}))
        case _:
            return None


def _unquoted(text: str) -> str:
    quoted = any(len(text) > 1 and text[0] == left and text[-1] == right for left, right in _QUOTES)
    return text[1:-1] if quoted and text[0] not in text[1:-1] else text


def _number(text: str, *, whole: bool) -> _Read | None:
    plain = text.strip().replace("−", "-")
    if _INTEGER.fullmatch(plain):
        return (int(plain),)
    return (float(plain),) if not whole and re.fullmatch(r"-?\d+\.\d+", plain) else None


def _items(text: str) -> list[JSON]:
    """The items of a list in whatever way it is written; the brackets and outer quotes may be outside of the gap."""
    for written in (text, f"[{text}]", *(f"[{quote}{text}{quote}]" for quote in "\"'" if quote in text)):
        found = next((one for one in _literals(written) if isinstance(one, list)), None)
        if found is not None:
            return found
    parts = text.split(",") if "," in text else text.split("\n") if "\n" in text else text.split()
    return [_unquoted(part.strip()) for part in parts if part.strip()]


def _listed(items: Sequence[JSON], kind: str) -> _Read | None:
    if kind == "string":
        texts = [one if isinstance(one, str) else value_text(one) for one in items]
        return ([*texts],) if texts else None
    numbers = [_number(value_text(one), whole=kind == "integer") for one in items]
    return ([one[0] for one in numbers if one],) if numbers and None not in numbers else None


def _rows(text: str, item: Mapping[str, JSON]) -> _Read | None:
    """A matrix, as JSON or with a row on each line."""
    literal = next((one for one in _literals(text) if isinstance(one, list)), None)
    if literal is not None:
        return (literal,)
    rows = [_listed(_items(line), str(item.get("type"))) for line in text.splitlines() if line.strip()]
    return ([row[0] for row in rows if row],) if rows and None not in rows else None
