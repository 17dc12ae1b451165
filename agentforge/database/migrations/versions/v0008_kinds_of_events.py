"""Events are found by their kind: how turns ended, and what was recalled, over all sessions of a user."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the index; no row changes."""
    op.create_index("ix_events_type", "events", ["org", "user", "type", "time"])


def downgrade() -> None:
    """Never used: a database only moves forward."""
    raise NotImplementedError("migrations are append-only")
