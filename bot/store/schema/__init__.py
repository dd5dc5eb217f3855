"""The tables. Facts only: a status is never stored."""

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text, text

from bot.store.computed import computed_facts
from bot.store.schema.audit import (
    audit_archive,
    audit_block,
    audit_checkpoint,
    audit_event,
    audit_head,
    audit_host,
    audit_word,
    saved_search,
)
from bot.store.schema.base import Big, Json, Time, metadata

__all__ = [
    "Json",
    "audit_archive",
    "audit_block",
    "audit_checkpoint",
    "audit_event",
    "audit_head",
    "audit_host",
    "audit_word",
    "metadata",
    "saved_search",
]

allowance = Table(
    "allowance",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("cluster_id", Text, nullable=False),
    Column("cluster_name", String(80), nullable=False),
    Column("target", Text, nullable=False),
    Column("requester", String(80), nullable=False),
    Column("requested_at", Time, nullable=False),
    # 1 while it waits, is wanted, or its rules were not yet seen gone: keeps the reconciler's reads small.
    Column("is_open", Integer, nullable=False),
    Column("body", Json, nullable=False),
    Index("ix_allowance_target_is_open", "target", "is_open"),
    Index("ix_allowance_cluster_id_is_open", "cluster_id", "is_open"),
    Index("ix_allowance_requester", "requester"),
    # In the order of lists, and with all that a round asks for of what it has parsed before.
    Index("ix_allowance_is_open_id", "is_open", "id", "version", "target"),
    *computed_facts(),
)
scale = Table(
    "scale",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("cluster_id", Text, nullable=False),
    Column("is_open", Integer, nullable=False),
    Column("requested_at", Time, nullable=False),
    Column("body", Json, nullable=False),
    Index("ix_scale_cluster_id_is_open", "cluster_id", "is_open"),
)

campaign = Table(
    "campaign",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("is_open", Integer, nullable=False),
    Column("started_at", Time, nullable=False),
    Column("body", Json, nullable=False),
    Index("ix_campaign_is_open_id", "is_open", "id"),
)

# The last absence of each person, and who decides in their place; both as TEAM/USER.
absence = Table(
    "absence",
    metadata,
    Column("person", String(80), primary_key=True),
    Column("delegate", String(80), nullable=False),
    Column("since", Time, nullable=False),
    Column("until", Time, nullable=False),
    Index("ix_absence_delegate", "delegate"),
)

work = Table(
    "work",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("wanted", Big, nullable=False),
    Column("done", Big, nullable=False),
    Column("due", Float, nullable=True),
    # Set while a round is unfinished: Azure set the next look, or a failure waits. No wake-up before it.
    Column("not_before", Float, nullable=True),
    Column("owner", String(80), nullable=True),
    Column("lease_until", Float, nullable=True),
    Column("token", Big, nullable=False),
    Column("failures", Integer, nullable=False),
    # The pending ARM operation.
    Column("parked", Json, nullable=True),
    # State carried from one round to the next.
    Column("memo", Json, nullable=False),
    Index("ix_work_due", "due"),
)

