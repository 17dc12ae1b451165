"""The files of something that is to be imported. All of it is hostile until somebody has looked at it: links are
refused, sizes are bounded, and what is opened is what was looked at, since each folder is entered by its descriptor.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from agentforge.errors import StorageError, UsageError
from agentforge.forge.folders import LEFTOVERS
from agentforge.registry.interchange.script import MOST_BYTES

MOST_FILES, MOST_DEEP = 1000, 6
"""A skill has some ten files; what has more is no tool."""
MOST_TOGETHER = 2 * MOST_BYTES
_READ = frozenset({"SKILL.md", "tool.toml"})
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


def read_files(path: Path) -> Mapping[str, str]:
    """Python files, ``SKILL.md`` and ``tool.toml`` at ``path``, by their paths below it; one file by its name, with the
    files of its tests that stand beside it.

    Raises:
        UsageError: nothing is there, or it holds a link, something that is no file, text in no UTF-8, or too much.
        StorageError: it cannot be read.
    """
    try:
        kind = path.lstat().st_mode
        if stat.S_ISLNK(kind):
            raise UsageError(f"{path} is a link.", fix="Name the file or folder itself.")
        if not stat.S_ISDIR(kind):
            alone = {path.name: _text(path.name, os.open(path, _FILE))}
            return alone | {name: _text(name, descriptor) for name, descriptor in _tests_beside(path)}
        found: dict[str, str] = {}
        left, size = MOST_FILES, 0
        for name, descriptor in _walk(os.open(path, _FOLDER), "", 0):
            left -= 1
            if left < 0:
                raise UsageError(f"{path} holds more than {MOST_FILES} files.", fix="Name the folder of one skill.")
            if descriptor is not None:
                text = _text(name, descriptor)
                found[name.encode(errors="backslashreplace").decode()] = text  # a name need not be UTF-8
                size += len(text)
            if size > MOST_TOGETHER:
                raise UsageError(f"{path} holds more than {MOST_TOGETHER} bytes of text.")
    except FileNotFoundError:
        raise UsageError(f"There is nothing at {path}.", fix="Name a Python file or a folder.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise StorageError(f"{path} cannot be read: {why}.") from None
    return dict(sorted(found.items()))


def _tests_beside(path: Path) -> Iterator[tuple[str, int]]:
    """What may hold the tests of one file, where it is there and no link."""
    for below in ("", "tests/"):
        with suppress(OSError):
            folder = os.open(path.parent / below, _FOLDER)
            try:
                for name in (f"test_{path.stem}.py", f"{path.stem}_test.py"):
                    with suppress(OSError):
                        yield f"{below}{name}", os.open(name, _FILE, dir_fd=folder)
            finally:
                os.close(folder)


def _walk(folder: int, above: str, depth: int) -> Iterator[tuple[str, int | None]]:
    """Every file below an open folder, which is closed, with a descriptor where it is to be read."""
    try:
        if depth > MOST_DEEP:
            raise UsageError(f"{above} is more than {MOST_DEEP} folders deep.")
        with os.scandir(folder) as entries:
            named = sorted(entries, key=lambda entry: entry.name)
        for entry in named:
            name = f"{above}{entry.name}"
            if entry.is_symlink():
                raise UsageError(
                    f"{name[:200]!r} is a link.", fix="Nothing is imported from a folder that holds links."
                )
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in LEFTOVERS and not entry.name.startswith("."):
                    yield from _walk(os.open(entry.name, _FOLDER, dir_fd=folder), f"{name}/", depth + 1)
            elif not entry.is_file(follow_symlinks=False):
                raise UsageError(f"{name[:200]!r} is no file.", fix="Nothing is imported from such a folder.")
            else:
                wanted = entry.name in _READ or entry.name.endswith(".py")
                yield name, os.open(entry.name, _FILE, dir_fd=folder) if wanted else None
    finally:
        os.close(folder)


def _text(name: str, descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UsageError(f"{name[:200]!r} is no file.", fix="Name a Python file or a folder.")
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise UsageError(f"{name[:200]!r} has more than {MOST_BYTES} bytes.")
    try:
        return data.decode("utf-8-sig")  # editors of Windows put a mark in front
    except UnicodeDecodeError as error:
        raise UsageError(f"{name[:200]!r} is no UTF-8 text (byte {error.start}).") from None
