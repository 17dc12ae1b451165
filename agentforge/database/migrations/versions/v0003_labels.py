"""Labels: what became known of calls after they had ended."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def upgrade() -> None:
    """Adds the table ``labels``."""
    op.create_table(
        "labels",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("org", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        *(_text(name) for name in ("call", "tool", "version", "kind", "by")),
        sa.Column("expected", sa.JSON, nullable=True),
        *(_text(name) for name in ("reason", "created")),
        sa.PrimaryKeyConstraint("id", name="pk_labels"),
    )
    op.create_index("ix_labels_call", "labels", ["org", "user", "call"])
    op.create_index("ix_labels_tool", "labels", ["org", "user", "tool", "version"])


def downgrade() -> None:
    """Never used: a database only moves forward."""
    raise NotImplementedError("migrations are append-only")
