"""What a sync works with; all of it belongs to the caller."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentforge.gitstore.bounds import Bounds
from agentforge.gitstore.remote import Remote
from agentforge.registry.merging.tools import Contest, Settled
from agentforge.registry.repository import Registry
from agentforge.sync.report import Arrived


@dataclass(frozen=True, slots=True)
class Claim:
    """A tool folder on a remote that nobody known vouches for."""

    name: str
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class SyncParts:
    """``allowed`` is the file of those whose signatures count, ``key`` what signs here, where there are such.

    ``settle`` finds out which of two versions stands; ``receive`` lets tools that nobody known vouches for meet the
    gates and commits them as proposals; ``tell`` hears how it goes on.
    """

    registry: Registry
    remote: Remote
    bounds: Bounds
    settle: Callable[[Contest], Awaitable[Settled]]
    receive: Callable[[Sequence[Claim]], Awaitable[Sequence[Arrived]]]
    allowed: Path | None = None
    key: Path | None = None
    tell: Callable[[str], None] = lambda _: None

    @property
    def heard(self) -> str:
        """The ref that names what this remote held when all of it had been taken in, or heard."""
        return f"refs/agentforge/remotes/{hashlib.sha256(self.remote.address.encode()).hexdigest()[:16]}"
