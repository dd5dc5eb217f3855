"""The tables that the statements are written for are those that the migrations make."""

import warnings

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from bot.store.schema import metadata


def test_the_migrations_make_the_schema(database_url: str) -> None:
    """A column, a type, an index or a default that exists in one place only is named here.

    SQLAlchemy reads several computed columns of a SQLite table as one, so their expressions are compared on PostgreSQL.
    """
    engine = create_engine(database_url)
    with engine.connect() as connection, warnings.catch_warnings():
        if engine.dialect.name == "sqlite":
            warnings.filterwarnings("ignore", "Computed default on allowance")
        options = {"compare_type": True, "compare_server_default": True}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    engine.dispose()
    assert differences == []
