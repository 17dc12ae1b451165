"""What a person sees while the local model is brought up: progress, and the plan before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

GB = 10**9


@dataclass(frozen=True, slots=True)
class Progress:
    """One report. ``step`` is ``waiting``, ``environment``, ``weights`` or ``server``.

    ``done`` of ``total`` (0 when unknown) counts in whatever the step counts; a ``notice`` is
    something to keep on the screen, anything else may be overwritten by the next report.
    """

    step: str
    message: str
    done: int = 0
    total: int = 0
    notice: bool = False


OnProgress: TypeAlias = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One thing still missing; sizes in bytes, ``peak`` being the most it needs while being made.

    ``made_here`` means that it is made of others and nothing of it is downloaded.
    """

    what: str
    download: int
    disk: int
    peak: int
    exact: bool = False
    made_here: bool = False

    def __str__(self) -> str:
        if self.made_here:
            return f"{self.what}: about {self.disk / GB:.1f} GB on disk"
        about = "" if self.exact else "about "
        return f"{self.what}: {about}{self.download / GB:.1f} GB to download, {self.disk / GB:.1f} GB on disk"


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``up`` is going to fetch, before it fetches anything."""

    items: tuple[PlanItem, ...]
    folder: Path
    free: int

    @property
    def download(self) -> int:
        """Bytes to download."""
        return sum(item.download for item in self.items)

    @property
    def fetches(self) -> bool:
        """Whether anything is downloaded at all (of a size that may be unknown)."""
        return any(not item.made_here for item in self.items)

    @property
    def needed(self) -> int:
        """Free bytes needed: what stays, or more while the last step runs, and 1 GB to spare."""
        stays, most = 0, 0
        for item in self.items:
            most = max(most, stays + item.peak)
            stays += item.disk
        return max(most, stays) + GB if self.items else 0

    def __str__(self) -> str:
        return "; ".join(str(item) for item in self.items) or "nothing to download"


Confirm: TypeAlias = Callable[[Plan], bool]
