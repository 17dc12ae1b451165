"""Run by alembic inside :func:`agentforge.database.store.migrate`, on the connection handed in."""

from __future__ import annotations

from alembic import context

from agentforge.database.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
