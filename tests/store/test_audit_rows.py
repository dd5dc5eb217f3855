"""The rows of the audit log: what earlier releases wrote goes on verifying, and what is damaged can still be read."""

import json
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from bot.domain.audit import Action, AuditFilter, ChainedEvent, Event
from bot.domain.chain import GENESIS, Record, root_of, seal, verify
from bot.errors import ChainBroken
from bot.store import SqlStore
from tests.domain.test_chain import OLD
from tests.domain.values import DEV, NOW
from tests.tampering import without_triggers

EVENT = Event(
    NOW, Action.ACT_REFUSE, DEV, "cli", reason="“ä\n\U0001f6a6”", destinations=("a.example.com",),
    detail=(("n", "ü"),), actor_name="Dana", correlation="c1",
)  # fmt: skip


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    """An empty store."""
    made = SqlStore(database_url)
    yield made
    made.close()


def append(store: SqlStore, count: int = 1) -> None:
    """New events at the end."""
    for _ in range(count):
        with store.write() as tx:
            tx.audit.append(EVENT)


def append_old(store: SqlStore) -> None:
    """What the release before appends to the tables as they are now: it names only the columns that it knows."""
    with store.write() as tx:
        seq, previous = tx.audit.head()
        row = seal(OLD._replace(seq=seq + 1, previous=previous))
        names = [name for name in Record._fields if name not in ("version", "actor_name", "correlation", "root")]
        casts = {"destinations": "CAST(:destinations AS JSONB)", "detail": "CAST(:detail AS JSONB)"}
        is_sqlite = tx._connection.dialect.name == "sqlite"
        values = ", ".join(f":{name}" if is_sqlite else casts.get(name, f":{name}") for name in names)
        tx._connection.execute(text(f"INSERT INTO audit_event ({', '.join(names)}) VALUES ({values})"), row._asdict())
        tx._connection.execute(text("UPDATE audit_head SET seq = :seq, hash = :hash"), row._asdict())


def test_releases_may_append_in_turn(store: SqlStore) -> None:
    """While one is rolled out beside the other: the chain verifies, and so do the tree heads after the old rows."""
    append_old(store)
    append_old(store)
    append(store, 63)
    append_old(store)
    append(store, 65)
    with store.read() as tx:
        rows, head = tx.audit.records(after=0, limit=1000), tx.audit.head()
    end = verify(rows)
    assert (end.seq, end.hash) == head == (131, rows[-1].hash)
    assert [row.version for row in rows] == [1] * 2 + [2] * 63 + [1] + [2] * 65
    assert all(row.root == root_of(one.hash for one in rows[:at]) for at, row in enumerate(rows) if row.version == 2)


def test_what_was_appended_is_read_back(store: SqlStore) -> None:
    """With its new fields."""
    append(store)
    with store.read() as tx:
        [found] = tx.audit.find(AuditFilter(), limit=10)
    assert found.event == EVENT
    assert found.previous == GENESIS


DAMAGE: dict[str, tuple[str, Callable[[ChainedEvent], bool]]] = {
    "action": ("nonsense", lambda found: found.event.action == "nonsense"),
    "at": ("soon", lambda found: "soon" in dict(found.event.detail)["damaged"]),
    "detail": (json.dumps({"n": 1}), lambda found: found.event.detail == ()),
    "destinations": ("null", lambda found: found.event.destinations == ()),
}


@pytest.mark.parametrize("column", DAMAGE)
def test_a_damaged_row_can_be_read(store: SqlStore, column: str) -> None:
    """A page shows what is left of it, and the next act is recorded."""
    append(store)
    value, is_shown = DAMAGE[column]
    is_json = column in ("detail", "destinations") and store._engine.dialect.name != "sqlite"
    with store._engine.begin() as connection, without_triggers(connection):
        put = "CAST(:value AS JSONB)" if is_json else ":value"
        connection.execute(text(f"UPDATE audit_event SET {column} = {put}"), {"value": value})
    append(store)
    with store.read() as tx:
        found = tx.audit.find(AuditFilter(), limit=10)
    assert is_shown(found[1])
    assert found[0].event == EVENT


@pytest.mark.parametrize("tree", ["", "nonsense", "00" * 32, "00" * 96])
def test_a_damaged_tree_is_grown_anew(store: SqlStore, tree: str) -> None:
    """It follows from the rows."""
    append(store, 3)
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE audit_head SET tree = :tree, tree_size = 7"), {"tree": tree})
    append(store)
    with store.read() as tx:
        rows = tx.audit.records(after=0, limit=10)
    assert rows[-1].root == root_of(one.hash for one in rows[:-1])


HEAD_ALTERED = "The head of the audit log was altered; the log goes on after event 1."
BYTES = ("x'00ff41'", "CAST(x'ff41' AS TEXT)")
"""What SQLite keeps where text belongs: bytes, and text that is not UTF-8."""


@pytest.mark.parametrize("stored", BYTES)
def test_bytes_in_the_place_of_text_are_found_and_keep_nobody_from_reading(sqlite_url: str, stored: str) -> None:
    """The row is named, the others are read, and the log goes on; also where the head is no hash any more."""
    store = SqlStore(sqlite_url)
    for column in [name for name in Record._fields if name not in ("seq", "version")]:
        with store.write() as tx:
            seq = tx.audit.append(EVENT).seq
            with without_triggers(tx._connection):
                tx._connection.execute(text(f"UPDATE audit_event SET {column} = {stored} WHERE seq = {seq}"))
            for wanted in (AuditFilter(), AuditFilter(text="example"), AuditFilter(since=NOW)):
                assert len(tx.audit.search(wanted, limit=5).events) >= (wanted == AuditFilter()), column
            with pytest.raises(ChainBroken) as found:
                verify(tx.audit.records(after=0, limit=9))
            assert found.value.seq == seq, column
            tx._connection.rollback()
    for column in ("hash", "tree"):
        with store.write() as tx:
            tx.audit.append(EVENT)
            with without_triggers(tx._connection):
                tx._connection.execute(text(f"UPDATE audit_head SET {column} = {stored}"))
            last = tx.audit.append(EVENT)
            verify(tx.audit.records(after=0, limit=9))
            assert tx.audit.head() == (last.seq, last.hash)
            damage = [one.event.reason for one in tx.audit.damage()]
            assert damage == [HEAD_ALTERED] * (column == "hash")
            tx._connection.rollback()
    store.close()
