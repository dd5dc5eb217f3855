"""Ten thousand rows: what is looked for is found by an index, in pieces that every database takes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import event, text

from bot.domain.target import Target, TargetKind
from bot.ports import AllowanceFilter, ListFilter, Notice, NoticeKind, Transaction
from bot.store import SqlStore
from bot.store.schema import allowance
from tests.domain.values import TARGET, an_allowance


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    """A store, closed at the end."""
    made = SqlStore(database_url)
    yield made
    made.close()


def plan_of(store: SqlStore, ask: Callable[[Transaction], object], about: str) -> str:
    """How the database finds what is asked for."""
    asked: list[tuple[str, Any]] = []
    event.listen(
        store._engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, given, *_rest: asked.append((statement, given)),
    )
    with store.read() as tx:
        ask(tx)
    statement, given = next(one for one in asked if about in one[0])
    explain = "EXPLAIN QUERY PLAN" if store._engine.dialect.name == "sqlite" else "EXPLAIN"
    with store._engine.connect() as connection:
        return str(connection.exec_driver_sql(f"{explain} {statement}", given).all())


def a_large_table(store: SqlStore) -> None:
    """Of ended allowances, counted: an empty table costs the same whichever way it is read."""
    ended = an_allowance()
    with store.write() as tx:
        tx.allowances.add(ended)
        tx.allowances.save(ended, is_open=False)
    with store._engine.begin() as connection:
        columns = ", ".join(one.name for one in allowance.columns if one.name != "id" and one.computed is None)
        numbers = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
        rows = f"{numbers} SELECT 'b' || i, {columns} FROM n, allowance"
        connection.execute(text(f"INSERT INTO allowance (id, {columns}) {rows}"))
        connection.execute(text("ANALYZE"))


BOTH = ListFilter(clusters=("/a", "/b"), requester=an_allowance().requester)
INDEXES: Mapping[str, Callable[[Transaction], object]] = MappingProxyType(
    {
        "ix_allowance_undecided": lambda tx: tx.allowances.page(ListFilter(is_waiting=True)),
        "ix_allowance_review_by": lambda tx: tx.allowances.find(AllowanceFilter(only_open=True, is_for_review=True)),
        "ix_allowance_is_open_id": lambda tx: tx.allowances.page(BOTH),
    }
)


def test_what_home_looks_for_has_an_index(store: SqlStore) -> None:
    """In the order of the list, so that nothing is sorted, and without parsing what nobody looks for."""
    a_large_table(store)
    for index, ask in INDEXES.items():
        plan = plan_of(store, ask, "FROM allowance")
        assert index in plan
        assert "TEMP B-TREE" not in plan


def test_a_round_reads_versions_from_an_index_alone(store: SqlStore) -> None:
    """Not the rows, which are kilobytes each, and in the order of the list."""
    a_large_table(store)
    of_target = AllowanceFilter(target=TARGET, only_open=True)
    plan = plan_of(store, lambda tx: tx.allowances.find(of_target), "FROM allowance")
    assert "ix_allowance_is_open_id" in plan
    assert "COVERING INDEX" in plan or "Index Only Scan" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def test_a_burst_of_notices_is_read_once(postgres_url: str) -> None:
    """However few PostgreSQL expects to wait: most of the time all have been sent."""
    with closing(SqlStore(postgres_url)) as store:
        with store.write() as tx:
            for number in range(50):
                tx.outbox.add(Notice(NoticeKind.CHANNEL, f"s{number}", "C1", {"event": "drift"}))
        with store._engine.begin() as connection:
            for act in ("UPDATE notice SET sent = created", "ANALYZE", "UPDATE notice SET sent = NULL"):
                connection.execute(text(act))
        plan = plan_of(store, lambda tx: tx.outbox.due(limit=1), "FROM notice")
    assert plan.count(" on notice") == 1


def test_any_number_of_ids_can_be_asked_for(sqlite_url: str) -> None:
    """More than a statement takes; the newest first, as always."""
    store = SqlStore(sqlite_url)
    made = [replace(an_allowance(), id=f"a{number:09}") for number in (1, 20_000, 32_999)]
    with store.write() as tx:
        for one in made:
            tx.allowances.add(one)
    with store.read() as tx:
        wanted = AllowanceFilter(ids=tuple(f"a{number:09}" for number in range(33_000)))
        found, newest = tx.allowances.find(wanted), tx.allowances.find(replace(wanted, limit=2))
    assert [one.id for one in found] == [one.id for one in reversed(made)]
    assert newest == found[:2]
    store.close()


def test_a_cluster_has_every_firewall_that_it_was_in(store: SqlStore) -> None:
    """Also where nothing is open any more."""
    other = Target(TargetKind.POLICY, f"{TARGET.id}-2")
    before = replace(an_allowance(number=1), scope=replace(an_allowance().scope, target=other))
    with store.write() as tx:
        tx.allowances.add(an_allowance())
        tx.allowances.add(before)
        tx.allowances.save(before, is_open=False)
    with store.read() as tx:
        assert tx.allowances.targets_of(before.scope.cluster_name) == sorted([TARGET, other])
        assert tx.allowances.targets_of("another") == []
