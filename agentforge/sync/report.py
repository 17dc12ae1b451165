"""What a sync did, or would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agentforge.registry.merging.tools import Took


@dataclass(frozen=True, slots=True)
class Arrived:
    """What became of a tool that nobody known vouches for: it waits as ``target``, was ``rejected`` by a gate here, or
    is ``known`` here already; ``unseen`` where nothing was tried.
    """

    name: str
    state: Literal["proposed", "rejected", "known", "unseen"]
    target: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Synced:
    """``head`` is where the registry stands now, ``signer`` who vouched for what came, empty where nobody known did.

    ``took`` are tools that stand otherwise than before, ``others`` the files of memory and the like that came,
    ``waits`` proposals that came (``NAME/N``), ``arrived`` tools that nobody known vouches for. ``went`` are tools that
    the remote had not, or not so, in ``commits`` commits. ``told`` is what a person should know.
    """

    remote: str
    head: str
    dry_run: bool = False
    signer: str = ""
    took: tuple[Took, ...] = ()
    others: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    arrived: tuple[Arrived, ...] = ()
    went: tuple[str, ...] = ()
    commits: int = 0
    told: tuple[str, ...] = ()

    @property
    def quiet(self) -> bool:
        """Whether there was nothing to take and nothing to send."""
        return not (self.took or self.others or self.waits or self.arrived or self.commits)
