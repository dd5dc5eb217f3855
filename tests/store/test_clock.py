"""A clock that is set back stops nothing."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.ports import Finish
from bot.store import SqlStore

LEASE = timedelta(seconds=30)


def test_a_clock_set_back_an_hour_stops_nothing(database_url: str) -> None:
    """Work that was due, waiting or held goes on within one lease, not after the hour."""
    ahead = [0.0]
    store = SqlStore(database_url, offset_s=lambda: ahead[0])
    with store.write() as tx:
        for key in ("timers", "rules:waits", "rules:held"):
            tx.work.wake(key, within=timedelta())
    claims = {claim.key: claim for claim in (store.claim("dead", lease=LEASE) for _ in range(3)) if claim}
    with store.write() as tx:
        tx.work.finish(claims["timers"], Finish(timedelta(minutes=12)))
        tx.work.finish(claims["rules:waits"], Finish(timedelta(minutes=1), is_done=False))
    assert store.claim("me", lease=LEASE) is None
    ahead[0] -= 3600
    again = {claim.key for claim in (store.claim("me", lease=LEASE) for _ in range(3)) if claim}
    assert again == {"timers", "rules:waits"}
    ahead[0] += LEASE.total_seconds() + 1  # the holder is gone
    found = {claim.key for claim in (store.claim("you", lease=LEASE) for _ in range(3)) if claim}
    assert "rules:held" in found
    store.close()


def test_a_start_after_the_clock_was_set_back_waits_for_nothing(sqlite_url: str) -> None:
    """On SQLite nobody else can be alive."""
    before = SqlStore(sqlite_url)
    with before.write() as tx:
        tx.work.wake("rules:waits", within=timedelta())
    claim = before.claim("dead", lease=LEASE)
    assert claim is not None
    with before.write() as tx:
        tx.work.finish(claim, Finish(timedelta(minutes=1), is_done=False))
    before.close()
    after = SqlStore(sqlite_url, offset_s=lambda: -3600.0)
    after.open()
    assert after.claim("me", lease=LEASE) is not None
    after.close()


@pytest.mark.parametrize("step_s", [-7200, 7200])
def test_a_clock_that_is_set_is_said_once(sqlite_url: str, step_s: int) -> None:
    """With how far it went; time that passes is no step."""
    ahead = [0.0]
    store = SqlStore(sqlite_url, offset_s=lambda: ahead[0])
    store.claim("me", lease=LEASE)
    with capture_logs() as logs:
        store.claim("me", lease=LEASE)
        ahead[0] += step_s
        for _ in range(3):
            store.claim("me", lease=LEASE)
    assert [(line["event"], line["by_s"]) for line in logs] == [("clock_set", step_s)]
    store.close()
