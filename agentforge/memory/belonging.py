"""Which rows belong to a session: one answer for whatever shows, exports or erases them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, and_, select

from agentforge.database.tables import CALLS, JOB_STEPS, JOBS, LABELS, SESSIONS


def mine(table: Table, org: str, user: str) -> ColumnElement[bool]:
    """All rows of a table that one user has."""
    return and_(table.c.org == org, table.c.user == user)


def of_session(table: Table, org: str, user: str, session: str) -> ColumnElement[bool]:
    """The rows of a table that belong to one session of one user; ``""`` for what belongs to none."""
    owned = mine(table, org, user)
    if table is SESSIONS:
        return and_(owned, SESSIONS.c.id == session)
    if table is LABELS:
        return and_(owned, LABELS.c.call.in_(select(CALLS.c.id).where(of_session(CALLS, org, user, session))))
    if table is JOB_STEPS:
        return and_(owned, JOB_STEPS.c.job.in_(select(JOBS.c.id).where(of_session(JOBS, org, user, session))))
    return and_(owned, table.c.session == session)
