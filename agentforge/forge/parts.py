"""What a forging works with, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from agentforge.boxes.protocol import Box, Limits
from agentforge.errors import AgentForgeError
from agentforge.models.protocol import ModelClient
from agentforge.policy import Policy
from agentforge.registry.layers import Layers
from agentforge.registry.repository import Registry
from agentforge.settings import ForgeSettings, GateSettings
from agentforge.types import GateResult, JSONObject, Role, Usage

Emit = Callable[[str, JSONObject], None]


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells of one forging, ``job``, through events."""

    emit: Emit
    job: str

    def event(self, kind: str, **data: str | int) -> None:
        """``forge_started`` or ``forge_finished`` (``agentforge.events``)."""
        self.emit(kind, {"job": self.job, **data})

    def step(self, step: str, message: str, *, done: int = 0, total: int = 0) -> None:
        """A ``forge_step``: ``done`` of ``total``, where there is something to count."""
        self.event("forge_step", step=step, message=message, done=done, total=total)


@dataclass(frozen=True, slots=True)
class ForgeParts:
    """What a forging works with; all of it belongs to the caller. ``secrets`` are values that may stand in no
    prompt and no commit; ``recordings`` is the folder of what answers the fetches of candidates; ``job`` is
    the id under which it commits, once (by default a new one).
    """

    models: ModelClient
    box: Box
    layers: Layers
    registry: Registry
    settings: ForgeSettings
    secrets: frozenset[str] = frozenset()
    call_limits: Limits = field(default_factory=Limits)
    suite_limits: Limits = field(default_factory=lambda: Limits(seconds=30.0))
    recordings: Path | None = None
    gates: GateSettings = field(default_factory=GateSettings)
    policy: Policy = field(default_factory=Policy)
    job: str = ""


@dataclass(frozen=True, slots=True)
class ForgeResult:
    """How a forging ended. ``reason`` is one sentence for people; ``artefacts`` is all that was tried.

    ``refuted``: candidates that gave all they were shown were wrong on held-out examples. ``error``: why a
    finished tool could not be committed; its files are the ``tool`` of the artefacts. ``reused``: the live tool
    that does it already, so that nothing was made; ``arguments`` maps the need's parameters to its own.
    ``local_token_share``: see :func:`agentforge.forge.spending.local_token_share`.
    """

    job: str
    name: str
    state: Literal["live", "proposed", "failed"]
    reason: str
    version: str = ""
    unconfirmed: bool = False
    gates: tuple[GateResult, ...] = ()
    refuted: bool = False
    usage: Usage = field(default_factory=Usage)
    by_role: dict[Role, Usage] = field(default_factory=lambda: {})
    local_token_share: float | None = None
    seconds: float = 0.0
    artefacts: JSONObject = field(default_factory=lambda: {})
    error: AgentForgeError | None = None
    reused: str = ""
    arguments: Mapping[str, str] = field(default_factory=lambda: {})
