"""The library: :class:`Forge`, one user's agent, and what its calls return."""

from __future__ import annotations

from agentforge.api.facade import Forge
from agentforge.api.opened import OnNotice, OpenBox
from agentforge.result import RunResult

__all__ = ["Forge", "OnNotice", "OpenBox", "RunResult"]
