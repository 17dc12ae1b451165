"""Jobs run by DBOS, in a process that does nothing else: ``agentforge worker``.

The rows of the store say what there is to do and how it stands. DBOS holds the queue: it keeps it in a database
of its own (SQLite on one machine, PostgreSQL for many workers), bounds how much runs at once and shares
the work among workers. Each take of a job is one workflow, named by job and take, so that handing the same
one over again, from wherever, does nothing. What a process that died had begun is known by its lease, becomes
the next take, and goes on from its journal.

DBOS keeps one instance for each process, starts threads and sets up logging: it must never start in
somebody's product, which is why it is imported here alone, and only when :meth:`Durable.open` is awaited.
Values travel as JSON; its pickles are refused.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from typing import Any, Self

from agentforge.errors import AgentForgeError, ConfigurationError, StorageError
from agentforge.jobs.protocol import Holder, Ticket

QUEUE = "agentforge-jobs"
WORKFLOW = "agentforge-job"
VERSION = "1"
"""Of what a workflow is given; a change of our own code needs no new one, since its steps are in our journal."""
POLL_SECONDS = 0.5
"""How often DBOS looks into its queue."""
LOOK_AGAIN_SECONDS = 30.0
"""After so long a job that still waits is looked for in the queue again: whoever had it there may have died."""
FINISHED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")

Run = Callable[[Ticket], Awaitable[None]]
"""Takes a job and carries it to its end; does not raise but for being cancelled."""


class Durable:
    """The queue of one worker process, from :meth:`open` to :meth:`close`; only one at a time in a process.

    Raises (from :meth:`open`):
        ConfigurationError: DBOS is not installed.
        StorageError: its database cannot be opened.
    """

    def __init__(self, url: str, holder: Holder, run: Run, *, concurrency: int) -> None:
        self._url = url
        self._holder = holder
        self._run = run
        self._concurrency = concurrency
        self._stopping = False
        self._carried: dict[str, asyncio.Task[None]] = {}
        self._known: dict[str, float] = {}
        self._dbos: Any = None
        self._workflow: Any = None

    async def open(self) -> Self:
        """Starts DBOS on the running event loop, where the jobs then run."""
        dbos = _dbos()
        _refuse_pickles()
        dbos.DBOS(config=_config(dbos, self._url, self._holder.label))
        self._dbos = dbos.DBOS
        self._workflow = self._dbos.workflow(name=WORKFLOW)(self._as_function())
        try:
            self._dbos.launch()  # blocks for a moment: it takes the loop that runs here as its own
            await self._dbos.register_queue_async(
                QUEUE,
                worker_concurrency=self._concurrency,
                polling_interval_sec=POLL_SECONDS,
                on_conflict="always_update",
            )
            await self._sweep()
        except Exception as error:
            await self.close()
            raise StorageError(
                f"The queue of the worker cannot be opened: {str(error).splitlines()[0]}.",
                fix="Correct 'worker.queue_url', or see to that database.",
            ) from error
        return self

    @property
    def running(self) -> int:
        """How many jobs run here now."""
        return len(self._carried)

    async def hand_over(self, tickets: Collection[Ticket]) -> None:
        """Puts jobs into the queue that are not in it; those that are stay where they are."""
        now = time.monotonic()
        self._known = {name: at for name, at in self._known.items() if now - at < LOOK_AGAIN_SECONDS}
        for ticket in tickets:
            if _name(ticket) not in self._known and not self._stopping:
                await self._enqueue(ticket)
                self._known[_name(ticket)] = now

    async def stop(self, patience: float) -> None:
        """Begins no more; what still runs after ``patience`` seconds is given back, with its journal."""
        self._stopping = True
        if self._carried:
            await asyncio.wait([*self._carried.values()], timeout=patience)
        left = [*self._carried.values()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def close(self) -> None:
        """Ends DBOS; harmless when repeated."""
        dbos, self._dbos = self._dbos, None
        if dbos is not None:
            # it had put its own threads in the place of the loop's, and ends them
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))
            await asyncio.to_thread(dbos.destroy, destroy_registry=True)

    def _as_function(self) -> Callable[[str, str, str, int], Awaitable[str]]:
        async def workflow(org: str, user: str, job: str, takes: int) -> str:
            return await self._one(org, user, job, takes)

        return workflow

    async def _one(self, org: str, user: str, job: str, takes: int) -> str:
        """The workflow: one take of one job. Its own steps are in our journal, so DBOS sees it as a whole."""
        if self._stopping:
            return "left"
        ticket = Ticket(org, user, job, takes)
        task = asyncio.create_task(self._carry(ticket))
        self._carried[_name(ticket)] = task
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            return "given back"
        finally:
            self._carried.pop(_name(ticket), None)
            self._known.pop(_name(ticket), None)
        return "carried"

    async def _carry(self, ticket: Ticket) -> None:
        with suppress(AgentForgeError):  # the job's row tells; where even that failed, its lease runs out
            await self._run(ticket)

    async def _enqueue(self, ticket: Ticket) -> None:
        """Under its name, past what an earlier process left there; and what the take before left is swept away."""
        name = _name(ticket)
        before = await self._status(name)
        if before is not None and not self._abandoned(before):
            return
        for old in (name, _name(Ticket(ticket.org, ticket.user, ticket.job, ticket.takes - 1))):
            status = before if old == name else await self._status(old)
            if status is not None and self._abandoned(status):
                await self._dbos.delete_workflow_async(old)
        with _dbos().SetWorkflowID(name):
            await self._dbos.enqueue_workflow_async(
                QUEUE, self._workflow, ticket.org, ticket.user, ticket.job, ticket.takes
            )

    async def _status(self, name: str) -> Any:
        return await self._dbos.get_workflow_status_async(name)

    def _abandoned(self, status: Any) -> bool:
        """Whether nobody works on a workflow any more: it ended, or its process did."""
        return status.status in FINISHED or (
            status.status == "PENDING" and self._holder.gone(str(status.executor_id or ""))
        )

    async def _sweep(self) -> None:
        """Takes away what is over: the store tells of it."""
        over = await self._dbos.list_workflows_async(
            status=[*FINISHED], queue_name=QUEUE, load_input=False, load_output=False, limit=1000
        )
        if over:
            await self._dbos.delete_workflows_async([one.workflow_id for one in over])


class Json:
    """DBOS's values as JSON; what is none (an exception) as its ``repr``."""

    def serialize(self, data: Any) -> str:
        """``data`` as text."""
        return json.dumps(data, default=repr)

    def deserialize(self, serialized_data: str) -> Any:
        """The data again; what was none is text now."""
        return json.loads(serialized_data)

    def name(self) -> str:
        """Stands beside each value in the database."""
        return "agentforge_json"


