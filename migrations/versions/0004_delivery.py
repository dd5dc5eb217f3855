"""Notices with a version, lanes that are paused, and the conversations with people.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply this step."""
    op.add_column("notice", sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_notice_subject_recipient", "notice", ["subject", "recipient"])
    op.create_table(
        "delivery_pause",
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("code", sa.String(80), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("lane", name="pk_delivery_pause"),
    )
    op.create_table(
        "conversation",
        sa.Column("user", sa.String(80), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("user", name="pk_conversation"),
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("conversation")
    op.drop_table("delivery_pause")
    op.drop_index("ix_notice_subject_recipient", "notice")
    with op.batch_alter_table("notice") as batch:
        batch.drop_column("version")
