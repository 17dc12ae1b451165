"""The rehearsal: past tasks are played before a change and after it, and a change that loses one is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from agentforge.boxes.protocol import Box
from agentforge.memory.truths import Truth
from agentforge.registry.layers import Layers
from agentforge.sleep.parts import Copy, Made, NightParts
from agentforge.sleep.report import Effect
from agentforge.sleep.tasks import Lived, Stage, Task, gained, lost, mentions, play_all, right


class Rehearsal:
    """Past tasks, and how they go as things stand. What they gave is kept until the toolbox changes."""

    def __init__(self, tasks: Sequence[Task], truths: Sequence[Truth], parts: NightParts) -> None:
        self.tasks = tasks
        self._truths = truths
        self._parts = parts
        self._marks: dict[int, str] = {}
        self._now: tuple[str, Lived] | None = None

    async def now(self) -> Lived:
        """How the tasks go with the user's toolbox as it stands (raises SandboxError)."""
        if not self.tasks:
            return {}
        print_of = f"{self._parts.layers.fingerprint()}-{sorted(self._marks.items())}"
        if self._now is None or self._now[0] != print_of:
            self._now = (print_of, await play_all(self.tasks, await self._stage(self._parts.layers, {})))
        return self._now[1]

    async def of(self, made: Made, copy: Copy) -> Effect:
        """What a change does to the tasks; it was made in ``copy`` (raises SandboxError)."""
        before = await self.now()
        if not before:
            return Effect()
        after = await play_all(self.tasks, await self._stage(copy.layers, dict(made.marks)))
        better = gained(before, after)
        spared = await asyncio.to_thread(self._parts.news.generated, mentions(self.tasks, better))
        return Effect(len(before), right(before), right(after), better, lost(before, after), spared)

    def accept(self, made: Made) -> None:
        """From now on that change is part of how things stand."""
        self._marks |= made.marks

    async def _stage(self, layers: Layers, marks: dict[int, str]) -> Stage:
        parts = self._parts
        box: Box = await parts.box()
        return Stage(layers, self._truths, box, parts.limits, parts.settings.recordings, {**self._marks, **marks})
