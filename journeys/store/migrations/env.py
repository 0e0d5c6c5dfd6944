"""Run by Alembic: the connection comes from `migrate`, which owns the transaction."""

from __future__ import annotations

from alembic import context

from journeys.store.migrations import REVISION_TABLE
from journeys.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=REVISION_TABLE,
    render_as_batch=True,
)
context.run_migrations()
