"""How full SNAT ports were when they were last read, by the resource that gives them out.

Revision ID: 0020
Revises: 0019
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "port_use",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("tried_at", sa.String(length=32), nullable=False),
        sa.Column("announced", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_port_use")),
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("port_use")
