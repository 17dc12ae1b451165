"""What a session works with. Wiring happens at the edges; here the parts are only named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from agentforge.agent.recollection import Recall, nothing
from agentforge.boxes.protocol import Box
from agentforge.forge.parts import ForgeResult
from agentforge.memory.episodes import Episodes
from agentforge.memory.layers import MemoryLayers
from agentforge.memory.truths import Truths, Word
from agentforge.models.protocol import ModelClient
from agentforge.registry.index import Index
from agentforge.registry.layers import Layers
from agentforge.result import Citation
from agentforge.settings import Settings
from agentforge.types import JSONObject, Need

if TYPE_CHECKING:
    from agentforge.agent.approving import Approving

Emit: TypeAlias = Callable[[str, JSONObject], None]
"""Takes an event's type and data, at once and without failing."""

Forger: TypeAlias = Callable[[Need, Emit], Awaitable[ForgeResult]]
"""Makes a tool: ``agentforge.forge.pipeline.forge`` with its parts filled in."""

BoxOpener: TypeAlias = Callable[[], Awaitable[Box]]
"""Gives the user's warm box, opening it where needed; whoever made the opener closes the box."""


Learn: TypeAlias = "Callable[[Word, str, JSONObject | None, Callable[[str], None]], Awaitable[str]]"
"""Takes a person's word on the call of a tool (by its id) with the right answer (``{"returns": …}``) where it is known,
and whom to tell of each step; does what follows from it and says so in a sentence.
"""


async def nothing_follows(word: Word, call: str, expected: JSONObject | None, tell: Callable[[str], None]) -> str:
    """For whoever has nothing that learns from calls."""
    del word, call, expected, tell
    return ""


Renew: TypeAlias = "Callable[[str, Emit], Awaitable[str]]"
"""Has a stale tool made anew from what stands now; why that was not done, empty where it was."""

Cite: TypeAlias = Callable[[Sequence[str]], Awaitable[Sequence[Citation]]]
"""Takes names of tools and gives the passages of documents that these, and what they import, were made from."""


async def not_renewed(name: str, emit: Emit) -> str:
    """For whoever has no documents."""
    del name, emit
    return "nobody is there to do it"


async def no_citations(names: Sequence[str]) -> Sequence[Citation]:
    """For whoever has no documents."""
    del names
    return ()


@dataclass(frozen=True, slots=True)
class AgentParts:
    """Everything a session needs; all of it belongs to the caller, who closes it. Without ``truths`` nothing is kept
    of what a user says of answers; without ``memory`` nothing can be remembered; without ``approving`` nobody is asked.
    A turn ends after ``seconds``, where they are fewer than those of the settings.
    """

    models: ModelClient
    box: BoxOpener
    layers: Layers
    index: Index
    episodes: Episodes
    settings: Settings
    forger: Forger
    recall: Recall = nothing
    truths: Truths | None = None
    learn: Learn = nothing_follows
    memory: MemoryLayers | None = None
    renew: Renew = not_renewed
    cite: Cite = no_citations
    approving: Approving | None = None
    seconds: float | None = None
