"""The folders of a planted set, ours or another: ``right/…/NAME`` and ``wrong/…/NAME``, any nesting between."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentforge.errors import UsageError
from benchmarks.planted.build import INDEX

_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Folder:
    """One tool folder. ``id`` is its path below the set, ``suite`` what kind of suite it has.

    ``files`` are its texts as far as they can be read; ``hash`` changes with any of them. The kind of the
    suite and the mistake are told by the set's index, where it has one; else the kind is the name of the
    folder directly below ``wrong`` where the tool lies deeper, and ``-`` where it does not.
    """

    path: Path
    id: str
    wrong: bool
    suite: str
    mistake: str
    files: dict[str, str]

    @property
    def name(self) -> str:
        """The tool's name."""
        return self.path.name

    @property
    def hash(self) -> str:
        """Twelve hex digits."""
        return hashlib.sha256(json.dumps([self.id, self.files], sort_keys=True).encode()).hexdigest()[:12]

    @property
    def truths(self) -> list[dict[str, Any]]:
        """The examples that are not held out, as they stand; none where the file is malformed."""
        try:
            rows = [json.loads(line) for line in self.files.get("examples.jsonl", "").split("\n") if line.strip()]
        except (ValueError, RecursionError):
            return []
        return [row for row in rows if isinstance(row, dict) and not row.get("held_out")]


def folders_of(planted: Path) -> list[Folder]:
    """All tool folders of a set, in order of their paths.

    Raises:
        UsageError: there is no such set.
    """
    told = {str(row["path"]): row for row in _index(planted)}
    found: list[Folder] = []
    for kind in ("right", "wrong"):
        for file in sorted((planted / kind).rglob("tool.py")):
            below = file.parent.relative_to(planted)
            row = told.get(str(below), {})
            deeper = below.parts[1] if len(below.parts) > 2 else "-"
            suite = str(row.get("suite", deeper if kind == "wrong" else "strong"))
            texts = {name: _text(file.with_name(name)) for name in ("tool.py", "test_tool.py", "tool.toml")}
            texts["examples.jsonl"] = _text(file.with_name("examples.jsonl"))
            found.append(Folder(file.parent, str(below), kind == "wrong", suite, str(row.get("mistake", "")), texts))
    if not found:
        raise UsageError(
            f"{planted} holds no tool folder under right/ or wrong/.",
            fix="Build our own set with `python -m benchmarks.planted DIR`.",
        )
    return found


def some_of(folders: Sequence[Folder], right: int, wrong: int) -> list[Folder]:
    """A sample spread over the set: as many right and wrong ones, with every kind of suite in turn."""
    rights = [one for one in folders if not one.wrong]
    by_suite: dict[str, list[Folder]] = {}
    for one in folders:
        if one.wrong:
            by_suite.setdefault(one.suite, []).append(one)
    each = -(-wrong // max(1, len(by_suite)))
    shifted = [_spread([*kind[number:], *kind[:number]], each) for number, kind in enumerate(by_suite.values())]
    return [*_spread(rights, right), *[one for kind in shifted for one in kind][:wrong]]


def _spread(folders: Sequence[Folder], count: int) -> list[Folder]:
    step = max(1, len(folders) // max(1, count))
    return list(folders[::step][:count])


def _index(planted: Path) -> list[dict[str, Any]]:
    file = planted / INDEX
    if not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


def _text(file: Path) -> str:
    """What a file holds; nothing of a link or of what is too large for a tool."""
    if file.is_symlink() or not file.is_file() or file.stat().st_size > _MOST_BYTES:
        return ""
    return file.read_bytes().decode("utf-8", "replace")
