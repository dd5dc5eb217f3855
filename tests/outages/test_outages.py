"""Everything that the bot stands on goes away once: nothing is lost or doubled, people are told, it comes back."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from bot.domain.allowance import Allowance
from bot.domain.audit import Action
from bot.domain.chain import verify
from bot.ports import AllowanceFilter
from bot.store import SqlStore
from tests.driver import SandboxProcess, wait_for
from tests.outages import faults
from tests.outages.clock import Clock
from tests.outages.disk import Disk
from tests.outages.faults import AWAY_S, MANY, Outage
from tests.outages.stage import Cluster
from tests.silence import proxy_of

HOSTS = ("before.example.com", "during.example.com", "after.example.com")

OUTAGES: dict[str, Outage] = {
    "killed": faults.killed,
    "sockets cut": faults.sockets_cut,
    "Slack throttles": faults.slack_throttles,
    "Slack fails": faults.slack_fails,
    "Slack hangs": faults.slack_hangs,
    "Azure throttles": faults.arm(429, code="TooManyRequests", retry_after_s=1),
    "Azure fails": faults.arm(503, code="ServiceUnavailable"),
    "Azure hangs": faults.arm(0, code="", latency_s=40),
    "everything away": faults.everything_away,
}
ON_SQLITE = OUTAGES | {"no file can grow": faults.files_full}
ON_POSTGRESQL = OUTAGES | {"database silent": faults.database_silent, "database read-only": faults.database_read_only}
ON_A_DISK: dict[str, Callable[[Disk], Outage]] = {
    "full": faults.full,
    "stalled": faults.stalled,
    "read-only": faults.protected,
    "locked": faults.locked,
}


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


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of its own."""
    with Disk(tmp_path) as made:
        yield made


@pytest.mark.parametrize("outage", ON_A_DISK)
def test_on_a_disk(outage: str, tmp_path: Path, disk: Disk) -> None:
    """One replica whose database is on a disk that fails it."""
    with Cluster(tmp_path, disk.url, "socket") as cluster:
        run(cluster, disk.url, ON_A_DISK[outage](disk)(cluster))


@pytest.mark.parametrize("mode", ["socket", "http"])
@pytest.mark.parametrize("ahead_s", [10_800, -10_800])
def test_a_clock_that_is_wrong(mode: str, ahead_s: int, tmp_path: Path, database_url: str) -> None:
    """Over HTTP, Slack's requests are refused meanwhile: they are stale, or from the future."""
    clock = Clock(tmp_path)
    with Cluster(tmp_path, database_url, mode) as cluster:
        cluster.settings |= clock.settings
        run(cluster, database_url, faults.clock_set(clock, ahead_s)(cluster))


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429, "error": "ratelimited", "retry_after_s": 1800}])
def test_an_hour_without_slack_and_a_jump_of_the_clock(
    fault: dict[str, Any], tmp_path: Path, database_url: str
) -> None:
    """The writers go on; what is owed is said once Slack is back; a clock that jumps two days ends what has ended."""
    sandbox = SandboxProcess(tmp_path / "data", "--database", database_url)
    sandbox.start()
    try:
        sandbox.request("UDEV0001", "aks-udr", "example.com")
        sandbox.settle()
        sandbox.post("slack/fault", method="*", times=MANY, **fault)
        assert sandbox.type("UAPP0001", f"approve {stored(database_url)[0].id}")["status"] == 200
        sandbox.post("clock", advance_s=3600)
        wait_for(lambda: stored(database_url)[0].live_at, "Slack held up the writers", 60)
        assert not sandbox.cards()[0]["text"].startswith("Live")
        sandbox.forget("slack/fault")
        sandbox.post("clock", advance_s=1900)  # longer than Slack asked to be left alone, if it did
        wait_for(lambda: sandbox.cards()[0]["text"].startswith("Live"), "It was not said afterwards", 60)
        sandbox.post("clock", advance_s=2 * 86_400)
        wait_for(lambda: sandbox.our_rules() == {}, "The rule outlived its time", 60)
        wait_for(lambda: sandbox.cards()[0]["text"].startswith("Expired"), "It was not said", 60)
        assert "Traceback" not in sandbox.log()
    finally:
        sandbox.kill()
