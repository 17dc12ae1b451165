"""One user's jobs: wires the jobs port to the registry, the database and what a forging works with."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

from agentforge.boxes.owners import Owner
from agentforge.errors import RegistryError, StorageError, UsageError
from agentforge.forge.parts import Emit, ForgeParts, ForgeResult
from agentforge.forge.work import FORGING, Forging, forged_of, new_forging
from agentforge.jobs.inline import Inline
from agentforge.jobs.protocol import Holder, NewJob, Record, Work
from agentforge.memory.jobs import JobRows
from agentforge.models.protocol import ModelClient
from agentforge.registry.repository import Registry
from agentforge.types import JSONObject, Need

LOOK_SECONDS = 0.5
"""How often a job that somebody waits for is looked at."""

OpenForgeParts = Callable[[ModelClient], Awaitable[ForgeParts]]
OpenModels = Callable[[], ModelClient]
"""A client of this user's endpoints, which whoever made the function closes."""


def this_process() -> Holder:
    """The process that runs, as one that takes jobs."""
    return Holder(Owner.this_process().label(), _gone)


def _gone(label: str) -> bool:
    owner = Owner.parse(label)
    return owner is not None and owner.gone


def new_job_id() -> str:
    """A fresh id for a job."""
    return uuid.uuid4().hex[:12]


class UserJobs:
    """The jobs of one user, as an open :class:`~agentforge.api.facade.Forge` sees them. ``more`` makes the work of
    further kinds than forgings; ``settle`` is called, in a thread, when a forging is over.
    """

    def __init__(
        self,
        rows: JobRows,
        registry: Registry,
        parts: OpenForgeParts,
        models: OpenModels,
        secrets: frozenset[str],
        more: Mapping[str, Callable[[], Work]] = MappingProxyType({}),
        settle: Callable[[], object] = lambda: None,
    ) -> None:
        self._rows = rows
        self._registry = registry
        self._parts = parts
        self._models = models
        self._secrets = secrets
        self._more = more
        self._settle = settle
        self._holder = this_process()
        self._inline = Inline(rows, self._holder, self._work)
        self._behind: asyncio.Task[None] | None = None

    async def forge(self, need: Need, models: ModelClient, emit: Emit) -> ForgeResult:
        """Makes a tool as a job of this process and waits for it. One that is interrupted is cancelled, and
        what was paid for it is kept.

        Raises:
            ForgeFailed: a person cancelled the job.
            StorageError: the job could not be written down.
            AgentForgeError: as :func:`agentforge.forge.pipeline.forge`.
        """
        job = new_forging(new_job_id(), need, self._secrets, "inline")
        await self.submit(job)
        work = Forging(self._registry, lambda: self._parts(models), emit)
        try:
            record = await self._inline.run(job.id, work)
        except asyncio.CancelledError:
            with suppress(StorageError):
                await asyncio.shield(asyncio.to_thread(self._rows.cancel, job.id))
            raise
        await self._settled()
        here = work.forged
        return here if here is not None and (record.status == "failed" or here.state != "failed") else forged_of(record)

    async def enqueue(self, need: Need) -> str:
        """Queues a forging for a worker and returns the job's id.

        Raises:
            ToolInvalid: the need is malformed.
            StorageError: it could not be written down.
        """
        return await self.submit(new_forging(new_job_id(), need, self._secrets, "queue"))

    async def submit(self, job: NewJob) -> str:
        """Writes a job of any kind down and returns its id (raises StorageError)."""
        return await self._inline.submit(job)

    async def get(self, job: str) -> Record:
        """A job as it stands (raises UsageError where there is none)."""
        return await self._inline.get(job)

    async def wait(self, job: str, seconds: float | None = None) -> Record:
        """A job as soon as it is over, whoever runs it, or as it stands after ``seconds`` (raises as :meth:`get`)."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not (record := await self.get(job)).ended:
            if deadline is not None and time.monotonic() >= deadline:
                break
            await asyncio.sleep(LOOK_SECONDS)
        return record

    async def list(self, limit: int = 50) -> list[Record]:
        """The newest jobs first."""
        return await self._inline.list(limit)

    async def cancel(self, job: str) -> bool:
        """Ends a job that is not over; False where it is (raises UsageError where there is none)."""
        return await self._inline.cancel(job)

    async def retry(self, job: str) -> bool:
        """Queues a failed or cancelled job for a worker; False where it is neither (raises as :meth:`get`)."""
        return await self._inline.retry(job)

    async def carry(self, job: str, pauses: Sequence[float] = ()) -> Record:
        """Runs a job of this user here, to its end; ``pauses`` are seconds before each further try where an
        endpoint or a box failed (raises what the work raises; the record tells of it too).
        """
        ended = await self._inline.run(job, pauses=pauses)
        await self._settled()
        return ended

    async def run(self, job: str, work: Work) -> Record:
        """Runs a job of this user here, with ``work`` for what its kind does (raises as :meth:`carry`)."""
        return await self._inline.run(job, work)

    async def resume(self) -> Sequence[Record]:
        """Runs what an ended process left behind; returns how each ended."""
        return await self._inline.resume()

    def take_up(self, on_notice: Callable[[str], None], then: Callable[[], Awaitable[None]] | None = None) -> None:
        """Begins in the background: :meth:`resume`, once, and after it ``then``, unless something goes on there still.
        ``on_notice`` is told of what was left, and of its end.
        """
        if self._behind is None:
            self._behind = asyncio.create_task(self._in_turn(self._resume_left(on_notice), then))
        elif then is not None and self._behind.done():
            self._behind = asyncio.create_task(self._in_turn(None, then))

    async def aclose(self) -> None:
        """Stops what runs in the background; it is given back and taken up at the next start."""
        if self._behind is not None:
            self._behind.cancel()
            await asyncio.gather(self._behind, return_exceptions=True)

    async def _settled(self) -> None:
        """Where it cannot be done now, the next change of a document does it."""
        with suppress(RegistryError, StorageError):
            await asyncio.to_thread(self._settle)

    async def _in_turn(self, first: Awaitable[None] | None, then: Callable[[], Awaitable[None]] | None) -> None:
        if first is not None:
            await first
        if then is not None:
            await then()

    async def _resume_left(self, on_notice: Callable[[str], None]) -> None:
        try:
            for left in await asyncio.to_thread(self._rows.unfinished, "inline"):
                if not left.owner or self._holder.gone(left.owner):
                    on_notice(f"The {left.kind} of {left.name} (job {left.id}) was cut off: it goes on meanwhile.")
            for ended in await self.resume():
                on_notice(f"The {ended.kind} of {ended.name} (job {ended.id}) has ended: {ended.reason}")
        except StorageError as error:
            on_notice(f"What an earlier process left behind is not taken up: {error}")

    def _work(self, kind: str) -> Work:
        if kind in self._more:
            return self._more[kind]()
        if kind != FORGING:
            raise UsageError(f"This AgentForge knows no job of the kind {kind!r}.", fix="Upgrade it.")
        return Forging(self._registry, lambda: self._parts(self._models()), unheard)


def unheard(kind: str, data: JSONObject) -> None:
    """Nobody listens to the events of a job that runs in the background; its record tells the end."""
    del kind, data
