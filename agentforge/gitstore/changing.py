"""A commit that is made of the newest state, however many others write: made anew whenever somebody was faster."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agentforge.errors import RegistryConflict
from agentforge.gitstore.lock import writing
from agentforge.gitstore.store import GitStore

PATIENCE_SECONDS = 30.0
"""How long a change is tried against a registry that others commit to; each try takes well under a second."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit does; ``files`` as :meth:`GitStore.commit` takes them (None deletes). ``trailers`` are
    those that only the newest snapshot could tell; they come on top of the caller's.
    """

    subject: str
    files: Mapping[str, bytes | None]
    trailers: Mapping[str, Sequence[str]] = field(default_factory=lambda: {})


def commit_newest(
    store: GitStore, make: Callable[[], tuple[str, Change] | None], trailers: Mapping[str, Sequence[str]]
) -> str | None:
    """Commits what ``make`` gives, a change and the head that it was made of, and returns the commit; None where
    there was nothing to do. What ``make`` raises is raised, and nothing is written.

    Where another writer was faster, it is made anew while the write lock is held: that shuts out all
    but a plain ``git push``, and such pushes are outlasted for :data:`PATIENCE_SECONDS`.

    Raises:
        RegistryConflict: others kept pushing for that long.
        RegistryError: the repository is damaged or locked.
        StorageError: the disk is full; nothing was changed.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        return _attempt(store, make, trailers)
    except RegistryConflict:
        pass
    with writing(store.path, wait=PATIENCE_SECONDS) as lock:
        while True:
            try:
                return _attempt(store, make, trailers, lock)
            except RegistryConflict:
                if time.monotonic() > deadline:
                    raise


def _attempt(
    store: GitStore,
    make: Callable[[], tuple[str, Change] | None],
    trailers: Mapping[str, Sequence[str]],
    lock: int | None = None,
) -> str | None:
    made = make()
    if made is None:
        return None
    head, change = made
    named = {**trailers, **change.trailers}
    return store.commit(change.files, subject=change.subject, trailers=named, expected=head, lock=lock)
