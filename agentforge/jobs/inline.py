"""Jobs that run in the process that asks for them: the terminal, the library, the MCP server.

Their steps are journalled, so that what a killed process had paid for is not lost: the next start takes
the job up (:meth:`Inline.resume`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from agentforge.errors import AgentForgeError, UsageError
from agentforge.jobs.carrying import carry
from agentforge.jobs.protocol import Ending, Finder, Holder, NewJob, Record, Store, Work


class Inline:
    """Implements :class:`~agentforge.jobs.protocol.Jobs` over a store; ``work`` finds what a kind does."""

    def __init__(self, store: Store, holder: Holder, work: Finder) -> None:
        self._store = store
        self._holder = holder
        self._work = work

    async def submit(self, job: NewJob) -> str:
        """Writes the job down (raises StorageError)."""
        await asyncio.to_thread(self._store.create, job)
        return job.id

    async def run(self, job: str, work: Work | None = None, *, pauses: Sequence[float] = ()) -> Record:
        """Runs a job to its end, here; ``work`` stands in for what its kind does, ``pauses`` are as
        :func:`agentforge.jobs.carrying.carry` takes them. Where somebody else has it, or it is over, it is
        returned as it stands.

        Raises:
            UsageError: there is no such job.
            AgentForgeError: as :func:`agentforge.jobs.carrying.carry`.
        """
        taken = await asyncio.to_thread(self._store.take, job, self._holder)
        if taken is not None:
            await carry(self._store, taken, work or await self._known(taken), pauses=pauses)
        return await self.get(job)

    async def _known(self, taken: Record) -> Work:
        """What its kind does; a job of a kind that nobody knows ends here, since it would never get further."""
        try:
            return self._work(taken.kind)
        except AgentForgeError as error:
            ending = Ending("failed", str(error), "failed", keep_steps=True)
            await asyncio.to_thread(self._store.finish, taken.id, taken.takes, ending)
            raise

    async def get(self, job: str) -> Record:
        """A job as it stands (raises UsageError where there is none)."""
        found = await asyncio.to_thread(self._store.get, job)
        if found is None:
            raise UsageError(f"There is no job {job[:64]!r}.", fix="`agentforge jobs list` shows them.")
        return found

    async def list(self, limit: int = 50) -> list[Record]:
        """The newest jobs first."""
        return await asyncio.to_thread(self._store.list, limit)

    async def cancel(self, job: str) -> bool:
        """Ends a job that is not over (raises UsageError where there is none)."""
        await self.get(job)
        return await asyncio.to_thread(self._store.cancel, job)

    async def retry(self, job: str) -> bool:
        """Queues a job that failed or was cancelled for a worker (raises UsageError where there is none)."""
        await self.get(job)
        return await asyncio.to_thread(self._store.retry, job)

    async def resume(self) -> list[Record]:
        """Runs what an ended process left behind, one after the other; a failure of one is in its record."""
        ended: list[Record] = []
        for left in await asyncio.to_thread(self._store.unfinished, "inline"):
            with suppress(AgentForgeError):
                await self.run(left.id)
            now = await self.get(left.id)
            ended += [now] if now.ended else []
        return ended
