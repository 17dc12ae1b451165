"""What ``agentforge worker`` does: hands waiting jobs of all users to the durable queue, and runs those it gives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from agentforge.api.facade import Forge, OpenBox
from agentforge.api.jobs import this_process
from agentforge.api.opened import secrets_of
from agentforge.database.store import Database
from agentforge.errors import AgentForgeError, StorageError
from agentforge.jobs.durable import Durable
from agentforge.jobs.protocol import Ending, Ticket
from agentforge.memory.jobs import JobRows, waiting
from agentforge.models.protocol import ModelClient
from agentforge.settings import COMPANY, Settings, check_folder

LOOK_SECONDS = 0.5
"""How often the database is asked for jobs that wait."""
MOST_PAUSE = 30.0
"""The same, at the most, while the database does not answer."""
PAUSES = (5.0, 30.0)
"""Seconds before a second and a third try where an endpoint or a box failed; nobody waits at a terminal."""


class Worker:
    """One worker. ``models`` and ``open_box`` replace the real ones (tests); ``told`` gets a line for each job."""

    def __init__(
        self,
        settings: Settings,
        told: Callable[[str], None],
        *,
        models: ModelClient | None = None,
        open_box: OpenBox | None = None,
    ) -> None:
        self._settings = settings
        self._told = told
        self._models = models
        self._open_box = open_box
        self._holder = this_process()
        self._ended = 0
        self._left: set[Ticket] = set()

    async def run(self, stop: asyncio.Event, *, once: bool = False) -> int:
        """Works until ``stop`` is set, or with ``once`` until nothing waits; returns how many jobs ended here.

        Raises:
            ConfigurationError: DBOS is not installed, or a database's URL is wrong.
            StorageError: a database cannot be opened or read.
        """
        own = self._settings.worker
        await asyncio.to_thread(check_folder, self._settings.home)
        database = await asyncio.to_thread(Database.open, self._settings.database)
        queue = Durable(self._settings.worker_queue, self._holder, self._one, concurrency=own.concurrency)
        try:
            await queue.open()
            await self._serve(queue, database, stop, once=once)
            await queue.stop(own.stop_seconds)
        finally:
            await queue.close()
            await asyncio.to_thread(database.close)
        return self._ended

    async def _serve(self, queue: Durable, database: Database, stop: asyncio.Event, *, once: bool) -> None:
        pause = LOOK_SECONDS
        while not stop.is_set():
            try:
                found = await asyncio.to_thread(waiting, database, self._holder)
                tickets = [ticket for ticket in found if ticket not in self._left]
                if once and not tickets and not queue.running:
                    return
                await queue.hand_over(tickets)
                pause = LOOK_SECONDS
            except StorageError as error:
                if once:
                    raise
                self._told(str(error))
                pause = min(pause * 2, MOST_PAUSE)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def _one(self, ticket: Ticket) -> None:
        """Takes one job and carries it to its end; one that cannot even be begun ends with the reason."""
        try:
            await self._carry(ticket)
        except Exception as error:  # noqa: BLE001 - it would be begun again and again, beside all the others
            reason = str(error) if isinstance(error, AgentForgeError) else f"{type(error).__name__}: {error}"
            self._told(f"job {ticket.job}: {reason}")
            try:
                await asyncio.to_thread(self._give_up, ticket, reason)
            except Exception as failure:  # noqa: BLE001 - as above: it is left alone, or nothing would ever end
                self._left.add(ticket)
                self._told(f"job {ticket.job} is left as it is: {failure}")

    def _give_up(self, ticket: Ticket, reason: str) -> None:
        with Database.open(self._settings.database) as database:
            rows = JobRows(database, org=ticket.org, user=ticket.user, secrets=secrets_of(self._settings))
            if taken := rows.take(ticket.job, self._holder):
                rows.finish(taken.id, taken.takes, Ending("failed", reason, "failed", keep_steps=True))

    async def _carry(self, ticket: Ticket) -> None:
        """With everything opened for the job's user, and closed again."""
        company = ticket.user == COMPANY
        user = self._settings.user if company else ticket.user
        forge = Forge(
            user=user,
            org=ticket.org,
            settings=self._settings.owned_by(ticket.org, user),
            models=self._models,
            open_box=self._open_box,
            on_notice=self._told,
            company=company,
        )
        async with forge:
            jobs = await forge.jobs()
            before = await jobs.get(ticket.job)
            self._told(f"{before.kind} of {before.name} (job {before.id}) for {ticket.org}/{ticket.user}")
            with suppress(AgentForgeError):  # its record says so, too
                await jobs.carry(ticket.job, PAUSES)
            after = await jobs.get(ticket.job)
            self._ended += after.ended
            self._told(f"{after.name} (job {after.id}): {after.state or after.status}. {after.reason}")
