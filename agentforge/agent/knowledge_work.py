"""A rule of a document, or of a message, that becomes a tool, or a new version of the one that carried out its earlier
wording, as the work of a job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Protocol, cast

from agentforge.agent.heard import session_of
from agentforge.agent.knowledge import Rule, is_rule, need_of, rule_around, together
from agentforge.errors import ToolNotFound
from agentforge.forge.journal import Journalled
from agentforge.forge.parts import Emit, ForgeParts, ForgeResult
from agentforge.forge.pipeline import forge
from agentforge.forge.work import Forging, OpenParts, ending_of
from agentforge.jobs.protocol import Ending, NewJob, Task, Via
from agentforge.memory.documents.library import Documents
from agentforge.models.protocol import Message
from agentforge.registry.refusal import refuse_revoked_need
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool
from agentforge.types import JSON, JSONObject, Role, Usage

KNOWLEDGE = "knowledge"
"""The kind of these jobs."""

WORDS = "words"
"""The state of one that found no rule to carry out."""

GONE = "The passages that it was to be made from are gone."


class Messages(Protocol):
    """What the user typed. Both block and raise StorageError; :meth:`keep` also RegistryError."""

    def rule(self, session: str, turn: int) -> Rule | None:
        """The message of a turn as a rule; None where it is there no more."""
        ...

    def keep(self, session: str, turn: int) -> Rule | None:
        """Keeps it as a document, once, and gives it as it reads there; None as :meth:`rule`."""
        ...


def message_job(job: str, session: str, turn: int, *, via: Via = "queue") -> NewJob:
    """The job that makes a tool of a message, where it states a rule."""
    payload: JSONObject = {"message": [session, turn]}
    return NewJob(job, KNOWLEDGE, f"turn {turn} of {session}", payload, session, via)


def new_job(job: str, name: str, passages: tuple[str, ...], *, parent: str = "", via: Via = "queue") -> NewJob:
    """The job that makes a tool of some passages; with ``parent`` a version that takes the place of that one of the
    tool ``name``, which otherwise is only what the job is called.
    """
    payload: JSONObject = {"passages": [*passages], "parent": parent}
    return NewJob(job, KNOWLEDGE, name, payload, via=via)


class Codifying:
    """Implements :class:`~agentforge.jobs.protocol.Work`. ``parts`` opens what a forging works with, once one really
    begins; ``forged`` is its result afterwards, where it was made here.
    """

    def __init__(
        self, registry: Registry, documents: Documents, messages: Messages, parts: OpenParts, emit: Emit
    ) -> None:
        self._registry = registry
        self._documents = documents
        self._messages = messages
        self._parts = parts
        self._emit = emit
        self.forged: ForgeResult | None = None

    async def effect(self, task: Task) -> Ending | None:
        """Done, where a commit of the registry names the job (raises RegistryError)."""
        return await Forging(self._registry, self._parts, self._emit).effect(task)

    async def run(self, task: Task) -> Ending:
        """States the need and forges.

        Raises:
            ToolInvalid: the need is malformed, or comes from what was revoked.
            ModelError, SandboxError: as :func:`agentforge.forge.pipeline.forge`.
        """
        rule = await asyncio.to_thread(self._rule, task.payload)
        if rule is None:
            return Ending("failed", GONE, "failed")
        before, over = await asyncio.to_thread(self._before, task)
        if over:
            return Ending("done", over, "over")
        parts = await self._parts()
        spent = dict(parts.models.usage)
        ending = await self._made(task, rule, before, parts)
        took = {role: used - spent.get(role, Usage()) for role, used in parts.models.usage.items()}
        usage: JSONObject = {str(role): cast("JSONObject", asdict(used)) for role, used in took.items() if used.calls}
        return replace(ending, result={**ending.result, "usage": usage})

    async def _made(self, task: Task, rule: Rule, before: Tool | None, parts: ForgeParts) -> Ending:
        models = Journalled(parts.models, task.journal)

        async def ask(system: str, question: str, schema: JSONObject, most: int) -> JSONObject:
            messages = [Message("user", question)]
            return await models.decide(Role.PLAN, messages, schema, system=system, max_tokens=most, temperature=0.0)

        if before is None and not await is_rule(rule, ask):
            return Ending("done", "It is no rule that a tool could carry out.", WORDS)
        if said := said_at(task.payload):  # from here on it is cited, so that it has to stand somewhere
            kept = await asyncio.to_thread(self._messages.keep, *said)
            if kept is None:
                return Ending("failed", GONE, "failed")
            rule = kept
        taken = [tool.name for tool in await asyncio.to_thread(parts.layers.live)]
        need = await need_of(rule, ask, taken, before)
        if isinstance(need, str):
            return Ending("failed", need, "failed")
        refuse_revoked_need(self._registry.snapshot(), need)
        self.forged = await forge(need, replace(parts, models=models, job=task.id), self._emit)
        return replace(ending_of(self.forged), keep_steps=models.failed and self.forged.state == "failed")

    def _rule(self, payload: Mapping[str, JSON]) -> Rule | None:
        said = said_at(payload)
        return self._messages.rule(*said) if said else rule_of(self._documents, payload)

    def _before(self, task: Task) -> tuple[Tool | None, str]:
        """The version that is to be replaced, and why there is nothing to do, where another one stands by now."""
        parent = str(task.payload.get("parent", ""))
        if not parent:
            return None, ""
        try:
            standing = self._registry.get(task.name)
        except ToolNotFound:
            return None, f"The tool {task.name} is gone."
        same = standing.version == parent
        return (standing, "") if same else (None, f"Another version of {task.name} stands by now.")


def said_at(payload: Mapping[str, JSON]) -> tuple[str, int] | None:
    """Session and turn of the message that a job is about, where it is about one."""
    said = payload.get("message")
    return (str(said[0]), int(cast("int", said[1]))) if isinstance(said, list) and len(said) == 2 else None


def rule_of(documents: Documents, payload: Mapping[str, JSON]) -> Rule | None:
    """What stands around the passages of a job, as it reads now, in one document or in several; None where none of
    them is there any more.
    """
    ids = [str(one) for one in cast("list[JSON]", payload["passages"])]
    found: list[Rule] = []
    for document in dict.fromkeys(one.partition(".")[0] for one in ids):
        record = documents.record(document)
        if record is None:
            continue
        passages = documents.passages(document)
        rule = rule_around(passages, ids, record.title, untrusted=record.untrusted)
        found += [replace(rule, episode=session_of(record.origin))] if rule is not None else []
    return together(found) if found else None
