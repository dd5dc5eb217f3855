"""Outbound IPs over time, the fleet's reading, and required endpoints.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "fleet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.String(length=32), nullable=False),
        sa.Column("gaps", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fleet")),
    )
    op.create_table(
        "egress_history",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("ref", JSON, nullable=False),
        sa.Column("declared", sa.Text(), nullable=False),
        sa.Column("ips", JSON, nullable=False),
        sa.Column("since", sa.String(length=32), nullable=False),
        sa.Column("until", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_egress_history")),
    )
    op.create_index("ix_egress_history_until_since", "egress_history", ["until", "since"], unique=False)
    in_force = sa.text("until IS NULL")
    op.create_index(
        "uq_egress_history_cluster_id",
        "egress_history",
        ["cluster_id"],
        unique=True,
        postgresql_where=in_force,
        sqlite_where=in_force,
    )
    op.create_table(
        "endpoint_check",
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.String(length=32), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_endpoint_check")),
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("endpoint_check")
    op.drop_index("uq_egress_history_cluster_id", table_name="egress_history")
    op.drop_index("ix_egress_history_until_since", table_name="egress_history")
    op.drop_table("egress_history")
    op.drop_table("fleet")
