"""The triggers of the audit log that somebody removed or switched off are missed."""

from sqlalchemy import text

from bot.store import SqlStore
from bot.store.guards import GUARDS


def test_guards_that_are_gone_are_named(unmigrated_url: str) -> None:
    """On PostgreSQL also those that are there and sleep. The database is dropped: no other test may miss them."""
    store = SqlStore(unmigrated_url)
    store.migrate()
    assert store.missing_guards() == ()
    with store._engine.begin() as connection:
        is_postgresql = connection.dialect.name == "postgresql"
        for guard in GUARDS:
            table = guard.partition("_refuse_")[0]
            is_asleep = is_postgresql and table == "audit_head"
            on = f" ON {table}" if is_postgresql else ""
            statement = f"ALTER TABLE {table} DISABLE TRIGGER {guard}" if is_asleep else f"DROP TRIGGER {guard}{on}"
            connection.execute(text(statement))
    assert store.missing_guards() == tuple(sorted(GUARDS))
    store.close()
