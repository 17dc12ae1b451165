"""A need as JSON and back: the payload of a forging that waits for a worker. The only place that knows the form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from agentforge.errors import UsageError
from agentforge.types import JSON, Capabilities, Example, JSONObject, Need

FORM = 1
"""Counted up when a field changes its meaning; an older program refuses a newer form."""

_LISTS = ("requests", "sources", "depends", "forked_from", "taught_in", "drafts")
_TEXTS = TypeAdapter(tuple[str, ...])
_REACH = TypeAdapter(Capabilities)


def need_to_json(need: Need) -> JSONObject:
    """All of a need. Its secrets must have been taken out before (``forge.spec.make_spec`` does)."""
    return {"form": FORM, **cast("JSONObject", json.loads(json.dumps(asdict(need), allow_nan=False)))}


def need_from_json(payload: Mapping[str, JSON]) -> Need:
    """The need that :func:`need_to_json` wrote.

    Raises:
        UsageError: it is none, or of a newer form.
    """
    stated = dict(payload)
    if stated.pop("form", None) != FORM:
        raise UsageError("The job's need is not of a form that this AgentForge can read.", fix="Upgrade it.")
    try:
        examples = cast("list[dict[str, Any]]", stated.pop("examples", []))
        reach = _REACH.validate_python(stated.pop("capabilities", {}))
        texts = {name: _TEXTS.validate_python(stated.pop(name, [])) for name in _LISTS}
        return Need(
            examples=tuple(_checked(Example(**example)) for example in examples),
            capabilities=reach,
            **texts,
            **cast("dict[str, Any]", _words(stated)),
        )
    except (TypeError, ValueError, ValidationError) as error:
        raise UsageError(f"The job's need cannot be read: {str(error).splitlines()[0]}.") from None


def _words(stated: Mapping[str, JSON]) -> dict[str, JSON]:
    """The plain fields: texts, and whether it is tainted (which is never believed to be less than said)."""
    for name, value in stated.items():
        if not isinstance(value, bool if name == "tainted" else str):
            raise TypeError(f"{name} is {type(value).__name__}")
    return dict(stated)


def _checked(example: Example) -> Example:
    kinds = {"args": dict, "source": str, "held_out": bool, "spent": bool, "raises": str | None}
    for field in fields(example):
        value = getattr(example, field.name)
        if field.name in kinds and not isinstance(value, kinds[field.name]):
            raise TypeError(f"an example's {field.name} is {type(value).__name__}")
    return example
