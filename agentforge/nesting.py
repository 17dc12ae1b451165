"""Tables in tables, as settings files hold them: made from dotted keys, and laid over each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as tables in tables."""
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        *path, last = key.split(".")
        place = nested
        for part in path:
            inner = table(place, part)
            if inner is None:
                inner = place[part] = {}
            place = inner
        place[last] = value
    return nested


def table(place: dict[str, Any], key: str) -> dict[str, Any] | None:
    """The table under ``key``, made where nothing stands; None where something else does."""
    found: object = place.setdefault(key, {})
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def merge(into: dict[str, Any], values: Mapping[str, Any], origin: str, origins: dict[str, str], at: str = "") -> None:
    """Puts ``values`` over what stands in ``into`` and notes their ``origin`` under each dotted key."""
    for key, value in values.items():
        dotted = f"{at}{key}"
        if isinstance(value, Mapping):
            place = into.setdefault(key, {})
            if isinstance(place, dict):
                merge(cast("dict[str, Any]", place), cast("Mapping[str, Any]", value), origin, origins, dotted + ".")
                continue
        into[key] = value
        origins[dotted] = origin
