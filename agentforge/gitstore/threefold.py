"""The rule by which everything with names is merged: what only one side changed is taken from that side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def threefold(base: Mapping[K, V], ours: Mapping[K, V], theirs: Mapping[K, V]) -> tuple[dict[K, V], list[K]]:
    """``ours`` with what only ``theirs`` changed since ``base``, and what both changed, each in its own way: there
    ``ours`` stays.
    """
    merged, disputed = dict(ours), list[K]()
    for key in [*theirs, *(key for key in base if key not in theirs)]:
        before, mine, other = base.get(key), ours.get(key), theirs.get(key)
        if other in (before, mine):
            continue
        if mine != before:
            disputed.append(key)
        elif other is None:
            del merged[key]
        else:
            merged[key] = other
    return merged, disputed
