"""A copy of a SQLite database that is in use."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from bot.errors import BadConfiguration, InvalidInput
from bot.store.faults import store_error

PAGES = 256
"""Pages that are copied at a time: writers wait for no more than that."""


def back_up(engine: Engine, file: Path) -> None:
    """Copy the database to a file, which is there only if all of it was copied.

    Raises:
        BadConfiguration: The database is a PostgreSQL.
        InvalidInput: The file exists, or cannot be written.
        StoreUnavailable: The database cannot be read.
    """
    if engine.dialect.name != "sqlite":
        raise BadConfiguration("PostgreSQL has its own: pg_dump --format=custom --file FILE DATABASE.")
    if file.exists():
        raise InvalidInput(f"{file} exists. A backup replaces nothing.")
    fresh = file.with_name(f"{file.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(engine, fresh)
        fresh.rename(file)
    except OSError as error:
        raise InvalidInput(f"Cannot write {file}: {error.strerror}.") from error


def _copy(engine: Engine, fresh: Path) -> None:
    try:
        with engine.connect() as connection, closing(sqlite3.connect(fresh)) as copy:
            source: Any = connection.connection.driver_connection
            source.rollback()
            source.backup(copy, pages=PAGES)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    except DBAPIError as error:
        raise store_error(error) from error
    except sqlite3.Error as error:
        raise InvalidInput(f"The backup failed: {error}.") from error
