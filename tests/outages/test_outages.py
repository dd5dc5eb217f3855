"""Everything that the bot stands on goes away once: nothing is lost or doubled, people are told, it comes back."""

import contextlib
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from bot.domain.allowance import Allowance
from bot.domain.audit import Action
from bot.domain.chain import verify
from bot.ports import AllowanceFilter
from bot.store import SqlStore
from tests.driver import SandboxProcess, wait_for
from tests.outages.stage import Cluster
from tests.silence import proxy_of
from tests.store.test_outages import make_read_only

HOSTS = ("before.example.com", "during.example.com", "after.example.com")
AWAY_S = 12.0
MANY = 100_000


@contextmanager
def killed(cluster: Cluster) -> Iterator[None]:
    """Kill -9, and a start."""
    cluster.replicas.pop(0).send_signal(signal.SIGKILL)
    cluster.start()
    yield


@contextmanager
def sockets_cut(cluster: Cluster) -> Iterator[None]:
    """Slack cuts every socket, again and again."""
    for _ in range(5):
        cluster.sandbox.post("slack/fault", disconnect="hard")
        time.sleep(0.7)
    wait_for(lambda: cluster.replicas[0].ready()[0] == 200, "No new socket", 30)
    yield


@contextmanager
def slack_throttles(cluster: Cluster) -> Iterator[None]:
    """Every call of the Web API is refused for a while; people are heard."""
    cluster.sandbox.post("slack/fault", method="*", times=MANY, status=429, error="ratelimited", retry_after_s=2)
    yield
    cluster.sandbox.forget("slack/fault")


@contextmanager
def slack_fails(cluster: Cluster) -> Iterator[None]:
    """Slack is broken."""
    cluster.sandbox.post("slack/fault", method="*", times=MANY, status=503)
    yield
    cluster.sandbox.forget("slack/fault")


def arm(status: int, **fault: Any) -> Callable[[Cluster], AbstractContextManager[None]]:
    """Azure answers nothing else."""

    @contextmanager
    def outage(cluster: Cluster) -> Iterator[None]:
        said = cluster.sandbox.post("arm/fault", method=".*", path=".*", times=MANY, status=status, **fault)
        assert "error" not in said, said
        yield
        cluster.sandbox.forget("arm/fault")

    return outage


@contextmanager
def disk_full(cluster: Cluster) -> Iterator[None]:
    """The process can write no file any further, its log included."""
    pid = cluster.replicas[0].pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1024, before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def database_silent(cluster: Cluster) -> Iterator[None]:
    """The server accepts and says nothing, for as long as a failover takes."""
    assert cluster.proxy is not None
    cluster.proxy.hush()
    time.sleep(30 - AWAY_S)
    yield
    cluster.proxy.talk()


@contextmanager
def database_read_only(cluster: Cluster) -> Iterator[None]:
    """An operator, or a failover to a standby: every connection is ended, and the next ones cannot write."""
    url = cluster.settings["EGRESS_DATABASE_URL"]
    for is_so in (True, False):
        make_read_only(url, is_so=is_so)
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        if is_so:
            yield


OUTAGES: dict[str, Callable[[Cluster], AbstractContextManager[None]]] = {
    "killed": killed,
    "sockets cut": sockets_cut,
    "Slack throttles": slack_throttles,
    "Slack fails": slack_fails,
    "Azure throttles": arm(429, code="TooManyRequests", retry_after_s=1),
    "Azure fails": arm(503, code="ServiceUnavailable"),
    "Azure hangs": arm(0, code="", latency_s=40),
}
ON_SQLITE, ON_POSTGRESQL = (
    OUTAGES | {"disk full": disk_full},
    OUTAGES
    | {
        "database silent": database_silent,
        "database read-only": database_read_only,
    },
)


def stored(database: str) -> list[Allowance]:
    """The allowances, oldest first."""
    store = SqlStore(database)
    with store.read() as tx:
        found = tx.allowances.find(AllowanceFilter(limit=100))
    store.close()
    return sorted(found, key=lambda one: one.id)


def approved(cluster: Cluster, id_: str) -> bool:
    """Approve by command; whether it was recorded, or the person was told that it was not."""
    answer = cluster.sandbox.type("UAPP0001", f"approve {id_}")
    said = str(answer)
    assert answer.get("status") == 200 or "error" in answer, answer
    return "nothing was recorded" not in said and "error" not in answer


