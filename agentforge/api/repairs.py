"""One user's repairs as jobs: run here for whoever waits for them, or behind a turn, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from agentforge.api.jobs import UserJobs
from agentforge.errors import AgentForgeError, StorageError
from agentforge.forge.repair_work import Repairing, learned_of
from agentforge.jobs.protocol import Via
from agentforge.memory.repairs import WAITING, Repair, Repairs
from agentforge.models.protocol import Priority

if TYPE_CHECKING:
    from agentforge.forge.learning import Learned
    from agentforge.memory.outcomes import Known

MOST_BEHIND_A_TURN = 2
"""Repairs that one turn takes up: each may take minutes of the box and thousands of tokens."""

Behind = Callable[[], Awaitable[None]]
"""What else is to be done behind a turn."""

NewWork = Callable[[Callable[[str], None], Priority], Repairing]
"""The work of a repair; what it is given first hears of each step, in words for people."""


class UserRepairs:
    """The repairs of one user, as an open :class:`~agentforge.api.facade.Forge` sees them."""

    def __init__(self, jobs: UserJobs, rows: Repairs, work: NewWork, *, generates: bool) -> None:
        self._jobs = jobs
        self._rows = rows
        self._work = work
        self._generates = generates

    async def of_call(self, call: Known, tell: Callable[[str], None]) -> Learned:
        """Queues the repair for a call for this process, and runs it (raises as the work does; it then waits)."""
        repair = await asyncio.to_thread(self._rows.queue, call, "inline")
        return await self._run(repair, tell, Priority.AWAITED)

    async def queue(self, call: Known, via: Via = "queue") -> Repair:
        """Has a repair for a call wait for a worker, or for a later turn of this user."""
        return await asyncio.to_thread(self._rows.queue, call, via)

    async def go_on(
        self, repair: Repair, tell: Callable[[str], None], priority: Priority = Priority.AWAITED
    ) -> Learned:
        """Runs one that waits, or that failed before (raises as :meth:`of_call`)."""
        if repair.status == "failed":
            await self._jobs.retry(repair.id)
        return await self._run(repair, tell, priority)

    async def close(self, call: str, reason: str) -> None:
        """Ends what waits or runs for a call, since there is nothing to repair."""
        await asyncio.to_thread(self._rows.close, call, reason)

    async def newest(self, name: str | None = None) -> Sequence[Repair]:
        """The newest repair of each call, over or not, oldest first."""
        return await asyncio.to_thread(lambda: self._rows.newest(name=name))

    async def take_up(self, on_notice: Callable[[str], None], more: Behind | None = None) -> None:
        """Begins in the background of a turn, after what an ended process left, some of the repairs that wait now,
        none where no model is set up that could write one, and then ``more``. Nothing here keeps the turn waiting.
        """
        known: Sequence[Repair] = await self._ready(on_notice) if self._generates else ()
        waiting = [one for one in known if one.status == "queued" or one.state == WAITING][:MOST_BEHIND_A_TURN]
        then = partial(self._behind_the_turn, waiting, on_notice, more) if waiting or more else None
        self._jobs.take_up(on_notice, then)

    async def _behind_the_turn(
        self,
        waiting: Sequence[Repair],
        on_notice: Callable[[str], None],
        more: Behind | None,
    ) -> None:
        for repair in waiting:
            on_notice(f"A failed call of {repair.name} is looked into meanwhile (job {repair.id}).")
            try:
                learned = await self.go_on(repair, lambda _: None, Priority.BACKGROUND)
            except AgentForgeError as error:
                on_notice(f"The repair of {repair.name} (job {repair.id}) failed: {error}")
            else:
                on_notice(f"The repair of {repair.name} (job {repair.id}) has ended: {learned.reason}")
        if more is not None:
            await more()

    @asynccontextmanager
    async def handed_over(self, session: str, on_notice: Callable[[str], None]) -> AsyncGenerator[None]:
        """Tells at the end of a turn which of its calls failed and wait for repair now."""
        before = await self._queued_in(session, on_notice)
        try:
            yield
        finally:
            new = {
                call: name for call, name in (await self._queued_in(session, on_notice)).items() if call not in before
            }
            if new:
                names = ", ".join(dict.fromkeys(new.values()))
                what = f"{len(new)} failed call{'s' * (len(new) > 1)} of {names} may be a defect and wait"
                on_notice(f"{what if len(new) > 1 else what + 's'} to be looked into: 'agentforge tools repair'.")

    async def _ready(self, on_notice: Callable[[str], None]) -> Sequence[Repair]:
        try:
            return await asyncio.to_thread(self._rows.ready)
        except StorageError as error:
            on_notice(f"The repairs that wait cannot be read: {error}")
            return []

    async def _queued_in(self, session: str, on_notice: Callable[[str], None]) -> dict[str, str]:
        try:
            found = await asyncio.to_thread(lambda: self._rows.newest(session=session))
        except StorageError as error:
            on_notice(f"The repairs that wait cannot be read: {error}")
            return {}
        return {one.call: one.name for one in found if one.status == "queued"}

    async def _run(self, repair: Repair, tell: Callable[[str], None], priority: Priority) -> Learned:
        work = self._work(tell, priority)
        record = await self._jobs.run(repair.id, work)
        return work.learned if work.learned is not None else learned_of(record)
