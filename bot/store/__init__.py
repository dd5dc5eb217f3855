"""The database: SQLite for one process, PostgreSQL for several replicas, the same statements on both."""

from bot.store.store import SqlStore

__all__ = ["SqlStore"]
