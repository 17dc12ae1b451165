"""A repository beside a registry for what a remote sends, so that it is looked at before anything of it is kept."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from agentforge.errors import RemoteRefused, StorageError
from agentforge.gitstore.bounds import Bounds
from agentforge.gitstore.lock import writing
from agentforge.gitstore.process import GitProcess
from agentforge.gitstore.remote import ARRIVED
from agentforge.gitstore.store import GitStore

_WAIT_SECONDS = 60.0
"""How long one sync of a registry waits for another one."""


@dataclass(frozen=True, slots=True)
class File:
    """What a tree says of a file: its mode, the id of its contents and its size in bytes."""

    mode: str
    id: str
    size: int


@contextmanager
def set_apart(store: GitStore) -> Generator[GitStore]:
    """An empty place for a sync, and what another one that was killed had left there is gone. It borrows the objects of
    ``store``, so that all of both can be read in it. One sync of a registry at a time.

    Raises:
        RegistryError: another one runs for longer than a minute.
        StorageError: nothing can be written beside the registry.
    """
    place = store.path.with_name(f".{store.path.name}.sync")
    try:
        place.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StorageError(f"Nothing can be written beside {store.path}: {error.strerror}.") from error
    with writing(place, wait=_WAIT_SECONDS):
        shutil.rmtree(place / "git", ignore_errors=True)
        try:
            with store.copy(place / "git") as apart:
                yield apart
        finally:
            shutil.rmtree(place / "git", ignore_errors=True)


def listing(apart: GitStore, commit: str, bounds: Bounds | None = None) -> dict[str, File]:
    """Every file of a commit, by path. One that was sent is listed within ``bounds``: trees that stand in each other
    without end are not followed.

    Raises:
        RemoteRefused: there are too many, or it cannot be read.
        RegistryError: the same of one that is looked at without bounds.
    """
    git, words = GitProcess(apart.path), ("ls-tree", "-r", "-z", "-l", "--full-tree", commit)
    if bounds is None:
        return _files(git.run(*words))
    done = git.bounded(*words, bounds=bounds)
    if done.code or done.late or done.flood:
        raise RemoteRefused("What the remote holds has more folders and files than any registry, or cannot be read.")
    return _files(done.out)


def _files(out: bytes) -> dict[str, File]:
    return {path: file for line in out.split(b"\0") if line for path, file in [_file(line)]}


def _file(line: bytes) -> tuple[str, File]:
    facts, _, path = line.partition(b"\t")
    mode, _, name, size = facts.decode().split()
    return path.decode("utf-8", "surrogateescape"), File(mode, name, int(size) if size.isdigit() else 0)


def bring_in(store: GitStore, apart: GitStore) -> None:
    """Takes over the objects of what arrived, which :data:`ARRIVED` names from then on; ``main`` stays where it is.

    Raises:
        RegistryError: the registry cannot be written.
        StorageError: the disk is full.
    """
    git = GitProcess(store.path)
    words = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-gc", str(apart.path))
    with writing(store.path) as lock:
        settings = ("protocol.file.allow=always", "maintenance.auto=false")
        git.run(*words, f"+{ARRIVED}:{ARRIVED}", keep=lock, seconds=600, settings=settings)
