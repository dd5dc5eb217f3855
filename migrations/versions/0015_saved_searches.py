"""Searches of the audit log that people keep.

Revision ID: 0015
Revises: 0014
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "saved_search",
        sa.Column("person", sa.String(80), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person", "name", name="pk_saved_search"),
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("saved_search")
