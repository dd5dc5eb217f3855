"""A rolling restart of two replicas under load loses no click, in both modes."""

from pathlib import Path

from bot.domain.audit import AuditFilter
from bot.store import SqlStore
from tests.outages.stage import Clicks, Cluster

CLICKS = 500
PER_SECOND = 15
RESTARTS = 4
"""Both replicas are replaced, twice."""


def restarted_under_load(cluster: Cluster) -> Clicks:
    """Five hundred clicks while every replica is replaced; each end comes in time."""
    cluster.start()
    cluster.start()
    clicks = Clicks(cluster.sandbox, PER_SECOND)
    with clicks.going_on(CLICKS):
        took = [cluster.restart() for _ in range(RESTARTS)]
    assert max(took) < 10
    return clicks


def recorded(url: str) -> int:
    """How many of them are in the audit log."""
    store = SqlStore(url)
    with store.read() as tx:
        found = tx.audit.find(AuditFilter(outcome="refused"), limit=10_000)
    store.close()
    return len(found)


def test_no_click_is_lost_over_http(tmp_path: Path, postgres_url: str) -> None:
    """Each is answered, and recorded once."""
    with Cluster(tmp_path, postgres_url, "http") as cluster:
        clicks = restarted_under_load(cluster)
    assert clicks.came == {"200": recorded(postgres_url)}
    assert clicks.came.total() >= CLICKS


def test_no_click_is_lost_in_socket_mode(tmp_path: Path, postgres_url: str) -> None:
    """Each is recorded once, also what crosses with the closing of a socket, of which Slack says that it failed.

    Slack cannot be asked to send no more, so that such a gap of a few milliseconds cannot be closed from here.
    """
    with Cluster(tmp_path, postgres_url, "socket") as cluster:
        clicks = restarted_under_load(cluster)
    assert clicks.came.total() == recorded(postgres_url), clicks.came
    assert clicks.came.total() >= CLICKS
    assert clicks.came.total() - clicks.came["200"] <= RESTARTS, clicks.came
