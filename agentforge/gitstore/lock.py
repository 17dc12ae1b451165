"""One writer at a time on one machine, and what a killed writer leaves behind."""

from __future__ import annotations

import fcntl
import math
import os
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path

from agentforge.errors import RegistryError, StorageError
from agentforge.gitstore.failures import OUR_LOCK

WAIT_SECONDS = 30.0
"""How long a writer waits for another one; a commit takes well under a second."""

_STALE_SECONDS = 1.0
_GIT_LOCKS = (
    "HEAD.lock",
    "refs/heads/main.lock",
    "refs/heads/proposals/*.lock",
    "refs/agentforge/*.lock",
    "packed-refs.lock",
    "packed-refs.new",
)
"""All that ``update-ref`` and ``fast-import`` make while they write (HEAD names the branch that they move)."""

_PACK_DRAFTS = ("objects/pack/tmp_*",)
_DRAFTS = (*_PACK_DRAFTS, "objects/??/tmp_obj_*", "fast_import_crash_*")
"""What git was writing when it failed, and how it tells of that; it takes none of this away itself (``gc`` would)."""
_ABANDONED_SECONDS = 3600.0
"""A draft that nobody wrote to for so long is no longer being written: a slow ``git fetch`` might be."""


@contextmanager
def writing(repository: Path, *, wait: float = WAIT_SECONDS) -> Generator[int]:
    """Holds the write lock of a repository and gives its file descriptor.

    The kernel frees it when the last process that inherited the descriptor ends, so a writer that
    is killed blocks nobody, and git commands that outlive it still count as writing. It orders our
    own writers only: a plain ``git push`` into the repository meets git's own locks, as usual.

    Raises:
        RegistryError: another process writes for longer than ``wait`` seconds.
        StorageError: the lock file cannot be made.
    """
    try:
        handle = os.open(repository / OUR_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(
            f"The registry {repository} cannot be written: {error.strerror}.",
            fix="Free disk space or correct the permissions; nothing was changed.",
        ) from error
    try:
        _take(handle, repository, wait)
        _sweep(repository)
        yield handle
    finally:
        os.close(handle)


@contextmanager
def leaving_no_drafts(repository: Path) -> Generator[None]:
    """Where git's writing fails for want of room, what it had written since is taken away: it would keep the disk full.

    Only for who holds the write lock; without it, somebody else's drafts would go as well.
    """
    began = _now_by_the_disk(repository)
    try:
        yield
    except StorageError:
        _remove(draft for draft in _found(repository, _DRAFTS) if began <= _changed(draft))
        raise


def _now_by_the_disk(repository: Path) -> float:
    """The time that the disk gives to what is written now, which need not be this machine's."""
    try:
        os.utime(repository / OUR_LOCK)
        return (repository / OUR_LOCK).stat().st_mtime
    except OSError:
        return math.inf  # where not even that can be written, git leaves nothing


def _take(handle: int, repository: Path, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise RegistryError(
                    f"Another process has been writing to {repository} for {wait:g} seconds.", fix="Try again."
                ) from error
            time.sleep(0.01)


def _sweep(repository: Path) -> None:
    """Removes git's lock files of a killed writer: nobody of ours writes now, and others write briefly."""
    for lock in _found(repository, _GIT_LOCKS):
        deadline = time.monotonic() + 2 * _STALE_SECONDS  # its age is told by another clock
        while lock.exists() and time.monotonic() < deadline and _age(lock) < _STALE_SECONDS:
            time.sleep(0.02)
        if lock.exists() and _age(lock) >= _STALE_SECONDS:
            _remove([lock])
    _remove(_found(repository, ("fast_import_crash_*",)))
    _remove(draft for draft in _found(repository, _PACK_DRAFTS) if _age(draft) >= _ABANDONED_SECONDS)


def _found(repository: Path, patterns: Iterable[str]) -> list[Path]:
    return [found for pattern in patterns for found in repository.glob(pattern)]


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        with suppress(OSError):  # git refuses, then, and names the file
            file.unlink(missing_ok=True)


def _age(file: Path) -> float:
    """Seconds since the last change; a clock that went backwards counts as old."""
    return abs(time.time() - _changed(file, missing=time.time()))


def _changed(file: Path, *, missing: float = 0.0) -> float:
    """When it was changed, in seconds since 1970; ``missing`` where it is gone."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return missing
