"""What each person wants to be told in direct messages.

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "notice_level",
        sa.Column("user", sa.String(80), nullable=False),
        sa.Column("level", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("user", name="pk_notice_level"),
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("notice_level")
