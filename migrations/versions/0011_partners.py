"""Partners: who depends on the outbound IPs of a cluster.

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import Json

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "partner",
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("name", sa.String(240), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", "name", name="pk_partner"),
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("partner")
