"""Sessions as JSON Lines, in a form of its own that does not follow the database.

Every line is one object with ``kind``. The first one is ``export`` with the version of the form, ``v``; readers
pass over kinds and keys that they do not know. All others name their ``session``, empty for what happened outside
any, and stand together session by session, the oldest session first, within it in the order of this table.

=============  ==========================================================================
``export``     ``v``, ``org``, ``user``, ``created``
``session``    ``title``, ``created``, ``updated``, ``parent``, ``parent_turn``
``source``     ``of`` (file, page, message, tool), ``ref``, ``created``: untrusted text that was read
``message``    ``turn``, ``role``, ``content`` (blocks of the Messages protocol, and attachments), ``created``
``call``       ``id``, ``turn``, ``tool``, ``version``, ``args``, ``status``, ``value``, ``error``,
               ``outcome``, ``seconds``, ``created``, ``observed``
``label``      ``call``, ``tool``, ``version``, ``says``, ``by``, ``expected``, ``reason``, ``created``
``cost``       ``turn``, ``role``, ``endpoint``, ``purpose``, ``input_tokens``, ``output_tokens``,
               ``cached_tokens``, ``calls``, ``seconds``, ``created``
``event``      ``turn``, ``seq``, ``type``, ``data``, ``time``
``job``        ``id``, ``work``, ``name``, ``status``, ``state``, ``reason``, ``payload``, ``result``,
               ``artefacts``, ``created``, ``updated``
``step``       ``job``, ``key``, ``result``, ``created``: what a model answered for a job that is not over
=============  ==========================================================================

Secrets were taken out when it was written; they are looked for once more, since some became known later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import Table, select

from agentforge import clock
from agentforge.database.readable import DAMAGED, readable
from agentforge.database.store import Database
from agentforge.database.tables import (
    CALLS,
    COSTS,
    EVENTS,
    JOB_STEPS,
    JOBS,
    LABELS,
    MESSAGES,
    SESSIONS,
    SOURCES,
    TRUTHS,
)
from agentforge.memory.belonging import mine, of_session
from agentforge.memory.episodes import unknown_session
from agentforge.redaction import redact_json
from agentforge.types import JSON, JSONObject

VERSION = 1

UNREADABLE = "[damaged in the database]"
"""Stands for a value that is no JSON any more."""

_KINDS: Mapping[str, tuple[Table, str]] = MappingProxyType(
    {
        "session": (SESSIONS, "title created updated parent parent_turn"),
        "source": (SOURCES, "of=kind ref created"),
        "message": (MESSAGES, "turn role content created"),
        "call": (CALLS, "id turn tool version args status value error outcome seconds created observed"),
        "label": (LABELS, "call tool version says=kind by expected reason created"),
        "truth": (TRUTHS, "turn word question expected way tool tried created"),
        "cost": (
            COSTS,
            "turn role endpoint purpose input_tokens output_tokens cached_tokens calls seconds created",
        ),
        "event": (EVENTS, "turn seq type data time"),
        "job": (JOBS, "id work=kind name status state reason payload result artefacts created updated"),
        "step": (JOB_STEPS, "job key result created"),
    }
)
"""Kind → table, and its keys, with ``=COLUMN`` where that has another name."""


def export(
    database: Database, *, org: str, user: str, session: str | None = None, secrets: Collection[str] = ()
) -> Iterator[JSONObject]:
    """The lines of one session, or of all that one user has; each session is read at once when its turn comes.

    Raises:
        UsageError: this user has no such session.
        StorageError: the database is locked or damaged.
    """
    wanted = _sessions(database, org, user) if session is None else [session]
    if session is not None and not _rows(database, "session", org, user, session):
        raise unknown_session(session)
    return _lines(database, org, user, wanted, secrets)


def _lines(
    database: Database, org: str, user: str, sessions: list[str], secrets: Collection[str]
) -> Iterator[JSONObject]:
    created = clock.now().isoformat(timespec="seconds")
    yield {"kind": "export", "v": VERSION, "org": org, "user": user, "created": created}
    for session in sessions:
        for kind in _KINDS:
            for row in _rows(database, kind, org, user, session):
                yield {"kind": kind, "session": session, **cast("JSONObject", redact_json(row, secrets))}


def _sessions(database: Database, org: str, user: str) -> list[str]:
    """All of them, and what belongs to none."""
    query = select(SESSIONS.c.id).where(mine(SESSIONS, org, user)).order_by(SESSIONS.c.created, SESSIONS.c.id)
    with database.read() as connection:
        return ["", *connection.execute(query).scalars()]


def _rows(database: Database, kind: str, org: str, user: str, session: str) -> list[JSONObject]:
    table, keys = _KINDS[kind]
    pairs = [(key, column or key) for key, _, column in (word.partition("=") for word in keys.split())]
    ordered = table.c.created if kind in ("call", "job") else table.c.id  # whose ids are no numbers
    query = select(*readable(table)).where(of_session(table, org, user, session)).order_by(ordered)
    with database.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [{key: _value(kind, column, row[column]) for key, column in pairs} for row in rows]


def _value(kind: str, column: str, value: Any) -> JSON:
    if value is DAMAGED:
        return UNREADABLE
    if kind == "message" and column == "content":  # the row holds the whole message
        return cast("JSONObject", value).get("content") if isinstance(value, dict) else UNREADABLE
    return cast("JSON", value)
