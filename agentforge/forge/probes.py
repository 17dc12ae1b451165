"""Inputs in the neighbourhood of known ones, made on the host without a model.

Candidates that pass every example can still differ; where they differ on such probes, they cannot
all be right. Probes carry no expected result: they only tell candidates apart.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from agentforge.types import JSON, JSONObject

MOST = 40
"""Probes made for one forging at the most."""


def neighbours(known: Sequence[JSONObject], *, most: int = MOST, seed: int = 0) -> list[JSONObject]:
    """Up to ``most`` argument objects, each one small change away from a known one.

    Deterministic for the same input. Known inputs themselves are not repeated.
    """
    chooser = random.Random(seed)  # noqa: S311 — reproducible variety, no secret
    seen = {repr(args) for args in known}
    pools = [list(_changed(args, known)) for args in known]
    for pool, args in zip(pools, known, strict=True):
        chooser.shuffle(pool)
        pool += _exchanged(args)  # taken first
    probes: list[JSONObject] = []
    while any(pools) and len(probes) < most:
        for pool in pools:
            if pool and len(probes) < most:
                args = pool.pop()
                if repr(args) not in seen:
                    seen.add(repr(args))
                    probes.append(args)
    return probes


def same_shape(one: JSON, other: JSON, *, inside: bool = False) -> bool:
    """Whether two values differ in their scalars and in the length of an outer list only.

    Lists inside lists are records or points, whose length means something.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_shape(one[key], other[key], inside=inside) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        if inside and len(one) != len(other):
            return False
        return all(any(same_shape(item, known, inside=True) for known in other) for item in one)
    return type(one) is type(other)


def _changed(args: JSONObject, known: Sequence[JSONObject]) -> Iterator[JSONObject]:
    for name, value in args.items():
        others = [other[name] for other in known if name in other and other[name] != value]
        for near in (*_near(value), *others):
            yield {**args, name: near}


def _exchanged(args: JSONObject) -> Iterator[JSONObject]:
    """Two values of one type in each other's place: what mistakes an order shows there."""
    for one, other in combinations(args, 2):
        if type(args[one]) is type(args[other]) and args[one] != args[other]:
            yield {**args, one: args[other], other: args[one]}


def _near(value: JSON) -> Iterable[JSON]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return _near_integer(value)
    if isinstance(value, float):
        return [value + 1, value - 1, value * 2, -value, 0.0, value / 10]
    if isinstance(value, str):
        return _near_text(value)
    if isinstance(value, list):
        return _near_list(value)
    if isinstance(value, dict):
        return _near_object(value)
    return []


def _near_integer(value: int) -> list[JSON]:
    return [value + 1, value - 1, value * 2, value * 10 + 3, value // 2, -value, 0, 1, value + 7]


def _near_text(text: str) -> list[JSON]:
    middle = len(text) // 2
    near: list[JSON] = ["", text.upper(), text.lower(), text + text, f" {text} ", text[::-1]]
    if text:
        near += [
            text[1:],
            text[:-1],
            text[:middle] + text[middle + 1 :],
            text + text[-1],
            text[middle:] + text[:middle],
        ]
        near += [_digits_moved(text), text[0] + text[1:].swapcase(), text[:1]]
    return near


def _digits_moved(text: str) -> str:
    return "".join(str((int(char) + 1) % 10) if char in "0123456789" else char for char in text)


def _near_list(items: list[JSON]) -> list[JSON]:
    near: list[JSON] = [[], items[::-1], items + items]
    if items:
        near += [items[1:], items[:-1], [*items, items[0]], items[:1]]
    for at, item in enumerate(items[:4]):
        near += [[*items[:at], changed, *items[at + 1 :]] for changed in list(_near(item))[:4]]
    return near


def _near_object(value: dict[str, JSON]) -> list[JSON]:
    near: list[JSON] = [{}]
    for key in list(value)[:4]:
        near.append({name: item for name, item in value.items() if name != key})
        near += [{**value, key: changed} for changed in list(_near(value[key]))[:4]]
    return near
