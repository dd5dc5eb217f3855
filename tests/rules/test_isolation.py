"""The ground that every test stands on holds: the network is off, databases are apart, and no server is left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from sqlalchemy.engine import make_url

from tests.postgres import URL_VARIABLE, NoPostgres, start
from tests.rules.tree import ROOT

GONE_WITHIN_S = 30.0
START_AND_WAIT = """
import sys
from tests.postgres import start
print(start({}).url, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "egress.example.com"])
def test_the_network_is_off(host: str) -> None:
    """A test that reached a real service would be about that service."""
    with pytest.raises(RuntimeError, match="loopback only"):
        socket.create_connection((host, 443), timeout=1)


def test_loopback_is_on() -> None:
    """The simulators answer on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize("round_", [1, 2])
def test_every_test_has_a_database_of_its_own(unmigrated_url: str, round_: int) -> None:
    """A test does not see what another one wrote."""
    engine = sqlalchemy.create_engine(unmigrated_url, poolclass=sqlalchemy.NullPool)
    assert sqlalchemy.inspect(engine).get_table_names() == []
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE seen (n INTEGER)"))
    assert sqlalchemy.inspect(engine).get_table_names() == ["seen"]
    engine.dispose()


@pytest.mark.parametrize("round_", [1, 2])
def test_every_test_has_an_empty_database(database_url: str, round_: int) -> None:
    """Also where it is the one of the test before."""
    engine = sqlalchemy.create_engine(database_url, poolclass=sqlalchemy.NullPool)
    tables = sorted(sqlalchemy.inspect(engine).get_table_names())
    with engine.begin() as connection:
        rows = {name: connection.scalar(sqlalchemy.text(f"SELECT count(*) FROM {name}")) for name in tables}
        connection.execute(sqlalchemy.text("UPDATE audit_head SET seq = 7"))
        connection.execute(sqlalchemy.text("INSERT INTO draft (id, created, body) VALUES ('d', 1.0, 'x')"))
        assert connection.scalar(sqlalchemy.text("SELECT max(seq) FROM audit_head")) == 7
    assert {name: count for name, count in rows.items() if count} == {"alembic_version": 1, "audit_head": 1}
    engine.dispose()


def test_a_killed_test_run_leaves_no_server_behind() -> None:
    """SIGKILL asks nobody; the child shell notices and cleans up."""
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        url = make_url(run.stdout.readline().strip())
        folder = Path(str(url.query["host"]))
        with psycopg.connect(url.set(drivername="postgresql").render_as_string()) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("off",)
        os.kill(run.pid, signal.SIGKILL)
    assert vanishes(folder)


def vanishes(folder: Path) -> bool:
    """Return whether a folder is gone before our patience is."""
    patience_ends = time.monotonic() + GONE_WITHIN_S
    while folder.exists() and time.monotonic() < patience_ends:
        time.sleep(0.02)
    return not folder.exists()


def test_a_named_server_must_be_postgresql() -> None:
    """The one sentence says which variable is wrong and what it should look like."""
    with pytest.raises(NoPostgres, match=f"{URL_VARIABLE} must begin with postgresql://, not with mysql://"):
        start({URL_VARIABLE: "mysql://root@localhost/test"})


def test_a_named_server_gets_our_driver() -> None:
    """Any spelling of PostgreSQL's scheme will do."""
    for scheme in ("postgres", "postgresql", "postgresql+psycopg2"):
        assert start({URL_VARIABLE: f"{scheme}://me@localhost/test"}) == "postgresql+psycopg://me@localhost/test"
