"""The audit log refuses changes; its checkpoints; its archives, behind whose end alone rows may be deleted.

Revision ID: 0013
Revises: 0012
Create Date: 2026-11-29
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from bot.store.schema import Json

revision = "0013"
down_revision = "0012"

SEALED = ("audit_checkpoint", "audit_archive")
TABLES = ("audit_event", "audit_head", *SEALED)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

WORDS = "The audit log is append-only: {} is refused."
UPDATE, DELETE, INSERT = WORDS.format("UPDATE"), WORDS.format("DELETE"), WORDS.format("replacing a row")
ARCHIVED = "OLD.seq > (SELECT coalesce(max(last_seq), 0) FROM audit_archive)"
REPEATED = "NEW.{key} IN (SELECT {key} FROM {table})"
FORWARD = "NEW.id = OLD.id AND (NEW.seq > OLD.seq OR (NEW.seq = OLD.seq AND NEW.hash = OLD.hash))"


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "audit_checkpoint",
        sa.Column("seq", BIG, nullable=False, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_checkpoint"),
    )
    op.create_table(
        "audit_archive",
        sa.Column("first_seq", BIG, nullable=False, autoincrement=False),
        sa.Column("last_seq", BIG, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("first_seq", name="pk_audit_archive"),
    )
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(statement)


def _triggers(dialect: str) -> Iterator[str]:
    if dialect == "sqlite":
        yield _sqlite("audit_event", "update", UPDATE)
        yield _sqlite("audit_event", "delete", DELETE, ARCHIVED)
        yield _sqlite("audit_head", "update", UPDATE, f"NOT ({FORWARD})")
        yield _sqlite("audit_head", "delete", DELETE)
        for table in SEALED:
            yield _sqlite(table, "update", UPDATE)
            yield _sqlite(table, "delete", DELETE)
        for table, key in (("audit_event", "seq"), ("audit_head", "id")):  # INSERT OR REPLACE fires no DELETE trigger
            yield _sqlite(table, "insert", INSERT, REPEATED.format(key=key, table=table))
        return
    yield (
        "CREATE FUNCTION egress_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'The audit log is append-only: % is refused.', TG_OP "
        "USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME; END $$"
    )
    yield (
        "CREATE FUNCTION egress_audit_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {ARCHIVED} THEN RAISE EXCEPTION '{DELETE}' USING ERRCODE = 'restrict_violation'; END IF; "
        "RETURN OLD; END $$"
    )
    for table in TABLES:
        yield _postgresql(table, "TRUNCATE", each="STATEMENT")
        when = f"WHEN (NOT ({FORWARD}))" if table == "audit_head" else ""
        yield _postgresql(table, "UPDATE", when=when)
        function = "egress_audit_refuse_delete" if table == "audit_event" else "egress_audit_refuse"
        yield _postgresql(table, "DELETE", function=function)


def _sqlite(table: str, act: str, words: str, when: str = "1") -> str:
    name = f"{table}_refuse_{act}"
    return f"CREATE TRIGGER {name} BEFORE {act} ON {table} WHEN {when} BEGIN SELECT RAISE(ABORT, '{words}'); END"


def _postgresql(
    table: str, act: str, *, each: str = "ROW", when: str = "", function: str = "egress_audit_refuse"
) -> str:
    name = f"{table}_refuse_{act.lower()}"
    return f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH {each} {when} EXECUTE FUNCTION {function}()"


def downgrade() -> None:
    """Undo this step."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in TABLES:
        for act in ("insert", "update", "delete", "truncate"):
            where = "" if is_sqlite else f" ON {table}"
            op.execute(f"DROP TRIGGER IF EXISTS {table}_refuse_{act}{where}")
    if not is_sqlite:
        op.execute("DROP FUNCTION egress_audit_refuse(), egress_audit_refuse_delete()")
    for table in SEALED:
        op.drop_table(table)
