"""An arm of the month: ``without`` only works, ``sleep`` sleeps as well. Up to its first night it has the other's days.

One session of the month is one session of the product, with its end as there: what waits is repaired.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentforge import Forge
from agentforge.sleep.report import Report
from agentforge.types import JSONObject
from benchmarks.form import progress
from benchmarks.learning.ablation import copied
from benchmarks.learning.feedback import broken
from benchmarks.learning.kept import Kept
from benchmarks.learning.spent import Meter
from benchmarks.learning.stream import Task
from benchmarks.sleep.month import SESSIONS, TELLS

WITHOUT, SLEEP = "without", "sleep"
ARMS = (WITHOUT, SLEEP)


def nights(every: int) -> list[int]:
    """The sessions before which the arm sleeps: each so many of the month (0: none of them), and the end of it."""
    return sorted({*(range(every, SESSIONS, every) if every else ()), SESSIONS})


@dataclass(frozen=True)
class Days(Kept):
    """As :class:`~benchmarks.learning.kept.Kept`, of an arm that may sleep before these sessions."""

    asleep: Sequence[int] = ()

    def after(self, session: int) -> Path:
        """The home as it was after a session; before the first night both arms have that of ``without``."""
        shared = bool(self.asleep) and session < self.asleep[0]
        return self.homes / (WITHOUT if shared else self.arm) / f"after-{session}"

    async def play(self, session: int, tasks: Sequence[Task], before: int | None) -> list[JSONObject]:
        """One session, from the home after the session ``before``; its rows, when the new home is kept."""
        copied(None if before is None else self.after(before), self.home)
        rows: list[JSONObject] = []
        said = ""
        async with self._forge(session) as forge:
            slept = await self._slept(forge) if self._sleeps(session, before) else None
            for task in tasks:
                row, said = await self._task(forge, task, said)
                rows.append(row)
            rows.append({**await self._night(forge, said), "slept": slept})
        copied(self.home, self.after(session))
        shutil.rmtree(self.home)
        return rows

    def _sleeps(self, session: int, before: int | None) -> bool:
        """Whether a night lies between two sessions that were played one after the other."""
        return any((before is None or before < night) and night <= session for night in self.asleep)

    async def _task(self, forge: Forge, task: Task, session: str) -> tuple[JSONObject, str]:
        if task.scorer != TELLS:
            row, said = await super()._task(forge, task, session)
            progress(f"  {self.arm} {task.id}: {'right' if row['right'] else 'wrong'}, {row['generated']} tokens")
            return row, said
        meter = Meter(self.models)
        result = await forge.run(task.question, session=session or None)
        if error := broken(result):
            raise error
        told: JSONObject = {"id": task.id, "family": task.family, "tells": True, "right": False, **meter.told()}
        return told, result.session

    async def _slept(self, forge: Forge) -> JSONObject:
        """One night, with what it took and what came of it."""
        meter = Meter(self.models)
        report = await forge.sleep.run(tell=lambda line: progress(f"  {line}"))
        return {**meter.told(), **(_told(report) if report is not None else {"changes": []})}


def _told(report: Report) -> JSONObject:
    progress(f"  {report.sentence}")
    changes: list[JSONObject] = [
        {"kind": one.kind, "outcome": one.outcome, "what": one.what, "why": one.why, "tokens": one.tokens}
        for one in report.changes
    ]
    measured: JSONObject = {"tasks": report.tasks, "before": report.right_before, "after": report.right_after}
    return {"changes": [*changes], "past_tasks": measured, "seconds": report.seconds, "left": report.left}
