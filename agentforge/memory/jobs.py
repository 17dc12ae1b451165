"""Jobs and the steps that they finished, as rows of the one database.

Every change is one short transaction, and each is conditional on what it expects to find, so that of two
processes that want the same job one gets it. Rows of other users are invisible, whatever id is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from agentforge.clock import now as utc_now
from agentforge.database.readable import readable
from agentforge.database.store import Database
from agentforge.database.tables import JOB_STEPS, JOBS
from agentforge.jobs.lease import free, timestamp, until
from agentforge.jobs.protocol import LEASE_SECONDS, Ending, Holder, NewJob, Record, Ticket, Via
from agentforge.redaction import redact_json
from agentforge.secrecy import redact
from agentforge.types import JSON, JSONObject

Clock = Callable[[], datetime]

_COLUMNS = readable(JOBS)


class JobRows:
    """Implements :class:`agentforge.jobs.protocol.Store` for one user. ``secrets`` are texts that must never be
    written, exactly; ``clock`` gives the time (tests).
    """

    def __init__(
        self,
        database: Database,
        *,
        org: str,
        user: str,
        secrets: Collection[str] = (),
        clock: Clock = utc_now,
    ) -> None:
        self.org = org
        self.user = user
        self._database = database
        self._secrets = tuple(secrets)
        self._clock = clock

    def create(self, job: NewJob) -> None:
        """Adds a job as ``queued``."""
        now = self._now()
        values = {"id": job.id, "session": job.session, "kind": job.kind, "name": job.name, "via": job.via}
        values |= {"status": "queued", "payload": self._clean(job.payload), "created": now, "updated": now}
        self._database.insert(JOBS, {"org": self.org, "user": self.user, "artefacts": {}, **values})

    def get(self, job: str) -> Record | None:
        """One job, or None."""
        with self._database.read() as connection:
            row = self._row(connection, job)
        return None if row is None else _record(row)

    def list(self, limit: int = 50, *, kind: str = "") -> list[Record]:
        """The newest jobs first, of one kind or of all."""
        mine = (*self._mine(), JOBS.c.kind == kind) if kind else self._mine()
        query = select(*_COLUMNS).where(*mine).order_by(JOBS.c.created.desc()).limit(limit)
        with self._database.read() as connection:
            return [_record(row) for row in connection.execute(query)]

    def unfinished(self, via: Via) -> list[Record]:
        """Those that were begun, or given back, or (of ``inline``) that nobody began in the time of a lease."""
        forgotten = timestamp(self._clock() - timedelta(seconds=LEASE_SECONDS))
        begun = JOBS.c.status == "running"
        left = and_(JOBS.c.status == "queued", or_(JOBS.c.takes > 0, JOBS.c.created < forgotten))
        wanted = or_(begun, left) if via == "inline" else begun
        query = select(*_COLUMNS).where(*self._mine(), JOBS.c.via == via, wanted).order_by(JOBS.c.created)
        with self._database.read() as connection:
            return [_record(row) for row in connection.execute(query)]

    def take(self, job: str, holder: Holder) -> Record | None:
        """Makes ``holder`` the only one who may run and end the job; None where it is not free.

        One of which the row is damaged cannot be run by anybody: it ends here, as failed.
        """
        with self._database.write() as connection:
            row = self._row(connection, job)
            if row is None or not free(row.status, row.owner, row.lease, self._now(), holder.gone):
                return None
            expected = (JOBS.c.takes == row.takes, JOBS.c.status == row.status)
            if damage := _damage(row):
                ended = {"status": "failed", "state": "failed", "reason": damage, "takes": row.takes + 1}
                self._change(connection, job, *expected, owner="", lease="", **ended)
                return None
            values = {"status": "running", "owner": holder.label, "lease": until(self._clock())}
            values |= {"takes": row.takes + 1, "crashes": row.crashes + (row.status == "running")}
            if self._change(connection, job, *expected, **values) != 1:
                return None
            taken = self._row(connection, job)
        return None if taken is None else _record(taken)

    def renew(self, job: str, takes: int) -> bool:
        """Gives a sign of life; False where the job is no longer the caller's."""
        with self._database.write() as connection:
            return self._change(connection, job, *_held(takes), lease=until(self._clock())) == 1

    def finish(self, job: str, takes: int, ending: Ending) -> bool:
        """Ends it; False where it is no longer the caller's (one that is ``done`` may have been cancelled)."""
        held = _held(takes)
        if ending.status == "done":
            held = (JOBS.c.takes == takes, JOBS.c.status.in_(("running", "cancelled")))
        values = {"status": ending.status, "state": ending.state, "reason": redact(ending.reason, self._secrets)}
        values |= {"result": self._clean(ending.result), "artefacts": self._clean(ending.artefacts)}
        with self._database.write() as connection:
            if self._change(connection, job, *held, owner="", lease="", **values) != 1:
                return False
            if not ending.keep_steps:
                connection.execute(delete(JOB_STEPS).where(JOB_STEPS.c.job == job))
        return True

    def release(self, job: str, takes: int) -> bool:
        """Gives it back unfinished, with its steps; this is no crash."""
        with self._database.write() as connection:
            return self._change(connection, job, *_held(takes), status="queued", owner="", lease="") == 1

    def cancel(self, job: str) -> bool:
        """Ends a job that is not over yet; False where it is."""
        going = JOBS.c.status.in_(("queued", "running"))
        ended = {"status": "cancelled", "state": "failed", "reason": "It was cancelled."}
        with self._database.write() as connection:
            return self._change(connection, job, going, owner="", lease="", **ended) == 1

    def retry(self, job: str) -> bool:
        """Queues a failed or cancelled job for a worker; False where it is neither, or cannot be done again."""
        over = (JOBS.c.status.in_(("failed", "cancelled")), JOBS.c.payload.is_not(None))
        values = {"status": "queued", "via": "queue", "state": "", "reason": "", "crashes": 0}
        with self._database.write() as connection:
            return self._change(connection, job, *over, **values) == 1

    def steps(self, job: str) -> dict[str, JSON]:
        """The results of the finished steps, in the order in which they were kept."""
        query = select(JOB_STEPS.c.key, JOB_STEPS.c.result).where(*self._mine_steps(job)).order_by(JOB_STEPS.c.id)
        with self._database.read() as connection:
            return {row.key: row.result for row in connection.execute(query)}

    def keep(self, job: str, key: str, result: JSON) -> None:
        """Keeps the result of a step; where one is kept under that key already, that one stays. Of a job that was
        erased meanwhile nothing is kept.
        """
        row = {"org": self.org, "user": self.user, "job": job, "key": key, "created": self._now()}
        with self._database.write() as connection:
            job_row = select(JOBS.c.id).where(*self._mine(), JOBS.c.id == job)
            if connection.execute(job_row.with_for_update()).first() is None:
                return
            try:
                with connection.begin_nested():
                    connection.execute(insert(JOB_STEPS).values(**row, result=self._clean(result)))
            except IntegrityError:
                return

    def _mine(self) -> tuple[Any, ...]:
        return (JOBS.c.org == self.org, JOBS.c.user == self.user)

    def _mine_steps(self, job: str) -> tuple[Any, ...]:
        return (JOB_STEPS.c.org == self.org, JOB_STEPS.c.user == self.user, JOB_STEPS.c.job == job)

    def _row(self, connection: Connection, job: str) -> Row[Any] | None:
        return connection.execute(select(*_COLUMNS).where(*self._mine(), JOBS.c.id == job)).one_or_none()

    def _change(self, connection: Connection, job: str, *expected: Any, **values: Any) -> int:
        change = update(JOBS).where(*self._mine(), JOBS.c.id == job, *expected).values(updated=self._now(), **values)
        return connection.execute(change).rowcount

    def _clean(self, value: JSON) -> Any:
        return redact_json(value, self._secrets)

    def _now(self) -> str:
        return timestamp(self._clock())


