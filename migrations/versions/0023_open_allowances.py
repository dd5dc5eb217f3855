"""What is open is found with its versions in one index: a round reads the ids and versions of thousands.

Revision ID: 0023
Revises: 0022
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Apply this step."""
    _index("is_open", "id", "version", "target")


def downgrade() -> None:
    """Undo this step."""
    _index("is_open", "id")


def _index(*columns: str) -> None:
    """Of two indexes that cost the same SQLite takes the one made last: that of undecided requests stays the last."""
    op.drop_index("ix_allowance_is_open_id", "allowance")
    op.create_index("ix_allowance_is_open_id", "allowance", list(columns))
    op.drop_index("ix_allowance_undecided", "allowance")
    op.create_index(
        "ix_allowance_undecided",
        "allowance",
        ["is_open", "id"],
        sqlite_where=sa.text("json_extract(body, '$.approved_at') IS NULL"),
        postgresql_where=sa.text("(body ->> 'approved_at') IS NULL"),
    )
