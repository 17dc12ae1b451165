"""Tools from what stands in documents, and what became of them, from a program: ``forge.knowledge``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from agentforge.api.documents import Cited, UserDocuments
from agentforge.api.opened import Opened
from agentforge.errors import AgentForgeError, StorageError
from agentforge.settings import Settings
from agentforge.types import JSON, JSONObject

if TYPE_CHECKING:
    from agentforge.agent.knowledge import Rule
    from agentforge.forge.parts import Emit
    from agentforge.jobs.protocol import NewJob, Record, Via
    from agentforge.memory.jobs import JobRows
    from agentforge.memory.outcomes import Known
    from agentforge.models.protocol import ModelClient

SESSION = "session:"
"""How a reference begins that means what was said in a session."""

MOST_JOBS = 500
"""Of the newest jobs, among which those of a document are looked for."""

LOOK_SECONDS = 5.0
"""After so long it is looked whether who has a job still lives."""

MOST_BEHIND_A_TURN = 1
"""Tools that are made anew behind one turn: each takes minutes of a model."""


@dataclass(frozen=True, slots=True)
class Given:
    """A call of one version: its id, its session and turn (0 where it gave no turn's answer), the question that it
    answered (empty likewise), its arguments, and what it returned or how it failed.
    """

    call: str
    session: str
    turn: int
    when: str
    question: str
    args: JSONObject
    value: JSON
    error: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One version of a tool that was made from a document: its ``passages`` as they read then and now, and the
    ``answers`` that it gave, newest first. ``stands``: it is the version of today; ``stale``: and what it cites has
    changed. ``now`` is the version that stands, empty where none does.
    """

    tool: str
    version: str
    stands: bool
    stale: bool
    now: str
    passages: tuple[Cited, ...]
    answers: tuple[Given, ...]


class UserKnowledge:
    """What documents of one user became. Made by ``Forge.knowledge``.

    A document is named as in :class:`~agentforge.api.documents.UserDocuments`. ``tell`` hears of each step in words.
    """

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._opened = opened
        self._documents = UserDocuments(opened, settings)

    async def learn(self, reference: str, tell: Callable[[str], None] = lambda _: None) -> list[Record]:
        """Makes tools of the rules, formulas and formats of a document, a job for each; returns how they ended. What
        a live tool cites already is left alone, and so is what was looked at before and has not changed. With
        ``session:ID`` those that the user stated in messages of a session; each is kept as a document of its own.

        Raises:
            UsageError: the reference means no document, or several.
            ModelError, SandboxError: the job has ended with it; ``agentforge jobs retry`` goes on.
            RegistryError, StorageError: something could not be read or written.
        """
        jobs, ended = await self._opened.user_jobs(), list["Record"]()
        for new in await asyncio.to_thread(self._unlearned, reference):
            await jobs.submit(new)
            ended.append(await self._run(new.id, tell))
        return ended

    async def renew(self, name: str | None = None, tell: Callable[[str], None] = lambda _: None) -> list[Record]:
        """Makes stale tools anew from what stands now, one or all, also where that failed before (raises as
        :meth:`learn`).
        """
        await asyncio.to_thread(self._documents.settle)
        return [await self._run(job.id, tell) for job in await asyncio.to_thread(self.renewals, name)]

    def renewals(self, name: str | None = None, *, failed: bool = True) -> list[Record]:
        """The jobs that are to make stale tools anew, oldest first; those that ``failed`` as well, if wanted."""
        from agentforge.agent.knowledge_work import KNOWLEDGE

        wanted = ("queued", "running", *(["failed"] if failed else []))
        states = self._opened.registry.snapshot().states
        stale = {each: states.tools[each].version for each in states.stale() if name in (None, each)}
        if not stale:
            return []
        found = [job for job in self._opened.job_rows().list(MOST_JOBS) if job.kind == KNOWLEDGE]
        newest = {job.name: job for job in reversed(found) if job.payload.get("parent") == stale.get(job.name, "-")}
        return [job for job in newest.values() if job.status in wanted]

    async def renewed(self, name: str, models: ModelClient, emit: Emit) -> str:
        """Makes one stale tool anew for a turn that waits for it, by ``models``; why that was not done, or empty."""
        if name not in self._opened.registry.snapshot().states.tools:
            return "it is the company's, whose administrator has it made anew"
        found = await asyncio.to_thread(self.renewals, name)
        if not found:
            return "nothing like it stands in its document any more"
        if found[-1].status == "failed":
            return found[-1].reason.rstrip(".")
        try:
            record = await self._carried(found[-1].id, models, emit)
        except AgentForgeError as error:
            return error.message.rstrip(".")
        standing = self._opened.registry.snapshot().states.tools.get(name)
        return "" if standing is not None and not standing.stale else record.reason.rstrip(".")

    async def behind(self, on_notice: Callable[[str], None], begun: str = "") -> Callable[[], Awaitable[None]] | None:
        """What is to be done behind a turn: some of what waits is made anew, or made of what the user stated in a
        message. None where nothing waits, or no model is set up that could. ``begun`` is the session that the turn
        begins, if it does: the one before it is over then, and what was stated in it is noted.
        """
        if not self._opened.learner().generates:
            return None
        try:
            waiting = await asyncio.to_thread(self._waiting, begun)
        except StorageError as error:
            on_notice(f"What is to be made anew cannot be read: {error}")
            return None
        return partial(self._renew_behind, waiting[:MOST_BEHIND_A_TURN], on_notice) if waiting else None

    def why(self, reference: str) -> list[Explained]:
        """The versions of tools that were made from a document, by name, newest first, with the answers of each: so
        the answers that an earlier wording gave are explained (raises UsageError as :meth:`learn`; works on git and
        the database and so blocks).
        """
        from agentforge.registry.stale import cited

        document, registry = self._documents.library.get(reference).id, self._opened.registry
        self._opened.rows()
        found: list[Explained] = []
        for name, standing in sorted(registry.snapshot().states.tools.items()):
            for version in registry.versions(name):
                ids = [one for one in cited(registry.get_version(name, version.version)) if _of(one, document)]
                stands = version.version == standing.version
                if ids:
                    passages = tuple(self._documents.passage(one) for one in ids)
                    told = (stands, stands and bool(standing.stale), standing.version, passages)
                    found.append(Explained(name, version.version, *told, self._answers(name, version.version)))
        return found

    def _answers(self, name: str, version: str) -> tuple[Given, ...]:
        truths = self._opened.truths()

        def given(call: Known) -> Given:
            answered = truths.answered_by(call.id)
            turn, question = (answered.turn, answered.question) if answered is not None else (0, "")
            return Given(call.id, call.session, turn, call.created, question, call.args, call.value, call.error)

        return tuple(given(one) for one in self._opened.outcomes().calls(name, version=version))

    def _unlearned(self, reference: str) -> list[NewJob]:
        """The jobs for what may be a rule in a document, and was not looked at as it reads now; or in a session."""
        from agentforge.agent.knowledge import rules_in
        from agentforge.agent.knowledge_work import KNOWLEDGE, new_job
        from agentforge.api.jobs import new_job_id
        from agentforge.registry.stale import citing

        if reference.startswith(SESSION):
            return self._unheard(reference.removeprefix(SESSION))
        document = self._documents.library.get(reference)
        passages = self._documents.library.passages(document.id)
        used = {one for ids in citing(self._opened.registry.snapshot()).values() for one in ids}
        rows = self._opened.job_rows().list(MOST_JOBS)
        seen = [job.payload.get("passages") for job in rows if job.kind == KNOWLEDGE and job.status == "done"]
        new: list[NewJob] = []
        for rule in rules_in(passages, document.title, untrusted=document.untrusted):
            ids = tuple(one.id for one in rule.passages)
            if not used & set(ids) and [*ids] not in seen:
                new.append(new_job(new_job_id(), rule.heading[:120], ids, via="inline"))
        return new

    def _unheard(self, session: str, via: Via = "inline") -> list[NewJob]:
        """The jobs for the messages of a session that may state a rule, and were not looked at."""
        from agentforge.agent.heard import stated_in
        from agentforge.agent.knowledge_work import KNOWLEDGE, message_job, said_at
        from agentforge.api.jobs import new_job_id
        from agentforge.memory.episodes import unknown_session

        self._opened.rows()
        episodes = self._opened.episodes
        if episodes is None or not episodes.exists(session):
            raise unknown_session(session)
        stated = stated_in(episodes.events(session))
        if not stated:
            return []
        rows = self._opened.job_rows().list(MOST_JOBS, kind=KNOWLEDGE)
        seen = {said_at(job.payload) for job in rows if job.status != "failed"}
        turns = [turn for turn, _ in stated if (session, turn) not in seen]
        return [message_job(new_job_id(), session, turn, via=via) for turn in turns]

    def _waiting(self, begun: str) -> list[Record]:
        """What may be done behind a turn, oldest first."""
        from agentforge.agent.knowledge_work import KNOWLEDGE, said_at

        episodes = self._opened.episodes
        before = episodes.list(2) if begun and episodes is not None else []
        rows = self._opened.job_rows()
        for over in [one.id for one in before if one.id != begun][:1]:
            for new in self._unheard(over, "queue"):
                rows.create(new)
        queued = [job for job in rows.list(MOST_JOBS, kind=KNOWLEDGE) if job.status == "queued"]
        heard = [job for job in reversed(queued) if said_at(job.payload)]
        return [*self.renewals(failed=False), *heard]

    async def _run(self, job: str, tell: Callable[[str], None]) -> Record:
        from agentforge.models.protocol import Priority

        def emit(kind: str, data: JSONObject) -> None:
            if kind == "forge_step":
                tell(str(data.get("message", "")))

        jobs, models = await self._opened.user_jobs(), self._opened.new_models()
        if (await jobs.get(job)).status == "failed":
            await jobs.retry(job)
        try:
            return await self._carried(job, models.at(Priority.AWAITED), emit)
        finally:
            await self._opened.let_go(models)

    async def _carried(self, job: str, models: ModelClient, emit: Emit) -> Record:
        """Runs a job here, or waits for whoever has it."""
        from agentforge.agent.knowledge_work import Codifying

        jobs = await self._opened.user_jobs()
        parts = lambda: self._opened.forge_parts(models)  # noqa: E731 -- the one line says all
        messages = TypedMessages(self._opened, self._documents)
        work = Codifying(self._opened.registry, self._documents.library, messages, parts, emit)
        record = await jobs.run(job, work)
        while not record.ended:  # somebody else has it, who may be gone before it is over
            await jobs.wait(job, LOOK_SECONDS)
            record = await jobs.run(job, work)
        await asyncio.to_thread(self._documents.settle)
        return record

    async def _renew_behind(self, waiting: Sequence[Record], on_notice: Callable[[str], None]) -> None:
        from agentforge.agent.knowledge_work import WORDS

        jobs = await self._opened.user_jobs()
        for one in waiting:
            try:
                record = await jobs.carry(one.id)
            except AgentForgeError as error:
                on_notice(f"No tool could be made of {_told(one)} (job {one.id}): {error}")
            else:
                if record.ended and record.state != WORDS:
                    on_notice(f"{_told(one)} (job {one.id}): {record.reason}")


def queue_renewals(opened: Opened, documents: UserDocuments) -> None:
    """Has each stale tool made anew by a worker, a later turn or ``docs renew``: once for each wording of what stands
    in the place of its passages. One that cites several documents is made anew from all of them. It is left alone
    where of one of its documents nothing stands there any more: what is left might be half of a rule.
    """
    from agentforge.agent.knowledge_work import KNOWLEDGE, new_job
    from agentforge.api.jobs import new_job_id

    rows: JobRows | None = None
    for one in documents.stale():
        passages = documents.cited(one.name)
        ids = tuple(dict.fromkeys(each.new.id for each in passages if each.new is not None))
        if not ids or {one.partition(".")[0] for one in ids} != {each.id.partition(".")[0] for each in passages}:
            continue
        rows = rows or opened.job_rows()
        new = new_job(new_job_id(), one.name, ids, parent=one.version)
        known = (job for job in rows.list(MOST_JOBS) if job.kind == KNOWLEDGE and job.name == one.name)
        if all(job.payload != new.payload for job in known):
            rows.create(new)


class TypedMessages:
    """Implements :class:`~agentforge.agent.knowledge_work.Messages` for one user."""

    def __init__(self, opened: Opened, documents: UserDocuments) -> None:
        self._opened = opened
        self._documents = documents

    def rule(self, session: str, turn: int) -> Rule | None:
        """As the protocol says."""
        from agentforge.agent.heard import rule_said, stated_in

        self._opened.rows()
        episodes = self._opened.episodes
        text = dict(stated_in(episodes.events(session))).get(turn) if episodes is not None else None
        if episodes is None or text is None:
            return None
        return rule_said(session, turn, text, untrusted=episodes.tainted(session))

    def keep(self, session: str, turn: int) -> Rule | None:
        """As the protocol says."""
        from agentforge.agent.heard import origin_of

        rule = self.rule(session, turn)
        if rule is None:
            return None
        origin = origin_of(session, turn)
        kept = self._documents.keep(rule.text, origin=origin, title=rule.title, trusted=not rule.untrusted).kept[0]
        return replace(rule, passages=tuple(self._documents.library.passages(kept.document.id)))


def _told(job: Record) -> str:
    from agentforge.agent.knowledge_work import said_at

    return f"What was said in {job.name}" if said_at(job.payload) else f"The stale tool {job.name}"


def _of(passage: str, document: str) -> bool:
    return passage.partition(".")[0] == document
