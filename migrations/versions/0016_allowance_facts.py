"""Facts of allowances that are searched for, computed by the database from the body, so that every release keeps them.

Revision ID: 0016
Revises: 0015
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

SQLITE = {
    "first_host": "json_extract(body, '$.ask.destinations[0].fqdn')",
    "renews": "json_extract(body, '$.ask.renews')",
    "review_by": "json_extract(body, '$.review_by')",
    "in_line_since": (
        "CASE WHEN json_extract(body, '$.live_at') IS NULL OR json_extract(body, '$.missing_since') IS NOT NULL "
        "THEN json_extract(body, '$.approved_at') END"
    ),
}
POSTGRESQL = {
    "first_host": "body #>> '{ask,destinations,0,fqdn}'",
    "renews": "body #>> '{ask,renews}'",
    "review_by": "body ->> 'review_by'",
    "in_line_since": (
        "CASE WHEN (body ->> 'live_at') IS NULL OR (body ->> 'missing_since') IS NOT NULL "
        "THEN body ->> 'approved_at' END"
    ),
}
INDEXES = {"renews": ["renews"], "review_by": ["review_by"], "in_line_since": ["target", "in_line_since"]}


def upgrade() -> None:
    """Apply this step."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, fact in (SQLITE if is_sqlite else POSTGRESQL).items():
        kept = "VIRTUAL" if is_sqlite else "STORED"
        op.execute(f"ALTER TABLE allowance ADD COLUMN {name} TEXT GENERATED ALWAYS AS ({fact}) {kept}")
    op.create_index("ix_allowance_is_open_id", "allowance", ["is_open", "id"])
    op.create_index("ix_allowance_cluster_id_first_host", "allowance", ["cluster_id", "first_host"])
    for name, columns in INDEXES.items():
        there = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_allowance_{name}", "allowance", columns, sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    """Undo this step."""
    for name in ("is_open_id", "cluster_id_first_host", *INDEXES):
        op.drop_index(f"ix_allowance_{name}", "allowance")
    for name in SQLITE:
        op.execute(f"ALTER TABLE allowance DROP COLUMN {name}")
