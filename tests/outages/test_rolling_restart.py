"""A rolling restart of two replicas under load loses no click, in both modes."""

from collections import Counter
from pathlib import Path

from bot.domain.audit import AuditFilter
from bot.store import SqlStore
from tests.outages.stage import Clicks, Cluster

CLICKS = 500
PER_SECOND = 15
RESTARTS = 4
"""Both replicas are replaced, twice."""

UNRECORDED = "nothing was recorded"
"""What people read at once where there is no place or no time for one more, as on a machine that does other work."""


def restarted_under_load(cluster: Cluster) -> Clicks:
    """Five hundred clicks while every replica is replaced; each end comes in time."""
    cluster.start()
    cluster.start()
    clicks = Clicks(cluster.sandbox, PER_SECOND)
    with clicks.going_on(CLICKS):
        took = [cluster.restart() for _ in range(RESTARTS)]
    assert max(took) < 10
    assert len(clicks.said) >= CLICKS
    return clicks


def untrue(clicks: Clicks, url: str) -> dict[str, tuple[int, str]]:
    """How often each click is in the audit log, and what its person read, where that is neither of these two.

    It is there once, or the person was told that nothing was recorded and nothing was.
    """
    store = SqlStore(url)
    with store.read() as tx:
        found = tx.audit.find(AuditFilter(outcome="refused"), limit=10_000)
    store.close()
    times = Counter(each.event.subject for each in found)
    read = dict.fromkeys(times, "nothing") | clicks.said
    return {one: (times[one], said) for one, said in read.items() if times[one] != (UNRECORDED not in said)}


def test_no_click_is_lost_over_http(tmp_path: Path, postgres_url: str) -> None:
    """Each is answered, and recorded once, or its person knows that it was not."""
    with Cluster(tmp_path, postgres_url, "http") as cluster:
        clicks = restarted_under_load(cluster)
    assert untrue(clicks, postgres_url) == {}
    assert clicks.failed == set()


def test_no_click_is_lost_in_socket_mode(tmp_path: Path, postgres_url: str) -> None:
    """The same, also for what crosses with the closing of a socket, of which Slack says that it failed.

    Slack cannot be asked to send no more, so that such a gap of a few milliseconds cannot be closed from here.
    """
    with Cluster(tmp_path, postgres_url, "socket") as cluster:
        clicks = restarted_under_load(cluster)
    assert untrue(clicks, postgres_url) == {}
    assert len(clicks.failed) <= RESTARTS, clicks.failed
