"""How a turn ends: the one terminal event, and the table from exceptions to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import TypeAlias

from agentforge.agent.turn import Turn
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
    told: JSONObject = {"answer": answer, "usage": usage, "tools_made": [*made], "tools_used": [*used]}
    return Ending("completed", {**told, "result": turn.result} if turn.result else told)


def failed(error: AgentForgeError) -> Ending:
    """The turn failed for a reason that the program knows."""
    told: JSONObject = {"message": error.message, "fix": error.fix}
    return Ending("failed", {**told, "error": type(error).__name__, "code": error.exit_code})


def waiting(message: str, pending: list[str], fix: str = "") -> Ending:
    """A person has to decide first; ``pending`` names the tools that wait."""
    fix = fix or (f"Look at it with 'agentforge tools show {pending[0]}'." if pending else "")
    told: JSONObject = {"message": message, "fix": fix, "error": ApprovalNeeded.__name__}
    return Ending("waiting", {**told, "pending": [*pending]})


def limited(error: LimitReached, answer: str | None = None) -> Ending:
    """A budget is spent; ``answer`` is what there was of one by then."""
    told: JSONObject = {"message": error.message, "fix": error.fix}
    told |= {"error": LimitReached.__name__, "limit": error.limit}
    return Ending("limited", told if answer is None else {**told, "answer": answer})


def interrupted() -> Ending:
    """Somebody stopped the turn; the session can be continued."""
    return Ending("interrupted", {"message": "Interrupted; what was done so far is kept in the session."})


def ending_of(error: Exception) -> Ending:
    """The table from exceptions to terminal events."""
    if isinstance(error, LimitReached):
        return limited(error)
    if isinstance(error, ApprovalNeeded):
        return waiting(error.message, [], error.fix)
    if isinstance(error, AgentForgeError):
        return failed(error)
    told: JSONObject = {
        "message": f"A defect in AgentForge: {type(error).__name__}: {error}",
        "fix": "Please report it.",
    }
    return Ending("failed", {**told, "error": type(error).__name__, "code": 1})
