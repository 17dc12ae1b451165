"""The folders of the local model: free space, locks, markers, files written in one go."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

from agentforge.errors import ModelTimeout, StorageError
from agentforge.models.local.progress import GB, Plan


def free_bytes(folder: Path) -> int:
    """Free space where ``folder`` is or will be."""
    place = folder
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def check_space(plan: Plan) -> None:
    """Refuses a plan that does not fit.

    Raises:
        StorageError: too little space is free.
    """
    if plan.free < plan.needed:
        raise StorageError(
            f"The local model needs {plan.needed / GB:.1f} GB free under {plan.folder}, "
            f"but only {plan.free / GB:.1f} GB are.",
            fix="Free some space, or set model.cache to a folder on a larger disk.",
        )


def write_whole(path: Path, text: str) -> None:
    """Writes a file so that readers see the old text or the new, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def disk_errors(folder: Path) -> Generator[None]:
    """Turns failures of the file system into one sentence.

    Raises:
        StorageError: instead of any OSError.
    """
    try:
        yield
    except TimeoutError:  # an OSError by name only
        raise
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = f"The disk of {folder} is full" if full else f"{error.filename or folder}: {error.strerror or error}"
        raise StorageError(
            f"{what}; nothing half-made is used.",
            fix="Free some space and run 'agentforge model up' again." if full else "Check the folder's permissions.",
        ) from error


@contextlib.asynccontextmanager
async def locked(path: Path, *, seconds: float, on_wait: Callable[[str], None]) -> AsyncGenerator[None]:
    """Holds ``path`` against other processes; ``on_wait`` hears the holder's pid once a second.

    The kernel lets go of the lock when its holder dies, however it dies.

    Raises:
        ModelTimeout: somebody else held it for more than ``seconds``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        give_up = time.monotonic() + seconds
        while not _try_lock(file.fileno()):
            file.seek(0)
            holder = file.read().strip() or "another process"
            if time.monotonic() > give_up:
                raise ModelTimeout(f"{holder} has held {path} for {seconds:.0f} seconds.", fix="Stop it and try again.")
            on_wait(holder)
            await asyncio.sleep(min(1.0, seconds / 4))
        file.truncate(0)
        file.write(f"process {os.getpid()}")
        file.flush()
        yield  # closing the file lets go of the lock


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove(path: Path) -> None:
    """Removes a file or folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
