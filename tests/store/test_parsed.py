"""Allowances that were parsed are not parsed again, and nothing is taken for committed that is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import event, text

from bot.domain.allowance import Allowance
from bot.ports import AllowanceFilter, ListFilter
from bot.store import SqlStore
from bot.store.parsed import KEPT_S, MOST, ParsedAllowances
from tests.domain.values import HOUR, NOW, TARGET, a_live_allowance, an_allowance

OPEN = AllowanceFilter(only_open=True)


@contextmanager
def opened(url: str) -> Iterator[SqlStore]:
    """A store, closed at the end."""
    store = SqlStore(url)
    yield store
    store.close()


def stored(store: SqlStore, *rows: Allowance) -> None:
    """Add rows in one transaction."""
    with store.write() as tx:
        for row in rows:
            tx.allowances.add(row)


def found(store: SqlStore, wanted: AllowanceFilter = OPEN) -> list[Allowance]:
    """What a transaction of its own finds."""
    with store.read() as tx:
        return tx.allowances.find(wanted)


def lost(store: SqlStore, row: Allowance) -> None:
    """Store a version in a transaction that fails after it was read."""
    with store.write() as tx:
        tx.allowances.save(replace(row, failure="lost"), is_open=True)
        assert tx.allowances.find(OPEN)[0].failure == "lost"
        raise ZeroDivisionError


def test_what_was_read_is_not_read_in_full_again(database_url: str) -> None:
    """Of ten open allowances, a second look reads the one that has changed since."""
    rows = [an_allowance(number=number) for number in range(10)]
    with opened(database_url) as store, opened(database_url) as other:
        stored(other, *rows)
        assert found(store) == rows[::-1]
        with other.write() as tx:
            changed = tx.allowances.save(replace(rows[3], approved_at=NOW), is_open=True)
        asked: list[tuple[str, object]] = []
        event.listen(store._engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
        again = found(store)
        with store.read() as tx:
            assert [one.value for one in tx.allowances.page(ListFilter())] == again
    assert again == [changed if row.id == changed.id else row for row in rows[::-1]]
    in_full = [values for statement, values in asked if "body" in statement]
    assert len(in_full) == 1
    assert changed.id in str(in_full)
    assert rows[0].id not in str(in_full)


def test_what_nobody_asks_for_is_not_kept() -> None:
    """Of two that were parsed, the one that has ended since, perhaps in another replica, goes after two clearings."""
    now = 0.0
    parsed, lasts, ended = ParsedAllowances(lambda: now), an_allowance(number=1), an_allowance(number=2)
    parsed.share({lasts.id: lasts, ended.id: ended})
    for _ in range(2):
        now += KEPT_S
        parsed.share({})
        assert parsed.of({lasts.id: lasts.version}) == {lasts.id: lasts}
    assert parsed.of({lasts.id: lasts.version, ended.id: ended.version}) == {lasts.id: lasts}


def test_no_more_are_kept_than_fit() -> None:
    """Thousands that are read at once are cleared before the time has come; those that are asked for again stay."""
    parsed, one = ParsedAllowances(lambda: 0.0), an_allowance()
    parsed.share({one.id: one})
    for part in range(3):
        assert parsed.of({one.id: one.version})
        parsed.share({f"{part}-{number}": one for number in range(MOST)})
    assert parsed.of({one.id: one.version})
    assert not parsed.of({"0-0": one.version})
    assert parsed.of({"1-0": one.version, "2-0": one.version})


def test_allowances_of_one_place_share_it(sqlite_url: str) -> None:
    """Thousands of rows name the same cluster, firewall and ranges: one value in memory, compared once in a round."""
    one, other = an_allowance(number=1), an_allowance(number=2)
    moved = replace(an_allowance(number=3), scope=replace(one.scope, sources=("10.9.0.0/16",)))
    with opened(sqlite_url) as store:
        stored(store, one, other, moved)
        third, second, first = found(store)
    assert first.scope is second.scope
    assert (first.scope, third.scope) == (one.scope, moved.scope)


def test_what_was_rolled_back_was_never_read(sqlite_url: str) -> None:
    """A version that was stored and found in a transaction that failed is not the version that came after it."""
    row = an_allowance()
    with opened(sqlite_url) as store:
        stored(store, row)
        with pytest.raises(ZeroDivisionError):
            lost(store, row)
        assert found(store) == [row]
        with store.write() as tx:
            kept = tx.allowances.save(replace(row, approved_at=NOW), is_open=True)
        assert found(store) == [kept]
        assert kept.failure is None


def test_who_verifies_reads_what_is_stored(sqlite_url: str) -> None:
    """Somebody changed a row by hand and left its version: a verification sees it."""
    row = an_allowance()
    with opened(sqlite_url) as store:
        stored(store, row)
        assert found(store) == [row]
        with store._engine.begin() as connection:
            connection.execute(text("UPDATE allowance SET body = json_set(body, '$.ask.reason', 'another')"))
        with store.read() as tx:
            assert [one.ask.reason for one in tx.allowances.reread(OPEN)] == ["another"]


def test_facts_of_the_body_are_found_by_the_database(database_url: str) -> None:
    """The writer's line, reviews, twins, renewals and what waits, without reading the others."""
    waiting, live = an_allowance("a.example.com", number=1), a_live_allowance("b.example.com", number=2)
    in_line = replace(an_allowance("c.example.com", "d.example.com", number=3), approved_at=NOW)
    missing = replace(a_live_allowance("e.example.com", number=4), missing_since=NOW)
    loud = replace(a_live_allowance("f.example.com", number=5), review_by=NOW + HOUR)
    again = replace(waiting, id="a000000006", ask=replace(waiting.ask, renews=live.id))
    cluster = waiting.scope.cluster_id
    with opened(database_url) as store:
        stored(store, waiting, live, in_line, missing, loud, again)
        assert found(store, AllowanceFilter(target=TARGET, only_open=True, is_in_line=True)) == [missing, in_line]
        assert found(store, AllowanceFilter(only_open=True, is_for_review=True)) == [loud]
        assert found(store, AllowanceFilter(cluster=cluster, first_host="c.example.com")) == [in_line]
        assert found(store, AllowanceFilter(cluster=cluster, renews=live.id)) == [again]
        assert found(store, AllowanceFilter(only_open=True, is_waiting=True)) == [again, waiting]
        with store.write() as tx:
            tx.allowances.save(replace(in_line, live_at=NOW), is_open=True)
        assert found(store, AllowanceFilter(target=TARGET, only_open=True, is_in_line=True)) == [missing]
