"""The tables, as SQLAlchemy Core. Every row carries the ``org`` and ``user`` it belongs to.

A table here and the newest migration must describe the same database; a test compares them.
Times are ISO 8601 text in UTC, which sorts as time on every database.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column, Float, Index, Integer, MetaData, Table, Text

METADATA = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"},
)


def _owner() -> tuple[Column[Any], Column[Any]]:
    return Column("org", Text, nullable=False), Column("user", Text, nullable=False)


def _number() -> Column[Any]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _text(name: str, default: str = "") -> Column[Any]:
    return Column(name, Text, nullable=False, server_default=default)


def _integer(name: str) -> Column[Any]:
    return Column(name, Integer, nullable=False, server_default="0")


def _seconds() -> Column[Any]:
    return Column("seconds", Float, nullable=False, server_default="0")


def _of_session(table: str) -> Index:
    """Every question about a session goes through this index."""
    return Index(f"ix_{table}_session", "org", "user", "session")


SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", Text, primary_key=True),
    *_owner(),
    _text("title"),
    _text("created"),
    _text("updated"),
    _text("parent"),
    _integer("parent_turn"),
    Index("ix_sessions_latest", "org", "user", "updated"),
)
"""A fork names its ``parent`` and the turn up to which it began as a copy of it."""

MESSAGES = Table(
    "messages",
    METADATA,
    _number(),
    *_owner(),
    _text("session"),
    _text("role"),
    Column("content", JSON, nullable=False),
    _text("created"),
    _integer("turn"),
    _of_session("messages"),
)

SAID = Table(
    "said",
    METADATA,
    _number(),
    *_owner(),
    _text("session"),
    _integer("turn"),
    _text("kind"),
    _text("text"),
    _text("created"),
    _of_session("said"),
)
"""What can be searched (``memory.said``), in plain text. Rows are added and erased, never changed: on SQLite two
triggers keep the index ``said_words`` (FTS5) in step with them, in whatever transaction that happens.
"""

CALLS = Table(
    "calls",
    METADATA,
    Column("id", Text, primary_key=True),
    *_owner(),
    _text("session"),
    _integer("turn"),
    _text("tool"),
    _text("version"),
    Column("args", JSON, nullable=False),
    _text("status"),
    Column("value", JSON),
    _text("error"),
    _text("outcome"),
    _seconds(),
    _text("created"),
    Column(
        "observed", JSON(none_as_null=True)
    ),  # what the host saw it reach (boxes.observed); NULL: nothing was watched
    _of_session("calls"),
    Index("ix_calls_tool", "org", "user", "tool"),
)

COSTS = Table(
    "costs",
    METADATA,
    _number(),
    *_owner(),
    _text("session"),
    _integer("turn"),
    _text("role"),
    _text("endpoint"),
    _text("purpose"),
    _integer("input_tokens"),
    _integer("output_tokens"),
    _integer("cached_tokens"),
    _integer("calls"),
    _seconds(),
    _text("created"),
    _of_session("costs"),
)

SOURCES = Table(
    "sources",
    METADATA,
    _number(),
    *_owner(),
    _text("session"),
    _text("kind"),
    _text("ref"),
    _text("created"),
    _of_session("sources"),
)

EVENTS = Table(
    "events",
    METADATA,
    _number(),
    *_owner(),
    _text("session"),
    _integer("turn"),
    _integer("seq"),
    _text("type"),
    Column("data", JSON, nullable=False),
    _text("time"),
    _of_session("events"),
    Index("ix_events_type", "org", "user", "type", "time"),
)

JOBS = Table(
    "jobs",
    METADATA,
    Column("id", Text, primary_key=True),
    *_owner(),
    _text("session"),
    _text("kind"),
    _text("name"),
    _text("state"),
    Column("artefacts", JSON, nullable=False),
    _text("created"),
    _text("status", "done"),
    _text("via", "inline"),
    Column("payload", JSON),
    Column("result", JSON),
    _text("reason"),
    _text("owner"),
    _text("lease"),
    _integer("takes"),
    _integer("crashes"),
    _text("updated"),
    _of_session("jobs"),
    Index("ix_jobs_status", "status"),
)

JOB_STEPS = Table(
    "job_steps",
    METADATA,
    _number(),
    *_owner(),
    _text("job"),
    _text("key"),
    Column("result", JSON),
    _text("created"),
    Index("ix_job_steps_once", "job", "key", unique=True),
)

LABELS = Table(
    "labels",
    METADATA,
    _number(),
    *_owner(),
    _text("call"),
    _text("tool"),
    _text("version"),
    _text("kind"),
    _text("by"),
    Column("expected", JSON),
    _text("reason"),
    _text("created"),
    Index("ix_labels_call", "org", "user", "call"),
    Index("ix_labels_tool", "org", "user", "tool", "version"),
)
"""What became known of calls after they had ended, in the order in which it did; rows are only added."""

TRUTHS = Table(
    "truths",
    METADATA,
    _number(),
    *_owner(),
    _text("session"),
    _integer("turn"),
    _text("word"),
    _text("question"),
    Column("expected", Text),
    _text("way"),
    _text("tool"),
    _integer("tried"),
    _text("created"),
    _of_session("truths"),
)
"""What a user said of the answer of a turn: one row for each, the last word counts (``memory.truths``)."""
