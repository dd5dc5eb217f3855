"""Probes from inside clusters.

Revision ID: 0017
Revises: 0016
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import Json

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "probe",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("is_open", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.String(32), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_probe"),
    )
    op.create_index("ix_probe_cluster_id_is_open", "probe", ["cluster_id", "is_open"])


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("probe")
