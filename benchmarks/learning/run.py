"""Plays what is not in the kept rows yet to each arm, and sums everything up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentforge.boxes.open import open_box
from agentforge.boxes.protocol import Box, Limits
from agentforge.errors import ContextOverflow
from agentforge.models.client import Models
from agentforge.models.protocol import ModelClient
from agentforge.settings import SandboxSettings, Settings
from agentforge.together import together
from agentforge.types import JSONObject
from benchmarks.form import progress
from benchmarks.learning import figures, fresh
from benchmarks.learning.judge import Judge
from benchmarks.learning.kept import KEPT, NIGHT, Kept
from benchmarks.learning.plain import PLAIN, Asked
from benchmarks.learning.readings import readings
from benchmarks.learning.rows import Rows
from benchmarks.learning.spent import Meter
from benchmarks.learning.stream import LATE, Task, sessions

ARMS = ("A", "B", "M", *KEPT)


@dataclass(frozen=True)
class Play:
    """One run of the benchmark: what is played, to whom, and where it is kept."""

    tasks: Sequence[Task]
    arms: Sequence[str]
    rows: Rows
    settings: Settings
    homes: Path
    fresh_items: Path | None = None

    async def all(self, at_once: int) -> None:
        """Plays everything that is missing; of each arm with a home one session after the other."""
        waiting = (
            (arm, task) for arm in self.arms if arm in PLAIN for task in self.tasks if not self.rows.has(arm, task)
        )
        async with Judge() as judge:
            others = (self._plain(waiting, judge) for _ in range(at_once - 1))
            await together([self._first(waiting, judge), *others])

    async def _first(self, waiting: Iterator[tuple[str, Task]], judge: Judge) -> None:
        """The arms with a home, beside each other as soon as C's early sessions are there, which all of them have;
        and then what is left of the others.
        """
        kept = _with_c(self.arms)
        if kept:
            await self._kept("C", judge, until=LATE)
        await together([self._kept(arm, judge) for arm in kept])
        await self._plain(waiting, judge)

    async def _plain(self, waiting: Iterator[tuple[str, Task]], judge: Judge) -> None:
        box: Box | None = None

        async def the_box() -> Box:
            nonlocal box
            box = box or await (opener() or _own_box)(self.settings.sandbox)
            return box

        limits = Limits(seconds=self.settings.sandbox.call_seconds)
        try:
            for arm, task in waiting:
                async with new_models(self.settings) as models:
                    asked = Asked(models, Meter(models), the_box, limits, self.settings.agent.max_output_tokens)
                    row = await self._asked(arm, task, asked, judge)
                progress(f"  {arm} {task.id}: {'right' if row['right'] else 'wrong'}, {row['generated']} tokens")
                self.rows.add(arm, task.session, [row])
        finally:
            if box is not None:
                await box.close()

    async def _asked(self, arm: str, task: Task, asked: Asked, judge: Judge) -> JSONObject:
        past = self.tasks[: self.tasks.index(task)]
        try:
            text, status = await PLAIN[arm](asked, task, past), "completed"
        except ContextOverflow as error:  # about this task alone
            text, status = "", str(error)
        right = await judge.right(task, readings(text))
        told: JSONObject = {"id": task.id, "family": task.family, "right": right, "status": status}
        return {**told, "answer": text[-500:], **asked.meter.told()}

    async def _kept(self, name: str, judge: Judge, until: int | None = None) -> None:
        """The sessions of one arm before ``until``, from the first that is missing or whose home is lost."""
        async with new_models(self.settings) as models:
            await self._sessions(Kept(name, models, self.settings, judge, self.homes, opener()), until)

    async def _sessions(self, arm: Kept, until: int | None) -> None:
        played = {at: tasks for at, tasks in sessions(self.tasks).items() if until is None or at < until}
        own = [number for number in played if arm.arm == "C" or number >= LATE]
        before: dict[int, int | None] = dict(zip(played, [None, *played], strict=False))
        todo = next((at for at, number in enumerate(own) if not self.rows.whole(arm.arm, number)), len(own))
        while 0 < todo < len(own) and not _there(arm, before[own[todo]]):
            todo -= 1
        for number in own[todo:]:
            progress(f"{arm.arm} session {number}")
            self.rows.add(arm.arm, number, await arm.play(number, played[number], before[number]))

    async def told(self) -> dict[str, Any]:
        """The figures of all arms."""
        rows = {arm: self.rows.of(arm) for arm in self.arms}
        arms = {arm: await self._told(arm, rows) for arm in self.arms}
        spread = figures.intervals(rows)
        for arm, intervals in spread["arms"].items():
            arms[arm]["intervals"] = intervals
        against = {
            other: {**values, "intervals": spread["against"][other]} for other, values in figures.against(rows).items()
        }
        return {"arms": arms, "against": against}

    async def _told(self, arm: str, rows: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, Any]:
        own, sums = rows[arm], figures.summed(rows[arm])
        told = figures.by_session(own)
        return {
            "tasks": sums["tasks"],
            "right": sums["right"],
            "success_by_session": {str(one["session"]): one["success"] for one in told},
            **{name: figures.rounded(of(sums)) for name, of in figures.STATISTICS.items()},
            "break_even_session": figures.break_even(own, rows["A"]) if arm != "A" and "A" in rows else None,
            **(await self._tools(arm, own) if arm in KEPT else {}),
            "over_cap": sum(row["generated"] > self.settings.agent.max_output_tokens for row in own),
            "by_session": told,
            "by_family": figures.by_family(own),
        }

    async def _tools(self, arm: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """What became of the tools of an arm; only C's are tried on fresh items, since the others' are spoiled."""
        asked = [row for row in rows if row["id"] != NIGHT]
        told: dict[str, Any] = {
            "reuse_rate": figures.rounded(sum(row["reused"] for row in asked) / len(asked)) if asked else None,
            "tools_made": len({name for row in rows for name in row["made"]}),
        }
        last = max((row["session"] for row in rows), default=None)
        if arm != "C" or last is None:
            return told
        home = self.homes / "C" / f"after-{last}"
        if not home.exists():
            return {**told, "tools_kept": None, "tools_wrong": None, "tools_untold": None, "tools": []}
        async with Judge() as judge:
            tools = await fresh.tried(home, rows, self.tasks, judge, self.settings, self.fresh_items, opener())
        count = {verdict: sum(one["wrong"] is verdict for one in tools) for verdict in (True, None)}
        return {
            **told,
            "tools_kept": len(tools),
            "tools_wrong": count[True],
            "tools_untold": count[None],
            "tools": tools,
        }


def _with_c(arms: Sequence[str]) -> list[str]:
    """The arms with a home in the order in which they need each other: D and R go on from C's."""
    return [arm for arm in KEPT if arm in arms or (arm == "C" and {"D", "R"} & {*arms})]


def _there(arm: Kept, before: int | None) -> bool:
    return before is None or arm.after(before).exists()


async def _own_box(sandbox: SandboxSettings) -> Box:
    return await open_box(sandbox, user="bench", on_notice=progress)


def new_models(settings: Settings) -> Any:
    """A client of the models in the settings; replaced in tests."""
    made: ModelClient = Models(settings)
    return made


def opener() -> Any:
    """What opens a box, where it is not the product's own way; replaced in tests."""
    return None


def run(play: Play, at_once: int) -> dict[str, Any]:
    """Plays and tells, with an event loop of its own."""

    async def both() -> dict[str, Any]:
        await play.all(at_once)
        return await play.told()

    return asyncio.run(both())
