"""How a turn ends: the one terminal event, and the table from exceptions to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import TypeAlias

from agentforge.agent.turn import Turn, TurnLimit
from agentforge.errors import AgentForgeError, ApprovalNeeded, LimitReached
from agentforge.types import JSONObject


@dataclass(frozen=True, slots=True)
class Ending:
    """A terminal event to be: its type and data."""

    type: str
    data: JSONObject


Step: TypeAlias = "Callable[[], Awaitable[Step | Ending]]"
"""One step of a turn: does something and names what comes next."""


def completed(turn: Turn, answer: str) -> Ending:
    """The turn is done and ``answer`` is its result."""
    usage: JSONObject = dict(asdict(turn.spent.usage))
    made, used = list(dict.fromkeys(turn.tools_made)), list(dict.fromkeys(turn.tools_used))
    return Ending("completed", {"answer": answer, "usage": usage, "tools_made": [*made], "tools_used": [*used]})


def failed(error: AgentForgeError) -> Ending:
    """The turn failed for a reason that the program knows."""
    told: JSONObject = {"message": error.message, "fix": error.fix}
    return Ending("failed", {**told, "error": type(error).__name__, "code": error.exit_code})


def waiting(message: str, pending: list[str]) -> Ending:
    """A person has to decide first; ``pending`` names the tools that wait."""
    return Ending("waiting", {"message": message, "pending": [*pending]})


def interrupted() -> Ending:
    """Somebody stopped the turn; the session can be continued."""
    return Ending("interrupted", {"message": "Interrupted; what was done so far is kept in the session."})


def ending_of(error: Exception) -> Ending:
    """The table from exceptions to terminal events."""
    if isinstance(error, TurnLimit):
        return Ending("limited", {"message": str(error), "limit": error.limit})
    if isinstance(error, LimitReached):
        return Ending("limited", {"message": str(error), "limit": "budget"})
    if isinstance(error, ApprovalNeeded):
        return waiting(str(error), [])
    if isinstance(error, AgentForgeError):
        return failed(error)
    told: JSONObject = {
        "message": f"A defect in AgentForge: {type(error).__name__}: {error}",
        "fix": "Please report it.",
    }
    return Ending("failed", {**told, "error": type(error).__name__, "code": 1})
