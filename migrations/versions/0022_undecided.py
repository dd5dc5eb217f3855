"""What nobody has approved, and what waits for a review, are found by indexes that have the order of lists.

Revision ID: 0022
Revises: 0021
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

REVIEWED = sa.text("review_by IS NOT NULL")


def upgrade() -> None:
    """Apply this step."""
    op.create_index(
        "ix_allowance_undecided",
        "allowance",
        ["is_open", "id"],
        sqlite_where=sa.text("json_extract(body, '$.approved_at') IS NULL"),
        postgresql_where=sa.text("(body ->> 'approved_at') IS NULL"),
    )
    _index_reviews("is_open", "id")


def downgrade() -> None:
    """Undo this step."""
    op.drop_index("ix_allowance_undecided", "allowance")
    _index_reviews("review_by")


def _index_reviews(*columns: str) -> None:
    op.drop_index("ix_allowance_review_by", "allowance")
    op.create_index(
        "ix_allowance_review_by", "allowance", list(columns), sqlite_where=REVIEWED, postgresql_where=REVIEWED
    )
