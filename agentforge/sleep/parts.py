"""What a night works with, and what a change is before it is one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from agentforge.boxes.protocol import Box, Limits
from agentforge.forge.parts import ForgeParts
from agentforge.memory.episodes import Episodes
from agentforge.memory.keeping import Memory
from agentforge.memory.news import News
from agentforge.memory.outcomes import Outcomes
from agentforge.memory.truths import Truths
from agentforge.models.protocol import ModelClient
from agentforge.registry.index import Index
from agentforge.registry.layers import Layers
from agentforge.registry.repository import Registry
from agentforge.settings import Settings
from agentforge.sleep.report import Kind, Outcome, Report


@dataclass(frozen=True, slots=True)
class NightParts:
    """Everything of one user that a night needs; all of it belongs to the caller. ``models`` is None where none is set
    up; ``earlier`` gives the reports of nights before this one; ``tell`` hears of each step, in words for people.
    """

    registry: Registry
    layers: Layers
    index: Index
    memory: Memory
    episodes: Episodes
    truths: Truths
    outcomes: Outcomes
    news: News
    settings: Settings
    models: Callable[[], ModelClient] | None
    box: Callable[[], Awaitable[Box]]
    forging: Callable[[ModelClient], Awaitable[ForgeParts]]
    limits: Limits
    earlier: Callable[[], Sequence[Report]] = lambda: ()
    tell: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the user's registry, in which a change is made first, with the layers below; ``tokens`` is what models
    may still take for it.
    """

    registry: Registry
    layers: Layers
    tokens: int


@dataclass(frozen=True, slots=True)
class Committed:
    """The commits of a change, and what became of it where that shows only then."""

    commits: tuple[str, ...] = ()
    outcome: Outcome | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A change as it was made in a copy. ``commit`` makes it in the user's registry, once under the id that it gets
    (blocks; raises RegistryError, StorageError). ``marks`` says which tool answers the truths of those ids from now
    on. ``rehearsed``: it changes what tools there are, so that it is rehearsed first.
    """

    commit: Callable[[str], Committed]
    outcome: Outcome = "kept"
    why: str = ""
    version: str = ""
    tool: str = ""
    marks: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    rehearsed: bool = True


class Proposal(Protocol):
    """A change that a night may make. ``key`` names it and no other one, also in later nights; ``costs``: a model is
    asked for it.
    """

    key: str
    kind: Kind
    what: str
    costs: bool

    async def make(self, copy: Copy, once: str, models: ModelClient | None) -> Made | str:
        """The change, made in ``copy`` under the id ``once``; or why nothing comes of it, as a sentence.

        Raises:
            SandboxError, ModelError, RegistryError, StorageError: the night ends here, and is taken up again.
        """
        ...

    def settle(self, tool: str) -> None:
        """Notes in the database that it was tried, and the tool that came of it, if one did; twice changes nothing.
        Blocks (raises StorageError).
        """
        ...
