"""What the pages read: tools of all layers and states, and the history of one of them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agentforge.boxes.packages.lock import Lock
from agentforge.registry.tool import Tool

DIFF_LINES = 2000
"""Longest diff shown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One tool as it stands somewhere; ``shadowed`` when a nearer layer has its name."""

    tool: Tool
    shadowed: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """One commit of a tool; ``source`` and ``tests`` as of then (empty when it held none)."""

    commit: str
    subject: str
    time: datetime
    source: str = ""
    tests: str = ""


class Catalogue(Protocol):
    """Reads one person's layers. Blocking: pages call it in a thread."""

    @property
    def owner(self) -> str:
        """Whose registry it is, for the page's head."""
        ...

    def entries(self) -> list[Entry]:
        """Every tool of every layer and state, the nearest layer first."""
        ...

    def problems(self) -> list[str]:
        """What is wrong in any layer; the tools that are named are not used."""
        ...

    def packages(self, tool: Tool) -> Lock:
        """What the registry of the tool's layer has locked; needed only where it declares packages."""
        ...

    def versions(self, tool: Tool) -> list[Version]:
        """The tool's commits, newest first; empty for the base layer, which has none of its own."""
        ...


class OpenCatalogue(Protocol):
    """Opens the catalogue for one request and closes it after."""

    def __call__(self) -> AbstractContextManager[Catalogue]:
        """A context manager that yields the catalogue."""
        ...


def find(entries: Sequence[Entry], name: str, version: str = "") -> Entry | None:
    """The entry of that name: of that (shortened) version, else the one in use, else the first."""
    named = [entry for entry in entries if entry.tool.name == name]
    if version:
        return next((entry for entry in named if entry.tool.version.startswith(version)), None)
    return next((entry for entry in named if in_use(entry)), named[0] if named else None)


def in_use(entry: Entry) -> bool:
    """Whether a session that looks the name up gets this one."""
    return entry.tool.state == "live" and not entry.shadowed


def matches(tool: Tool, query: str) -> bool:
    """Whether every word of ``query`` stands in the name, the summary or an example request."""
    text = " ".join((tool.name, tool.manifest.summary, *tool.manifest.requests)).casefold()
    return all(word in text for word in query.casefold().split())


def changes(old: Version, new: Version) -> list[str]:
    """A unified diff of source and tests; a line ``@@ FILE @@`` stands before each file's changes."""
    shown: list[str] = []
    for file, before, after in (("tool.py", old.source, new.source), ("test_tool.py", old.tests, new.tests)):
        lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm=""))
        if lines:
            shown += [f"@@ {file} @@", *lines[2 : DIFF_LINES + 2]]  # the first two only name files
        if len(lines) > DIFF_LINES:
            shown.append(f"@@ {len(lines) - DIFF_LINES} lines more @@")
    return shown
