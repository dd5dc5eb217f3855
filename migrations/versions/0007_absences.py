"""Who is away, and who decides in their place.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "absence",
        sa.Column("person", sa.String(80), nullable=False),
        sa.Column("delegate", sa.String(80), nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
        sa.Column("until", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_absence"),
    )
    op.create_index("ix_absence_delegate", "absence", ["delegate"])


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("absence")
