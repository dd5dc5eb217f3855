"""What can go wrong around the bot, each as a block inside of which it does."""

import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from tests.driver import wait_for
from tests.outages.clock import Clock
from tests.outages.disk import Disk
from tests.outages.stage import Cluster
from tests.store.test_outages import make_read_only

AWAY_S = 12.0
"""Seconds that most of it lasts, beside what it takes by itself."""

MANY = 100_000
"""More often than anything is asked."""

Outage = Callable[[Cluster], AbstractContextManager[None]]
"""Makes such a block."""


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


@contextmanager
def slack_hangs(cluster: Cluster) -> Iterator[None]:
    """Slack takes every call and answers late, if at all."""
    cluster.sandbox.post("slack/fault", method="*", times=MANY, latency_s=40)
    yield
    cluster.sandbox.forget("slack/fault")


@contextmanager
def everything_away(cluster: Cluster) -> Iterator[None]:
    """Nobody listens where Slack and Azure were, and then they are back."""
    cluster.sandbox.kill()
    time.sleep(AWAY_S)
    cluster.sandbox.start()
    yield


def arm(status: int, **fault: Any) -> Outage:
    """Azure answers nothing else."""

    @contextmanager
    def outage(cluster: Cluster) -> Iterator[None]:
        said = cluster.sandbox.post("arm/fault", method=".*", path=".*", times=MANY, status=status, **fault)
        assert "error" not in said, said
        yield
        cluster.sandbox.forget("arm/fault")

    return outage


@contextmanager
def files_full(cluster: Cluster) -> Iterator[None]:
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


def full(disk: Disk) -> Outage:
    """The disk has no room; the process is killed, and starts on it."""

    @contextmanager
    def outage(cluster: Cluster) -> Iterator[None]:
        disk.fill()
        wait_for(lambda: "its disk is full" in cluster.replicas[0].ready()[1], "It is not said", 30)
        cluster.replicas.pop(0).send_signal(signal.SIGKILL)
        bot = cluster.begin()
        wait_for(lambda: "started_without_database" in bot.log(), "It did not start on a full disk", 30)
        yield
        disk.empty()

    return outage


def stalled(disk: Disk) -> Outage:
    """The disk takes nothing and refuses nothing."""

    @contextmanager
    def outage(_cluster: Cluster) -> Iterator[None]:
        disk.stall()
        try:
            yield
        finally:  # what waits for it cannot be killed either
            disk.go_on()

    return outage


def protected(disk: Disk) -> Outage:
    """The file turns read-only under those who have it open."""

    @contextmanager
    def outage(cluster: Cluster) -> Iterator[None]:
        disk.protect(is_so=True)
        try:
            yield
            assert "database_unavailable" in cluster.replicas[0].log()
        finally:
            disk.protect(is_so=False)

    return outage


def locked(disk: Disk) -> Outage:
    """Somebody else holds the file for a minute: a backup, or a person with a shell."""

    @contextmanager
    def outage(cluster: Cluster) -> Iterator[None]:
        file = disk.url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(file, isolation_level=None, timeout=10)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
            time.sleep(60 - AWAY_S)
        assert cluster.replicas[0].log().count("database_unavailable") == 1

    return outage


def clock_set(clock: Clock, ahead_s: int) -> Outage:
    """The machine's clock is wrong for a while; the bot says so, and does not mistake it for time that went by."""

    @contextmanager
    def outage(cluster: Cluster) -> Iterator[None]:
        bot = cluster.replicas[0]
        clock.set(ahead_s)
        wait_for(lambda: f"clock: This machine's clock is {ahead_s:+d}"[:-3] in bot.ready()[1], "It is not said", 60)
        yield
        clock.set(0)
        wait_for(lambda: "clock: ok" in bot.ready()[1], "It is still said", 60)

    return outage
