"""SQLAlchemy's own dialects, whose compiled statements outlive an engine: each test has one, each process one set."""

import sqlite3

from sqlalchemy import Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import LRUCache

STATEMENTS = LRUCache[object, object](2_000)
"""By dialect and statement; all tests together have less than half as many."""


class _SharesStatements(Dialect):
    """Equal to every other of its class, as all databases of one kind in a run are of one version."""

    supports_statement_cache = True

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Have an engine look for statements where the others do."""
        engine.update_execution_options(compiled_cache=STATEMENTS)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


class Sqlite(_SharesStatements, SQLiteDialect_pysqlite):
    """SQLite in the standard library's driver, which waits for no disk: no test takes the power away."""

    supports_statement_cache = True

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Have each connection of an engine leave writing to the operating system."""
        super().engine_created(engine)
        event.listen(engine, "checkout", _leave_writing)


def _leave_writing(connection: sqlite3.Connection, record: ConnectionPoolEntry, _fairy: object) -> None:
    if "synchronous" not in record.info:  # at the first use: the product sets its own when it connects
        connection.execute("PRAGMA synchronous=OFF")
        record.info["synchronous"] = "OFF"


class Postgresql(_SharesStatements, PGDialect_psycopg):
    """PostgreSQL through psycopg."""

    supports_statement_cache = True
