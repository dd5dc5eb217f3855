"""A million audit events, as a database holds them; ``AUDIT_EVENTS=N``."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from bench.stage.rows import patient
from bot.domain.audit import Action
from bot.domain.chain import COLUMNS, ChainEnd, Frontier, Record, seal
from bot.domain.ids import ENTROPY, make_id
from bot.store import SqlStore
from bot.store.bounded import BoundedConnection
from bot.store.times import text_from_time
from tests.tampering import without_triggers

EVENTS = int(os.environ.get("AUDIT_EVENTS", "1000000"))
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(seconds=30)
ACTIONS = (
    Action.ALLOWANCE_REQUEST,
    Action.ALLOWANCE_APPROVE,
    Action.FIREWALL_DONE,
    Action.ALLOWANCE_LIVE,
    Action.AUDIT_READ,
)
NAMES = ("digest", "duration", "environment", "sources", "target", "ticket")
RISKS = {
    risk: json.dumps([["risk", risk], *([name, "v" * 16] for name in NAMES)])
    for risk in ("low 12", "high 64", "critical 90")
}
RARE = (3, EVENTS // 2, EVENTS // 2 + EVENTS // 3)
"""Events with a word, and with a risk, that no other has."""


def id_of(seq: int) -> str:
    """The allowance that an event is about: five follow each other."""
    return make_id("a", SINCE + EVERY * (seq // 5 * 5), seq // 5 % ENTROPY)


def records() -> Iterator[Record]:
    """A chain of events."""
    end = ChainEnd()
    tree = end.tree or Frontier()
    for seq in range(1, EVENTS + 1):
        host = f"host{seq * 7919 % 5000}.example.com:443"
        row = Record(
            seq=seq, version=2, at=text_from_time(SINCE + EVERY * seq), action=ACTIONS[seq % 5], team="T1",
            actor=f"U{seq % 200:04}", actor_name="Somebody", via="slack:button", correlation=f"c{seq // 5}",
            subject=id_of(seq), cluster=f"aks-{seq % 300}", destinations=json.dumps([host]),
            destination_text=host,
            reason="Quarterly bookkeeping." if seq in RARE else f"The build {seq % 1000} needs it.",
            policy_rule="ask-team",
            detail=RISKS["critical 90" if seq in RARE else "low 12" if seq % 97 else "high 64"], root=tree.root(),
            previous=end.hash, hash="",
        )  # fmt: skip
        row = seal(row)
        tree.add(row.hash)
        end = ChainEnd(seq, row.hash, tree)
        yield row


def fill(store: SqlStore) -> None:
    """Load them without the triggers, and move the head."""
    last, tree, hosts = "", Frontier(), dict[str, tuple[int, int]]()

    def seen() -> Iterator[Record]:
        nonlocal last
        for row in records():
            last = row.hash
            tree.add(row.hash)
            hosts[row.destination_text] = (hosts.get(row.destination_text, (row.seq, 0))[0], row.seq)
            yield row

    with store._engine.begin() as connection, without_triggers(connection):
        insert(connection, seen())
        places = [{"host": host, "first": first, "last": last} for host, (first, last) in hosts.items()]
        connection.execute(text("INSERT INTO audit_host VALUES (:host, :first, :last)"), places)
        head = {"seq": EVENTS, "hash": last, "tree": tree.heads}
        connection.execute(text("UPDATE audit_head SET seq = :seq, hash = :hash, tree = :tree, tree_size = :seq"), head)
        connection.execute(text("ANALYZE"))


def insert(connection: Connection, rows: Iterator[Record]) -> None:
    """Write all rows, each database in its fastest way."""
    names, driver = ", ".join(COLUMNS), connection.connection.driver_connection
    if isinstance(driver, BoundedConnection):
        with (
            patient(connection),
            driver.cursor() as cursor,
            cursor.copy(f"COPY audit_event ({names}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
    else:
        places = ",".join("?" * len(COLUMNS))
        plain: Any = driver
        plain.executemany(f"INSERT INTO audit_event ({names}) VALUES ({places})", rows)
