"""What a user said of answers, with the questions: a right answer that is known stands beside what was asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Begins empty: what was said before stands in the words of the sessions only."""
    op.create_table(
        "truths",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("org", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("session", sa.Text, nullable=False, server_default=""),
        sa.Column("turn", sa.Integer, nullable=False, server_default="0"),
        sa.Column("word", sa.Text, nullable=False, server_default=""),
        sa.Column("question", sa.Text, nullable=False, server_default=""),
        sa.Column("expected", sa.Text, nullable=True),
        sa.Column("way", sa.Text, nullable=False, server_default=""),
        sa.Column("tool", sa.Text, nullable=False, server_default=""),
        sa.Column("tried", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created", sa.Text, nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_truths"),
    )
    op.create_index("ix_truths_session", "truths", ["org", "user", "session"])


def downgrade() -> None:
    """Never used: a database only moves forward."""
    raise NotImplementedError("migrations are append-only")
