"""Where the arguments of a tool stand in the items of a family, learned from the calls that were made on some.

A fresh item is a question and what its maker says of it (``metadata``), while a tool has typed parameters. Nothing
here knows a family: for each parameter all places are tried from which its values in the recorded calls could have
come, and the one that explains most of them is taken. Models misread questions now and then, so it need not explain
all; without two calls that it explains, nothing is known.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

Item: TypeAlias = Mapping[str, Any]
Reader: TypeAlias = Callable[[Item], Any]

FEWEST, LEAST_SHARE = 2, 0.5
"""So many calls, and such a part of them, a place has to explain."""
_BEFORE, _BEHIND = (24, 12, 6), (12, 4, 1)
"""Characters around a value in a question by which it is found in another one."""
_FAILS = (KeyError, IndexError, TypeError, ValueError, SyntaxError, AttributeError, MemoryError, RecursionError)


@dataclass(frozen=True)
class Call:
    """One recorded call: the item that it was made for, and its arguments."""

    item: Item
    args: Mapping[str, Any]


def read_with(calls: Sequence[Call], parameters: Sequence[str]) -> Callable[[Item], dict[str, Any] | None] | None:
    """Reads the arguments of a tool from an item (None where they do not stand there); None where the calls do not
    tell how.
    """
    readers: dict[str, Reader] = {}
    for name in parameters:
        shown = [(call.item, call.args[name]) for call in calls if name in call.args]
        if not shown:
            continue  # it has a default, which nobody ever overrode
        found = _best(shown)
        if found is None:
            return None
        readers[name] = found

    def read(item: Item) -> dict[str, Any] | None:
        try:
            return {name: reader(item) for name, reader in readers.items()}
        except _FAILS:
            return None

    return read if readers else None


def _best(shown: Sequence[tuple[Item, Any]]) -> Reader | None:
    best, most = None, max(FEWEST, LEAST_SHARE * len(shown)) - 1
    for item, value in shown[:4]:
        for reader in _places(item, value):
            explained = sum(_same(_tried(reader, one), wanted) for one, wanted in shown)
            if explained > most:
                best, most = reader, explained
    return best


def _tried(reader: Reader, item: Item) -> Any:
    try:
        return reader(item)
    except _FAILS:
        return None


def _same(one: Any, other: Any) -> bool:
    return one is not None and type(one) is type(other) and one == other


def _places(item: Item, value: Any) -> Iterator[Reader]:
    """Everything that gives ``value`` for this item: what its maker says first, then its question."""
    for path in _paths(item.get("metadata", {})):
        for form in _FORMS:
            reader = _at(path, form)
            if _same(_tried(reader, item), value):
                yield reader
    for text in _texts(value):
        for pattern in _patterns(item["question"], text):
            for form in _FORMS:
                reader = _in_question(pattern, form)
                if _same(_tried(reader, item), value):
                    yield reader


def _paths(metadata: Any) -> Iterator[tuple[str | int, ...]]:
    """Every value of the metadata, and the members of its lists."""
    for key, value in metadata.items() if isinstance(metadata, dict) else ():
        yield (key,)
        yield from ((key, at) for at in range(len(value) if isinstance(value, list) else 0))


def _at(path: tuple[str | int, ...], form: Callable[[Any], Any]) -> Reader:
    def read(item: Item) -> Any:
        value: Any = item["metadata"]
        for key in path:
            value = value[key]
        return form(value)

    return read


def _in_question(pattern: re.Pattern[str], form: Callable[[Any], Any]) -> Reader:
    def read(item: Item) -> Any:
        found = pattern.search(item["question"])
        if found is None:
            raise ValueError("it does not stand there")
        return form(found[1])

    return read


def _patterns(question: str, text: str) -> Iterator[re.Pattern[str]]:
    for match in re.finditer(re.escape(text), question):
        for before in _BEFORE:
            left = re.escape(question[max(0, match.start() - before) : match.start()])
            for behind in _BEHIND:
                right = re.escape(question[match.end() : match.end() + behind]) or r"\Z"
                yield re.compile(f"{left}(.+?){right}", re.DOTALL)


def _texts(value: Any) -> Iterator[str]:
    """How a value may stand in a question."""
    found = [str(value), json.dumps(value, ensure_ascii=False)]
    if isinstance(value, list) and value:
        found += [between.join(map(str, value)) for between in (", ", " ", ",", "\n")]
    if isinstance(value, list) and all(isinstance(row, list) for row in value):
        found.append("\n".join(" ".join(map(str, row)) for row in value))
    return (text for text in dict.fromkeys(found) if text)


def _literal(value: Any) -> Any:
    with suppress(ValueError):
        return json.loads(value)
    return ast.literal_eval(value)


_FORMS: tuple[Callable[[Any], Any], ...] = (
    lambda value: value,
    str,
    int,
    float,
    _literal,
    lambda value: json.dumps(value, ensure_ascii=False),
    *(lambda value, between=between: between.join(map(str, value)) for between in (", ", " ", ",", "\n")),
    lambda value: [int(one) for one in value],
    lambda value: [float(one) for one in value],
    lambda value: [str(one) for one in value],
    *(lambda value, between=between: value.split(between) for between in (", ", " ", ",", "\n")),
    lambda value: [int(one) for one in re.split(r"[,\s]+", value.strip())],
    lambda value: [float(one) for one in re.split(r"[,\s]+", value.strip())],
    lambda value: [[int(one) for one in row.split()] for row in value.splitlines()],
    lambda value: "\n".join(" ".join(map(str, row)) for row in value),
)
"""From what stands somewhere to what a tool takes."""
