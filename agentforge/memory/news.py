"""Whether anything was said or done since a moment, and in which sessions: what a night begins with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, func, select

from agentforge.database.store import Database
from agentforge.database.tables import CALLS, COSTS, LABELS, SESSIONS, TRUTHS


class News:
    """What is new of one user. Times are UTC, ISO 8601; all calls are synchronous."""

    def __init__(self, database: Database, *, org: str, user: str) -> None:
        self._database = database
        self._org = org
        self._user = user

    def newest(self) -> str:
        """When something was last said, done or judged; empty where nothing ever was."""
        columns = (SESSIONS.c.updated, CALLS.c.created, LABELS.c.created, TRUTHS.c.created)
        with self._database.read() as connection:
            found = [
                connection.execute(select(func.max(column)).where(*self._mine(column.table))).scalar()
                for column in columns
            ]
        return max((str(one) for one in found if one), default="")

    def sessions(self, since: str, until: str, limit: int) -> list[tuple[str, str]]:
        """The sessions that were written last after ``since`` and by ``until``, with when that was, oldest first."""
        between = (SESSIONS.c.updated > since, SESSIONS.c.updated <= until)
        query = select(SESSIONS.c.id, SESSIONS.c.updated).where(*self._mine(SESSIONS), *between)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(SESSIONS.c.updated, SESSIONS.c.id).limit(limit))
            return [(row.id, row.updated) for row in rows]

    def generated(self, turns: Sequence[tuple[str, int]]) -> int:
        """The tokens that models generated in these turns, each named by session and number."""
        wanted = set(turns)
        query = select(COSTS.c.session, COSTS.c.turn, COSTS.c.output_tokens).where(
            *self._mine(COSTS), COSTS.c.session.in_({session for session, _ in wanted})
        )
        with self._database.read() as connection:
            rows = connection.execute(query)
            return sum(row.output_tokens for row in rows if (row.session, row.turn) in wanted)

    def _mine(self, table: Table) -> tuple[Any, ...]:
        return (table.c.org == self._org, table.c.user == self._user)
