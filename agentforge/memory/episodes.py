"""Episodes: what happened in each session, written as it happens and redacted on write.

Every write is a short transaction of its own, so a session can be read or continued from another
process at any time and ``kill -9`` loses nothing that was acknowledged. All calls are synchronous:
use cases push them to a thread. Rows of other users are invisible, whatever id is asked for.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import Any, cast

from sqlalchemy import Connection, Row, Table, func, insert, select, update

from agentforge import clock
from agentforge.database.store import Database
from agentforge.database.tables import CALLS, COSTS, EVENTS, JOBS, MESSAGES, SAID, SESSIONS, SOURCES
from agentforge.errors import UsageError
from agentforge.events import Event
from agentforge.memory.records import (
    Call,
    Episode,
    EpisodeSummary,
    FinishedCall,
    Source,
    SourceKind,
    call_of,
    cost_of,
    job_of,
)
from agentforge.memory.repairs import repair_row
from agentforge.memory.said import Said, said_in_call, said_in_event, said_in_message
from agentforge.redaction import redact_json
from agentforge.secrecy import redact
from agentforge.types import JSON, JSONObject, OutcomeKind, Role, Usage

TITLE_CHARS = 80
"""Longest title of a session; the rest of its first line is cut."""


class Episodes:
    """The episodes of one user. ``secrets`` are texts that must never be written, exactly."""

    def __init__(self, database: Database, *, org: str, user: str, secrets: Collection[str] = ()) -> None:
        self.org = org
        self.user = user
        self._database = database
        self._secrets = tuple(secrets)
        self._in_any_case = (*self._secrets, *(secret.lower() for secret in secrets))  # hosts are in lower case

    def start(self, title: str = "") -> str:
        """Opens a new session and returns its id."""
        session = new_session_id()
        line = redact(title.strip().partition("\n")[0], self._secrets)[:TITLE_CHARS]
        with self._database.write() as connection:
            self._insert(connection, SESSIONS, id=session, title=line, updated=_now())
        return session

    def latest(self) -> str | None:
        """The session that was written last."""
        found = self.list(1)
        return found[0].id if found else None

    def exists(self, session: str) -> bool:
        """Whether this user has such a session."""
        with self._database.read() as connection:
            return self._row(connection, session) is not None

    def list(self, limit: int = 20, skip: int = 0) -> list[EpisodeSummary]:
        """The newest sessions first, by when they were written last, behind the first ``skip`` of them."""
        turns = select(func.coalesce(func.max(MESSAGES.c.turn), 0)).where(
            MESSAGES.c.org == self.org, MESSAGES.c.user == self.user, MESSAGES.c.session == SESSIONS.c.id
        )
        query = (
            select(SESSIONS, turns.scalar_subquery().label("turns"))
            .where(SESSIONS.c.org == self.org, SESSIONS.c.user == self.user)
            .order_by(SESSIONS.c.updated.desc(), SESSIONS.c.created.desc())
            .limit(limit)
            .offset(skip)
        )
        with self._database.read() as connection:
            return [
                EpisodeSummary(row.id, row.title, row.created, row.updated, row.turns, row.parent)
                for row in connection.execute(query)
            ]

    def next_turn(self, session: str) -> int:
        """The number of the turn that comes next; turns count from 1."""
        query = select(func.max(MESSAGES.c.turn)).where(*self._mine(MESSAGES, session))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar() or 0) + 1

    def append(self, session: str, message: JSONObject, turn: int = 0) -> None:
        """Adds one message (``role`` and ``content``) of that turn (0: of none) to the history.

        Raises:
            UsageError: this user has no such session.
        """
        clean = cast("JSONObject", self._clean(message))
        values = {"role": clean.get("role", ""), "content": clean, "turn": turn}
        self._write(session, MESSAGES, said_in_message(clean), **values)

    def record_call(self, session: str, turn: int, call: FinishedCall, call_id: str = "") -> str:
        """Adds one call of a tool; its outcome starts as ``returned`` or ``error``.

        Returns the call's id: ``call_id``, which an endpoint may have chosen, unless that is taken.
        """
        values = self._call_values(call)
        with self._database.write() as connection:
            self._touch(connection, session)
            if not call_id or connection.execute(select(CALLS.c.id).where(CALLS.c.id == call_id)).first():
                call_id = new_call_id()
            self._insert(connection, CALLS, session=session, id=call_id, turn=turn, **values)
            self._note(connection, session, turn, said_in_call(call.tool, values["error"]))
            if call.repair:
                self._insert(connection, JOBS, **repair_row(call_id, call.tool, session))
        return call_id

    def record_lone_call(self, call: FinishedCall, call_id: str, *, at_once: bool = False) -> bool:
        """As :meth:`record_call`, of a call outside any session, under an id from :func:`new_call_id`.

        Returns whether it is written; with ``at_once`` only where that needs no waiting.
        """
        head = {"id": call_id, "org": self.org, "user": self.user, "session": "", "turn": 0, "created": _now()}
        row = {**head, **self._call_values(call)}
        if at_once:
            return not call.repair and self._database.insert_at_once(CALLS, row)
        if not call.repair:
            self._database.insert(CALLS, row)
            return True
        with self._database.write() as connection:
            connection.execute(insert(CALLS).values(**row))
            self._insert(connection, JOBS, **repair_row(call_id, call.tool, ""))
        return True

    def calls(self, tool: str, limit: int = 20) -> list[Call]:
        """The newest calls of one tool, in a session or outside, newest first."""
        mine = (CALLS.c.org == self.org, CALLS.c.user == self.user, CALLS.c.tool == tool)
        query = select(CALLS).where(*mine).order_by(CALLS.c.created.desc()).limit(limit)
        with self._database.read() as connection:
            return [call_of(row) for row in connection.execute(query)]

    def _call_values(self, call: FinishedCall) -> dict[str, Any]:
        seen = call.observed
        return {
            "tool": call.tool,
            "version": call.version,
            "args": self._clean(call.args),
            "status": call.status,
            "value": self._clean(call.told) if call.returned else None,
            "error": "" if call.returned else redact(str(call.told), self._secrets),
            "outcome": (OutcomeKind.RETURNED if call.returned else OutcomeKind.ERROR).value,
            "seconds": call.seconds,
            **({} if seen is None else {"observed": redact_json(seen.to_json(), self._in_any_case)}),
        }

    def set_outcome(self, call_id: str, outcome: OutcomeKind) -> None:
        """Records what became known about a call.

        Raises:
            UsageError: this user has no such call.
        """
        mine = (CALLS.c.org == self.org, CALLS.c.user == self.user, CALLS.c.id == call_id)
        with self._database.write() as connection:
            done = connection.execute(update(CALLS).where(*mine).values(outcome=outcome.value))
            if done.rowcount != 1:
                raise UsageError(f"There is no tool call {call_id!r}.")

    def record_cost(
        self, session: str, turn: int, role: Role, endpoint: str, usage: Usage, seconds: float, purpose: str
    ) -> None:
        """Adds what model calls took; ``purpose`` is a short word such as ``answer``."""
        self._write(
            session,
            COSTS,
            turn=turn,
            role=role.value,
            endpoint=endpoint,
            purpose=purpose,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_tokens=usage.cached_tokens,
            calls=usage.calls,
            seconds=seconds,
        )

    def record_source(self, session: str, kind: SourceKind, ref: str) -> None:
        """Notes that untrusted text was read: from now on the episode is tainted."""
        self._write(session, SOURCES, kind=kind, ref=redact(ref, self._secrets))

    def record_event(self, session: str, event: Event) -> None:
        """Adds one event to the log."""
        data = cast("JSONObject", self._clean(event.data))
        values = {"turn": event.turn, "seq": event.seq, "type": event.type, "data": data, "time": event.time}
        self._write(session, EVENTS, said_in_event(event.type, data), **values)

    def record_job(self, session: str, job: str, kind: str, name: str, state: str, artefacts: JSONObject) -> None:
        """Keeps what a job left behind; a second record of the same job replaces the first."""
        values: dict[str, Any] = {"kind": kind, "name": name, "state": state, "artefacts": self._clean(artefacts)}
        with self._database.write() as connection:
            self._touch(connection, session)
            mine = (JOBS.c.org == self.org, JOBS.c.user == self.user, JOBS.c.id == job)
            if connection.execute(update(JOBS).where(*mine).values(session=session, **values)).rowcount == 0:
                self._insert(connection, JOBS, session=session, id=job, **values)

    def messages(self, session: str) -> list[JSONObject]:
        """The history, oldest first (empty for a session that does not exist)."""
        query = select(MESSAGES.c.content).where(*self._mine(MESSAGES, session)).order_by(MESSAGES.c.id)
        with self._database.read() as connection:
            return [cast("JSONObject", content) for content in connection.execute(query).scalars()]

    def events(self, session: str) -> list[Event]:
        """The log, oldest first."""
        with self._database.read() as connection:
            rows = self._rows(connection, EVENTS, session)
        return [Event(row.type, row.data, row.seq, self.org, self.user, session, row.turn, row.time) for row in rows]

    def last_event(self, session: str, kind: str) -> Event | None:
        """The newest event of a type; None where there is none."""
        mine = (*self._mine(EVENTS, session), EVENTS.c.type == kind)
        query = select(EVENTS).where(*mine).order_by(EVENTS.c.id.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Event(row.type, row.data, row.seq, self.org, self.user, session, row.turn, row.time)

    def tainted(self, session: str) -> bool:
        """Whether untrusted text was ever read in this session."""
        return bool(self.sources(session))

    def sources(self, session: str) -> tuple[Source, ...]:
        """The untrusted texts that were read in this session, oldest first."""
        with self._database.read() as connection:
            return tuple(Source(row.kind, row.ref) for row in self._rows(connection, SOURCES, session))

    def ancestors(self, session: str) -> tuple[str, ...]:
        """The session of which this one is a fork, the one of which that is one, and so on; also erased ones."""
        query = select(SESSIONS.c.id, SESSIONS.c.parent).where(SESSIONS.c.org == self.org, SESSIONS.c.user == self.user)
        with self._database.read() as connection:
            parents = {row.id: row.parent for row in connection.execute(query.where(SESSIONS.c.parent != ""))}
        found: list[str] = []
        while (parent := parents.get(found[-1] if found else session, "")) and parent not in found:
            found.append(parent)
        return tuple(found)

    def load(self, session: str) -> Episode:
        """Everything recorded of one session.

        Raises:
            UsageError: this user has no such session.
        """
        messages = tuple(self.messages(session))
        with self._database.read() as connection:
            head = self._row(connection, session)
            if head is None:
                raise unknown_session(session)
            return Episode(
                id=head.id,
                title=head.title,
                created=head.created,
                updated=head.updated,
                parent=head.parent,
                parent_turn=head.parent_turn,
                messages=messages,
                calls=tuple(call_of(row) for row in self._rows(connection, CALLS, session, CALLS.c.created)),
                costs=tuple(cost_of(row) for row in self._rows(connection, COSTS, session)),
                sources=tuple(Source(row.kind, row.ref) for row in self._rows(connection, SOURCES, session)),
                jobs=tuple(job_of(row) for row in self._rows(connection, JOBS, session, JOBS.c.created)),
            )

    def _clean(self, value: JSON) -> JSON:
        return redact_json(value, self._secrets)

    def _mine(self, table: Table, session: str) -> tuple[Any, ...]:
        return (table.c.org == self.org, table.c.user == self.user, table.c.session == session)

    def _row(self, connection: Connection, session: str) -> Row[Any] | None:
        mine = (SESSIONS.c.org == self.org, SESSIONS.c.user == self.user, SESSIONS.c.id == session)
        return connection.execute(select(SESSIONS).where(*mine)).one_or_none()

    def _rows(self, connection: Connection, table: Table, session: str, order: Any = None) -> list[Row[Any]]:
        by = table.c.id if order is None else order
        return [*connection.execute(select(table).where(*self._mine(table, session)).order_by(by))]

    def _touch(self, connection: Connection, session: str) -> None:
        mine = (SESSIONS.c.org == self.org, SESSIONS.c.user == self.user, SESSIONS.c.id == session)
        if connection.execute(update(SESSIONS).where(*mine).values(updated=_now())).rowcount != 1:
            raise unknown_session(session)

    def _insert(self, connection: Connection, table: Table, **values: Any) -> None:
        stamp: dict[str, Any] = {"created": _now()} if "created" in table.c else {}
        connection.execute(insert(table).values(org=self.org, user=self.user, **stamp, **values))

    def _note(self, connection: Connection, session: str, turn: int, said: Iterable[Said]) -> None:
        """Lets it be found (:mod:`agentforge.memory.search`), from the same moment on."""
        for one in said:
            self._insert(connection, SAID, session=session, turn=turn, kind=one.kind, text=one.text)

    def _write(self, session: str, table: Table, said: Iterable[Said] = (), **values: Any) -> None:
        with self._database.write() as connection:
            self._touch(connection, session)
            self._insert(connection, table, session=session, **values)
            self._note(connection, session, int(values.get("turn", 0)), said)


def new_session_id() -> str:
    """A fresh id for a session."""
    return uuid.uuid4().hex[:16]


def new_call_id() -> str:
    """A fresh id for one call of a tool."""
    return f"call_{uuid.uuid4().hex[:16]}"


def _now() -> str:
    return clock.now().isoformat(timespec="microseconds")


def unknown_session(session: str) -> UsageError:
    """What is raised where this user has no such session."""
    return UsageError(f"There is no session {session[:80]!r}.", fix="`agentforge sessions list` shows all.")
