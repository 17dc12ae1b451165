"""What a user allowed for longer than one call: rows of ``jobs``, so that a session's go where the session goes.

A permission is for a tool and the rights that it had when it was asked for. A later version that wants no more is
covered, one that wants more is asked for anew. All calls are synchronous, and rows of other users are invisible.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import delete, insert, select

from agentforge import clock
from agentforge.approval import ApprovalRequest
from agentforge.database.store import Database
from agentforge.database.tables import JOBS
from agentforge.types import JSON, JSONObject

PERMISSION = "permission"
"""The kind of a job that is a lasting permission."""

Scope: TypeAlias = Literal["session", "always"]


@dataclass(frozen=True, slots=True)
class Permission:
    """Calls of ``tool`` may reach ``rights``: in one session, or (``session`` is empty) always. ``created`` is UTC."""

    id: str
    tool: str
    rights: tuple[str, ...]
    session: str
    created: str
    by: str

    @property
    def scope(self) -> Scope:
        """How far it goes."""
        return "session" if self.session else "always"

    def covers(self, request: ApprovalRequest) -> bool:
        """Whether it answers a question about a call."""
        same = request.kind == "call" and self.tool == request.tool and self.session in ("", request.session)
        return same and set(request.rights) <= set(self.rights)


class Permissions:
    """The permissions of one user."""

    def __init__(self, database: Database, *, org: str, user: str) -> None:
        self._database = database
        self._org = org
        self._user = user

    def remember(self, request: ApprovalRequest, scope: Scope, by: str) -> Permission:
        """Writes one down for the tool and the rights of a question."""
        now = clock.now().isoformat(timespec="microseconds")
        kept = f"{PERMISSION}:{uuid.uuid4().hex[:16]}"
        session = request.session if scope == "session" else ""
        rights: list[JSON] = [*request.rights]
        payload: JSONObject = {"rights": rights, "version": request.version, "by": by}
        values = {"id": kept, "session": session, "name": request.tool, "payload": payload, "artefacts": {}}
        values |= {"kind": PERMISSION, "status": "done", "state": "allowed", "via": "person"}
        with self._database.write() as connection:
            connection.execute(insert(JOBS).values(org=self._org, user=self._user, created=now, updated=now, **values))
        return Permission(kept, request.tool, request.rights, session, now, by)

    def list(self) -> Sequence[Permission]:
        """All of them, oldest first."""
        columns = (JOBS.c.id, JOBS.c.name, JOBS.c.session, JOBS.c.created, JOBS.c.payload)
        query = select(*columns).where(*self._mine()).order_by(JOBS.c.created, JOBS.c.id)
        with self._database.read() as connection:
            return [_permission(row) for row in connection.execute(query)]

    def forget(self, tool: str) -> Sequence[Permission]:
        """Takes back all that were given for a tool; returns them."""
        gone = [one for one in self.list() if one.tool == tool]
        with self._database.write() as connection:
            connection.execute(delete(JOBS).where(*self._mine(), JOBS.c.name == tool))
        return gone

    def _mine(self) -> tuple[Any, ...]:
        return (JOBS.c.org == self._org, JOBS.c.user == self._user, JOBS.c.kind == PERMISSION)


def _permission(row: Any) -> Permission:
    given: dict[str, Any] = row.payload
    return Permission(row.id, row.name, tuple(given["rights"]), row.session, row.created, given["by"])
