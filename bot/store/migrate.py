"""Brings a database to the schema of this version, in one transaction, one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from bot.domain.phrases import counted
from bot.errors import BadConfiguration
from bot.store.bounds import BOUND_S
from bot.store.faults import store_error

log = structlog.get_logger(__name__)

MIGRATION_S = 60.0
"""Seconds that one migration of a SQLite file waits for another."""

LOCK = 0x65677265_7373
"""The PostgreSQL advisory lock that all replicas agree on: the word “egress” as a number."""


def migrate(engine: Engine) -> None:
    """Upgrade to the newest revision; several processes that start together wait for each other.

    A newer database is left as it is: migrations only add, so this version works on it during a rollout, and after one
    that was taken back.

    Raises:
        BadConfiguration: If the database is not one of this bot, or broken references were found.
        StoreUnavailable: The database cannot be used; the sentence says why.
    """
    with migrating(engine) as connection, connection.begin():
        _lock(connection)
        found, ours = pending(connection)
        if is_newer(found, ours):
            log.warning("database_newer", revision=found, ours=ours)
            return
        if found != ours:
            _upgrade(connection)
        _check(connection)


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A connection that may take its time.

    Raises:
        StoreUnavailable: The database cannot be used; the sentence says why.
    """
    try:
        with engine.connect() as connection:
            _prepare(connection, is_migrating=True)
            yield connection
            _prepare(connection, is_migrating=False)
    except DBAPIError as error:
        raise store_error(error) from error


def pending(connection: Connection) -> tuple[str | None, str]:
    """The revision that the database has, None for none, and the one of this version; reads only."""
    names = (each.name for each in files("migrations").joinpath("versions").iterdir())
    ours = max(name.partition("_")[0] for name in names if name[:1].isdecimal())
    if not inspect(connection).has_table("alembic_version"):
        return None, ours
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar(), ours


def is_newer(found: str | None, ours: str) -> bool:
    """Whether a revision comes after ours: they are numbered."""
    return found is not None and found.isdecimal() and int(found) > int(ours)


def _upgrade(connection: Connection) -> None:
    """Run the migrations; only then is Alembic loaded, which takes 8 MB."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(files("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise BadConfiguration(
            f"The database has a schema that no version of this bot makes. Does EGRESS_DATABASE_URL name it? ({error})"
        ) from error


def _prepare(connection: Connection, *, is_migrating: bool) -> None:
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        driver.execute(f"PRAGMA foreign_keys={'OFF' if is_migrating else 'ON'}")
        driver.execute(f"PRAGMA busy_timeout={int((MIGRATION_S if is_migrating else BOUND_S) * 1000)}")
    else:
        driver.is_patient = is_migrating


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
        raise BadConfiguration(
            f"The migration was rolled back: rows that do not exist are referenced {counted(len(broken), 'time')}."
        )
