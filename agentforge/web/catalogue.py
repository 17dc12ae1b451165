"""What the pages read, and whom they hand decisions to. Implemented by :mod:`agentforge.web.desk`."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from agentforge.boxes.packages.lock import Lock
from agentforge.registry.differences import Difference
from agentforge.registry.history import Happening
from agentforge.registry.review import Decision, Saw
from agentforge.registry.tool import Tool
from agentforge.types import Layer, State
from agentforge.web.people import Act

DIFF_LINES = 2000
"""Longest diff shown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One tool as it stands somewhere; ``shadowed`` when a nearer layer has its name, ``number`` that of a proposal."""

    tool: Tool
    shadowed: bool = False
    number: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """A tool as a line of the list."""

    name: str
    summary: str
    signature: str
    requests: tuple[str, ...]
    state: State
    layer: Layer
    version: str
    pure: bool
    composed: bool
    unconfirmed: bool = False
    stale: bool = False
    shadowed: bool = False

    @property
    def in_use(self) -> bool:
        """Whether a session that looks the name up gets this one."""
        return self.state is State.LIVE and not self.shadowed


@dataclass(frozen=True, slots=True)
class Shelf:
    """All tools as lines, in the order of reading (the nearest layer first), and what is wrong in any layer.

    ``users`` are the live tools that import a tool, by its name.
    """

    rows: tuple[Listed, ...] = ()
    problems: tuple[str, ...] = ()
    users: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {})


@dataclass(frozen=True, slots=True)
class Version:
    """One commit of a tool; ``source`` and ``tests`` as of then (empty when it held none)."""

    commit: str
    subject: str
    time: datetime
    source: str = ""
    tests: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One real call: what is known of it is ``right``, ``wrong``, ``defect`` or nothing."""

    id: str
    when: str
    known: str
    args: str
    answer: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that a tool was made from; ``gone`` where the document no longer holds it."""

    citation: str
    text: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Dossier:
    """What is known of a tool beyond its own files.

    ``reaches`` are its rights and those of the tools that it needs, ``seen`` sentences on what calls were seen to
    reach. ``credit`` is between -1 and 1, None where nobody said anything; ``near`` are the live tools whose words
    are nearest, (name, summary).
    """

    reaches: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    credit: float | None = None
    passages: tuple[Passage, ...] = ()
    near: tuple[tuple[str, str], ...] = ()
    users: tuple[str, ...] = ()
    history: tuple[Happening, ...] = ()
    reason: str = ""
    pinned: bool = False


NOTHING_KNOWN = Dossier()


@dataclass(frozen=True, slots=True)
class Order:
    """A decision that a person asks for, and what they saw: the ``commit`` of the page, of a proposal its version, of
    a tool that stands also its state. ``to`` is the version of a roll back.
    """

    act: Act
    name: str
    approver: str
    number: int = 0
    saw: Saw | None = None
    reason: str = ""
    commit: str = ""
    to: str = ""

    @property
    def target(self) -> str:
        """How the proposal, or the tool, is called."""
        return f"{self.name}/{self.number}" if self.number else self.name


class Catalogue(Protocol):
    """Reads one person's layers. Blocking: pages call it in a thread."""

    @property
    def owner(self) -> str:
        """Whose registry it is, for the page's head."""
        ...

    def head(self) -> str:
        """The commit that is looked at."""
        ...

    def shelf(self) -> Shelf:
        """Every tool of every layer and state."""
        ...

    def search(self, query: str) -> list[str]:
        """The names of live tools for any words, best first."""
        ...

    def entry(self, name: str, version: str = "") -> Entry | None:
        """The tool of that name: of that (shortened) version, else the one in use, else the newest of another state."""
        ...

    def packages(self, tool: Tool) -> Lock:
        """What the registry of the tool's layer has locked; needed only where it declares packages."""
        ...

    def versions(self, tool: Tool) -> list[Version]:
        """The tool's commits, newest first; empty for the base layer, which has none of its own."""
        ...

    def dossier(self, tool: Tool) -> Dossier:
        """What is known of it beyond its files."""
        ...

    def history(self, name: str) -> Sequence[Happening]:
        """All that happened under a name, newest first (raises ToolNotFound: it is no tool name)."""
        ...

    def compared(self, name: str, old: str, new: str) -> Mapping[str, Sequence[str]]:
        """What two versions (by hash, shortened) differ in, by file (raises ToolNotFound)."""
        ...

    def queue(self) -> list[str]:
        """What waits for a person, ``NAME/N``, in the order of deciding."""
        ...

    def waiting(self, target: str) -> Difference:
        """One of them (raises ToolNotFound, UsageError)."""
        ...

    def policy_problem(self) -> str:
        """What is wrong with the company's review policy; empty where nothing is."""
        ...


class OpenCatalogue(Protocol):
    """Opens the catalogue for one request and closes it after."""

    def __call__(self) -> AbstractContextManager[Catalogue]:
        """A context manager that yields the catalogue."""
        ...


class Decide(Protocol):
    """Makes a decision."""

    def __call__(self, order: Order, /) -> Awaitable[Decision]:
        """Does it, as one commit, or raises why not (AgentForgeError)."""
        ...


def listed(entry: Entry) -> Listed:
    """A tool as a line of the list."""
    tool = entry.tool
    return Listed(
        name=tool.name,
        summary=tool.manifest.summary,
        signature=f"{tool.name}{tool.manifest.signature}",
        requests=tool.manifest.requests,
        state=State(tool.state),
        layer=Layer(tool.layer),
        version=tool.version,
        pure=tool.pure,
        composed=bool(tool.manifest.depends),
        unconfirmed=tool.unconfirmed,
        stale=bool(tool.stale),
        shadowed=entry.shadowed,
    )


def shelf_of(entries: Sequence[Entry], problems: Sequence[str] = ()) -> Shelf:
    """All of them in the order of reading."""
    users: dict[str, list[str]] = {}
    for entry in entries:
        if entry.tool.state == State.LIVE:
            for name in entry.tool.manifest.depends:
                users.setdefault(name, []).append(entry.tool.name)
    layers, states = list(Layer), (State.LIVE, State.PROPOSED, State.QUARANTINED, State.RETIRED)
    rows = sorted(map(listed, entries), key=lambda row: (layers.index(row.layer), row.name, states.index(row.state)))
    return Shelf(tuple(rows), tuple(problems), {name: tuple(sorted(set(each))) for name, each in users.items()})


def matches(row: Listed, query: str) -> bool:
    """Whether every word of ``query`` stands in the name, the summary or an example request."""
    text = " ".join((row.name, row.summary, *row.requests)).casefold()
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
