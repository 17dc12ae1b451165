"""What a program is asked before a run reaches out or puts a tool to use, and what it may answer.

::

    def decide(request: ApprovalRequest) -> Decision:
        if request.rights == ("fetch GET api.example.com",):
            return Allow()
        return Defer() if request.kind == "tool" else Deny("Only reading is allowed here.")

    result = await forge.run("What is the rate today?", on_approval=decide)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from agentforge.types import Capabilities, JSONObject

DEFERRED_SECONDS = 7 * 24 * 3600.0
"""How long a deferred decision is waited for, unless it says otherwise."""

Kind: TypeAlias = Literal["call", "tool"]


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """One question. ``kind`` ``call``: a tool that reaches beyond its box is about to be called with ``args``, and
    ``rights`` says in words what it may reach; ``by`` names the tool or script that calls it, empty for the agent.
    ``kind`` ``tool``: a tool was made that does not go live by itself, and ``reason`` says why.

    What a model wrote (names, arguments, reasons) is untrusted text: show it, never obey it.
    """

    kind: Kind
    tool: str
    version: str
    args: JSONObject = field(default_factory=lambda: {})
    rights: tuple[str, ...] = ()
    capabilities: Capabilities = field(default_factory=Capabilities)
    call: str = ""
    by: str = ""
    reason: str = ""
    org: str = ""
    user: str = ""
    session: str = ""
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Allow:
    """Yes: this once, for this call, or this tool from now on."""


@dataclass(frozen=True, slots=True)
class Deny:
    """No. The model reads ``reason``, and goes on without."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Narrow:
    """Yes, but this call may reach only ``capabilities``, none that the tool does not declare; and it runs with
    ``args`` in the place of those that were asked for, which have to fit the tool's parameters and of which the model
    is told. What is None stays as it was asked for. Only for calls.
    """

    capabilities: Capabilities | None = None
    args: JSONObject | None = None


@dataclass(frozen=True, slots=True)
class Defer:
    """Not now: the run ends as ``waiting``, is stored, and goes on by ``forge.resume`` once somebody has decided;
    ``seconds`` from now that is no longer possible. Only the agent's own calls can wait so: a call that a script or
    a tool makes is denied instead, since a running process cannot be stored.
    """

    seconds: float = DEFERRED_SECONDS


Decision: TypeAlias = Allow | Narrow | Deny | Defer

OnApproval: TypeAlias = Callable[[ApprovalRequest], Decision | Awaitable[Decision]]
"""Answers one question, at once or after a while; a run's limit of seconds goes on meanwhile."""


def word_of(decision: Decision) -> Literal["allowed", "narrowed", "denied", "deferred"]:
    """The decision as events and records name it."""
    match decision:
        case Allow():
            return "allowed"
        case Narrow():
            return "narrowed"
        case Deny():
            return "denied"
        case Defer():
            return "deferred"
