"""What a call was seen to reach stands in its own row, so that whatever takes the row takes that along."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column ``observed``; nobody knows any more what earlier calls reached, so theirs is empty."""
    op.add_column("calls", sa.Column("observed", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    """Never used: a database only moves forward."""
    raise NotImplementedError("migrations are append-only")
