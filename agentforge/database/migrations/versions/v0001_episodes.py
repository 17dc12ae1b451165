"""Sessions with their messages, calls, costs, sources and events; jobs with kept artefacts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _integer(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def _seconds() -> sa.Column[Any]:
    return sa.Column("seconds", sa.Float, nullable=False, server_default="0")


def _json(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=nullable)


def _table(name: str, key: sa.Column[Any], *columns: sa.Column[Any]) -> None:
    owner = (sa.Column("org", sa.Text, nullable=False), sa.Column("user", sa.Text, nullable=False))
    op.create_table(name, key, *owner, *columns, sa.PrimaryKeyConstraint("id", name=f"pk_{name}"))


def _number() -> sa.Column[Any]:
    return sa.Column("id", sa.Integer, autoincrement=True, nullable=False)


def _name() -> sa.Column[Any]:
    return sa.Column("id", sa.Text, nullable=False)


def upgrade() -> None:
    """Makes the first form of the database."""
    _table("sessions", _name(), _text("title"), _text("created"), _text("updated"))
    op.create_index("ix_sessions_latest", "sessions", ["org", "user", "updated"])
    session, turn, created = "session", "turn", "created"
    _table("messages", _number(), _text(session), _text("role"), _json("content"), _text(created))
    _table(
        "calls",
        _name(),
        *(_text(session), _integer(turn), _text("tool"), _text("version"), _json("args"), _text("status")),
        *(_json("value", nullable=True), _text("error"), _text("outcome"), _seconds(), _text(created)),
    )
    op.create_index("ix_calls_tool", "calls", ["org", "user", "tool"])
    _table(
        "costs",
        _number(),
        *(_text(session), _integer(turn), _text("role"), _text("endpoint"), _text("purpose")),
        *(_integer(name) for name in ("input_tokens", "output_tokens", "cached_tokens", "calls")),
        *(_seconds(), _text(created)),
    )
    _table("sources", _number(), _text(session), _text("kind"), _text("ref"), _text(created))
    _table(
        "events",
        _number(),
        *(_text(session), _integer(turn), _integer("seq"), _text("type"), _json("data"), _text("time")),
    )
    _table(
        "jobs",
        _name(),
        *(_text(session), _text("kind"), _text("name"), _text("state"), _json("artefacts"), _text(created)),
    )
    for table in ("messages", "calls", "costs", "sources", "events", "jobs"):
        op.create_index(f"ix_{table}_session", table, ["org", "user", "session"])


def downgrade() -> None:
    """Never used: a database only moves forward."""
    raise NotImplementedError("migrations are append-only")
