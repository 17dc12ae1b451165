"""Decisions that are waited for, and the runs that wait for them: rows of ``jobs``.

A row is ``queued`` until somebody decides or its time is over; then it is ``done``, in the state ``allowed``,
``narrowed``, ``denied`` or ``expired``. ``takes`` says whether the run went on with it: that happens once, whoever
tries, and also where the process that took it ended without a word, since what was allowed may have been done. All
calls are synchronous, and rows of other users are invisible.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, cast

from sqlalchemy import Connection, insert, select, update

from agentforge import clock
from agentforge.approval import Allow, ApprovalRequest, Deny, Narrow, word_of
from agentforge.database.store import Database
from agentforge.database.tables import JOBS
from agentforge.errors import UsageError
from agentforge.redaction import redact_json
from agentforge.types import Capabilities, JSONObject

APPROVAL = "approval"
"""The kind of a job that is a decision somebody has to make."""

Standing: TypeAlias = Literal["waiting", "allowed", "narrowed", "denied", "expired", "cancelled"]

_COLUMNS = (JOBS.c.id, JOBS.c.status, JOBS.c.state, JOBS.c.payload, JOBS.c.result, JOBS.c.created, JOBS.c.takes)


@dataclass(frozen=True, slots=True)
class Approval:
    """One decision. ``state`` is ``waiting`` until it is made or ``expires`` (UTC, ISO 8601) has come; ``decision``
    and ``by`` whom it was made are there afterwards. ``resumed``: the run has gone on with it.
    """

    id: str
    request: ApprovalRequest
    state: Standing
    created: str
    expires: str
    decision: Allow | Narrow | Deny | None = None
    by: str = ""
    resumed: bool = False


class Approvals:
    """The decisions of one user. ``secrets`` are texts that must never be written, exactly."""

    def __init__(self, database: Database, *, org: str, user: str, secrets: Collection[str] = ()) -> None:
        self._database = database
        self._org = org
        self._user = user
        self._secrets = tuple(secrets)

    def keep(self, request: ApprovalRequest, loop: JSONObject, seconds: float) -> Approval:
        """Writes a question down, with where the loop of its run stands."""
        now = clock.now()
        payload = {"request": asdict(request), "loop": loop, "expires": _stamp(now + timedelta(seconds=seconds))}
        values = {"id": f"{APPROVAL}:{uuid.uuid4().hex[:16]}", "session": request.session, "name": request.tool}
        values |= {"kind": APPROVAL, "status": "queued", "via": "person", "created": _stamp(now), "artefacts": {}}
        row = {"org": self._org, "user": self._user, "updated": _stamp(now), **values}
        clean = redact_json(cast("JSONObject", payload), self._secrets)
        with self._database.write() as connection:
            connection.execute(insert(JOBS).values(payload=clean, **row))
        return self.get(str(values["id"]))

    def get(self, approval: str) -> Approval:
        """One decision as it stands now.

        Raises:
            UsageError: this user has none of that id.
        """
        with self._database.write() as connection:
            return _approval(self._current(connection, approval))

    def loop(self, approval: str) -> JSONObject:
        """Where the loop of its run stood (raises as :meth:`get`)."""
        with self._database.read() as connection:
            payload = self._row(connection, approval).payload
        return cast("JSONObject", payload["loop"])

    def list(self, *, waiting: bool = True) -> list[Approval]:
        """Those that wait, oldest first; or all of them."""
        query = select(*_COLUMNS).where(*self._mine()).order_by(JOBS.c.created, JOBS.c.id)
        with self._database.read() as connection:
            found = [_approval(row) for row in connection.execute(query)]
        return [one for one in found if one.state == "waiting" or not waiting]

    def decide(self, approval: str, decision: Allow | Narrow | Deny, by: str) -> Approval:
        """Makes a decision; of two that are made at once one counts.

        Raises:
            UsageError: there is none of that id, or it was made already; by whom.
        """
        made: JSONObject = {"by": by, "reason": decision.reason if isinstance(decision, Deny) else ""}
        if isinstance(decision, Narrow):
            reach = decision.capabilities
            made |= {"capabilities": reach and cast("JSONObject", asdict(reach)), "args": decision.args}
        with self._database.write() as connection:
            before = _approval(self._current(connection, approval))
            if before.state == "waiting":
                clean = redact_json(made, self._secrets)
                self._change(connection, approval, status="done", state=word_of(decision), result=clean)
        if before.state != "waiting":
            raise UsageError(f"{approval} is {before.state}{f' by {before.by}' if before.by else ''} already.")
        return self.get(approval)

    def take(self, approval: str) -> bool:
        """Lets the caller go on with the run; False where somebody has, or nobody has decided."""
        decided = (JOBS.c.status == "done", JOBS.c.state != "expired", JOBS.c.takes == 0)
        with self._database.write() as connection:
            return self._change(connection, approval, *decided, takes=1) == 1

    def _current(self, connection: Connection, approval: str) -> Any:
        """Its row, on which it is noted where its time is over."""
        row = self._row(connection, approval)
        if row.status == "queued" and _over(row):
            self._change(connection, approval, JOBS.c.status == "queued", status="done", state="expired")
            return self._row(connection, approval)
        return row

    def _row(self, connection: Connection, approval: str) -> Any:
        row = connection.execute(select(*_COLUMNS).where(*self._mine(), JOBS.c.id == approval)).one_or_none()
        if row is None:
            raise UsageError(f"There is no decision {approval[:80]!r}.", fix="forge.approvals.list() names all.")
        return row

    def _change(self, connection: Connection, approval: str, *which: Any, **values: Any) -> int:
        which = (*self._mine(), JOBS.c.id == approval, *which)
        return connection.execute(update(JOBS).where(*which).values(updated=_stamp(clock.now()), **values)).rowcount

    def _mine(self) -> tuple[Any, ...]:
        return (JOBS.c.org == self._org, JOBS.c.user == self._user, JOBS.c.kind == APPROVAL)


def _over(row: Any) -> bool:
    return str(row.payload["expires"]) <= _stamp(clock.now())


def _approval(row: Any) -> Approval:
    stated: dict[str, Any] = row.payload["request"]
    more: dict[str, Any] = {"capabilities": _capabilities(stated["capabilities"]), "rights": tuple(stated["rights"])}
    request = ApprovalRequest(**{**stated, **more})
    made: dict[str, Any] = row.result or {}
    state = row.state if row.status == "done" else "waiting" if row.status == "queued" else "cancelled"
    if state == "waiting" and _over(row):
        state = "expired"
    decision: Allow | Narrow | Deny | None = None
    match state:
        case "allowed":
            decision = Allow()
        case "narrowed":
            reach = made["capabilities"]
            decision = Narrow(reach and _capabilities(reach), made.get("args"))
        case "denied":
            decision = Deny(made["reason"])
        case _:
            pass
    expires = str(row.payload["expires"])
    return Approval(row.id, request, state, row.created, expires, decision, made.get("by", ""), row.takes > 0)


def _capabilities(stated: dict[str, Any]) -> Capabilities:
    listed: dict[str, Any] = {name: tuple(stated[name]) for name in stated if isinstance(stated[name], list)}
    return Capabilities(**{**stated, **listed})


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
