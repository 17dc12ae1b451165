"""A failing call made small: delta debugging over JSON values, without chance.

After Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (IEEE TSE 28(2), 2002):
halves, quarters … of a text or list are left out as long as the call still fails in the same way; then what
remains is made plainer (smaller numbers, plainer letters). The same call always gives the same small one.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias

from agentforge.types import JSON, JSONObject

MOST_RUNS = 200
"""Calls that are tried at the most; each takes some milliseconds in a warm box."""

Fails: TypeAlias = Callable[[JSONObject], Awaitable[bool]]
"""Whether a call with these arguments fails as the one that is made small."""


async def shrink(args: JSONObject, fails: Fails, *, most_runs: int = MOST_RUNS) -> JSONObject:
    """The smallest arguments found that still fail; ``args`` themselves where nothing smaller does.

    Parameters are kept: only their values shrink. ``fails`` is asked at most ``most_runs`` times, never
    twice for the same arguments, and only about arguments that are smaller than the best ones so far.
    """
    seen = {_text(args)}
    best, runs = args, 0
    while True:
        for smaller in _smaller_args(best):
            written = _text(smaller)
            if written in seen or size(smaller) >= size(best):
                continue
            if runs >= most_runs:
                return best
            seen.add(written)
            runs += 1
            if await fails(smaller):
                best = smaller
                break
        else:
            return best


def size(value: JSON) -> tuple[int, int]:
    """Orders values: first by how much there is of them, then by how plain it is."""
    match value:
        case dict():
            parts = [size(item) for item in value.values()]
            return 1 + len(value) + sum(one for one, _ in parts), sum(two for _, two in parts)
        case list():
            parts = [size(item) for item in value]
            return 1 + len(value) + sum(one for one, _ in parts), sum(two for _, two in parts)
        case str():
            return 1 + len(value), sum(map(_oddness, value))
        case bool() | None:
            return 1, int(bool(value))
        case int() | float():
            return 1 + len(json.dumps(abs(value))), int(value < 0) + _magnitude(value)


def _smaller_args(args: JSONObject) -> Iterator[JSONObject]:
    for name, value in args.items():
        for smaller in _smaller(value):
            yield {**args, name: smaller}


def _smaller(value: JSON) -> Iterator[JSON]:
    """Simpler values, the boldest first."""
    match value:
        case str():
            yield from _shorter_texts(value)
        case list():
            yield from _shorter_lists(value)
        case dict():
            yield from _smaller_objects(value)
        case bool():
            yield from [False] if value else []
        case int() | float():
            yield from _smaller_numbers(value)
        case None:
            return


def _shorter_texts(text: str) -> Iterator[JSON]:
    yield from (text[:start] + text[end:] for start, end in _cuts(len(text)))
    for at, letter in enumerate(text):
        plain = "0" if letter.isdigit() else "a" if letter.isalpha() else " " if letter.isspace() else letter
        if plain != letter:
            yield text[:at] + plain + text[at + 1 :]


def _shorter_lists(items: list[JSON]) -> Iterator[JSON]:
    yield from (items[:start] + items[end:] for start, end in _cuts(len(items)))
    for at, item in enumerate(items):
        yield from ([*items[:at], smaller, *items[at + 1 :]] for smaller in _smaller(item))


def _smaller_objects(value: JSONObject) -> Iterator[JSON]:
    names = list(value)
    for start, end in _cuts(len(names)):
        yield {name: value[name] for name in (*names[:start], *names[end:])}
    for name, item in value.items():
        yield from ({**value, name: smaller} for smaller in _smaller(item))


def _smaller_numbers(number: float) -> Iterator[JSON]:
    whole = int(number) if abs(number) < 1e300 else 0
    likes = [0, 1, -1, whole, abs(whole), *(whole // 10**digits for digits in range(len(str(abs(whole))), 0, -1))]
    likes += [whole // 2, whole - whole // 4]
    for like in dict.fromkeys(likes):
        yield like if isinstance(number, int) else float(like)
    if isinstance(number, float):
        yield from (round(number, digits) for digits in range(4))


def _cuts(length: int) -> Iterator[tuple[int, int]]:
    """What to leave out: everything, each half, each quarter … each single one."""
    piece = length
    while piece:
        yield from ((start, min(start + piece, length)) for start in range(0, length, piece))
        piece = piece // 2


def _oddness(letter: str) -> int:
    return 0 if letter in "a0 " else 1 if letter.isascii() else 2


def _magnitude(number: float) -> int:
    return min(int(abs(number)), 1 << 62) if abs(number) < 1e300 else 1 << 62


def _text(args: JSONObject) -> str:
    return json.dumps(args, sort_keys=True)
