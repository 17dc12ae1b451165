"""How one task ended, for whoever embeds the agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Self, cast

from agentforge import errors
from agentforge.errors import AgentForgeError
from agentforge.events import Event
from agentforge.types import JSONObject, Role, Usage

_ERRORS = {"limited": errors.LimitReached.__name__, "waiting": errors.ApprovalNeeded.__name__}


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that an answer rests on: the version of a tool that was made from it, its id (document and digest of
    its words), and where it stands.
    """

    tool: str
    version: str
    passage: str
    place: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """How one task ended. ``status`` is the type of the terminal event and agrees with ``exit_code``.

    ``approval`` is the id of the decision that a paused run waits for (``forge.resume``).
    ``usage`` is in tokens as the endpoints reported them, by role in ``by_role``; ``events`` are all
    but the streamed pieces of text.
    """

    status: str
    exit_code: int
    answer: str
    session: str
    tools_made: tuple[str, ...] = ()
    tools_used: tuple[str, ...] = ()
    cites: tuple[Citation, ...] = ()
    usage: Usage = field(default_factory=Usage)
    by_role: Mapping[Role, Usage] = field(default_factory=lambda: {})
    message: str = ""
    fix: str = ""
    error: str = ""
    approval: str = ""
    events: tuple[Event, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the task is done."""
        return self.status == "completed"

    def raise_for_status(self) -> Self:
        """This result if the task is done, so that nobody takes a failure for an empty answer.

        Raises:
            AgentForgeError: it is not; of the class that ``error`` names, with message, fix and exit code.
        """
        if self.ok:
            return self
        kind = getattr(errors, self.error, AgentForgeError)
        failure = AgentForgeError(self.message or f"The task ended as {self.status}.", fix=self.fix)
        if isinstance(kind, type) and issubclass(kind, AgentForgeError) and kind.__init__ is AgentForgeError.__init__:
            failure = kind(failure.message, fix=self.fix)
        failure.exit_code = self.exit_code
        raise failure

    def to_json(self) -> JSONObject:
        """The result without its events, as a JSON object."""
        plain = asdict(self)
        del plain["events"]
        plain["by_role"] = {str(role): asdict(usage) for role, usage in self.by_role.items()}
        return cast("JSONObject", plain)


def result_of(events: Sequence[Event]) -> RunResult:
    """The result that the events of one whole task amount to; an ending that names no class has that of
    its status.
    """
    last = events[-1]
    data = last.data
    return RunResult(
        status=last.type,
        exit_code=last.exit_code,
        answer=_text(data, "answer"),
        session=last.session,
        tools_made=_names(data, "tools_made"),
        tools_used=_names(data, "tools_used"),
        cites=_citations(data),
        message=_text(data, "message"),
        fix=_text(data, "fix"),
        error=_text(data, "error") or _ERRORS.get(last.type, ""),
        approval=_text(data, "approval"),
        events=tuple(events),
    )


def _text(data: JSONObject, key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _citations(data: JSONObject) -> tuple[Citation, ...]:
    told = data.get("cites")
    keys = [one.name for one in fields(Citation)]
    listed = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return tuple(Citation(*(_text(one, key) for key in keys)) for one in listed)


def _names(data: JSONObject, key: str) -> tuple[str, ...]:
    value = data.get(key)
    return tuple(str(name) for name in value) if isinstance(value, list) else ()