def end_well(cluster: Cluster, database: str) -> None:
    """Everything approved is open in Azure, was announced once, and is on a log that proves itself."""
    wait_for(lambda: all(one.live_at for one in stored(database)), "It never became live", 90)
    ids = {one.id for one in stored(database)}
    assert sorted(names[0] for names in cluster.sandbox.our_rules().values()) == sorted(HOSTS)
    store = SqlStore(database)
    with store.read() as tx:
        chain = tx.audit.chain(after=0, limit=10_000)
        verify(tx.audit.records(after=0, limit=10_000))
    store.close()
    for action in (Action.ALLOWANCE_REQUEST, Action.ALLOWANCE_APPROVE, Action.ALLOWANCE_LIVE):
        assert Counter(each.event.subject for each in chain if each.event.action is action) == dict.fromkeys(ids, 1)
    wait_for(lambda: all(_is_told(cluster, host) for host in HOSTS), "People were not told", 60)
    (bot,) = cluster.replicas
    wait_for(lambda: bot.ready()[0] == 200, "It is not ready again", 30)
    assert "Traceback" not in bot.log()
    assert bot.end() == 0


def _is_told(cluster: Cluster, host: str) -> bool:
    return any(host in str(card) and card["text"].startswith("Live") for card in cluster.sandbox.cards())


def run(cluster: Cluster, database: str, outage: AbstractContextManager[None]) -> None:
    """Three requests: approved before, during and after."""
    cluster.start()
    for host in HOSTS:
        cluster.sandbox.request("UDEV0001", "aks-udr", host)
    before, during, after = (one.id for one in stored(database))
    assert approved(cluster, before)
    with outage:
        was_recorded = approved(cluster, during)
        time.sleep(AWAY_S)
    wait_for(lambda: cluster.replicas[0].ready()[0] == 200, "It did not come back by itself", 60)
    if not was_recorded:
        wait_for(lambda: approved(cluster, during), "It cannot be approved again", 30)
    assert approved(cluster, after)
    end_well(cluster, database)


@pytest.mark.parametrize("outage", ON_SQLITE)
def test_on_sqlite(outage: str, tmp_path: Path, sqlite_url: str) -> None:
    """One replica."""
    with Cluster(tmp_path, sqlite_url, "socket") as cluster:
        run(cluster, sqlite_url, ON_SQLITE[outage](cluster))


@pytest.mark.parametrize("outage", ON_POSTGRESQL)
def test_on_postgresql(outage: str, tmp_path: Path, postgres_url: str) -> None:
    """One replica, so that nobody helps it."""
    proxy, url = proxy_of(postgres_url)
    with contextlib.ExitStack() as stack:
        stack.enter_context(proxy)
        cluster = stack.enter_context(Cluster(tmp_path, url, "socket"))
        cluster.proxy = proxy
        run(cluster, postgres_url, ON_POSTGRESQL[outage](cluster))


def test_an_hour_without_slack_and_a_jump_of_the_clock(tmp_path: Path, database_url: str) -> None:
    """The writers go on; what is owed is said once Slack is back; a clock that jumps two days ends what has ended."""
    sandbox = SandboxProcess(tmp_path / "data", "--database", database_url)
    sandbox.start()
    try:
        sandbox.request("UDEV0001", "aks-udr", "example.com")
        sandbox.settle()
        sandbox.post("slack/fault", method="*", times=MANY, status=503)
        assert sandbox.type("UAPP0001", f"approve {stored(database_url)[0].id}")["status"] == 200
        sandbox.post("clock", advance_s=3600)
        wait_for(lambda: stored(database_url)[0].live_at, "Slack held up the writers", 60)
        assert not sandbox.cards()[0]["text"].startswith("Live")
        sandbox.forget("slack/fault")
        sandbox.post("clock", advance_s=600)
        wait_for(lambda: sandbox.cards()[0]["text"].startswith("Live"), "It was not said afterwards", 60)
        sandbox.post("clock", advance_s=2 * 86_400)
        wait_for(lambda: sandbox.our_rules() == {}, "The rule outlived its time", 60)
        wait_for(lambda: sandbox.cards()[0]["text"].startswith("Expired"), "It was not said", 60)
        assert "Traceback" not in sandbox.log()
    finally:
        sandbox.kill()
