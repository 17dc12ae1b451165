"""Erasing what was recorded: a session, everything before a time, or everything of a user.

Rows leave every table and the index in one transaction. Whoever wants the words out of the file as well calls
:meth:`agentforge.database.store.Database.scrub` afterwards. Commits are not touched: what was learned from a
session stands in the registry, and its history keeps what it held.

What still runs for something that is erased comes to nothing: its rows are gone, and whoever writes to them is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, case, delete, func, or_, select, update

from agentforge.database.store import Database
from agentforge.database.tables import (
    CALLS,
    COSTS,
    EVENTS,
    JOB_STEPS,
    JOBS,
    LABELS,
    MESSAGES,
    SAID,
    SESSIONS,
    SOURCES,
    TRUTHS,
)
from agentforge.memory.belonging import mine, of_session
from agentforge.memory.episodes import unknown_session

TABLES = (LABELS, JOB_STEPS, CALLS, JOBS, MESSAGES, COSTS, EVENTS, SAID, TRUTHS, SOURCES, SESSIONS)
"""Every table; those that are found by way of others come before these."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of one user is meant: the ``session`` of that id; what happened ``before`` a time (UTC, ISO 8601); with
    neither everything.

    Before a time means: whole sessions that were written last before it, calls and jobs outside any session, and
    of a session that went on since all that was earlier, with its title. Such a session keeps its untrusted
    sources: taint never comes off what remains of it.
    """

    org: str
    user: str
    session: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is or would be erased: ``sessions`` as a whole, of ``shortened`` ones the beginning, and ``rows`` by table.

    ``forks`` are sessions that stay and hold a copy of messages of the one that is erased.
    """

    sessions: tuple[str, ...] = ()
    shortened: tuple[str, ...] = ()
    forks: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


def foreseen(database: Database, scope: Scope) -> Erasure:
    """What :func:`erase` would erase now (raises as that)."""
    with database.read() as connection:
        return _survey(connection, scope)


def erase(database: Database, scope: Scope) -> Erasure:
    """Erases it for good, all or nothing; only the rows of this user.

    Raises:
        UsageError: this user has no such session.
        StorageError: the database is locked, full or damaged; nothing was erased.
    """
    with database.write() as connection:
        for table in (SESSIONS, CALLS, JOBS):
            # Whoever writes to one of them now ends first, and whoever comes later finds it gone.
            connection.execute(select(table.c.id).where(_meant(table, scope)).with_for_update())
        erased = _survey(connection, scope)
        if scope.session is not None:
            _hand_on_forks(connection, scope, scope.session)
        if erased.shortened:
            kept = and_(mine(SESSIONS, scope.org, scope.user), SESSIONS.c.id.in_(_shortened(scope)))
            connection.execute(update(SESSIONS).where(kept).values(title=""))
        for table in TABLES:
            connection.execute(delete(table).where(_meant(table, scope)))
    return erased


def _survey(connection: Connection, scope: Scope) -> Erasure:
    whole = connection.execute(select(SESSIONS.c.id).where(_meant(SESSIONS, scope)).order_by(SESSIONS.c.created))
    sessions = tuple(whole.scalars())
    if scope.session is not None and not sessions:
        raise unknown_session(scope.session)
    counted = (
        (table, connection.execute(select(func.count()).select_from(table).where(_meant(table, scope))).scalar_one())
        for table in TABLES
    )
    return Erasure(
        sessions=sessions,
        shortened=tuple(connection.execute(_shortened(scope)).scalars()) if scope.before is not None else (),
        forks=_forks(connection, scope, scope.session) if scope.session is not None else (),
        rows=MappingProxyType({table.name: int(count) for table, count in counted}),
    )


def _meant(table: Table, scope: Scope) -> ColumnElement[bool]:
    """Which rows of a table are meant. What a job of no session has noted so far, such as a night that was cut off, may
    hold words of any session: it goes with each of them, and is worked out anew.
    """
    if table is JOB_STEPS and (scope.session is not None or scope.before is not None):
        of_none = select(JOBS.c.id).where(of_session(JOBS, scope.org, scope.user, ""))
        jobs = or_(JOB_STEPS.c.job.in_(select(JOBS.c.id).where(_meant(JOBS, scope))), JOB_STEPS.c.job.in_(of_none))
        return and_(mine(JOB_STEPS, scope.org, scope.user), jobs)
    if scope.session is not None:
        return of_session(table, scope.org, scope.user, scope.session)
    owned = mine(table, scope.org, scope.user)
    if scope.before is None:
        return owned
    if table is SESSIONS:
        return and_(owned, SESSIONS.c.updated < scope.before)
    if table is LABELS:
        return and_(owned, LABELS.c.call.in_(select(CALLS.c.id).where(_meant(CALLS, scope))))
    ended = table.c.session.in_(select(SESSIONS.c.id).where(_meant(SESSIONS, scope)))
    if table is SOURCES:
        return and_(owned, ended)
    return and_(owned, or_(ended, _time(table) < scope.before))


def _time(table: Table) -> Any:
    return table.c.time if table is EVENTS else table.c.created


def _shortened(scope: Scope) -> Any:
    """The sessions that stay and lose something of theirs."""
    losing = or_(
        *(SESSIONS.c.id.in_(select(table.c.session).where(_meant(table, scope))) for table in (MESSAGES, EVENTS, CALLS))
    )
    stays = and_(mine(SESSIONS, scope.org, scope.user), SESSIONS.c.updated >= scope.before)
    return select(SESSIONS.c.id).where(stays, losing)


def _forks(connection: Connection, scope: Scope, session: str) -> tuple[str, ...]:
    """The forks of a session, and theirs."""
    query = select(SESSIONS.c.id, SESSIONS.c.parent).where(mine(SESSIONS, scope.org, scope.user))
    pairs = connection.execute(query.where(SESSIONS.c.parent != "").order_by(SESSIONS.c.created)).all()
    found = [session]
    for parent in found:  # it grows while it is walked through
        found += [row.id for row in pairs if row.parent == parent and row.id not in found]
    return tuple(found[1:])


def _hand_on_forks(connection: Connection, scope: Scope, session: str) -> None:
    """Where a fork is erased, its own forks become those of its parent, whose words they hold as well."""
    gone = connection.execute(select(SESSIONS).where(_meant(SESSIONS, scope))).one()
    if not gone.parent:
        return
    children = and_(mine(SESSIONS, scope.org, scope.user), SESSIONS.c.parent == session)
    turn = case((SESSIONS.c.parent_turn < gone.parent_turn, SESSIONS.c.parent_turn), else_=gone.parent_turn)
    connection.execute(update(SESSIONS).where(children).values(parent=gone.parent, parent_turn=turn))
