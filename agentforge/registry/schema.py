"""Whether a JSON value fits a JSON Schema (draft 2020-12), in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from agentforge.types import JSON, JSONObject

if TYPE_CHECKING:
    from jsonschema import ValidationError

_MOST = 10


def mismatches(value: JSON, schema: JSONObject) -> list[str]:
    """Where ``value`` does not fit ``schema``, at most ten sentences; empty when it fits.."""
    from jsonschema import Draft202012Validator  # here, since most who import the library check nothing at once

    validator = Draft202012Validator(schema)
    errors = cast("Iterable[ValidationError]", validator.iter_errors(value))  # pyright: ignore[reportUnknownMemberType] -- the library's stubs leave it open
    return [_sentence(error) for error, _ in zip(errors, range(_MOST), strict=False)]


def _sentence(error: ValidationError) -> str:
    place = "".join(f"[{part!r}]" for part in error.absolute_path)
    message = str(error.message)
    return f"{place + ': ' if place else ''}{message if len(message) <= 200 else message[:200] + '…'}"
