"""A forging as the work of a job: its payload, its effect, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any, cast

from agentforge.forge.journal import Journalled
from agentforge.forge.parts import Emit, ForgeParts, ForgeResult
from agentforge.forge.payload import need_from_json, need_to_json
from agentforge.forge.pipeline import forge
from agentforge.forge.spec import make_spec
from agentforge.jobs.protocol import Ending, NewJob, Record, Task, Via
from agentforge.registry.repository import Registry
from agentforge.types import JSONObject, Need, Role, Usage

FORGING = "forging"
"""The kind of these jobs."""

OpenParts = Callable[[], Awaitable[ForgeParts]]


class Forging:
    """Implements :class:`~agentforge.jobs.protocol.Work`. ``parts`` opens what a forging works with, once one
    really begins; ``forged`` is its result afterwards, where it was made here.
    """

    def __init__(self, registry: Registry, parts: OpenParts, emit: Emit) -> None:
        self._registry = registry
        self._parts = parts
        self._emit = emit
        self.forged: ForgeResult | None = None

    async def effect(self, task: Task) -> Ending | None:
        """Done, where a commit of the registry names the job (raises RegistryError)."""
        found = await asyncio.to_thread(self._registry.effect, task.id)
        if found is None:
            return None
        told: JSONObject = {"name": found.tool, "version": found.version}
        return Ending("done", f"It was committed as {found.state}.", str(found.state), told)

    async def run(self, task: Task) -> Ending:
        """Forges (raises as :func:`agentforge.forge.pipeline.forge`; UsageError where the payload is no need)."""
        need = need_from_json(task.payload)
        parts = await self._parts()
        models = Journalled(parts.models, task.journal)
        self.forged = await forge(need, replace(parts, models=models, job=task.id), self._emit)
        return replace(ending_of(self.forged), keep_steps=models.failed and self.forged.state == "failed")


def new_forging(job: str, need: Need, secrets: frozenset[str], via: Via) -> NewJob:
    """The job that a need gives; what is malformed is refused here, before anything is written.

    Raises:
        ToolInvalid: as :func:`agentforge.forge.spec.make_spec`.
    """
    clean = make_spec(need, secrets).need
    return NewJob(job, FORGING, clean.name, need_to_json(clean), clean.episode, via)


def ending_of(forged: ForgeResult) -> Ending:
    """How a job ended whose forging gave ``forged``."""
    by_role: JSONObject = {str(role): cast("JSONObject", asdict(used)) for role, used in forged.by_role.items()}
    told: JSONObject = {
        "name": forged.name,
        "version": forged.version,
        "unconfirmed": forged.unconfirmed,
        "refuted": forged.refuted,
        "reused": forged.reused,
        "arguments": dict(forged.arguments),
        "usage": by_role,
        "local_token_share": forged.local_token_share,
        "seconds": forged.seconds,
    }
    status = "failed" if forged.state == "failed" else "done"
    return Ending(status, forged.reason, forged.state, told, forged.artefacts)


def forged_of(record: Record) -> ForgeResult:
    """The result of a forging that ended elsewhere, from its job; the gates are in its artefacts."""
    told = cast("dict[str, Any]", record.result)
    by_role = {Role(role): Usage(**used) for role, used in told.get("usage", {}).items()}
    state = record.state if record.state in ("live", "proposed") and record.status == "done" else "failed"
    return ForgeResult(
        job=record.id,
        name=record.name,
        state=state,
        reason=record.reason,
        version=str(told.get("version", "")),
        unconfirmed=bool(told.get("unconfirmed")),
        refuted=bool(told.get("refuted")),
        reused=str(told.get("reused", "")),
        arguments=dict(told.get("arguments", {})),
        usage=sum(by_role.values(), Usage()),
        by_role=by_role,
        local_token_share=told.get("local_token_share"),
        seconds=float(told.get("seconds", 0.0)),
        artefacts=record.artefacts,
    )