def waiting(database: Database, holder: Holder, clock: Clock = utc_now) -> list[Ticket]:
    """The jobs of all users that a worker may take now, those that wait longest first (raises StorageError)."""
    columns = (JOBS.c.id, JOBS.c.org, JOBS.c.user, JOBS.c.takes, JOBS.c.status, JOBS.c.owner, JOBS.c.lease)
    wanted = (JOBS.c.via == "queue", JOBS.c.status.in_(("queued", "running")))
    with database.read() as connection:
        rows = [*connection.execute(select(*columns).where(*wanted).order_by(JOBS.c.created))]
    now = timestamp(clock())
    free_rows = (row for row in rows if free(row.status, row.owner, row.lease, now, holder.gone))
    return [Ticket(row.org, row.user, row.id, row.takes) for row in free_rows]


def _held(takes: int) -> tuple[Any, ...]:
    return (JOBS.c.takes == takes, JOBS.c.status == "running")


def _record(row: Row[Any]) -> Record:
    """The row as a record; of a damaged one what can be read, and a reason that says what cannot."""
    return Record(
        *(row.id, row.org, row.user, row.session, row.kind, row.name, row.status, row.via),
        *(_object(row.payload), row.created, row.updated, row.state, _damage(row) or row.reason),
        *(_object(row.result), _object(row.artefacts)),
        *(row.owner, row.lease, row.takes, row.crashes),
    )


def _object(value: Any) -> JSONObject:
    return cast("JSONObject", value) if isinstance(value, dict) else {}


def _damage(row: Row[Any]) -> str:
    """What of a row cannot be read, in one sentence; empty where all can."""
    values = {"payload": row.payload, "result": row.result, "artefacts": row.artefacts}
    broken = [name for name, value in values.items() if value is not None and not isinstance(value, dict)]
    return f"Its row in the database is damaged: {' and '.join(broken)} cannot be read." if broken else ""
