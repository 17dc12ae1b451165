"""The packages that a registry has locked: one file, ``packages.lock``, committed like all else."""

from __future__ import annotations

from agentforge.boxes.packages.lock import (
    LOCK_AGAIN,
    LOCK_FILE,
    NO_PACKAGES,
    Lock,
    LockError,
    package_problems,
    parse,
    render,
)
from agentforge.errors import RegistryError, ToolInvalid
from agentforge.gitstore.lock import writing
from agentforge.gitstore.store import GitStore
from agentforge.registry.tool import Tool


def read_lock(store: GitStore) -> Lock:
    """What the registry in ``store`` has locked; the empty set where it has no such file.

    Raises:
        RegistryError: the file is no lock.
    """
    contents = store.read(LOCK_FILE) if store.head() is not None else None
    if contents is None:
        return NO_PACKAGES
    try:
        return parse(contents.decode())
    except (LockError, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, LockError) else "it is no UTF-8 text"
        raise RegistryError(f"{LOCK_FILE} in {store.path} cannot be used: {why}.", fix=LOCK_AGAIN) from None


def commit_lock(store: GitStore, lock: Lock, *, subject: str) -> str | None:
    """Commits a lock and returns the commit's id; None where it stands there already.

    Raises:
        RegistryConflict: somebody pushed at the same moment; nothing was written.
        StorageError: it cannot be written.
    """
    text = render(lock).encode() if lock.entries else None
    with writing(store.path) as held:
        head = store.head()
        if store.read(LOCK_FILE) == text:
            return None
        return store.commit({LOCK_FILE: text}, subject=subject, trailers={}, expected=head, lock=held)


def granted_set(tool: Tool, lock: Lock) -> str:
    """The digest of the locked set that a tool's runs get; empty where it declares no package.

    Raises:
        ToolInvalid: it declares one that is not locked.
    """
    declared = tool.manifest.capabilities.packages
    if problems := package_problems(declared, lock):
        raise ToolInvalid(tool.name, problems)
    return lock.digest if declared else ""
