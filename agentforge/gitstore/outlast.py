"""Writing although others write: what lost a race is done anew until it wins."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from agentforge.errors import RegistryConflict
from agentforge.gitstore.lock import writing

T = TypeVar("T")

PATIENCE_SECONDS = 30.0
"""How long a change is tried against a repository that others commit to; each try takes well under a second."""


def outlast(repository: Path, attempt: Callable[[int | None], T], *, seconds: float = PATIENCE_SECONDS) -> T:
    """What ``attempt`` gives; where it meets a RegistryConflict it is called again while the write lock is held.

    That shuts out all but a plain ``git push``, and such pushes are outlasted for ``seconds``. ``attempt`` is given
    the lock as :meth:`GitStore.commit` takes it, None the first time; whatever it reads it must read anew.

    Raises:
        RegistryConflict: others kept pushing for that long.
        RegistryError: another process writes for that long.
        StorageError: the lock file cannot be made.
    """
    deadline = time.monotonic() + seconds
    try:
        return attempt(None)
    except RegistryConflict:
        pass
    with writing(repository, wait=seconds) as lock:
        while True:
            try:
                return attempt(lock)
            except RegistryConflict:
                if time.monotonic() > deadline:
                    raise
