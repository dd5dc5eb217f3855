"""Brings a database to the schema of this version, in one transaction, one process at a time."""

from importlib.resources import files
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from bot.errors import BadConfiguration
from bot.store.engine import transaction

LOCK = 0x65677265_7373
"""The PostgreSQL advisory lock that all replicas agree on: the word “egress” as a number."""


def migrate(engine: Engine) -> None:
    """Upgrade to the newest revision; several processes that start together wait for each other.

    Raises:
        BadConfiguration: If the database is newer than this version, or broken references were found.
    """
    config = Config()
    config.set_main_option("script_location", str(files("migrations")).replace("%", "%%"))
    with engine.connect() as connection:
        _prepare(connection)
        with connection.begin():
            _lock(connection)
            config.attributes["connection"] = connection
            _upgrade(config)
            _check(connection)
        if engine.dialect.name == "sqlite":
            _raw(connection, "PRAGMA foreign_keys=ON")


def pending(engine: Engine) -> tuple[str | None, str]:
    """The revision that the database has, None for none, and the one of this version; reads only."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    head = ScriptDirectory(str(files("migrations"))).get_current_head()
    with transaction(engine, is_read=True) as connection:
        return MigrationContext.configure(connection).get_current_revision(), str(head)


def _upgrade(config: Config) -> None:
    from alembic.util import CommandError

    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise BadConfiguration(f"The database cannot be migrated by this version: {error}") from error


def _prepare(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        _raw(connection, "PRAGMA foreign_keys=OFF")


def _raw(connection: Connection, statement: str) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(statement)


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _check(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise BadConfiguration(f"The migration was undone: {len(broken)} rows point at rows that do not exist.")
