"""The ground of every test: two databases, no network, and Hypothesis's profiles.

A test that takes ``database_url`` runs twice, on SQLite and on PostgreSQL, each time on a migrated database of its own.
"""

import gc
import ipaddress
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.dialects import registry
from sqlalchemy.engine import URL, make_url
from structlog.dev import ConsoleRenderer, plain_traceback

from bot.__main__ import ALLOCATIONS
from tests.databases import Administration, connected, emptied
from tests.postgres import NoPostgres, Server, start

ENGINES = ("sqlite", "postgresql")
ON_BOTH = {
    "test_main_job.py",
    "test_tampering.py",
    "test_workers.py",
    "test_writer_killed.py",
    "test_writer_threads.py",
}
NEED_POSTGRES = {"database_url", "unmigrated_url", "postgres_url", "postgres_url_of_module", "postgres_server"}
SERVER_URL = pytest.StashKey[str]()
SERVER_STACK = pytest.StashKey[ExitStack]()

settings.register_profile(
    "gate", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True, max_examples=50
)  # half of Hypothesis's own number: make properties and make histories try thousands
settings.register_profile("histories", settings.get_profile("gate"), derandomize=False, max_examples=2_000)
settings.register_profile(
    "properties",
    settings.get_profile("gate"),
    derandomize=False,
    max_examples=20_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gate")


gc.disable()  # until everything is imported: looking through what stays takes a tenth of that time or more

# Logs have plain tracebacks, as the product's own do: with every variable in a frame, one takes a second to draw.

ConsoleRenderer.get_active().exception_formatter = plain_traceback


# The network is off: the real SDKs and the real Bolt speak to simulators on loopback, and to nothing else.


class NetworkForbidden(RuntimeError):
    """A test reached for a host outside this machine."""


def _is_local(host: object) -> bool:
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse_network(event: str, args: tuple[object, ...]) -> None:
    if not event.startswith("socket."):
        return
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex"}:
        host = args[0]
    else:
        return
    if not _is_local(host):
        raise NetworkForbidden(f"A test reached for {host!r}: tests may reach loopback only.")


sys.addaudithook(_refuse_network)


# PostgreSQL: one server for the whole run. Under pytest-xdist the controller owns it and tells the workers.


def _own_server(config: pytest.Config) -> str:
    if SERVER_URL not in config.stash:
        try:
            server = start(os.environ)
        except NoPostgres as problem:
            raise pytest.UsageError(str(problem)) from None
        stack = config.stash[SERVER_STACK] = ExitStack()
        config.stash[SERVER_URL] = stack.enter_context(server).url if isinstance(server, Server) else server
    return config.stash[SERVER_URL]


def pytest_sessionstart(session: pytest.Session) -> None:
    """In a pytest-xdist controller: start the server before the workers."""
    if session.config.pluginmanager.hasplugin("dsession"):
        _own_server(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a new worker which server to use."""
    node.workerinput["postgres_url"] = node.config.stash[SERVER_URL]


def pytest_configure(config: pytest.Config) -> None:
    """In a worker: take the server that the controller started."""
    worker_input: dict[str, str] | None = getattr(config, "workerinput", None)
    if worker_input:
        config.stash[SERVER_URL] = worker_input["postgres_url"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the tests that start processes: they wait most, and others use that time only if some are left."""
    left = _left_for_long_runs(items) if settings().max_examples <= settings.get_profile("gate").max_examples else set()
    config.hook.pytest_deselected(items=[item for item in items if item in left])
    items[:] = sorted((item for item in items if item not in left), key=lambda item: "processes" not in item.path.parts)


def _left_for_long_runs(items: list[pytest.Item]) -> set[pytest.Item]:
    """What the gate has no time for: tests of flows and listeners take turns on the databases, by place in the file.

    So each file runs on both, and what is about the database itself runs on both as a whole.
    ``make histories TESTS=tests/flows`` runs every test on both. A test that was chosen on one database alone stays.
    """
    turns: dict[Path, dict[str, dict[str, pytest.Item]]] = {}
    for item in items:
        call = getattr(item, "callspec", None)
        engine = call.params.get("database_url") if call else None
        if engine and {"flows", "listeners"}.intersection(item.path.parts) and item.path.name not in ON_BOTH:
            case = item.nodeid.replace(engine, "", 1)
            turns.setdefault(item.path, {}).setdefault(case, {})[engine] = item
    return {
        both[ENGINES[at % 2]]
        for cases in turns.values()
        for at, both in enumerate(cases.values())
        if len(both) == len(ENGINES)
    }


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the server before the first test if any test needs it; fail the whole run if that cannot be."""
    if session.config.option.collectonly:
        return
    if any(NEED_POSTGRES.intersection(getattr(item, "fixturenames", ())) for item in session.items):
        _own_server(session.config)
    gc.collect()
    gc.freeze()  # what was imported stays; looking through it again and again costs every tenth second
    gc.set_threshold(ALLOCATIONS)
    gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server."""
    if SERVER_STACK in config.stash:
        config.stash[SERVER_STACK].close()


# Databases: SQLite files are copied from a migrated template; a PostgreSQL database is emptied and renamed after each
# test, because making one costs more than most tests. What an earlier test left running does not find it by that name.

registry.register("sqlite", "tests.dialects", "Sqlite")
registry.register("postgresql.psycopg", "tests.dialects", "Postgresql")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that is only ever copied."""
    path = tmp_path_factory.mktemp("template") / "bot.sqlite3"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> URL:
    """The server that tests may create databases on, as a superuser."""
    return make_url(pytestconfig.stash[SERVER_URL])


@pytest.fixture(scope="session")
def administration(postgres_server: URL) -> Iterator[Administration]:
    """What makes and drops databases there."""
    with connected(postgres_server) as connection:
        yield Administration(postgres_server, connection)


@pytest.fixture(scope="session")
def spare_databases(administration: Administration) -> Iterator[list[URL]]:
    """Migrated, empty PostgreSQL databases that no test uses now."""
    spare: list[URL] = []
    yield spare
    for database in spare:
        administration.drop(database)


def _lent(administration: Administration, spare_databases: list[URL]) -> Iterator[str]:
    database = spare_databases.pop() if spare_databases else _migrated(administration.create())
    yield database.render_as_string(hide_password=False)
    spare_databases.append(emptied(administration.renamed(database)))


@pytest.fixture
def postgres_url(administration: Administration, spare_databases: list[URL]) -> Iterator[str]:
    """The URL of a migrated, empty PostgreSQL database of the test's own, for what SQLite does not have."""
    yield from _lent(administration, spare_databases)


@pytest.fixture(scope="module")
def postgres_url_of_module(administration: Administration, spare_databases: list[URL]) -> Iterator[str]:
    """The same for a whole file of tests, whose process they share."""
    yield from _lent(administration, spare_databases)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a migrated, empty SQLite database of the test's own."""
    path = tmp_path / "bot.sqlite3"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty database of the test's own; the test runs once per engine."""
    url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return url


@pytest.fixture(params=ENGINES)
def unmigrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table, for tests of the migrations themselves; once per engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'unmigrated.sqlite3'}"
        return
    administration = request.getfixturevalue("administration")
    database = administration.create()
    yield database.render_as_string(hide_password=False)
    administration.drop(database)


def _migrated(database: URL) -> URL:
    _migrate(database.render_as_string(hide_password=False))
    return database


def _migrate(url: str) -> None:
    from bot.store import SqlStore  # imported only where a test needs a database

    store = SqlStore(url)
    store.migrate()
    store.close()
