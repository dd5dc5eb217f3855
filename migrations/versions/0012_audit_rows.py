"""Audit rows of version 2: display name, correlation, Merkle tree head; the head's frontier of the tree.

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

from bot.domain.chain import Frontier

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply this step."""
    for column in (
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("actor_name", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("correlation", sa.String(40), nullable=False, server_default=sa.text("''")),
        sa.Column("root", sa.String(64), nullable=False, server_default=sa.text("''")),
    ):
        op.add_column("audit_event", column)
    op.create_index("ix_audit_event_correlation_seq", "audit_event", ["correlation", "seq"])
    size = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("audit_head", sa.Column("tree_size", size, nullable=False, server_default="0"))
    op.add_column("audit_head", sa.Column("tree", sa.Text(), nullable=False, server_default=sa.text("''")))
    _grow(op.get_bind())


def _grow(connection: sa.Connection) -> None:
    """Build the tree over the rows that are there, so that no act has to wait for it."""
    tree = Frontier()
    query = sa.text("SELECT hash FROM audit_event WHERE seq BETWEEN 1 AND (SELECT seq FROM audit_head) ORDER BY seq")
    for one in connection.execute(query).scalars():
        tree.add(one)
    moved = sa.text("UPDATE audit_head SET tree_size = :size, tree = :heads WHERE seq = :size")
    connection.execute(moved, {"size": tree.size, "heads": tree.heads})


def downgrade() -> None:
    """Undo this step."""
    op.drop_column("audit_head", "tree")
    op.drop_column("audit_head", "tree_size")
    op.drop_index("ix_audit_event_correlation_seq", "audit_event")
    for name in ("root", "correlation", "actor_name", "version"):
        op.drop_column("audit_event", name)
