"""What is read back of an episode, as values made from rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import Row

from agentforge.boxes.observed import Observed
from agentforge.types import JSON, JSONObject, OutcomeKind, Role, Usage

SourceKind: TypeAlias = Literal["file", "page", "message", "tool", "passage"]
"""Where untrusted text came from."""

ATTACHMENT = "attachment"
"""Type of the block that holds such a text beside the user's words; it is none of the Messages protocol."""


@dataclass(frozen=True, slots=True)
class Call:
    """One recorded call of a tool. ``status`` is that of ``boxes.protocol.CallResult`` or
    ``refused`` (it never ran); ``error`` is set where it did not return; ``observed`` is what the host saw it
    reach, None where nothing was watched.
    """

    id: str
    turn: int
    tool: str
    version: str
    args: JSONObject
    status: str
    value: JSON
    error: str
    outcome: OutcomeKind
    seconds: float
    created: str
    observed: Observed | None = None


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """One call of a tool that has ended, as it is to be written down. ``told`` is its value where ``status`` is
    ``returned``, else the error's text. With ``repair`` a repair job waits from the same moment on
    (:mod:`agentforge.memory.repairs`). ``observed`` is what the host saw it reach.
    """

    tool: str
    version: str
    args: JSONObject
    status: str
    told: JSON
    seconds: float
    repair: bool = False
    observed: Observed | None = None

    @property
    def returned(self) -> bool:
        """Whether it gave a value."""
        return self.status == "returned"


@dataclass(frozen=True, slots=True)
class Cost:
    """What model calls for one purpose in one turn took."""

    turn: int
    role: Role
    endpoint: str
    purpose: str
    usage: Usage
    seconds: float


@dataclass(frozen=True, slots=True)
class Source:
    """One piece of untrusted text that was read; ``ref`` names it (a path, an address, an id)."""

    kind: str
    ref: str


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work with what was kept of it, such as the artefacts of a failed forging."""

    id: str
    session: str
    kind: str
    name: str
    state: str
    artefacts: JSONObject
    created: str


@dataclass(frozen=True, slots=True)
class EpisodeSummary:
    """One line of a list of sessions. Times are UTC, ISO 8601; ``parent`` is the session of which it is a fork."""

    id: str
    title: str
    created: str
    updated: str
    turns: int
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Episode:
    """Everything recorded of one session. ``tainted``: untrusted text was read in it, ever.

    A fork began as a copy of ``parent`` up to its turn ``parent_turn``.
    """

    id: str
    title: str
    created: str
    updated: str
    messages: tuple[JSONObject, ...]
    calls: tuple[Call, ...]
    costs: tuple[Cost, ...]
    sources: tuple[Source, ...]
    jobs: tuple[Job, ...]
    parent: str = ""
    parent_turn: int = 0

    @property
    def tainted(self) -> bool:
        """Whether untrusted text was read; this never comes off."""
        return bool(self.sources)

    @property
    def usage(self) -> dict[Role, Usage]:
        """Tokens by role."""
        total: dict[Role, Usage] = {}
        for cost in self.costs:
            total[cost.role] = total.get(cost.role, Usage()) + cost.usage
        return total


def call_of(row: Row[Any]) -> Call:
    """The call of a row of ``calls``."""
    return Call(
        *(row.id, row.turn, row.tool, row.version, row.args, row.status, row.value, row.error),
        *(OutcomeKind(row.outcome), row.seconds, row.created),
        observed=None if row.observed is None else Observed.from_json(row.observed),
    )


def cost_of(row: Row[Any]) -> Cost:
    """The cost of a row of ``costs``."""
    usage = Usage(row.input_tokens, row.output_tokens, row.cached_tokens, row.calls)
    return Cost(row.turn, Role(row.role), row.endpoint, row.purpose, usage, row.seconds)


def job_of(row: Row[Any]) -> Job:
    """The job of a row of ``jobs``."""
    return Job(row.id, row.session, row.kind, row.name, row.state, row.artefacts, row.created)
