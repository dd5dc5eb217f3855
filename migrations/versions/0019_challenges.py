"""Approvals that wait for a sign-in at the identity provider.

Revision ID: 0019
Revises: 0018
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import Json

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "challenge",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.String(length=32), nullable=True),
        sa.Column("body", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge")),
    )
    op.create_index("ix_challenge_expires_at", "challenge", ["expires_at"])


def downgrade() -> None:
    """Undo this step."""
    op.drop_index("ix_challenge_expires_at", "challenge")
    op.drop_table("challenge")
