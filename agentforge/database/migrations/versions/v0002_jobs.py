"""Jobs that can be waited for, taken up again and told apart from finished ones; the steps that they finished."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _text(name: str, default: str = "") -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _integer(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def upgrade() -> None:
    """Rows that were there are of forgings that ended, so their status is ``done``."""
    for column in (
        *(_text("status", "done"), _text("via", "inline")),
        *(sa.Column("payload", sa.JSON), sa.Column("result", sa.JSON)),
        *(_text("reason"), _text("owner"), _text("lease"), _integer("takes"), _integer("crashes"), _text("updated")),
    ):
        op.add_column("jobs", column)
    op.create_index("ix_jobs_status", "jobs", ["status"])
    op.create_table(
        "job_steps",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("org", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        *(_text("job"), _text("key"), sa.Column("result", sa.JSON), _text("created")),
        sa.PrimaryKeyConstraint("id", name="pk_job_steps"),
    )
    op.create_index("ix_job_steps_once", "job_steps", ["job", "key"], unique=True)


def downgrade() -> None:
    """Never used: a database only moves forward."""
    raise NotImplementedError("migrations are append-only")
