"""What is open is read at the start, so that neither the first look nor the first round has to."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event, text
from structlog.testing import capture_logs

from bot.domain.allowance import Allowance
from bot.domain.rule_diff import ChangeKind
from bot.ports import AllowanceFilter
from bot.store import SqlStore
from bot.wiring.product import read_open
from tests.build import make_world
from tests.domain.values import a_live_allowance, an_allowance

OPEN, ENDED = an_allowance(number=1), an_allowance(number=2)


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    """One open allowance and one that has ended, stored by another process."""
    other, made = SqlStore(database_url), SqlStore(database_url)
    with other.write() as tx:
        for one in (OPEN, ENDED):
            tx.allowances.add(one)
        tx.allowances.save(ENDED, is_open=False)
    other.close()
    yield made
    made.close()


def test_who_looks_first_reads_no_bodies(store: SqlStore) -> None:
    """Of what is open; what has ended is read by whoever asks for it."""
    seen: list[Allowance] = []
    read_open(store, seen.extend)
    assert seen == [OPEN]
    asked: list[str] = []
    event.listen(store._engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    with store.read() as tx:
        assert tx.allowances.find(AllowanceFilter(only_open=True)) == [OPEN]
    assert not [one for one in asked if "body" in one]
    with store.read() as tx:
        assert len(tx.allowances.find(AllowanceFilter())) == 2
    assert len([one for one in asked if "body" in one]) == 1


def test_a_row_that_cannot_be_read_stops_no_start(store: SqlStore) -> None:
    """It is said; whoever needs the row says so as well."""
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE allowance SET body = '{}'"))
    with capture_logs() as logs:
        read_open(store, lambda _rows: None)
    (said,) = [one for one in logs if one["event"] == "open_allowances_unread"]
    assert "reading the open allowances" in said["error"]


def test_the_rules_of_what_is_wanted_are_ready(database_url: str) -> None:
    """For the first round: those of an allowance that waits are not among them."""
    world = make_world(database_url)
    live = a_live_allowance("example.com")
    with world.store.write() as tx:
        for one in (live, an_allowance(number=7)):
            tx.allowances.add(one)
    read_open(world.store, world.reconciler.prepare)
    (known,) = world.reconciler._diffs._known.values()
    assert known.wanted == (live,)
    found = world.reconciler._diffs.of(live.scope.target, (), (live,))
    assert found is known.found
    assert [change.kind for change in found.changes] == [ChangeKind.ADD]
    world.store.close()
