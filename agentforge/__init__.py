"""AgentForge: an agent that turns what it had to work out once into tested, versioned tools.

The public names are loaded when they are first asked for, so that ``import agentforge`` costs
next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentforge.api import Forge, RunResult
    from agentforge.approval import Allow, ApprovalRequest, Decision, Defer, Deny, Narrow
    from agentforge.errors import AgentForgeError
    from agentforge.events import Event
    from agentforge.settings import Settings
    from agentforge.types import RunLimits, State, Usage

__all__ = [
    "AgentForgeError",
    "Allow",
    "ApprovalRequest",
    "Decision",
    "Defer",
    "Deny",
    "Event",
    "Forge",
    "Narrow",
    "RunLimits",
    "RunResult",
    "Settings",
    "State",
    "Usage",
]

_HOMES = {
    "AgentForgeError": "errors",
    "Allow": "approval",
    "ApprovalRequest": "approval",
    "Decision": "approval",
    "Defer": "approval",
    "Deny": "approval",
    "Narrow": "approval",
    "Event": "events",
    "Forge": "api",
    "RunLimits": "types",
    "RunResult": "api",
    "Settings": "settings",
    "State": "types",
    "Usage": "types",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'agentforge' has no attribute {name!r}")
    return getattr(import_module(f"agentforge.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
