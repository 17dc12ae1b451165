"""What was measured: one row for each task and arm, in a file that grows, and that a later run takes up."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.form import read_lines, resumable
from benchmarks.learning.kept import NIGHT, SPOIL
from benchmarks.learning.stream import LATE, Task, befores, sessions

ALONE = frozenset("AB")
"""Arms for which it makes no difference what was asked before."""


@dataclass(frozen=True)
class Rows:
    """The rows of equal conditions that belong to the tasks as they are now, by arm, session and task."""

    path: Path
    conditions: Callable[[str], dict[str, str]]
    tasks: Sequence[Task]
    found: dict[tuple[str, int, str], dict[str, Any]]

    @classmethod
    def open(cls, path: Path, conditions: Callable[[str], dict[str, str]], tasks: Sequence[Task]) -> Rows:
        """Takes up what is comparable. Of two rows for the same the later one counts. ``conditions`` of an arm."""
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = cls(path, conditions, tasks, {})
        old = [row for row in (read_lines(path) if path.exists() else []) if rows._asked(row)]
        for row in resumable(
            old, lambda row: {**conditions(row["arm"]), **rows._belongs(row["arm"], row["session"], row["id"])}
        ):
            rows.found[row["arm"], row["session"], row["id"]] = row
        return rows

    def has(self, arm: str, task: Task) -> bool:
        """Whether a task was played to an arm."""
        return (arm, task.session, task.id) in self.found

    def whole(self, arm: str, session: int) -> bool:
        """Whether all of a session was played to an arm that keeps a home, its night included."""
        ids = [task.id for task in self.tasks if task.session == session]
        return all((arm, session, one) in self.found for one in [*ids, NIGHT])

    def add(self, arm: str, session: int, rows: Sequence[dict[str, Any]]) -> None:
        """Keeps rows, all of them in one write."""
        lines = ""
        for row in rows:
            told = {"arm": arm, **row, "session": session, **self._belongs(arm, session, row["id"])}
            told |= self.conditions(arm)
            self.found[arm, session, row["id"]] = told
            lines += json.dumps(told) + "\n"
        with self.path.open("a", encoding="utf-8") as out:
            out.write(lines)

    def of(self, arm: str) -> list[dict[str, Any]]:
        """All rows of an arm; D and R have C's until their tools are touched."""
        own = [row for (one, _, _), row in self.found.items() if one == arm]
        if arm not in SPOIL:
            return own
        shared = [row for (one, at, _), row in self.found.items() if one == "C" and at < LATE]
        return [*shared, *(row for row in own if row["session"] >= LATE)]

    def _asked(self, row: dict[str, Any]) -> bool:
        """Whether a row is about a task that is played in this run; a slice leaves the others alone."""
        return row["id"] == NIGHT or any(task.id == row["id"] for task in self.tasks)

    def _belongs(self, arm: str, session: int, identity: str) -> dict[str, str]:
        """What a row depends on besides the conditions: the task itself, and what was asked before it."""
        task = next((one for one in self.tasks if one.id == identity), None)
        last = task or (sessions(self.tasks).get(session) or [None])[-1]
        before = "" if arm in ALONE or last is None else befores(self.tasks)[last.id]
        return {"task": task.hash if task else "", "before": before}
