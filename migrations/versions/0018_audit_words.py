"""The search index of the audit log: blocks of events, and the words of each; the bot fills it in the background.

Revision ID: 0018
Revises: 0017
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "audit_block",
        sa.Column("block", BIG, nullable=False, autoincrement=False),
        sa.Column("first_at", sa.String(32), nullable=False),
        sa.Column("last_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("block", name="pk_audit_block"),
    )
    op.create_table(
        "audit_word",
        sa.Column("block", BIG, nullable=False, autoincrement=False),
        sa.Column("word", WORD, nullable=False),
        sa.PrimaryKeyConstraint("block", "word", name="pk_audit_word"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Undo this step."""
    op.drop_table("audit_word")
    op.drop_table("audit_block")
