"""A fork: a new session that begins with what was said in another one, and goes its own way from there.

It has a copy of the messages, each with its turn and time, and all untrusted sources: taint never comes off, also
where they were read after the turn up to which it copies. Calls, costs, events and jobs stay where they happened.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, func, insert, literal, select

from agentforge import clock
from agentforge.database.store import Database
from agentforge.database.tables import MESSAGES, SAID, SESSIONS, SOURCES
from agentforge.errors import UsageError
from agentforge.memory.belonging import of_session
from agentforge.memory.episodes import new_session_id, unknown_session

_SPOKEN = ("user", "assistant")
"""Of the rows that can be found, those that belong to messages; the others belong to calls."""


def fork(database: Database, session: str, *, org: str, user: str, turn: int | None = None) -> str:
    """Begins a session with the messages of another one up to and with ``turn``, by default all; returns its id.

    Raises:
        UsageError: this user has no such session, or it has no such turn.
        StorageError: the database is locked, full or damaged.
    """
    made, now = new_session_id(), clock.now().isoformat(timespec="microseconds")
    with database.write() as connection:
        parent = connection.execute(select(SESSIONS).where(of_session(SESSIONS, org, user, session))).one_or_none()
        if parent is None:
            raise unknown_session(session)
        known = select(func.coalesce(func.max(MESSAGES.c.turn), 0)).where(of_session(MESSAGES, org, user, session))
        turns = int(connection.execute(known).scalar_one())
        if turn is not None and not 1 <= turn <= turns:
            raise UsageError(
                f"The session {session} has no turn {turn}.",
                fix=f"Turns count from 1; it has {turns}." if turns else "Nothing was said in it yet.",
            )
        upto = turns if turn is None else turn
        head = {"id": made, "org": org, "user": user, "title": parent.title, "created": now, "updated": now}
        connection.execute(insert(SESSIONS).values(**head, parent=session, parent_turn=upto))
        for table in (MESSAGES, SAID, SOURCES):
            _copy(connection, table, org, user, session, made, upto)
    return made


def _copy(connection: Connection, table: Table, org: str, user: str, session: str, made: str, upto: int) -> None:
    """All columns but the number, in the order in which the rows were written."""
    columns = [one for one in table.c if one.name != "id"]
    values = (literal(made) if one.name == "session" else one for one in columns)
    rows = select(*values).where(of_session(table, org, user, session)).order_by(table.c.id)
    if "turn" in table.c:
        rows = rows.where(table.c.turn <= upto)
    if table is SAID:
        rows = rows.where(SAID.c.kind.in_(_SPOKEN))
    connection.execute(insert(table).from_select(columns, rows))
