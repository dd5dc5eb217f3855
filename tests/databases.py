"""PostgreSQL databases for tests: made once, emptied and renamed after each test."""

from dataclasses import dataclass
from itertools import count
from typing import LiteralString
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

RUN = uuid4().hex[:12]
NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Administration:
    """Makes, renames and drops databases, over one connection: the server starts a process for each."""

    server: URL
    connection: psycopg.Connection

    def create(self) -> URL:
        """A new database, without tables."""
        database = self._unused()
        self._do("CREATE DATABASE {}", database)
        return database

    def renamed(self, database: URL) -> URL:
        """The same database, of which nobody who used it knows any more."""
        gone = sql.SQL("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = {}")
        self._do("ALTER DATABASE {} ALLOW_CONNECTIONS false", database)
        self.connection.execute(gone.format(sql.Literal(database.database)))
        fresh = self._unused()
        self._do("ALTER DATABASE {} RENAME TO {}", database, fresh)
        self._do("ALTER DATABASE {} ALLOW_CONNECTIONS true", fresh)
        self._do("ALTER DATABASE {} RESET ALL", fresh)
        return fresh

    def drop(self, database: URL) -> None:
        """Drop it, whoever uses it."""
        self._do("DROP DATABASE {} WITH (FORCE)", database)

    def _unused(self) -> URL:
        return self.server.set(database=f"egress_{RUN}_{next(NUMBERS)}")

    def _do(self, statement: LiteralString, *databases: URL) -> None:
        names = (sql.Identifier(each.database or "") for each in databases)
        self.connection.execute(sql.SQL(statement).format(*names))


def connected(to: URL) -> psycopg.Connection:
    """A connection whose statements take effect one by one."""
    return psycopg.connect(to.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True)


EMPTY = """
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;  -- the audit log refuses to be emptied
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0 LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', name);
    END LOOP;
    INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, repeat('0', 64));
END $$
"""
"""Back to what the migrations leave; what was never used is left alone."""


def emptied(database: URL) -> URL:
    """The same database as the migrations left it."""
    with connected(database) as connection:
        connection.execute(EMPTY)
    return database