def installed() -> None:
    """Raises ConfigurationError where DBOS is not there."""
    _dbos()


def _dbos() -> Any:
    try:
        return import_module("dbos")
    except ImportError:
        raise ConfigurationError(
            "The worker needs the package 'dbos', which is not installed.",
            fix="pip install 'agentforge-toolsmith[worker]'",
        ) from None


def _refuse_pickles() -> None:
    """DBOS reads a value in the form that its row names, and one form is a pickle: whoever may write that
    database could run code here. So that form is taken away.
    """

    def refuse(*_: object) -> Any:
        raise ValueError("a pickle in the worker's database is not read")

    import_module("dbos._serialization").DefaultSerializer.deserialize = refuse


def _config(dbos: Any, url: str, executor: str) -> dict[str, Any]:
    if not (log := logging.getLogger("dbos")).handlers:  # it adds one of its own where there is none
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("dbos: %(message)s"))
        log.addHandler(handler)
    serializer = type("Serializer", (Json, dbos.Serializer), {})()
    return {
        "name": "agentforge",
        "system_database_url": url,
        "application_version": VERSION,
        "executor_id": executor,
        "serializer": serializer,
        "log_level": "WARNING",
    }


def _name(ticket: Ticket) -> str:
    return f"{ticket.job}.{ticket.takes}"
