"""Errors at the start are one sentence with the cause: no trace, no “busy”, exit status 2."""

import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from bot.store import SqlStore
from tests.processes.stage import run, run_here

REFUSAL = b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "bot"\0\0'


@pytest.fixture
def picky() -> Iterator[int]:
    """A PostgreSQL that accepts no password: its first and only answer, on the wire."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            with suppress(OSError):
                while True:
                    client, _ = server.accept()
                    client.recv(4096)
                    client.sendall(b"E" + (len(REFUSAL) + 4).to_bytes(4, "big") + REFUSAL)
                    client.close()

        threading.Thread(target=refuse, daemon=True).start()
        yield int(server.getsockname()[1])


def assert_said(found: tuple[int, str], *words: str) -> None:
    """One sentence that holds the words."""
    status, said = found
    assert status == 2, said
    assert "Traceback" not in said
    assert "busy" not in said
    lines = [line for line in said.splitlines() if line.strip()]
    assert len(lines) == 1, said
    for word in words:
        assert word in lines[0]


def test_a_wrong_password(picky: int) -> None:
    """As the server says it."""
    url = f"postgresql+psycopg://bot:wrong@127.0.0.1:{picky}/bot?sslmode=disable&gssencmode=disable"
    found = run_here("migrate", EGRESS_DATABASE_URL=url)
    assert_said(found, "password authentication failed")
    assert "wrong" not in found[1]


CASES: dict[str, tuple[str, dict[str, str], tuple[str, ...]]] = {
    "unknown host": (
        "migrate",
        {"EGRESS_DATABASE_URL": "postgresql+psycopg://bot@no-such-host.invalid/bot"},
        ("database", "no-such-host.invalid"),
    ),
    "nobody listens": ("migrate", {"EGRESS_DATABASE_URL": "postgresql+psycopg://bot@127.0.0.1:9/b"}, ("refused",)),
    "no port": ("migrate", {"EGRESS_DATABASE_URL": "postgresql+psycopg://bot@127.0.0.1:x/b"}, ("EGRESS_DATABASE_URL",)),
    "a bracket": ("migrate", {"EGRESS_DATABASE_URL": "postgresql+psycopg://u:LEAK[1@h/b"}, ("database",)),
    "no option": ("migrate", {"EGRESS_DATABASE_URL": "postgresql+psycopg://b@127.0.0.1:9/b?nonsense=1"}, ("nonsense",)),
    "no address of Slack": ("serve", {"EGRESS_SLACK_API_URL": "slack.com"}, ("EGRESS_SLACK_API_URL",)),
    "no address of Azure": ("serve", {"EGRESS_ARM_ENDPOINT": "ftp://x"}, ("EGRESS_ARM_ENDPOINT",)),
    "no port of Slack": ("serve", {"EGRESS_SLACK_API_URL": "https://x:99999/"}, ("EGRESS_SLACK_API_URL",)),
    "no certificates": ("serve", {"EGRESS_ARM_CA_FILE": "/no/such.pem"}, ("EGRESS_ARM_CA_FILE",)),
    "no configuration": ("serve", {"EGRESS_CONFIG": "/no/such.toml"}, ("/no/such.toml",)),
}

BEYOND_LOOPBACK = {"unknown host", "a bracket", "no-such-host.invalid:8080"}
"""What looks up a host, which only a process of its own may do."""


@pytest.mark.parametrize("case", CASES)
def test_a_setting(case: str, tmp_path: Path) -> None:
    """Each names what is wrong."""
    command, settings, words = CASES[case]
    started = run if case in BEYOND_LOOPBACK else run_here
    assert_said(started(command, **{"EGRESS_DATABASE_URL": f"sqlite:///{tmp_path}/bot.sqlite3", **settings}), *words)


@pytest.mark.parametrize("listen", ["127.0.0.1:{taken}", "nonsense", "127.0.0.1:99999", "no-such-host.invalid:8080"])
def test_an_address_that_cannot_be_listened_on(listen: str, tmp_path: Path) -> None:
    """Taken, or none: said before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        wanted = listen.format(taken=held.getsockname()[1])
        started = run if listen in BEYOND_LOOPBACK else run_here
        found = started("reconcile", EGRESS_DATABASE_URL=f"sqlite:///{tmp_path}/bot.sqlite3", EGRESS_LISTEN=wanted)
    assert_said(found, "EGRESS_LISTEN", wanted)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A file is in its place."""
    (tmp_path / "file").write_text("")
    assert_said(run_here("migrate", EGRESS_DATABASE_URL=f"sqlite:///{tmp_path}/file/bot.sqlite3"), "folder", "file")
    assert_said(run_here("sandbox", "--no-bot", "--port", "0", "--data", str(tmp_path / "file" / "x")), "data folder")


def set_revision(sqlite_url: str, revision: str) -> None:
    """As another version, or somebody else's program, leaves it."""
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()


def test_a_database_of_a_newer_version(sqlite_url: str) -> None:
    """It is left as it is, and works: a rollout has old processes beside new ones. One of somebody else is refused."""
    set_revision(sqlite_url, "9999")
    status, said = run("migrate", EGRESS_DATABASE_URL=sqlite_url)
    assert (status, "database_newer" in said) == (0, True), said
    store = SqlStore(sqlite_url)
    store.require_migrated()
    store.close()
    set_revision(sqlite_url, "somebody-elses")
    assert_said(run_here("migrate", EGRESS_DATABASE_URL=sqlite_url), "no version of this bot", "somebody-elses")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """Said, and not touched."""
    (tmp_path / "bot.sqlite3").write_text("This is no database, and longer than its header would be." * 10)
    assert_said(run_here("migrate", EGRESS_DATABASE_URL=f"sqlite:///{tmp_path}/bot.sqlite3"), "not a SQLite database")


def test_the_sandbox_takes_a_configuration(tmp_path: Path) -> None:
    """The contract's option: one that is wrong is said."""
    (tmp_path / "own.toml").write_text("nonsense = 1")
    command = ("sandbox", "--port", "0", "--arm-port", "0", "--data", str(tmp_path / "data"))
    assert_said(run_here(*command, "--config", str(tmp_path / "own.toml")), "own.toml", "nonsense")
