"""Searches of a long audit log: what is found is what reading everything finds, and a bounded search says so."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, insert, text

from bot.domain.audit import Action, AuditFilter
from bot.domain.audit_matching import matcher
from bot.domain.audit_terms import BLOCK, mentions
from bot.domain.chain import Record, event_from_record
from bot.domain.people import Identity
from bot.store import SqlStore, schema
from bot.store.audit_search import FEW, SqlAuditSearch
from bot.store.rows import row_from_record
from bot.store.times import text_from_time
from tests.domain.values import NOW
from tests.tampering import without_triggers

COUNT = 5 * BLOCK + 100
RARE = (3, 4 * BLOCK, 4 * BLOCK + 1, COUNT - 2)
"""Events with a word that no other has: the first of a block, the last of one, one in no full block."""


def made(seq: int) -> Record:
    """An event: one in five of an actor, words that all have, and some that few have."""
    words = "Größe “straße_1” (billing)" if seq in RARE else f"the build needs it {seq % 7}"
    host = f"host{seq % 900}.example.com:443"
    risk = "high 60" if seq % (3 * BLOCK) == 1 else "low 5"
    action = Action.ALLOWANCE_DENY if seq % 1000 == 7 else Action.ALLOWANCE_REQUEST
    return Record(
        seq=seq, version=2, at=text_from_time(NOW + timedelta(minutes=seq)), action=action, team="T1",
        actor=f"U{seq % 2}", actor_name="", via="cli", correlation="", subject=f"a{seq:09}", cluster=f"c{seq % 3 // 2}",
        destinations=json.dumps([host]), destination_text=host, reason=words, policy_rule="ask",
        detail=json.dumps([["risk", risk]]), root="", previous="0" * 64, hash="0" * 64,
    )  # fmt: skip


@pytest.fixture
def records() -> list[Record]:
    """The log."""
    return [made(seq) for seq in range(1, COUNT + 1)]


@pytest.fixture
def store(database_url: str, records: list[Record]) -> Iterator[SqlStore]:
    """A database with the log, all full blocks of which are in the index."""
    opened = SqlStore(database_url)
    with opened._engine.begin() as connection, without_triggers(connection):
        connection.execute(insert(schema.audit_event), [row_from_record(one) for one in records])
        hosts = {one.destination_text: one.seq for one in reversed(records)}
        last = {one.destination_text: one.seq for one in records}
        places = [{"host": host, "first_seq": seq, "last_seq": last[host]} for host, seq in hosts.items()]
        connection.execute(insert(schema.audit_host), places)
        connection.execute(text(f"UPDATE audit_head SET seq = {COUNT}"))
    yield opened
    opened.close()


def index(store: SqlStore, records: Sequence[Record]) -> None:
    """Put every full block into the index."""
    while True:
        with store.write() as tx:
            block = tx.search_index.next_block()
            if block is None:
                return
            tx.search_index.add(block, records[block * BLOCK : (block + 1) * BLOCK])


def pages(store: SqlStore, wanted: AuditFilter, limit: int = 11) -> tuple[list[int], int]:
    """The numbers of everything that is found, page after page, and how many pages said that there may be more."""
    found, bounded = list[int](), 0
    while True:
        with store.read() as tx:
            page = tx.audit.search(wanted, limit=limit)
        found += [one.seq for one in page.events]
        before = found[-1] if len(page.events) == limit else page.searched_to
        bounded += page.searched_to is not None
        if before is None:
            return found, bounded
        wanted = replace(wanted, before=before)


MIDDLE = NOW + timedelta(minutes=3 * BLOCK)
FILTERS = {
    "a rare word": AuditFilter(text="BILLING"),
    "the beginning of one": AuditFilter(text="straß"),
    "letters beyond ASCII, in another case": AuditFilter(text="GRÖSSE"[:3] + "ße"),
    "no word": AuditFilter(text="nobody"),
    "words in another order": AuditFilter(text="needs build", since=NOW + timedelta(minutes=COUNT - 900)),
    "a risk": AuditFilter(risk="high"),
    "no risk": AuditFilter(risk="critical"),
    "a host": AuditFilter(destination="host299.ex"),
    "no host": AuditFilter(destination="nobody.example.org"),
    "a seldom action": AuditFilter(action="allowance:deny"),
    "an outcome and an actor": AuditFilter(outcome="denied", actor="U1"),
    "a rare word of an actor in a cluster": AuditFilter(text="billing", actor="U1", cluster="C1"),
    "a subject": AuditFilter(subject=f"a{2000:09}"),
    "an hour in the middle": AuditFilter(since=MIDDLE, until=MIDDLE + timedelta(minutes=30)),
    "before the beginning": AuditFilter(until=NOW),
    "own": AuditFilter(own=Identity("T1", "U1"), text="billing"),
    "own, all of it": AuditFilter(own=Identity("T1", "U1")),
    "between two numbers": AuditFilter(after=4 * BLOCK - 2, before=4 * BLOCK + 2),
}


def fits(row: Record, wanted: AuditFilter) -> bool:
    """The filter, read plainly."""
    at, detail = row.at, json.loads(row.detail)
    checks = (
        wanted.text is None or mentions(wanted.text)(row),
        wanted.risk is None or detail[0][1].startswith(f"{wanted.risk} "),
        wanted.destination is None or wanted.destination in row.destination_text,
        wanted.action is None or row.action == wanted.action,
        wanted.outcome is None or row.action == "allowance:deny",
        wanted.actor is None or row.actor == wanted.actor,
        wanted.own is None or row.actor == wanted.own.user,
        wanted.cluster is None or row.cluster == wanted.cluster.lower(),
        wanted.subject is None or row.subject == wanted.subject,
        wanted.since is None or at >= text_from_time(wanted.since),
        wanted.until is None or at < text_from_time(wanted.until),
        wanted.after is None or row.seq > wanted.after,
        wanted.before is None or row.seq < wanted.before,
    )
    return all(checks)


def test_a_long_log_is_searched(store: SqlStore, records: list[Record]) -> None:
    """As a reader of all of it would, with the index and before there is one; nothing can be hidden; archives go."""
    assert FEW < COUNT // 2
    found_by_reading(store, records, "a rare word", "no word", "a host", "own")
    says_how_far_it_got(store)
    index(store, records)
    found_by_reading(store, records, *FILTERS)
    says_how_far_it_got(store)
    ones_own_take_two_statements(store)
    nothing_can_be_hidden(store, records)
    the_index_goes_with_the_events(store)


def found_by_reading(store: SqlStore, records: list[Record], *names: str) -> None:
    """In pages, all of it and nothing else."""
    for name in names:
        found, bounded = pages(store, FILTERS[name])
        assert found == [row.seq for row in reversed(records) if fits(row, FILTERS[name])], name
        assert bounded == 0, name


def says_how_far_it_got(store: SqlStore) -> None:
    """Where one search may not read more: what every block might have, and what is in no block yet."""
    with store.read() as tx:
        looked = SqlAuditSearch(tx._connection, AuditFilter(text="needs build"), 11, groups=(1, 2)).run()
    assert (looked.records, looked.searched_to is not None and looked.searched_to > 2 * BLOCK) == ([], True)


def ones_own_take_two_statements(store: SqlStore) -> None:
    """What most people look at: the numbers of the events, then the events."""
    asked: list[str] = []
    event.listen(store._engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    pages(store, FILTERS["own, all of it"], limit=COUNT)
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 2


def nothing_can_be_hidden(store: SqlStore, records: list[Record]) -> None:
    """A block, a word or a time that was removed or changed is found by a verification."""
    for change, seq in (
        ("DELETE FROM audit_word WHERE block = 0 AND word = 'billing'", RARE[0]),
        ("UPDATE audit_block SET first_at = last_at WHERE block = 0", 1),
        ("DELETE FROM audit_block WHERE block = 0", 1),
    ):
        with store.write() as tx:
            assert tx.search_index.hidden(records[: 2 * BLOCK]) is None
            tx._connection.execute(text(change))
            assert tx.search_index.hidden(records[: 2 * BLOCK]) == seq
            tx._connection.rollback()


def the_index_goes_with_the_events(store: SqlStore) -> None:
    """What was archived leaves no words behind, and the index goes on."""
    with store.write() as tx, without_triggers(tx._connection):
        tx._connection.execute(text(f"DELETE FROM audit_event WHERE seq <= {3 * BLOCK + 5}"))
        tx.search_index.remove_archived()
        assert tx._connection.scalar(text("SELECT min(block) FROM audit_word")) == 3
        assert tx.search_index.next_block() is None
    assert pages(store, FILTERS["a rare word"])[0] == [*reversed(RARE[1:])]


def test_archived_events_are_selected_alike(records: list[Record]) -> None:
    """A filter means the same for events that are no longer in the database."""
    some = [row for row in records if row.seq in RARE or row.seq % 20 == 7]
    for name, wanted in FILTERS.items():
        is_meant = matcher(wanted)
        found = [row.seq for row in some if is_meant(event_from_record(row))]
        assert found == [row.seq for row in some if fits(row, wanted)], name
