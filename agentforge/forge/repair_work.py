"""A repair as the work of a job: what follows from one call that failed, or of which a person said something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, cast

from agentforge.forge.journal import Journalled
from agentforge.forge.learning import Learned, LearningParts, learn
from agentforge.jobs.protocol import Ending, Record, Task
from agentforge.memory.repairs import WAITING
from agentforge.registry.repository import Registry
from agentforge.types import Example, JSONObject, State

OpenLearning = Callable[[], AbstractAsyncContextManager[LearningParts]]


class Repairing:
    """Implements :class:`~agentforge.jobs.protocol.Work`. ``parts`` opens what learning works with, once a repair
    really begins; ``learned`` is what came of it afterwards, where it ran here.
    """

    def __init__(self, registry: Registry, parts: OpenLearning) -> None:
        self._registry = registry
        self._parts = parts
        self.learned: Learned | None = None

    async def effect(self, task: Task) -> Ending | None:
        """Done, where a commit of the registry names the job; regressions that it kept are no end."""
        found = await asyncio.to_thread(self._registry.effect, task.id)
        if found is None:
            return None
        live = found.state is State.LIVE
        told = {**_about(task), "version": found.version}
        reason = "The repair is live." if live else "The repair waits for a person."
        return Ending("done", reason, "adopted" if live else "proposed", told)

    async def run(self, task: Task) -> Ending:
        """Learns from the call (raises as :func:`agentforge.forge.learning.learn`; UsageError where it is gone)."""
        async with self._parts() as parts:
            call = await asyncio.to_thread(parts.outcomes.call, str(task.payload["call"]))
            models = Journalled(parts.models, task.journal) if parts.models is not None else None
            learned = await learn(call, replace(parts, models=models, job=task.id))
        self.learned = learned
        return ending_of(learned, broke_off=models is not None and models.failed)


def ending_of(learned: Learned, *, broke_off: bool = False) -> Ending:
    """How a repair ended of which ``learned`` came. It failed only where more could come of it: as soon as there is
    a model, or where one ``broke_off`` in the middle of it. Else it is done, also with a question to a person.
    """
    told: JSONObject = {
        "call": learned.call,
        "tool": learned.tool,
        "kind": learned.kind,
        "version": learned.version,
        "quarantined": learned.quarantined,
        "minimal": learned.minimal,
        "example": _example_to_json(learned.example),
    }
    if learned.waits:
        return Ending("failed", learned.reason, WAITING, told, learned.artefacts)
    if broke_off and learned.end == "kept":
        return Ending("failed", learned.reason, learned.end, told, learned.artefacts, keep_steps=True)
    return Ending("done", learned.reason, learned.end, told, learned.artefacts)


def learned_of(record: Record) -> Learned:
    """What came of a repair that ended elsewhere, from its job; of one that is not done, that it waits."""
    told = cast("dict[str, Any]", record.result)
    done = record.status == "done"
    return Learned(
        call=str(record.payload["call"]),
        tool=record.name,
        end=cast("Any", record.state) if done else "waiting",
        reason=record.reason or f"Another process has it: job {record.id}.",
        kind=told.get("kind", "") if done else "",
        example=_example_from_json(told.get("example")) if done else None,
        minimal=told.get("minimal"),
        version=str(told.get("version", "")),
        quarantined=bool(told.get("quarantined")),
    )


def _about(task: Task) -> JSONObject:
    return {"call": task.payload["call"], "tool": task.name}


def _example_to_json(example: Example | None) -> JSONObject | None:
    if example is None:
        return None
    gives: JSONObject = {"raises": example.raises} if example.raises else {"returns": example.returns}
    return {"args": example.args, **gives, "source": example.source}


def _example_from_json(told: dict[str, Any] | None) -> Example | None:
    if told is None:
        return None
    return Example(told["args"], told.get("returns"), told.get("raises"), source=told["source"])
