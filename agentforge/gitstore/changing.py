"""A commit that is made of the newest state, and made anew of whatever is newest where somebody was faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agentforge.gitstore.outlast import PATIENCE_SECONDS, outlast
from agentforge.gitstore.store import GitStore


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit does; ``files`` as :meth:`GitStore.commit` takes them (None deletes). ``trailers`` are
    those that only the newest snapshot could tell; they come on top of the caller's.
    """

    subject: str
    files: Mapping[str, bytes | None]
    trailers: Mapping[str, Sequence[str]] = field(default_factory=lambda: {})


def commit_newest(
    store: GitStore,
    make: Callable[[], tuple[str, Change] | None],
    trailers: Mapping[str, Sequence[str]],
    *,
    seconds: float = PATIENCE_SECONDS,
) -> str | None:
    """Commits what ``make`` gives, a change and the head that it was made of, and returns the commit; None where
    there was nothing to do. What ``make`` raises is raised, and nothing is written.

    Raises:
        RegistryConflict: others kept pushing for ``seconds``.
        RegistryError: the repository is damaged or locked.
        StorageError: the disk is full; nothing was changed.
    """

    def attempt(lock: int | None) -> str | None:
        made = make()
        if made is None:
            return None
        head, change = made
        named = {**trailers, **change.trailers}
        return store.commit(change.files, subject=change.subject, trailers=named, expected=head, lock=lock)

    return outlast(store.path, attempt, seconds=seconds)
