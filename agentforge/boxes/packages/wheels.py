"""Unpacks wheels: plain files into one folder, nothing run, nothing outside it.

A wheel is a zip that somebody else made. Entries that lead out of the folder, links, other things
than files, and names that Python, the runner or a tool already has are refused; what would act by
itself (``.pth`` files, ``sitecustomize``), compiled Python that may differ from its source, and what
belongs elsewhere (scripts, headers) is left out. Sizes are counted while unpacking, not believed.

Not protected from: what a package's code does once a tool imports it, in the box.
"""

from __future__ import annotations

import hashlib
import re
import stat
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from agentforge.boxes.contents import PYTEST_PARTS
from agentforge.boxes.packages.lock import canonical
from agentforge.errors import ImageError
from agentforge.secrecy import repeated

MOST_FILES: Final = 20_000
"""Files of a whole set; large ones (a numerical library) have a few thousand."""

LONGEST_PATH: Final = 240

OWN_MODULES: Final = frozenset(sys.stdlib_module_names) | {"runner", "start", "tool", "toolbox", "test_tool"}
"""What a package may not bring, since a tool that imports it would mean something else."""

_ACTING: Final = frozenset({"sitecustomize.py", "usercustomize.py"})
_FILE_NAME = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-[^-]+)?-[^-]+-[^-]+-[^-]+\.whl")
_DATA = re.compile(r"[^/]+\.data")
_PIECE = 1 << 20


@dataclass(slots=True)
class Room:
    """What a whole set may still take: ``bytes`` and ``files``."""

    bytes: int
    files: int = MOST_FILES


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a wheel brought. ``left_out`` are the files that were not unpacked, each by its path."""

    modules: tuple[str, ...]
    left_out: tuple[str, ...] = field(default=())


def name_and_version(wheel: Path) -> tuple[str, str]:
    """The package's canonical name and its version, from the file's name.

    Raises:
        ImageError: it is no wheel's name.
    """
    match = _FILE_NAME.fullmatch(wheel.name)
    if match is None:
        raise ImageError(f"{repeated(wheel.name)} is no wheel.", fix="Lock packages that are published as wheels.")
    return canonical(match["name"]), match["version"]


def sha256(wheel: Path) -> str:
    """Of the file, in hex."""
    with wheel.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack(wheel: Path, into: Path, room: Room) -> Unpacked:
    """Unpacks a wheel into a folder that may hold others already; takes what it used from ``room``.

    Raises:
        ImageError: it holds something that is not allowed, or too much; names the file.
    """
    name, _ = name_and_version(wheel)
    modules, left_out = set[str](), list[str]()
    try:
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                if entry.is_dir():
                    continue
                place = _place(name, entry)
                if place is None:
                    left_out.append(entry.filename)
                    continue
                modules |= set(_module(name, place))
                _write(name, archive, entry, into / place, room)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise _refusal(name, f"cannot be unpacked: {error}") from None
    return Unpacked(tuple(sorted(modules)), tuple(left_out))


def _place(name: str, entry: zipfile.ZipInfo) -> PurePosixPath | None:
    """Where an entry belongs; None where it is left out."""
    raw = entry.filename
    path = PurePosixPath(raw)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if raw.startswith("/") or "\\" in raw or ".." in path.parts or ":" in raw or not raw.isprintable():
        raise _refusal(name, f"holds {repeated(raw)}, which leads out of its folder")
    if kind not in (0, stat.S_IFREG):
        raise _refusal(name, f"holds {repeated(raw)}, which is no plain file")
    if len(raw) > LONGEST_PATH or any(len(part) > 255 for part in path.parts):
        raise _refusal(name, f"holds a path that is too long, {repeated(raw)}")
    if _DATA.fullmatch(path.parts[0]):
        if len(path.parts) < 3 or path.parts[1] not in ("purelib", "platlib"):
            return None
        path = PurePosixPath(*path.parts[2:])
    acting = len(path.parts) == 1 and (path.suffix == ".pth" or path.name in _ACTING)
    return None if acting or path.suffix == ".pyc" else path


def _module(name: str, path: PurePosixPath) -> Iterator[str]:
    """The top-level module that a file belongs to, if it is part of one."""
    if path.suffix not in (".py", ".so"):
        return
    module = path.parts[0].partition(".")[0]
    if not module.isidentifier() or (len(path.parts) > 1 and "." in path.parts[0]):
        return
    if module in OWN_MODULES or (module in PYTEST_PARTS and name not in PYTEST_PARTS):
        raise _refusal(name, f"brings a module named {module}, which the box has already")
    yield module


def _write(name: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, room: Room) -> None:
    room.files -= 1
    if room.files < 0:
        raise _refusal(name, f"does not fit: the set would have more than {MOST_FILES:,} files")
    if path.exists():
        if not path.is_file() or archive.read(entry) != path.read_bytes():
            raise _refusal(name, f"brings {repeated(entry.filename)}, which another package brings with other contents")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, path.open("xb") as file:
        while piece := source.read(_PIECE):
            room.bytes -= len(piece)
            if room.bytes < 0:
                raise ImageError(
                    f"With the package {name} the set takes more room than allowed.",
                    fix="Leave some package out, or raise sandbox.packages_mb.",
                )
            file.write(piece)


def _refusal(name: str, why: str) -> ImageError:
    return ImageError(f"The package {name} {why}.", fix="Choose another package or version.")
