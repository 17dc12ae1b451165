"""``agentforge config show``: every setting in force, masked, with its origin if asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from pydantic import BaseModel

from agentforge.cli.options import Who
from agentforge.cli.output import Output
from agentforge.secrecy import redact
from agentforge.settings import Settings, load
from agentforge.types import JSON, JSONObject


def show(who: Who, form: str, *, origin: bool) -> int:
    """Prints dotted keys and values as TOML would write them."""
    settings = load(overrides=who.overrides())
    rows = [(key, value, _origin(settings, key)) for key, value in flatten(settings)]
    data: JSONObject = {key: {"value": value, "origin": where} if origin else value for key, value, where in rows}
    width = max(len(f"{key} = {_written(value)}") for key, value, _ in rows)
    lines = [
        f"{f'{key} = {_written(value)}':<{min(width, 70)}}  # {where}" if origin else f"{key} = {_written(value)}"
        for key, value, where in rows
    ]
    return Output(form).finish("\n".join(lines), {"settings": data})


def flatten(section: BaseModel | dict[str, Any], at: str = "") -> Iterator[tuple[str, JSON]]:
    """Dotted keys and JSON values; secrets come masked."""
    pairs = (
        section.items() if isinstance(section, dict) else ((name, getattr(section, name)) for name in _fields(section))
    )
    for key, value in pairs:
        if isinstance(value, BaseModel | dict):
            yield from flatten(cast("BaseModel | dict[str, Any]", value), f"{at}{key}.")
        else:
            yield f"{at}{key}", _masked(value)


def _fields(section: BaseModel) -> list[str]:
    return [name for name in type(section).model_fields if name != "origins"]


def _masked(value: object) -> JSON:
    """JSON of a setting. A ``SecretStr`` prints as asterisks by itself; a key elsewhere is taken out."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def _origin(settings: Settings, key: str) -> str:
    where = settings.origins.get(key)
    if key == "home" and where is None:
        return "AGENTFORGE_HOME or the platform's data folder"
    return where or "default"


def _written(value: JSON) -> str:
    return json.dumps("" if value is None else value, ensure_ascii=False)
