"""``state.toml``: where every tool of a registry stands, outside the contents that its version names."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, cast

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentforge.types import State

FORMAT = 1

EMPTY = f"format = {FORMAT}\n"
"""The ``state.toml`` of a new registry."""


class Standing(BaseModel):
    """Where one tool stands: ``version`` is the hash of the contents of its folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: State
    version: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    unconfirmed: bool = False
    reason: Annotated[str, Field(max_length=500)] = ""


@dataclass(frozen=True, slots=True)
class States:
    """A parsed ``state.toml``; entries that are malformed are kept as they are, and reported."""

    tools: Mapping[str, Standing] = field(default_factory=lambda: {})
    problems: tuple[str, ...] = ()
    _raw: Mapping[str, object] = field(default_factory=lambda: {})

    def with_tool(self, name: str, standing: Standing) -> str:
        """The text of the file in which ``name`` stands so; everything else is left alone."""
        entry = standing.model_dump(mode="json", exclude_defaults=True)
        tools = {**self._raw, name: entry}
        return tomli_w.dumps({"format": FORMAT, "tools": {key: tools[key] for key in sorted(tools)}})


def read_states(text: str) -> States:
    """What a ``state.toml`` says.

    Raises:
        ValueError: it is no TOML, or of a format that this program does not know.
    """
    table = tomllib.loads(text)
    if table.get("format") != FORMAT:
        raise ValueError(f"its format is {table.get('format')!r}, and this version of AgentForge knows {FORMAT}")
    raw = table.get("tools", {})
    if not isinstance(raw, dict):
        raise ValueError("'tools' is no table")  # noqa: TRY004 -- one kind of error for a malformed file
    entries = cast("dict[str, object]", raw)
    tools: dict[str, Standing] = {}
    problems: list[str] = []
    for name, entry in entries.items():
        try:
            tools[name] = Standing.model_validate(entry)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            problems.append(f"{name}: state.toml: {place}: {first['msg']}")
    return States(tools, tuple(problems), entries)
