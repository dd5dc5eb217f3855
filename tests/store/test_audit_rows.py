"""The rows of the audit log: what earlier releases wrote goes on verifying, and what is damaged can still be read."""

import json
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from bot.domain.audit import Action, AuditFilter, ChainedEvent, Event
from bot.domain.chain import GENESIS, Record, root_of, seal, verify
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
