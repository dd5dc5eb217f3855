"""The triggers that refuse changes of the audit log, as the database has them now."""

from sqlalchemy import Connection, text

GUARDED = ("audit_event", "audit_head", "audit_checkpoint", "audit_archive")
"""The tables that only grow; the migration of the audit guard makes the triggers."""

GUARDS = frozenset(f"{table}_refuse_{act}" for table in GUARDED for act in ("update", "delete"))
"""The triggers without which a row could be changed unseen; the others refuse ways around these."""

_NAMES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')",
}


def missing_guards(connection: Connection) -> tuple[str, ...]:
    """Those that are not there, or are switched off, in alphabetical order."""
    found = connection.scalars(text(_NAMES[connection.dialect.name]))
    return tuple(sorted(GUARDS - set(found)))
