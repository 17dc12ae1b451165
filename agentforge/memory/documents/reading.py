"""Reads documents from the file system: which files a path means, and their bytes, within bounds."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from agentforge.errors import UsageError
from agentforge.memory.documents.conversion import SUFFIXES
from agentforge.settings import DocumentSettings

LOOKED_AT = 100_000
"""Entries of a folder, at any depth, that are looked at: a mistaken ``/`` ends at once."""


@dataclass(frozen=True, slots=True)
class Found:
    """The files that a path means, by name; ``left_out`` counts those of a folder that are no documents by name."""

    files: tuple[Path, ...]
    folder: bool = False
    left_out: int = 0


def files_at(path: str | Path, limits: DocumentSettings) -> Found:
    """The file at ``path``, or the documents (by their suffix) in the folder there and in all below it.

    Hidden files and folders are left out, and in a folder so are links, which may lead anywhere or in a circle.

    Raises:
        UsageError: nothing is there that may be read, it is no file and no folder, or the folder holds too much.
    """
    if "://" in str(path):
        raise UsageError(f"{path} is an address, which is not fetched.", fix="Save the page as a file and add that.")
    try:
        place = Path(path).expanduser().resolve(strict=True)
        kind = place.stat().st_mode
    except (OSError, RuntimeError, ValueError) as error:
        raise _unreadable(path, error) from None
    if stat.S_ISREG(kind):
        return Found((place,))
    if not stat.S_ISDIR(kind):
        raise UsageError(f"{path} is neither a file nor a folder.")
    return _in_folder(place, limits)


def bytes_of(file: str | Path, limits: DocumentSettings) -> bytes:
    """The contents of a file; it is measured while it is read, since it may grow.

    Raises:
        UsageError: there is none that may be read, it is no plain file, or it is larger than ``limits.file_mb``.
    """
    most = limits.file_mb << 20
    try:
        with open(file, "rb", opener=_without_waiting) as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise UsageError(f"{file} is no plain file.")
            data = opened.read(most + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from None
    if len(data) > most:
        raise UsageError(
            f"{file} is larger than {limits.file_mb} MiB.", fix="Give it in parts, or raise documents.file_mb."
        )
    return data


def _in_folder(folder: Path, limits: DocumentSettings) -> Found:
    files, seen = list[Path](), 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        shown = [Path(place, name) for name in names if not name.startswith(".")]
        seen += len(shown) + len(folders)
        files += [file for file in shown if file.suffix.lower() in SUFFIXES and not file.is_symlink()]
        if len(files) > limits.folder_files or seen > LOOKED_AT:
            raise UsageError(
                f"{folder} holds more than {limits.folder_files} documents, or very many other files.",
                fix="Add its folders one by one, or raise documents.folder_files.",
            )
    if not files:
        raise UsageError(f"{folder} holds no document.", fix=f"Documents end in {', '.join(sorted(SUFFIXES))}.")
    return Found(tuple(sorted(files)), folder=True, left_out=seen - len(files))


def _without_waiting(path: str, flags: int) -> int:
    """Opens without waiting for a writer, where ``path`` is a pipe."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _unreadable(path: str | Path, error: Exception) -> UsageError:
    if isinstance(error, RuntimeError) or getattr(error, "errno", None) == errno.ELOOP:
        return UsageError(f"{path} is a link that leads back to itself.")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return UsageError(f"There is no file {path}.")
    if isinstance(error, OSError) and error.errno not in (errno.ENAMETOOLONG, errno.EINVAL):
        return UsageError(f"{path} cannot be read: {error.strerror}.", fix="Correct its permissions.")
    return UsageError(f"{str(path)[:80]!r} is no path.")
