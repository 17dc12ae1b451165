"""Repairs that were written before they were jobs like others: those that waited are queued."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_JOBS = sa.table(
    "jobs",
    *(sa.column(name, sa.Text) for name in ("id", "kind", "state", "status", "via")),
    *(sa.column(name, sa.JSON(none_as_null=True)) for name in ("artefacts", "payload")),
)


def upgrade() -> None:
    """The call of each stood among its artefacts."""
    old = (_JOBS.c.kind == "repair", _JOBS.c.payload.is_(None))
    rows = op.get_bind().execute(sa.select(_JOBS.c.id, _JOBS.c.state, _JOBS.c.artefacts).where(*old)).all()
    for row in rows:
        values = {"payload": {"call": str(row.artefacts.get("call", "")), "said": 0}, "status": "done"}
        if row.state == "waiting":
            values |= {"status": "queued", "via": "queue", "state": ""}
        op.execute(sa.update(_JOBS).where(_JOBS.c.id == row.id).values(**values))


def downgrade() -> None:
    """Never used: a database only moves forward."""
    raise NotImplementedError("migrations are append-only")
