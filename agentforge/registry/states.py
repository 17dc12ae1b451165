"""``state.toml``: where every tool of a registry stands, outside the contents that its version names.

``[tools.NAME]`` is where a tool stands, ``[reviews.NAME]`` what was proposed under its name: the number
given last (numbers are never given twice), what waits with its version, and what was rejected and why.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, cast

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentforge.registry.manifest import Id
from agentforge.types import TOOL_NAME, State

FORMAT = 1

EMPTY = f"format = {FORMAT}\n"
"""The ``state.toml`` of a new registry."""

REASON_CHARS = 500
"""Longest reason, in characters: a few sentences on one line."""

REJECTED_KEPT = 20
"""Rejections of a name that stand in the file, the newest ones; git keeps those before them."""

_Entry = TypeVar("_Entry", bound=BaseModel)
_Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Reason = Annotated[str, Field(max_length=REASON_CHARS)]


class Standing(BaseModel):
    """Where one tool stands: ``version`` is the hash of the contents of its folder.

    A ``pinned`` tool gets no new live version unless a person says so. ``stale`` are the ids of passages that it
    cites and that are gone: they were changed, or their document was removed. ``instead`` is the tool that does the
    same and takes its place, where it was retired for that.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: State
    version: _Hash
    unconfirmed: bool = False
    pinned: bool = False
    reason: _Reason = ""
    stale: tuple[Id, ...] = ()
    instead: Annotated[str, Field(pattern=f"^({TOOL_NAME.pattern})?$")] = ""


class Waiting(BaseModel):
    """One proposal: its version when it was made, whether it would be ``unconfirmed``, and why it waits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: _Hash
    unconfirmed: bool = False
    reason: _Reason = ""


class Rejection(BaseModel):
    """One proposal that was rejected, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Annotated[int, Field(ge=1)]
    version: _Hash
    reason: _Reason = ""


class Reviews(BaseModel):
    """What was proposed under one name; ``last`` is the highest number that was ever given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    last: Annotated[int, Field(ge=0)] = 0
    waiting: Mapping[str, Waiting] = Field(default_factory=lambda: {})
    rejected: tuple[Rejection, ...] = ()

    def proposed(self, number: int, waiting: Waiting) -> Reviews:
        """With one more proposal."""
        return self.model_copy(
            update={"last": max(self.last, number), "waiting": {**self.waiting, str(number): waiting}}
        )

    def decided(self, number: int, rejection: Rejection | None = None) -> Reviews:
        """Without a proposal that was approved, or rejected."""
        waiting = {key: each for key, each in self.waiting.items() if key != str(number)}
        rejected = (*self.rejected, *([rejection] if rejection else []))[-REJECTED_KEPT:]
        return Reviews(last=max(self.last, number), waiting=waiting, rejected=rejected)


_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class States:
    """A parsed ``state.toml``; entries that are malformed are kept as they are, and reported."""

    tools: Mapping[str, Standing] = field(default_factory=lambda: {})
    problems: tuple[str, ...] = ()
    reviews: Mapping[str, Reviews] = field(default_factory=lambda: {})
    _raw: Mapping[str, Any] = field(default_factory=lambda: {})

    def with_tool(self, name: str, standing: Standing) -> str:
        """The text of the file in which ``name`` stands so; everything else is left alone."""
        return self.text(tools={name: standing})

    def text(self, *, tools: Mapping[str, Standing] = _NONE, reviews: Mapping[str, Reviews] = _NONE) -> str:
        """The text of the file with these entries; everything else is left alone."""
        table = {"format": FORMAT, "tools": _merged(self._raw, "tools", tools)}
        if told := _merged(self._raw, "reviews", reviews):
            table["reviews"] = told
        return tomli_w.dumps({**{key: value for key, value in self._raw.items() if key not in table}, **table})

    def review_of(self, name: str) -> Reviews:
        """What was proposed under ``name``."""
        return self.reviews.get(name) or Reviews()


def read_states(text: str) -> States:
    """What a ``state.toml`` says.

    Raises:
        ValueError: it is no TOML, or of a format that this program does not know.
    """
    table = tomllib.loads(text)
    if table.get("format") != FORMAT:
        raise ValueError(f"its format is {table.get('format')!r}, and this version of AgentForge knows {FORMAT}")
    problems: list[str] = []
    tools = _entries(table, "tools", Standing, problems)
    reviews = _entries(table, "reviews", Reviews, problems)
    return States(tools, tuple(problems), reviews, table)


def _merged(raw: Mapping[str, Any], key: str, entries: Mapping[str, BaseModel]) -> dict[str, Any]:
    """A table of the file with ``entries`` put over what it holds, in the order of names."""
    made = {name: entry.model_dump(mode="json", exclude_defaults=True) for name, entry in entries.items()}
    table: dict[str, Any] = {**raw.get(key, {}), **made}
    return {name: table[name] for name in sorted(table)}


def _entries(table: Mapping[str, Any], key: str, kind: type[_Entry], problems: list[str]) -> dict[str, _Entry]:
    raw = table.get(key, {})
    if not isinstance(raw, dict):
        raise ValueError(f"{key!r} is no table")  # noqa: TRY004 -- one kind of error for a malformed file
    found: dict[str, _Entry] = {}
    for name, entry in cast("dict[str, object]", raw).items():
        try:
            found[name] = kind.model_validate(entry)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            problems.append(f"{name}: state.toml: {place}: {first['msg']}")
    return found
