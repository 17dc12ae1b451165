"""Past tasks: what was once asked and of which a person said what is right. They are what a change is rehearsed on.

A **question** is a turn whose right answer is known; it is played as a turn would answer it without a model, by the
live tool that was made from like questions. A **call** is one of a tool that a person judged. Both run in the box with
fixed clock and chance, and fetches are answered from recordings alone: no effect is ever repeated.

What this does not see: whether a model, asked anew, would find the tool, and answers that nobody judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

from agentforge.agent.asking import Taught
from agentforge.agent.likeness import alike
from agentforge.agent.teaching import ready_for
from agentforge.agent.told import fitting_value, value_text
from agentforge.boxes.protocol import Box, CallResult, Limits
from agentforge.forge.boxed import bench_of
from agentforge.forge.cases import equal, holds
from agentforge.memory.outcomes import Known, Outcomes
from agentforge.memory.truths import Truth
from agentforge.registry.layers import Layers
from agentforge.registry.tool import Tool
from agentforge.secrecy import is_redacted
from agentforge.types import Example, JSONObject

Played: TypeAlias = Literal[
    "right",
    "wrong",
    "open",  # no tool answers it by itself: a model would have to
    "unplayable",  # it has effects of which nothing was recorded
]

Lived: TypeAlias = Mapping[str, Played]
"""How each task went, by its id."""


@dataclass(frozen=True, slots=True)
class Task:
    """One past task, by the id of what was said of it. It holds a question or a call."""

    id: str
    turn: tuple[str, int] | None = None
    question: Truth | None = None
    call: Known | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """Where tasks are played: a toolbox, and what the user said of answers. ``made`` says which tool is to be taken for
    the one that was made from the truths of those ids.
    """

    layers: Layers
    truths: Sequence[Truth]
    box: Box
    limits: Limits
    recordings: Path | None = None
    made: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))

    def known(self) -> list[Truth]:
        """What was said of answers, with the tools that are taken to be made from it."""
        return [replace(one, tool=self.made[one.id]) if one.id in self.made else one for one in self.truths]


def past_tasks(truths: Sequence[Truth], outcomes: Outcomes, most: int, revoked: Collection[str] = ()) -> list[Task]:
    """The ``most`` newest past tasks with a known right answer; none from a session that is ``revoked``, since what was
    said there may be wrong. Blocks.
    """
    known = [one for one in truths if one.expected and not is_redacted(one.question)]
    judged = [one for one in outcomes.judged(most) if f"episode:{one.session}" not in revoked]
    questions = [Task(one.source, (one.session, one.turn), question=one) for one in known]
    calls = [Task(f"call:{one.id}", call=one) for one in judged if one.truth is not None and one.whole]
    return [*questions[::-1][:most], *calls][:most]


async def play_all(tasks: Sequence[Task], stage: Stage) -> Lived:
    """Plays every task (raises SandboxError: the box failed)."""
    known = stage.known()
    return {task.id: await _play(task, stage, known) for task in tasks}


async def _play(task: Task, stage: Stage, known: Sequence[Truth]) -> Played:
    found = await asyncio.to_thread(_prepared, task, stage, known)
    if found is None:
        return "open"
    tool, args = found
    bench = await bench_of(tool, stage.layers, stage.box, stage.limits, stage.recordings)
    if isinstance(bench, str):
        return "unplayable"
    result = (await bench.run(tool.source, [args]))[0]
    return "right" if _is_right(task, tool, result) else "wrong"


def _prepared(task: Task, stage: Stage, known: Sequence[Truth]) -> tuple[Tool, JSONObject] | None:
    """The tool that answers it, and its arguments; None where no tool does by itself."""
    if task.call is not None:
        tool = stage.layers.in_place_of(task.call.tool)
        return (tool, task.call.args) if tool is not None else None
    text = task.question.question if task.question is not None else ""
    like = tuple(alike(text, known, lambda one: one.question))
    ready = ready_for(stage.layers, text, Taught(like))
    return (ready.entry.tool, ready.args) if ready is not None and ready.args is not None else None


def _is_right(task: Task, tool: Tool, result: CallResult) -> bool:
    if task.call is not None:
        truth: Example | None = task.call.truth
        return truth is not None and holds(truth, result)
    expected = str(task.question.expected) if task.question is not None else ""
    if not result.ok:
        return False
    if value_text(result.value) == expected:
        return True
    told = fitting_value(expected, tool.signature.returns)
    return told is not None and not isinstance(result.value, str) and equal(told["returns"], result.value)


def lost(before: Lived, after: Lived) -> tuple[str, ...]:
    """The tasks that a change makes worse: right before and not after, or answered wrongly where no tool did before."""
    return tuple(
        task
        for task, was in before.items()
        if (was == "right" and after[task] != "right") or (was == "open" and after[task] == "wrong")
    )


def gained(before: Lived, after: Lived) -> tuple[str, ...]:
    """The tasks that are right from now on."""
    return tuple(task for task, was in before.items() if was != "right" and after[task] == "right")


def right(lived: Lived) -> int:
    """How many went right."""
    return sum(played == "right" for played in lived.values())


def mentions(tasks: Sequence[Task], ids: Collection[str]) -> list[tuple[str, int]]:
    """The turns of those tasks."""
    return [task.turn for task in tasks if task.id in ids and task.turn is not None]
