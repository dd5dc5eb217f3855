"""Probes as rows, on both databases."""

from contextlib import closing
from datetime import timedelta

import pytest

from bot.domain.probe import Expectation, Expected, Probe, Reach, Report
from bot.domain.probe.report import ConnectionAttempt
from bot.errors import InvalidInput, StaleVersion
from bot.store import SqlStore
from tests.build import DEV, EXAMPLE
from tests.domain.values import NOW


def test_a_probe_is_stored_as_it_is(database_url: str) -> None:
    """Open ones of a cluster are found, the oldest first; two who change one do not overwrite each other."""
    first = Probe(
        id="p1",
        cluster_id="/c",
        cluster_name="aks",
        asked_by=DEV.identity,
        asked_at=NOW,
        via="bot",
        destinations=(EXAMPLE,),
    )
    second = Probe(
        id="p0", cluster_id="/c", cluster_name="aks", asked_by=DEV.identity, asked_at=NOW + timedelta(1), via="bot"
    )
    with closing(SqlStore(database_url)) as store, store.write() as tx:
        for one in (second, first):
            tx.probes.add(one)
        assert tx.probes.open_of("/c") == [first, second]
        begun = tx.probes.save(first.begin(NOW, [Expectation(Expected.OPEN, "why")], ("20.0.0.1",)))
        ended = begun.accept("url").answer(Report((ConnectionAttempt(EXAMPLE, Reach.REACHED, "1.2.3.4", 200),)), NOW)
        saved = tx.probes.save(ended)
        assert (saved.version, saved.report, saved.known_ips) == (3, ended.report, ("20.0.0.1",))
        assert tx.probes.open_of("/c") == [second]
        with pytest.raises(StaleVersion):
            tx.probes.save(first)
        with pytest.raises(InvalidInput):
            tx.probes.get("p9")
        assert tx.probes.new_id(NOW).startswith("p")
