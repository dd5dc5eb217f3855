"""The tables of the audit log."""

from sqlalchemy import Column, Index, Integer, String, Table, Text, text

from bot.store.schema.base import Big, Json, Time, metadata

audit_event = Table(
    "audit_event",
    metadata,
    Column("seq", Big, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("at", Time, nullable=False),
    Column("action", String(40), nullable=False),
    Column("team", String(40), nullable=False),
    Column("actor", String(40), nullable=False),
    Column("actor_name", Text, nullable=False, server_default=text("''")),
    Column("via", String(40), nullable=False),
    Column("correlation", String(40), nullable=False, server_default=text("''")),
    Column("subject", Text, nullable=False),
    Column("cluster", String(80), nullable=False),
    Column("destinations", Json, nullable=False),
    Column("destination_text", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("policy_rule", Text, nullable=False),
    Column("detail", Json, nullable=False),
    Column("root", String(64), nullable=False, server_default=text("''")),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_event_actor_seq", "actor", "seq"),
    Index("ix_audit_event_cluster_seq", "cluster", "seq"),
    Index("ix_audit_event_subject_seq", "subject", "seq"),
    Index("ix_audit_event_action_seq", "action", "seq"),
    Index("ix_audit_event_correlation_seq", "correlation", "seq"),
    Index("ix_audit_event_at", "at"),
)

# One row: the end of the audit chain. Locking it serialises appends. The frontier of the Merkle tree may end before
# the chain does, where an earlier release appended: the next append makes up for it.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("seq", Big, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("tree_size", Big, nullable=False, server_default="0"),
    Column("tree", Text, nullable=False, server_default=text("''")),
)

# Signed checkpoints that were made, by the number of the last event that they cover.
audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("seq", Big, primary_key=True, autoincrement=False),
    Column("at", Time, nullable=False),
    Column("body", Json, nullable=False),
)

# Sealed files with older events. Only events up to the last of them may be deleted.
audit_archive = Table(
    "audit_archive",
    metadata,
    Column("first_seq", Big, primary_key=True, autoincrement=False),
    Column("last_seq", Big, nullable=False),
    Column("hash", String(64), nullable=False),
    # The frontier of the Merkle tree up to the last event.
    Column("tree", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("at", Time, nullable=False),
)

# The first and the last audit event of each destination, kept by triggers.
audit_host = Table(
    "audit_host",
    metadata,
    Column("host", Text, primary_key=True),
    Column("first_seq", Big, nullable=False),
    Column("last_seq", Big, nullable=False),
)

# Searches of the audit log that people keep; the person as TEAM/USER, the filters as they were typed.
saved_search = Table(
    "saved_search",
    metadata,
    Column("person", String(80), primary_key=True),
    Column("name", String(60), primary_key=True),
    Column("query", Text, nullable=False),
)

# The search index of the audit log: full blocks of events, and the words and other terms of each.
audit_block = Table(
    "audit_block",
    metadata,
    Column("block", Big, primary_key=True, autoincrement=False),
    Column("first_at", Time, nullable=False),
    Column("last_at", Time, nullable=False),
)

audit_word = Table(
    "audit_word",
    metadata,
    Column("block", Big, primary_key=True, autoincrement=False),
    # Sorted by code points, so that words with one beginning stand together.
    Column("word", Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True),
    sqlite_with_rowid=False,
)
