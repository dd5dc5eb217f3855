"""First tables.

Revision ID: 0001
Revises:
Create Date: 2026-11-23
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "allowance",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("cluster_name", sa.String(length=80), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("requester", sa.String(length=80), nullable=False),
        sa.Column("requested_at", sa.String(length=32), nullable=False),
        sa.Column("is_open", sa.Integer(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allowance")),
    )
    op.create_index("ix_allowance_cluster_id_is_open", "allowance", ["cluster_id", "is_open"], unique=False)
    op.create_index("ix_allowance_requester", "allowance", ["requester"], unique=False)
    op.create_index("ix_allowance_target_is_open", "allowance", ["target", "is_open"], unique=False)

    op.create_table(
        "audit_event",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("team", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("via", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("cluster", sa.String(length=80), nullable=False),
        sa.Column("destinations", JSON, nullable=False),
        sa.Column("destination_text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("policy_rule", sa.Text(), nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_event")),
    )
    op.create_index("ix_audit_event_action_seq", "audit_event", ["action", "seq"], unique=False)
    op.create_index("ix_audit_event_actor_seq", "audit_event", ["actor", "seq"], unique=False)
    op.create_index("ix_audit_event_at", "audit_event", ["at"], unique=False)
    op.create_index("ix_audit_event_cluster_seq", "audit_event", ["cluster", "seq"], unique=False)
    op.create_index("ix_audit_event_subject_seq", "audit_event", ["subject", "seq"], unique=False)

    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "card",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("ts", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("subject", "channel", name=op.f("pk_card")),
    )
    op.create_table(
        "cluster",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("read_at", sa.String(length=32), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster")),
    )
    op.create_index("ix_cluster_name", "cluster", ["name"], unique=False)

    op.create_table(
        "notice",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("recipient", sa.String(length=80), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("due", sa.Float(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Float(), nullable=True),
        sa.Column("dead", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_sent_due", "notice", ["sent", "due"], unique=False)

    op.create_table(
        "scale",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("is_open", sa.Integer(), nullable=False),
        sa.Column("requested_at", sa.String(length=32), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scale")),
    )
    op.create_index("ix_scale_cluster_id_is_open", "scale", ["cluster_id", "is_open"], unique=False)

    op.create_table(
        "work",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("wanted", BIG, nullable=False),
        sa.Column("done", BIG, nullable=False),
        sa.Column("due", sa.Float(), nullable=True),
        sa.Column("owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.Column("token", BIG, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("parked", JSON, nullable=True),
        sa.Column("memo", JSON, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_work")),
    )
    op.create_index("ix_work_due", "work", ["due"], unique=False)

    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": "0" * 64}])


def downgrade() -> None:
    """Undo this step."""
    op.drop_index("ix_work_due", table_name="work")

    op.drop_table("work")
    op.drop_index("ix_scale_cluster_id_is_open", table_name="scale")

    op.drop_table("scale")
    op.drop_index("ix_notice_sent_due", table_name="notice")

    op.drop_table("notice")
    op.drop_index("ix_cluster_name", table_name="cluster")

    op.drop_table("cluster")
    op.drop_table("card")
    op.drop_table("audit_head")
    op.drop_index("ix_audit_event_subject_seq", table_name="audit_event")
    op.drop_index("ix_audit_event_cluster_seq", table_name="audit_event")
    op.drop_index("ix_audit_event_at", table_name="audit_event")
    op.drop_index("ix_audit_event_actor_seq", table_name="audit_event")
    op.drop_index("ix_audit_event_action_seq", table_name="audit_event")

    op.drop_table("audit_event")
    op.drop_index("ix_allowance_target_is_open", table_name="allowance")
    op.drop_index("ix_allowance_requester", table_name="allowance")
    op.drop_index("ix_allowance_cluster_id_is_open", table_name="allowance")

    op.drop_table("allowance")
