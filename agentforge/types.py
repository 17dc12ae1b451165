"""The words of the design as values. Nothing here does anything."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
JSONObject: TypeAlias = "dict[str, JSON]"

TOOL_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
"""A tool's name: a lower-case Python identifier of at most 63 characters."""


CLAIMED = "agent"
"""The source of an example that a calling agent passes on: it must hold, and vouches for nothing."""


class Role(StrEnum):
    """A job for a model; settings map a role to an endpoint."""

    PLAN = "plan"
    GENERATE = "generate"
    TEST = "test"
    JUDGE = "judge"
    REFLECT = "reflect"


class State(StrEnum):
    """Where a tool stands. Git keeps every version of it."""

    PROPOSED = "proposed"
    LIVE = "live"
    QUARANTINED = "quarantined"
    RETIRED = "retired"


class Layer(StrEnum):
    """Where a tool comes from, in the order of looking up."""

    USER = "user"
    COMPANY = "company"
    BASE = "base"


class OutcomeKind(StrEnum):
    """What is known about one real call. ``returned`` means that nobody knows."""

    RETURNED = "returned"
    CONFIRMED = "confirmed"
    WRONG = "wrong"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of model calls; all counts are as the endpoint reported them."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    calls: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.calls + other.calls,
        )

    def __sub__(self, other: Usage) -> Usage:
        """What was spent between two readings."""
        return Usage(
            self.input_tokens - other.input_tokens,
            self.output_tokens - other.output_tokens,
            self.cached_tokens - other.cached_tokens,
            self.calls - other.calls,
        )


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What one run may take at the most: US dollars, tokens sent and generated, seconds. None sets no such limit; those
    of the settings (``agent``) hold beside it.
    """

    usd: float | None = None
    tokens: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """One case of a tool: ``args`` and either what it ``returns`` or the builtin it ``raises``.

    ``source`` tells where it stands (``user``, ``file:NAME``, ``feedback:ID``, ``need``, ``judge:ID``, ``agent`` or
    ``generated``); all but the last three, which a model wrote or passed on, are ground truth. ``held_out`` examples
    are never shown to a generator; once shown they are ``spent``.
    """

    args: JSONObject
    returns: JSON = None
    raises: str | None = None
    source: str = "need"
    held_out: bool = False
    spent: bool = False

    @property
    def ground_truth(self) -> bool:
        """Whether somebody other than a model vouches for it."""
        return self.source not in ("generated", CLAIMED) and not self.source.startswith("judge:")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a tool may reach. The default is nothing. Of ``servers`` each entry is ``SERVER/TOOL``: one tool of one
    MCP server that the settings name.
    """

    hosts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    clock: bool = False
    randomness: bool = False
    servers: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        """Whether the tool is pure."""
        return self == Capabilities()


@dataclass(frozen=True, slots=True)
class Need:
    """What the agent lacks, as it states it.

    ``signature`` is Python without the name, such as ``(text: str, width: int) -> list[str]``.
    ``text`` is the user's own words, carried along because a small model's purpose loses details.
    ``episode`` is the id of the session it came from, ``forked_from`` those of the sessions with whose words that one
    began, ``taught_in`` those of other sessions in which a user said what is right of its examples, ``sources`` the
    ids of passages it cites.
    ``drafts`` are sources that are tried as candidates before a model is asked for any.
    ``depends`` names live tools that the new one may import from the toolbox. ``parent`` is the version that stands
    under that name, where the new one is to take its place. ``author`` is who wrote the drafts, where that is a
    calling agent and no role here.
    """

    name: str
    signature: str
    purpose: str
    examples: tuple[Example, ...] = ()
    requests: tuple[str, ...] = ()
    text: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    episode: str = ""
    sources: tuple[str, ...] = ()
    tainted: bool = False
    depends: tuple[str, ...] = ()
    forked_from: tuple[str, ...] = ()
    taught_in: tuple[str, ...] = ()
    drafts: tuple[str, ...] = ()
    parent: str = ""
    author: str = ""


Verdict: TypeAlias = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class GateResult:
    """One check with its verdict and its evidence (JSON)."""

    gate: str
    verdict: Verdict
    summary: str
    evidence: JSONObject = field(default_factory=lambda: {})
    seconds: float = 0.0
