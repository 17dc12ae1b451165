"""Doubles that tests of this project, and of products built on it, can stand on.

- :class:`ScriptedModel`: a model client that answers from a script and records what it was asked
- :class:`MessagesServer`: a real HTTP server on loopback, as strict as Claude or as lax as vLLM
- :class:`FakeBox`: a box that runs nothing
- :class:`NoPaidCalls`: a guard that lets nothing out of this machine
- :class:`MovedClock`: another day for everything that is dated

Loaded at first use, so that a test of one does not pay for the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentforge.testing.box import FakeBox
    from agentforge.testing.clock import MovedClock
    from agentforge.testing.guard import NoPaidCalls, PaidCall
    from agentforge.testing.script import Fault, Reply, ScriptExhausted
    from agentforge.testing.scripted import ScriptedModel
    from agentforge.testing.server import MessagesServer

__all__ = [
    "FakeBox",
    "Fault",
    "MessagesServer",
    "MovedClock",
    "NoPaidCalls",
    "PaidCall",
    "Reply",
    "ScriptExhausted",
    "ScriptedModel",
]

_HOMES = {
    "FakeBox": "box",
    "Fault": "script",
    "MessagesServer": "server",
    "MovedClock": "clock",
    "NoPaidCalls": "guard",
    "PaidCall": "guard",
    "Reply": "script",
    "ScriptExhausted": "script",
    "ScriptedModel": "scripted",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
