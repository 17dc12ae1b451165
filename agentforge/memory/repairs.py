"""Repairs that wait, run and are over: rows of ``jobs``, from a failed call or a person's word to what came of it.

A row is queued together with the call that failed. A later word of a person asks another question, so it
gives the call another row, and cancels the one before where that is not over. A repair that finds that only a
person knows the right answer is done, in the state :data:`ASKED`: nobody takes it again, and the answer
queues the next one. So what is done stays done, as for every job. All calls are synchronous, and rows of
other users are invisible.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from agentforge import clock
from agentforge.database.store import Database
from agentforge.database.tables import JOBS
from agentforge.jobs.protocol import Status, Via
from agentforge.memory.outcomes import Known, reference
from agentforge.secrecy import redact
from agentforge.types import JSONObject

REPAIR = "repair"
"""The kind of a job that repairs a tool."""

ASKED = "asked"
"""The state of a repair that ended with a question to a person."""

WAITING = "waiting"
"""The state of a repair that ended because no model is set up that could write one."""

_LIGHT = (JOBS.c.id, JOBS.c.session, JOBS.c.name, JOBS.c.status, JOBS.c.state, JOBS.c.reason, JOBS.c.created)


@dataclass(frozen=True, slots=True)
class Repair:
    """The newest repair job for ``call``, of the tool ``name``. ``reason`` is one sentence for people.

    ``said`` is the label of a person (its row) that it goes by, 0 where nobody had said anything.
    """

    id: str
    call: str
    said: int
    session: str
    name: str
    status: Status
    state: str
    reason: str
    created: str

    @property
    def ready(self) -> bool:
        """Whether the program may go on with it, now or as soon as what was missing is there."""
        return self.status in ("queued", "failed")

    @property
    def waits(self) -> bool:
        """Whether it waits: for the program, or for a person's answer."""
        return self.ready or self.status == "running" or (self.status == "done" and self.state == ASKED)


class Repairs:
    """The repairs of one user. ``secrets`` are texts that must never be written, exactly."""

    def __init__(self, database: Database, *, org: str, user: str, secrets: Collection[str] = ()) -> None:
        self._database = database
        self._org = org
        self._user = user
        self._secrets = tuple(secrets)

    def queue(self, call: Known, via: Via = "queue") -> Repair:
        """Has a repair for this call wait, and returns it; one that waits for the same word already is that one.

        What was over stays so, and the call gets another row; one that goes by an earlier word is ended.
        """
        with self._database.write() as connection:
            before = self._of(connection, call.id)
            newest = before[-1] if before else None
            if newest is not None and newest.said == call.said and newest.status in ("queued", "running", "failed"):
                if newest.status == "failed":
                    again = {"status": "queued", "via": via, "state": "", "reason": "", "crashes": 0}
                    self._change(connection, JOBS.c.id == newest.id, **again)
                return self._of(connection, call.id)[-1]
            self._cancel(connection, call.id, "A person has said something else of the call.", "queued", "running")
            row = repair_row(call.id, call.tool, call.session, said=call.said, number=len(before) + 1) | {"via": via}
            connection.execute(insert(JOBS).values(org=self._org, user=self._user, created=_now(), **row))
            return self._of(connection, call.id)[-1]

    def close(self, call: str, reason: str) -> None:
        """Ends what waits or runs for a call, and answers the question about it: there is nothing to repair."""
        asked = (_for_call(call), JOBS.c.status == "done", JOBS.c.state == ASKED)
        with self._database.write() as connection:
            self._cancel(connection, call, reason, "queued", "running", "failed")
            self._change(connection, *asked, state="noted", reason=redact(reason, self._secrets))

    def newest(self, *, name: str | None = None, session: str | None = None) -> list[Repair]:
        """The newest repair of each call, of one tool or session or of all, oldest first."""
        mine = [*self._mine()]
        mine += [JOBS.c.name == name] if name is not None else []
        mine += [JOBS.c.session == session] if session is not None else []
        query = select(*_LIGHT, JOBS.c.payload).where(*mine).order_by(JOBS.c.created, JOBS.c.id)
        with self._database.read() as connection:
            found = map(_repair, connection.execute(query))
            return [*{one.call: one for one in found}.values()]

    def ready(self, name: str | None = None) -> list[Repair]:
        """Those of :meth:`newest` that the program may go on with."""
        return [one for one in self.newest(name=name) if one.ready]

    def _cancel(self, connection: Connection, call: str, reason: str, *statuses: Status) -> None:
        ended = {"status": "cancelled", "state": "failed", "reason": redact(reason, self._secrets)}
        self._change(connection, _for_call(call), JOBS.c.status.in_(statuses), owner="", lease="", **ended)

    def _of(self, connection: Connection, call: str) -> list[Repair]:
        query = select(*_LIGHT, JOBS.c.payload).where(*self._mine(), _for_call(call))
        return sorted(map(_repair, connection.execute(query)), key=lambda one: (one.created, len(one.id), one.id))

    def _change(self, connection: Connection, *which: Any, **values: Any) -> None:
        connection.execute(update(JOBS).where(*self._mine(), *which).values(updated=_now(), **values))

    def _mine(self) -> tuple[Any, ...]:
        return (JOBS.c.org == self._org, JOBS.c.user == self._user, JOBS.c.kind == REPAIR)


def repair_id(call: str, number: int = 1) -> str:
    """The id of the repair job of that number for a call."""
    return f"{REPAIR}:{reference(call)}" + (f":{number}" if number > 1 else "")


def repair_row(call: str, tool: str, session: str, *, said: int = 0, number: int = 1) -> dict[str, Any]:
    """The columns of a repair job that waits, but for its owner and time."""
    payload: JSONObject = {"call": call, "said": said}
    return {
        "id": repair_id(call, number),
        "session": session,
        "kind": REPAIR,
        "name": tool,
        "state": "",
        "status": "queued",
        "via": "queue",
        "payload": payload,
        "artefacts": {},
    }


def _for_call(call: str) -> Any:
    first = repair_id(call)
    return or_(JOBS.c.id == first, JOBS.c.id.startswith(f"{first}:", autoescape=True))


def _repair(row: Any) -> Repair:
    call, said = str(row.payload["call"]), int(row.payload.get("said", 0))
    return Repair(row.id, call, said, row.session, row.name, row.status, row.state, row.reason, row.created)


def _now() -> str:
    return clock.now().isoformat(timespec="microseconds")
