"""A time before which an unfinished round does not continue, regardless of who asks.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-26
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply this step."""
    op.add_column("work", sa.Column("not_before", sa.Float(), nullable=True))


def downgrade() -> None:
    """Undo this step."""
    with op.batch_alter_table("work") as batch:
        batch.drop_column("not_before")
