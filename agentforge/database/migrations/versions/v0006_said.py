"""Sessions can be searched and forked: what was said in plain text, with an index, and the turn of each message."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OWNED = ("org", "user", "session")
_MESSAGES = sa.table("messages", *map(sa.column, ("id", *_OWNED, "role", "created", "turn", "content")))
_CALLS = sa.table("calls", *map(sa.column, (*_OWNED, "turn", "tool", "error", "created")))
_EVENTS = sa.table("events", *map(sa.column, ("id", *_OWNED, "turn", "type", "data", "time")))
_SAID = sa.table("said", *map(sa.column, (*_OWNED, "turn", "kind", "text", "created")))

_INDEX = (
    # https://www.sqlite.org/fts5.html#external_content_tables
    "CREATE VIRTUAL TABLE said_words USING fts5("
    "text, content='said', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')",
    "INSERT INTO said_words(said_words) VALUES ('rebuild')",
    "CREATE TRIGGER said_added AFTER INSERT ON said BEGIN"
    " INSERT INTO said_words(rowid, text) VALUES (new.id, new.text); END",
    "CREATE TRIGGER said_erased AFTER DELETE ON said BEGIN"
    " INSERT INTO said_words(said_words, rowid, text) VALUES ('delete', old.id, old.text); END",
)


def upgrade() -> None:
    """Fills both from what is there, one session after the other; what cannot be read is not found, and stays."""
    for name, column in (
        ("sessions", sa.Column("parent", sa.Text, nullable=False, server_default="")),
        ("sessions", sa.Column("parent_turn", sa.Integer, nullable=False, server_default="0")),
        ("messages", sa.Column("turn", sa.Integer, nullable=False, server_default="0")),
    ):
        op.add_column(name, column)
    op.create_table(
        "said",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("org", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("session", sa.Text, nullable=False, server_default=""),
        sa.Column("turn", sa.Integer, nullable=False, server_default="0"),
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in ("kind", "text", "created")),
        sa.PrimaryKeyConstraint("id", name="pk_said"),
    )
    op.create_index("ix_said_session", "said", ["org", "user", "session"])
    connection = op.get_bind()
    for session in connection.execute(sa.select(_MESSAGES.c.session).distinct()).scalars().all():
        _read_messages(connection, session)
    _read_calls(connection)
    _read_failures(connection)
    if connection.dialect.name == "sqlite":
        for statement in _INDEX:
            op.execute(statement)


def _read_messages(connection: sa.Connection, session: str) -> None:
    """A turn begins with a request: a message of the user's that answers no call."""
    content = sa.cast(_MESSAGES.c.content, sa.Text).label("content")
    columns = (_MESSAGES.c.id, _MESSAGES.c.org, _MESSAGES.c.user, _MESSAGES.c.role, _MESSAGES.c.created, content)
    rows = connection.execute(sa.select(*columns).where(_MESSAGES.c.session == session).order_by(_MESSAGES.c.id)).all()
    turn, said = 0, list[dict[str, Any]]()
    for row in rows:
        blocks = _blocks(_parsed(row.content))
        turn += row.role == "user" and not any(block.get("type") == "tool_result" for block in blocks)
        connection.execute(sa.update(_MESSAGES).where(_MESSAGES.c.id == row.id).values(turn=turn))
        text = _plain("\n\n".join(str(block.get("text", "")) for block in blocks if block.get("type") == "text"))
        kind = "assistant" if row.role == "assistant" else "user"
        said.append(_row(row, session, turn, kind, text, row.created))
    _add(connection, said)


def _read_calls(connection: sa.Connection) -> None:
    columns = (_CALLS.c.org, _CALLS.c.user, _CALLS.c.session, _CALLS.c.turn)
    for kind, text in (("tool", _CALLS.c.tool), ("error", _CALLS.c.error)):
        rows = sa.select(*columns, sa.literal(kind), text, _CALLS.c.created)
        found = rows.where(_CALLS.c.session != "", text != "")
        connection.execute(sa.insert(_SAID).from_select([*_OWNED, "turn", "kind", "text", "created"], found))


def _read_failures(connection: sa.Connection) -> None:
    data = sa.cast(_EVENTS.c.data, sa.Text).label("data")
    columns = (_EVENTS.c.org, _EVENTS.c.user, _EVENTS.c.session, _EVENTS.c.turn, _EVENTS.c.time, data)
    rows = connection.execute(sa.select(*columns).where(_EVENTS.c.type == "failed").order_by(_EVENTS.c.id)).all()
    texts = ((row, _plain(str(_parsed(row.data).get("message", "")))) for row in rows)
    _add(connection, (_row(row, row.session, row.turn, "error", text, row.time) for row, text in texts))


def _row(row: Any, session: str, turn: int, kind: str, text: str, created: str) -> dict[str, Any]:
    owned = {"org": row.org, "user": row.user, "session": session}
    return {**owned, "turn": turn, "kind": kind, "text": text, "created": created}


def _add(connection: sa.Connection, rows: Iterable[dict[str, Any]]) -> None:
    if told := [row for row in rows if row["text"]]:
        connection.execute(sa.insert(_SAID), told)


def _parsed(text: str) -> dict[str, Any]:
    """The object; an empty one where there is none."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    blocks = cast("list[Any]", content) if isinstance(content, list) else []
    return [cast("dict[str, Any]", block) for block in blocks if isinstance(block, dict)]


def _plain(text: str) -> str:
    """What every database takes: no NUL, and no half of a character."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode().strip()


def downgrade() -> None:
    """Never used: a database only moves forward."""
    raise NotImplementedError("migrations are append-only")
