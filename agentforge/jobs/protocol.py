"""What the program knows of jobs: work that outlives the process which began it.

A job has a **status**: ``queued`` waits for somebody to take it, ``running`` is held by one process under a
lease, ``done``, ``failed`` and ``cancelled`` are its ends. Its **steps** are what was expensive: each
finished one is kept as JSON and replayed when the job is taken up again, so a step may run twice but is
asked for once it is kept. Its **effect** is what it changes in the world (a commit of the registry, which
names the job): it happens once, whoever runs the job and however often, because :meth:`Work.effect`
is asked before the work and again whenever the work ends badly, and the commit itself looks for it.

Storage is handed in (:class:`Store`): adapters know no other adapter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from agentforge.types import JSON, JSONObject

Status: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]
Via: TypeAlias = Literal["inline", "queue", "person"]
"""Who takes it: the process that asked for it (or its next start), a worker, or a person, who decides."""

LEASE_SECONDS = 60.0
"""How long a running job belongs to its process after the last sign of life."""
RENEW_SECONDS = 5.0
"""How often that sign is given; so soon a job that was cancelled stops, too."""
MOST_CRASHES = 3
"""A job that took so many processes with it is not begun again."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that takes jobs. ``label`` names it and no other that had or will have its number;
    ``gone`` says of such a label whether that process certainly runs no more.
    """

    label: str
    gone: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is asked for. ``payload`` is all that the work needs, as JSON without secrets."""

    id: str
    kind: str
    name: str
    payload: JSONObject
    session: str = ""
    via: Via = "queue"


@dataclass(frozen=True, slots=True)
class Record:
    """A job as it stands. ``state`` is what came of it in the words of its kind (``live``, ``proposed``,
    ``failed``), ``reason`` one sentence for people, ``artefacts`` all that was tried.

    ``takes`` counts how often it was taken and tells one holder from the next; ``crashes`` how often its
    holder ended without a word. Times are UTC, ISO 8601.
    """

    id: str
    org: str
    user: str
    session: str
    kind: str
    name: str
    status: Status
    via: Via
    payload: JSONObject
    created: str
    updated: str
    state: str = ""
    reason: str = ""
    result: JSONObject = field(default_factory=lambda: {})
    artefacts: JSONObject = field(default_factory=lambda: {})
    owner: str = ""
    lease: str = ""
    takes: int = 0
    crashes: int = 0

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.status in ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job that a worker may take, whosever it is; ``takes`` is how often it was taken before."""

    org: str
    user: str
    job: str
    takes: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended. ``keep_steps``: it broke off, and a retry (or a further try, where the adapter makes some)
    goes on from the steps that are kept; otherwise they are dropped, and a retry begins anew.
    """

    status: Literal["done", "failed", "cancelled"]
    reason: str
    state: str = ""
    result: JSONObject = field(default_factory=lambda: {})
    artefacts: JSONObject = field(default_factory=lambda: {})
    keep_steps: bool = False


class Store(Protocol):
    """Where the jobs of one user stand. Synchronous: adapters push it to a thread. Every method may raise
    ``StorageError``; those that name a job see this user's alone.
    """

    def create(self, job: NewJob) -> None:
        """Adds a job as ``queued``."""
        ...

    def get(self, job: str) -> Record | None:
        """One job, or None."""
        ...

    def list(self, limit: int = 50) -> list[Record]:
        """The newest jobs first."""
        ...

    def unfinished(self, via: Via) -> list[Record]:
        """Those that were begun (or, for ``inline``, given back) and are not over, whether their process lives or
        not; oldest first.
        """
        ...

    def take(self, job: str, holder: Holder) -> Record | None:
        """Makes ``holder`` the only one who may run and end the job; None where it is not free: it is over,
        or runs in a process that is not gone and whose lease is good.
        """
        ...

    def renew(self, job: str, takes: int) -> bool:
        """Gives a sign of life; False where the job is no longer the caller's."""
        ...

    def finish(self, job: str, takes: int, ending: Ending) -> bool:
        """Ends it; False where it is no longer the caller's. One that is ``done`` is so also where a person
        cancelled it meanwhile: its effect stands.
        """
        ...

    def release(self, job: str, takes: int) -> bool:
        """Gives it back unfinished, with its steps; this is no crash."""
        ...

    def cancel(self, job: str) -> bool:
        """Ends a job that is not over yet; False where it is."""
        ...

    def retry(self, job: str) -> bool:
        """Queues a failed or cancelled job for a worker; False where it is neither."""
        ...

    def steps(self, job: str) -> dict[str, JSON]:
        """The results of the finished steps, in the order in which they were kept."""
        ...

    def keep(self, job: str, key: str, result: JSON) -> None:
        """Keeps the result of a step; where one is kept under that key already, that one stays."""
        ...


class Steps(Protocol):
    """The journal of one job as its work sees it."""

    async def step(self, key: str, work: Callable[[], Awaitable[JSON]]) -> JSON:
        """The kept result under ``key``, else that of ``work``, which is then kept. Raises as ``work``, of
        which nothing is kept then.
        """
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """A job as its work gets it."""

    id: str
    name: str
    payload: Mapping[str, JSON]
    journal: Steps


class Work(Protocol):
    """How jobs of one kind are done."""

    async def effect(self, task: Task) -> Ending | None:
        """How the job ended if its effect has happened already, else None. Cheap, and may be asked at any time."""
        ...

    async def run(self, task: Task) -> Ending:
        """Does it. What makes no sense, or fails in the same way each time, is raised or an ``Ending``."""
        ...


Finder: TypeAlias = Callable[[str], Work]
"""From a job's kind to its work (raises UsageError for a kind that nobody knows)."""


class Jobs(Protocol):
    """The port: what those who want work done see. A job runs at most once at a time, whoever was given it."""

    async def submit(self, job: NewJob) -> str:
        """Writes the job down and returns its id; from then on it survives this process. One that is ``queue``
        is run by a worker (``agentforge.jobs.durable``), any other by :meth:`run`.
        """
        ...

    async def run(self, job: str) -> Record:
        """Runs a job to its end and returns it, or returns it as it stands where somebody else has it.

        What the work raises is raised, after the job was ended with it.
        """
        ...

    async def list(self, limit: int = 50) -> list[Record]:
        """The newest jobs first."""
        ...

    async def cancel(self, job: str) -> bool:
        """Ends a job that is not over; one that runs stops at its next sign of life."""
        ...

    async def resume(self) -> list[Record]:
        """Runs what was begun and not ended because its process is gone; returns how each ended."""
        ...
