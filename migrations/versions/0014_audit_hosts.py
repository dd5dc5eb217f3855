"""Where in the audit log each destination is: bounds for a search, kept by triggers for every release.

Revision ID: 0014
Revises: 0013
Create Date: 2026-11-29
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SQLITE_FILL = (
    "INSERT INTO audit_host (host, first_seq, last_seq) "
    "SELECT each.value, min(seq), max(seq) FROM audit_event, json_each(destinations) AS each GROUP BY each.value"
)
POSTGRESQL_FILL = (
    "INSERT INTO audit_host (host, first_seq, last_seq) SELECT each.value, min(seq), max(seq) "
    "FROM audit_event, jsonb_array_elements_text(destinations) AS each(value) GROUP BY each.value"
)
SQLITE = (
    "CREATE TRIGGER audit_event_hosts AFTER INSERT ON audit_event BEGIN "
    "INSERT INTO audit_host (host, first_seq, last_seq) "
    "SELECT DISTINCT value, NEW.seq, NEW.seq FROM json_each(NEW.destinations) WHERE true "
    "ON CONFLICT (host) DO UPDATE SET first_seq = min(first_seq, excluded.first_seq), "
    "last_seq = max(last_seq, excluded.last_seq); END"
)
POSTGRESQL = (
    "CREATE FUNCTION egress_audit_hosts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "INSERT INTO audit_host AS known (host, first_seq, last_seq) "
    "SELECT DISTINCT value, NEW.seq, NEW.seq FROM jsonb_array_elements_text(NEW.destinations) AS each(value) "
    "ON CONFLICT (host) DO UPDATE SET first_seq = least(known.first_seq, excluded.first_seq), "
    "last_seq = greatest(known.last_seq, excluded.last_seq); RETURN NULL; END $$"
)


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "audit_host",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("first_seq", BIG, nullable=False),
        sa.Column("last_seq", BIG, nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_audit_host"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(SQLITE_FILL)
        op.execute(SQLITE)
        return
    op.execute(POSTGRESQL_FILL)
    op.execute(POSTGRESQL)
    op.execute(
        "CREATE TRIGGER audit_event_hosts AFTER INSERT ON audit_event "
        "FOR EACH ROW EXECUTE FUNCTION egress_audit_hosts()"
    )


def downgrade() -> None:
    """Undo this step."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(f"DROP TRIGGER audit_event_hosts{'' if is_sqlite else ' ON audit_event'}")
    if not is_sqlite:
        op.execute("DROP FUNCTION egress_audit_hosts()")
    op.drop_table("audit_host")
