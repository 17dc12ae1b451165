"""A folder of the file system read as a tool that somebody hands in: all that is odd about it is told."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from agentforge.errors import StorageError, ToolInvalid, UsageError
from agentforge.registry.tool import FILES, MAX_FOLDER_BYTES, Tool, from_files

OPTIONAL = {"report.json": b"{}\n", "examples.jsonl": b""}
"""Files that need not be there yet: the gates write the first one."""

LEFTOVERS = frozenset({"__pycache__", ".pytest_cache", ".hypothesis", ".ruff_cache", ".mypy_cache"})
"""What tools of the trade leave behind; it is not read and never committed."""


@dataclass(frozen=True, slots=True)
class Found:
    """A tool as a folder holds it, and what may not be in that folder."""

    tool: Tool
    problems: tuple[str, ...]


def read_folder(folder: Path) -> Found:
    """The tool in ``folder``, which may be called otherwise than the tool.

    Raises:
        UsageError: there is no such folder, or it holds no tool.
        StorageError: it cannot be read.
        ToolInvalid: a file is missing, too large, no text or malformed; all problems.
    """
    entries = _entries(folder)
    if not {"tool.py", "tool.toml"} & set(entries):
        raise UsageError(
            f"{folder} is no tool folder: it holds neither tool.py nor tool.toml.",
            fix="A tool folder holds tool.py, test_tool.py, tool.toml and examples.jsonl.",
        )
    problems = [problem for name, entry in entries.items() if (problem := _odd(name, entry))]
    files: dict[str, bytes] = dict(OPTIONAL)
    for name in FILES:
        entry = entries.get(name)
        if entry is not None and not entry.is_symlink() and entry.is_file(follow_symlinks=False):
            files[name] = _contents(Path(entry.path), problems)
    name = _name(files.get("tool.toml", b""), folder.name)
    try:
        return Found(from_files(files, name), tuple(problems))
    except ToolInvalid as error:
        told = {problem.split(" is ")[0] for problem in problems}
        others = [problem for problem in error.problems if problem.removesuffix(" is missing") not in told]
        raise ToolInvalid(name, [*problems, *others]) from None


def _entries(folder: Path) -> dict[str, os.DirEntry[str]]:
    try:
        return {entry.name: entry for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)}
    except FileNotFoundError:
        raise UsageError(f"There is no folder {folder}.", fix="Name the folder of a tool.") from None
    except NotADirectoryError:
        raise UsageError(f"{folder} is a file.", fix="Name the folder that holds tool.py.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise StorageError(f"The folder {folder} cannot be read: {why}.") from None


def _odd(name: str, entry: os.DirEntry[str]) -> str:
    """Why an entry may not be there, or ``""``."""
    if name in FILES:
        if entry.is_symlink():
            return f"{name} is a link: a tool folder holds its own files"
        return "" if entry.is_file(follow_symlinks=False) else f"{name} is no file"
    if name in LEFTOVERS:
        return ""
    return f"{name[:80]!r} does not belong into a tool folder, which holds only {', '.join(FILES)}"


def _contents(path: Path, problems: list[str]) -> bytes:
    """The bytes of a file, read within bounds; what cannot be read is a problem and counts as empty."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(MAX_FOLDER_BYTES + 1)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_FOLDER_BYTES:
        problems.append(f"{path.name} has more than {MAX_FOLDER_BYTES} bytes")
        return OPTIONAL.get(path.name, b"")
    return data


def _name(manifest: bytes, otherwise: str) -> str:
    """The name that the manifest gives; that of the folder where it gives none."""
    try:
        name = cast("object", tomllib.loads(manifest.decode()).get("name"))
    except (ValueError, RecursionError):
        return otherwise
    return name if isinstance(name, str) else otherwise
