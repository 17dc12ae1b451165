"""The tasks of a stream in their order, and the slices of it that a shorter run plays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.form import read_lines, short_hash

SESSIONS = 10
"""A file that names no sessions is dealt into so many, in its own order."""
LATE = 4
"""The first session whose success tells of what was learned: by then every family has come up."""


@dataclass(frozen=True)
class Task:
    """One question of the stream. ``row`` is all that the file says of it, ``hash`` differs where that does."""

    id: str
    family: str
    session: int
    question: str
    answer: str
    scorer: str
    row: dict[str, Any]

    @property
    def hash(self) -> str:
        """Tells two versions of a task apart."""
        return short_hash(self.row)


def read_stream(path: Path) -> list[Task]:
    """The tasks of a JSON Lines file in the order in which they are played.

    Raises:
        OSError: it cannot be read.
        KeyError: a line lacks ``id``, ``family``, ``question``, ``answer`` or ``scorer``.
    """
    rows = read_lines(path)
    tasks = [_task(row, row.get("session", at * SESSIONS // len(rows))) for at, row in enumerate(rows)]
    return sorted(tasks, key=lambda task: (task.session, task.row.get("pos", 0)))


def _task(row: dict[str, Any], session: int) -> Task:
    return Task(row["id"], row["family"], session, row["question"], row["answer"], row["scorer"], row)


def half(tasks: Sequence[Task]) -> list[Task]:
    """Every second task of each family, so that families go on coming back in later sessions."""
    seen: Counter[str] = Counter()
    kept: list[Task] = []
    for task in tasks:
        if seen[task.family] % 2 == 0:
            kept.append(task)
        seen[task.family] += 1
    return kept


def quick(tasks: Sequence[Task]) -> list[Task]:
    """One family, met in two sessions: its first task in each of the first two in which it comes up."""
    first = [task for task in tasks if task.family == tasks[0].family]
    by_session = {task.session: task for task in reversed(first)}
    return [by_session[number] for number in sorted(by_session)[:2]]


def sessions(tasks: Sequence[Task]) -> dict[int, list[Task]]:
    """The tasks by session, both in their order."""
    return {number: [one for one in tasks if one.session == number] for number in sorted({t.session for t in tasks})}


def befores(tasks: Sequence[Task]) -> dict[str, str]:
    """For each task by its id, a hash of all that was asked before it: what was learned depends on that."""
    before, told = "", dict[str, str]()
    for task in tasks:
        told[task.id] = before
        before = short_hash([before, task.hash])
    return told


def numbers(text: str) -> set[int]:
    """The sessions that ``0-3,7`` names.

    Raises:
        ValueError: it names none.
    """
    named: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        named.update(range(int(first), int(last or first) + 1))
    return named