notice = Table(
    "notice",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("kind", String(20), nullable=False),
    Column("subject", Text, nullable=False),
    Column("recipient", String(80), nullable=False),
    Column("body", Json, nullable=False),
    Column("created", Float, nullable=False),
    Column("due", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent", Float, nullable=True),
    Column("dead", Text, nullable=True),
    # Incremented when a card is due again while its notice is waiting.
    Column("version", Integer, nullable=False, server_default="0"),
    Index("ix_notice_sent_due", "sent", "due"),
    Index("ix_notice_subject_recipient", "subject", "recipient"),
)

# Paused lanes of notices: until when, and the error code if someone must act.
delivery_pause = Table(
    "delivery_pause",
    metadata,
    Column("lane", Text, primary_key=True),
    Column("until", Float, nullable=False),
    Column("code", String(80), nullable=False),
    Column("failures", Integer, nullable=False),
)

# The direct-message conversation with each person the bot has written to.
conversation = Table(
    "conversation",
    metadata,
    Column("user", String(80), primary_key=True),
    Column("channel", String(40), nullable=False),
)

card = Table(
    "card",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("channel", String(40), primary_key=True),
    Column("ts", String(40), nullable=False),
)

cluster = Table(
    "cluster",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("read_at", Time, nullable=False),
    Column("body", Json, nullable=False),
    Index("ix_cluster_name", "name"),
)

# One row: when all clusters were last read together, and which reads failed.
fleet = Table(
    "fleet",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("read_at", Time, nullable=False),
    Column("gaps", Json, nullable=False),
)

# A row for each time in which a cluster left with the same addresses; the one without an end is in force. They came
# after the reading of begun_after and up to since, and went after that of seen and up to until: NULL where nothing lies
# between.
egress_history = Table(
    "egress_history",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("cluster_id", Text, nullable=False),
    Column("ref", Json, nullable=False),
    Column("declared", Text, nullable=False),
    Column("ips", Json, nullable=False),
    Column("since", Time, nullable=False),
    Column("until", Time, nullable=True),
    Column("begun_after", Time, nullable=True),
    Column("seen", Time, nullable=True),
    Index("ix_egress_history_until_since", "until", "since"),
)

IN_FORCE = text("until IS NULL")
Index(
    "uq_egress_history_cluster_id",
    egress_history.c.cluster_id,
    unique=True,
    postgresql_where=IN_FORCE,
    sqlite_where=IN_FORCE,
)

# AKS's required endpoints of a routed cluster, checked against the firewall's rules at the time.
endpoint_check = Table(
    "endpoint_check",
    metadata,
    Column("cluster_id", Text, primary_key=True),
    Column("checked_at", Time, nullable=False),
    Column("body", Json, nullable=False),
)

# How full the SNAT ports of a load balancer, NAT gateway or firewall were at last, and what people were told of it.
port_use = Table(
    "port_use",
    metadata,
    Column("source_id", Text, primary_key=True),
    Column("tried_at", Time, nullable=False),
    Column("announced", Integer, nullable=False),
    Column("body", Json, nullable=False),
)

# How much a person is told in direct messages, where they chose.
notice_level = Table(
    "notice_level",
    metadata,
    Column("user", String(80), primary_key=True),
    Column("level", String(20), nullable=False),
)

# Who depends on a cluster's outbound IPs; the name is as it is compared.
partner = Table(
    "partner",
    metadata,
    Column("cluster_id", Text, primary_key=True),
    Column("name", String(240), primary_key=True),
    Column("body", Json, nullable=False),
)

# Approvals that wait for a sign-in at the identity provider, by a digest of their link; deleted after a few days.
challenge = Table(
    "challenge",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("expires_at", Time, nullable=False),
    Column("ended_at", Time, nullable=True),
    Column("body", Json, nullable=False),
    Index("ix_challenge_expires_at", "expires_at"),
)

# Contents of buttons that are too long for Slack; deleted after a few days.
draft = Table(
    "draft",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("created", Float, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_draft_created", "created"),
)

# API tokens by the hash of their secret; a revoked one keeps its name. Calls are counted by the database's clock.
api_token = Table(
    "api_token",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("body", Json, nullable=False),
    Column("revoked_at", Time, nullable=True),
    Column("last_used_at", Time, nullable=True),
    Column("calls_left", Float, nullable=False),
    Column("counted_at", Float, nullable=False),
    Index("uq_api_token_digest", "digest", unique=True),
)

# Looks at firewall logs that go on, and what they found.
watch = Table(
    "watch",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("is_open", Integer, nullable=False),
    Column("started_at", Time, nullable=False),
    Column("body", Json, nullable=False),
    Index("ix_watch_is_open_id", "is_open", "id"),
)

# Probes from inside clusters, and what they saw.
probe = Table(
    "probe",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("cluster_id", Text, nullable=False),
    Column("is_open", Integer, nullable=False),
    Column("asked_at", Time, nullable=False),
    Column("body", Json, nullable=False),
    Index("ix_probe_cluster_id_is_open", "cluster_id", "is_open"),
)
