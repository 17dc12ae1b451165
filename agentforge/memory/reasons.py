"""Why something is remembered: where it came from, what it replaced, and each commit that touched it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agentforge.errors import UsageError
from agentforge.gitstore.past import Commit
from agentforge.memory import files
from agentforge.memory.entries import Entry, Standing
from agentforge.memory.keeping import Memory
from agentforge.memory.known import Known, unknown


@dataclass(frozen=True, slots=True)
class Happening:
    """One commit that touched an entry: ``text`` is what it said from then on, empty where it was gone."""

    commit: str
    time: datetime
    what: str
    approver: str
    episodes: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Reasons:
    """An entry, where it stands, why it waits, what it replaced and what replaced it, and its history, newest first."""

    entry: Entry
    standing: Standing
    waits: str
    before: tuple[Entry, ...]
    after: tuple[Entry, ...]
    happenings: tuple[Happening, ...]


def reasons(memory: Memory, key: str) -> Reasons:
    """Why an entry is remembered.

    Raises:
        UsageError: there is no such entry, or no longer.
    """
    known = memory.known()
    if key not in known.entries and key not in known.pending:
        gone = memory.store.log(trailer=("Memory", key), limit=1)
        if gone:
            raise UsageError(f"{key[:40]} was forgotten, or turned down, on {gone[0].time.date()}.")
        raise unknown(key)
    waits = known.pending[key].why if key in known.pending else ""
    before, after = known.predecessors(key), known.successors(key)
    return Reasons(known.get(key), known.standing(key), waits, tuple(before), tuple(after), tuple(history(memory, key)))


def history(memory: Memory, key: str, *, heard: bool = False) -> list[Happening]:
    """What happened to an entry, newest first, also to one that is gone; ``heard``: also elsewhere, where that was
    only heard from a remote.
    """
    commits = memory.store.log(trailer=("Memory", key), heard=heard)
    return [_happening(memory, memory.known(), key, commit) for commit in commits]


def _happening(memory: Memory, known: Known, key: str, commit: Commit) -> Happening:
    approver = next(iter(commit.trailers.get("Approver", ())), "")
    text = _text_at(memory, known, key, commit.sha)
    return Happening(commit.sha, commit.time, commit.message, approver, commit.trailers.get("Episode", ()), text)


def _text_at(memory: Memory, known: Known, key: str, commit: str) -> str:
    """What an entry said at a commit. It never moves from one page to another, so for most one file is read."""
    place = known.where.get(key)
    pages = [place] if place else [path for path in memory.store.list(files.MEMORY, commit) if files.page_number(path)]
    for path, contents in memory.store.read_many([*pages, files.lesson_path(key), files.PENDING], commit).items():
        try:
            table = files.read_tables(path, contents).get(key)
        except (ValueError, RecursionError):
            continue
        if table is not None:
            return str(table.get("text", ""))
    return ""
