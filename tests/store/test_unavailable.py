"""A database that is not ready or not free is said as what it is."""

import sqlite3
from contextlib import closing

import pytest

from bot.errors import BadConfiguration, StoreBusy, StoreUnavailable
from bot.ports import AllowanceFilter
from bot.store import SqlStore


def test_missing_tables_name_the_command(unmigrated_url: str) -> None:
    """It is not “busy”."""
    store = SqlStore(unmigrated_url)
    with pytest.raises(BadConfiguration, match="python -m bot migrate"), store.read() as tx:
        tx.allowances.find(AllowanceFilter())
    store.close()


def test_a_locked_file_is_busy(sqlite_url: str) -> None:
    """Somebody else writes for longer than the bound: the person is told to try again."""
    store = SqlStore(sqlite_url)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="nothing was recorded"), store.write():
            pass
    store.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:///:memory:", "not a url", "postgresql+nothing://x/y"])
def test_other_databases_are_refused(url: str) -> None:
    """With what is possible."""
    with pytest.raises(BadConfiguration, match="EGRESS_DATABASE_URL"):
        SqlStore(url)


def test_a_server_that_is_away_is_said_with_its_cause() -> None:
    """It may come back, and it is not “busy”."""
    store = SqlStore("postgresql+psycopg://nobody@127.0.0.1:9/nothing")
    with pytest.raises(StoreUnavailable, match=r"Connection refused.*nothing was recorded"), store.read():
        pass
    store.close()
