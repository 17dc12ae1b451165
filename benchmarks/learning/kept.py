"""The arms that keep a home: C, and D and R, which go on from C's home with their tools swapped or taken away.

One session of the stream is one session of the product, opened and closed around it, with a home that nothing
else writes. Each is kept as it was after every session, so that a run which was ended goes on from there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentforge import Forge, RunResult
from agentforge.api.opened import OpenBox
from agentforge.forge.verbatim import stands_in
from agentforge.models.protocol import ModelClient
from agentforge.sections import AgentSettings
from agentforge.settings import Settings
from agentforge.types import JSONObject
from benchmarks.form import progress
from benchmarks.learning.ablation import copied, swap, take_away
from benchmarks.learning.feedback import broken, tell, tool_calls
from benchmarks.learning.judge import Judge
from benchmarks.learning.readings import readings
from benchmarks.learning.spent import Meter
from benchmarks.learning.stream import LATE, Task

USER = "bench"
KEPT = ("C", "D", "R")
SPOIL: dict[str, Callable[[Path], list[str]]] = {"D": swap, "R": take_away}
"""What an arm does to its registry before session :data:`~benchmarks.learning.stream.LATE`."""
NEVER = 1_000_000
"""So many right answers are never told."""
NIGHT = "night"
"""The id of the row that holds what the end of a session took, with no task of its own."""


@dataclass(frozen=True)
class Kept:
    """What an arm with a home plays with. ``homes`` is the folder of all of them."""

    arm: str
    models: ModelClient
    settings: Settings
    judge: Judge
    homes: Path
    open_box: OpenBox | None = None

    def after(self, session: int) -> Path:
        """The home as it was after a session; before :data:`LATE` all arms have C's."""
        return self.homes / ("C" if session < LATE else self.arm) / f"after-{session}"

    @property
    def home(self) -> Path:
        """Where the arm lives now."""
        return self.homes / self.arm / "now"

    @property
    def registry(self) -> Path:
        """The arm's registry."""
        return self.home / "registries" / self.settings.org / f"{USER}.git"

    async def play(self, session: int, tasks: Sequence[Task], before: int | None) -> list[JSONObject]:
        """One session, from the home after the session ``before``; its rows, when the new home is kept."""
        copied(None if before is None else self.after(before), self.home)
        spoiled = self._spoiled(session)
        rows: list[JSONObject] = []
        said = ""
        forge: Forge | None = None
        try:
            for task in tasks:
                if spoiled is not None and forge is not None:  # what was learned meanwhile goes again
                    await forge.aclose()
                    copied(spoiled, self.registry)
                    forge = None
                forge = forge or await self._forge(session).open()
                row, said = await self._task(forge, task, said)
                rows.append(row)
                progress(f"  {self.arm} {task.id}: {'right' if row['right'] else 'wrong'}, {row['generated']} tokens")
            if forge is not None:
                rows.append(await self._night(forge, "" if spoiled is not None else said))
        finally:
            if forge is not None:
                await forge.aclose()
        if spoiled is not None:
            copied(spoiled, self.registry)
        copied(self.home, self.after(session))
        shutil.rmtree(self.home)
        return rows

    def _agent(self, session: int) -> AgentSettings:
        """The settings of its turns. Where the tools are taken away none is made anew of what was told: each of its
        answers would else come from a tool that was made for it.
        """
        agent = self.settings.agent
        spoiled = self.arm in SPOIL and session >= LATE
        return agent.model_copy(update={"truths_for_a_tool": NEVER}) if spoiled else agent

    def _forge(self, session: int) -> Forge:
        empty = self.homes / "empty"
        empty.mkdir(parents=True, exist_ok=True)
        return Forge(
            user=USER,
            org=self.settings.org,
            settings=self.settings.model_copy(update={"home": self.home, "agent": self._agent(session)}),
            models=self.models,
            open_box=self.open_box,
            on_notice=progress,
            base=empty,
        )

    def _spoiled(self, session: int) -> Path | None:
        """From session :data:`LATE` on, the registry that D and R have before every task."""
        if self.arm not in SPOIL or session < LATE:
            return None
        spoiled = self.homes / self.arm / "registry"
        if not spoiled.exists():
            known = self.registry.exists()
            names = SPOIL[self.arm](self.registry) if known else []
            progress(f"  {self.arm}: {', '.join(names) or 'no tool'}")
            copied(self.registry if known else None, spoiled)
        copied(spoiled, self.registry)
        return spoiled

    async def _task(self, forge: Forge, task: Task, session: str) -> tuple[JSONObject, str]:
        """Asks one question and says what is to be said of its answer."""
        meter = Meter(self.models)
        result = await forge.run(task.question, session=session or None)
        if error := broken(result):
            raise error
        right = result.ok and await self.judge.right(task, answers(result))
        answering = meter.told()
        told = await tell(forge, result, task.answer, right=right)
        made, used = list(result.tools_made), list(result.tools_used)
        row: JSONObject = {
            "id": task.id,
            "family": task.family,
            "session": task.session,
            "right": right,
            "status": result.status,
            "answer": (result.answer or result.message)[:500],
            **meter.told(),
            "answering": answering["generated"],
            "feedback": told,
            "made": [*made],
            "used": [*used],
            "reused": any(name not in made for name in used),
            "calls_made": [{"tool": one.tool, "args": one.args} for one in tool_calls(result)],
        }
        return row, result.session

    async def _night(self, forge: Forge, session: str) -> JSONObject:
        """What the product does at the end of a ``session``, where it may make tools, and the repairs that wait. Told
        with the live tools.
        """
        meter = Meter(self.models)
        ended = await forge.end_session(session) if session else []
        await forge.repair(tell=progress)
        live: list[str] = [tool.name for tool in forge.tools()]
        made: list[str] = [one.tool for one in ended if one.tool]
        return {"id": NIGHT, "family": "", **meter.told(), "live": [*live], "made": [*made]}


def answers(result: RunResult) -> list[str]:
    """What the answer says, and the value of the last tool's call where it stands in it as a whole."""
    said = readings(result.answer)
    calls = tool_calls(result)
    if calls and isinstance(calls[-1].value, str | int | float) and stands_in(str(calls[-1].value), result.answer):
        said.append(str(calls[-1].value))
    return said
