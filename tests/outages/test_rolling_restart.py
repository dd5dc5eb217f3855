"""A rolling restart of two replicas under load loses no click, in both modes."""

from pathlib import Path

import pytest

from bot.domain.audit import AuditFilter
from bot.store import SqlStore
from tests.outages.stage import Clicks, Cluster

CLICKS = 500
PER_SECOND = 15


@pytest.mark.parametrize("mode", ["socket", "http"])
def test_no_click_is_lost(mode: str, tmp_path: Path, postgres_url: str) -> None:
    """Five hundred clicks while both replicas are replaced, twice; each is answered, and recorded once."""
    with Cluster(tmp_path, postgres_url, mode) as cluster:
        cluster.start()
        cluster.start()
        clicks = Clicks(cluster.sandbox, PER_SECOND)
        with clicks.going_on(CLICKS):
            took = [cluster.restart() for _ in range(4)]
        store = SqlStore(postgres_url)
        with store.read() as tx:
            recorded = tx.audit.find(AuditFilter(outcome="refused"), limit=10_000)
        store.close()
    assert set(clicks.came) == {"200"}, clicks.came
    assert len(recorded) == clicks.came["200"] >= CLICKS
    assert max(took) < 10
