"""With what a turn begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentforge.approval import Defer, OnApproval
from agentforge.errors import UsageError
from agentforge.types import RunLimits

if TYPE_CHECKING:
    from agentforge.agent.approving import Going

UNLIMITED = RunLimits()


@dataclass(frozen=True, slots=True)
class Start:
    """A text, or where a paused run stood (``going``). ``ask`` is asked before anything is reached, ``limits`` hold for
    this run.

    Raises:
        UsageError: a limit is not above zero.
    """

    text: str = ""
    session: str | None = None
    ask: OnApproval | None = None
    limits: RunLimits | None = None
    going: Going | None = None

    def __post_init__(self) -> None:
        own = self.bounds
        for name, value in (("usd", own.usd), ("tokens", own.tokens), ("seconds", own.seconds)):
            if value is not None and not value > 0:
                raise UsageError(f"A run's limit of {name} has to be above zero, not {value}.")

    @property
    def bounds(self) -> RunLimits:
        """Its limits, where it has any."""
        return self.limits or UNLIMITED

    @classmethod
    def again(cls, going: Going, ask: OnApproval | None, limits: RunLimits | None) -> Start:
        """Of a paused run; where nobody can be asked, what comes next waits again."""
        return cls("", going.request.session, ask or (lambda _: Defer()), limits, going)
