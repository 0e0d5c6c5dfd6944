"""A step for the tests of upgrading: it makes `contact` anew with a further column and fills that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("contact", recreate="auto") as contact:
        contact.add_column(sa.Column("nickname", sa.Text(), server_default="", nullable=False))
        # the kind of change that SQLite cannot make to a table that is there
        contact.alter_column("draw", existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False)
    op.execute("UPDATE contact SET nickname = coalesce(first_name, '')")
