"""The audit log with a million events, on both databases: pages, appends, verification, exports; ``AUDIT_EVENTS=N``.

Each figure stands beside its baseline in the same run: pages without our indexes, a transaction without its event, a
verification of one event at a time, an export through one list.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psycopg
from sqlalchemy import text
from sqlalchemy.engine import make_url

from bench.stage.audit_rows import EVENTS, EVERY, SINCE, fill, id_of
from bot.domain.audit import Action, AuditFilter, Event, FoundEvents
from bot.domain.chain import ChainEnd, Frontier, verify
from bot.domain.people import Identity
from bot.errors import StoreBusy
from bot.proofs import index_events
from bot.proofs.log import BATCH
from bot.store import SqlStore
from bot.store.rows import record_from_event
from tests.build import CONFIG
from tests.postgres import Server, start

RUNS = 100


def filters() -> Mapping[str, AuditFilter]:
    """What people ask, with the rare and the many."""
    end = SINCE + EVERY * EVENTS
    middle = SINCE + EVERY * (EVENTS // 2)
    return {
        "none": AuditFilter(),
        "actor": AuditFilter(actor="U0007"),
        "actor nobody": AuditFilter(actor="U9999"),
        "cluster": AuditFilter(cluster="aks-7"),
        "id": AuditFilter(subject=id_of(EVENTS // 2)),
        "action": AuditFilter(action="allowance:approve"),
        "action, all of a subject": AuditFilter(action="allowance"),
        "host": AuditFilter(destination="host77.example.com"),
        "host, a part": AuditFilter(destination="example"),
        "host nobody": AuditFilter(destination="nobody.example.org"),
        "since 1d": AuditFilter(since=end - timedelta(days=1)),
        "until, long ago": AuditFilter(until=SINCE + timedelta(days=2)),
        "a day in the middle": AuditFilter(since=middle, until=middle + timedelta(days=1)),
        "that day, an actor": AuditFilter(since=middle, until=middle + timedelta(days=1), actor="U0007"),
        "text, most have it": AuditFilter(text="needs it"),
        "text, a rare word": AuditFilter(text="bookkeep"),
        "text nobody": AuditFilter(text="nobody"),
        "text, words of others": AuditFilter(text="build bookkeeping"),
        "text, never in this order": AuditFilter(text="needs build"),
        "text, an actor": AuditFilter(text="build 7 needs", actor="U0007"),
        "text, long ago": AuditFilter(text="needs it", until=SINCE + timedelta(days=2)),
        "risk, one in a hundred": AuditFilter(risk="high"),
        "risk, three": AuditFilter(risk="critical"),
        "risk nobody": AuditFilter(risk="medium"),
        "an action of an actor in a cluster": AuditFilter(action="allowance:deny", actor="U0007", cluster="aks-8"),
        "own": AuditFilter(own=Identity("T1", "U0007")),
        "own, of somebody new": AuditFilter(own=Identity("T1", "U9999")),
        "host nobody, a cluster": AuditFilter(destination="nobody.example.org", cluster="aks-7"),
    }


def measured_ms(run: Callable[[], object], times: int) -> list[float]:
    """How long each run took, sorted."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        run()
        took.append((time.perf_counter() - begun) * 1000)
    return sorted(took)


class Page(NamedTuple):
    """What the pages of a filter took, in ms: half of them, all but one in a hundred, the worst of this process alone.

    Whether the last one said that there may be more, too.
    """

    median: float
    p99: float
    own: float
    is_bounded: bool


def pages(store: SqlStore, times: int) -> dict[str, Page]:
    """Each filter's page, many times."""

    def page(wanted: AuditFilter) -> FoundEvents:
        with store.read() as tx:
            return tx.audit.search(wanted, limit=11)

    found: dict[str, Page] = {}
    for name, wanted in filters().items():
        own: list[float] = []

        def timed(wanted: AuditFilter = wanted, own: list[float] = own) -> None:
            begun = time.process_time()
            page(wanted)
            own.append((time.process_time() - begun) * 1000)

        took = measured_ms(timed, times)
        p99 = took[max(0, round(len(took) * 0.99) - 1)]
        found[name] = Page(statistics.median(took), p99, max(own), page(wanted).searched_to is not None)
    return found


def index_per_s(store: SqlStore) -> float:
    """Events a second that go into the search index, as the bot puts them there."""
    begun = time.perf_counter()
    while index_events(store, most=100):
        pass
    return EVENTS / (time.perf_counter() - begun)


INDEXES = ("actor_seq", "cluster_seq", "subject_seq", "action_seq", "correlation_seq", "at")


def without_indexes(store: SqlStore) -> dict[str, float]:
    """The same pages as one statement, after our indexes are gone: the worst of three, because each reads the table."""

    def page(wanted: AuditFilter) -> None:
        with suppress(StoreBusy), store.read() as tx:  # given up after two seconds
            tx.audit.find(wanted, limit=11)

    with store._engine.begin() as connection:
        for name in INDEXES:
            connection.execute(text(f"DROP INDEX ix_audit_event_{name}"))
    return {name: measured_ms(partial(page, wanted), 3)[-1] for name, wanted in filters().items()}


def append_ms(store: SqlStore) -> tuple[float, float]:
    """The median of a small transaction with an audit event, and without one."""
    made = Event(
        SINCE, Action.ACT_REFUSE, Identity("T1", "U0001"), "cli", reason="No.", destinations=("a.example.com",)
    )

    def act(*, is_audited: bool) -> None:
        with store.write() as tx:
            tx.outbox.put_conversation("U0001", "D0001")
            if is_audited:
                tx.audit.append(made)

    both: dict[bool, list[float]] = {True: [], False: []}
    for number in range(600):
        both[bool(number % 2)] += measured_ms(partial(act, is_audited=bool(number % 2)), 1)
    return statistics.median(both[True]), statistics.median(both[False])


def walked_per_s(store: SqlStore, *, is_indexed: bool) -> tuple[float, float]:
    """Events a second, and a second of this process alone, as the bot verifies them; with the search index or not."""
    begun, own, end = time.perf_counter(), time.process_time(), ChainEnd()
    while end.seq < EVENTS:
        with store.read() as tx:
            rows = tx.audit.records(after=end.seq, limit=BATCH)
            end = verify(rows, end)
            if is_indexed:
                assert tx.search_index.hidden(rows) is None
    return EVENTS / (time.perf_counter() - begun), EVENTS / (time.process_time() - own)


def slowly_verified_per_s(store: SqlStore) -> float:
    """Events a second, one at a time, as a reader would."""
    sample = min(EVENTS, 20_000)
    begun, end = time.perf_counter(), ChainEnd()
    with store.read() as tx:
        rows, events = tx.audit.records(after=0, limit=sample), tx.audit.chain(after=0, limit=sample)
    for row, chained in zip(rows, events, strict=True):
        made = record_from_event(chained.event, end)
        assert made.hash == row.hash
        tree = end.tree or Frontier()
        tree.add(made.hash)
        end = ChainEnd(made.seq, made.hash, tree)
    return sample / (time.perf_counter() - begun)


ONE_LIST = """
import sys; from bot import auditing; from bot.domain.audit import AuditFilter; from bot.errors import StoreBusy
from bot.proofs import index_events
from bot.store import SqlStore
from bot.store.bounded import BoundedConnection
from bot.proofs import WRITERS
store = SqlStore(sys.argv[1])
with store.read() as tx: head = tx.audit.head()[0]
rows = []
while len(rows) < head:
    with store.read() as tx: rows += tx.audit.records(after=len(rows), limit=1000)
sys.stdout.write(WRITERS["jsonl"](rows, is_first=True))
"""


PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_mb(command: list[str], url: str) -> float:
    """The most memory that a process takes."""
    variables = {**os.environ, "EGRESS_DATABASE_URL": url, "EGRESS_CONFIG": str(CONFIG), "EGRESS_LOG_LEVEL": "error"}
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *command], env=variables, capture_output=True, text=True, check=True
    )
    return int(done.stdout) / 1024


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """One of each."""
    server = start(os.environ)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        url = make_url(stack.enter_context(server).url if isinstance(server, Server) else server)
        name = f"bench_{os.getpid()}"
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        with closing(psycopg.connect(plain, autocommit=True)) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        postgres = url.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
        yield {"SQLite": f"sqlite:///{Path(folder) / 'audit.sqlite3'}", "PostgreSQL": postgres}


def main() -> None:
    """Measure, and print tables."""
    with databases() as urls:
        for name, url in urls.items():
            report(name, url)


def report(name: str, url: str) -> None:
    """Everything on one database."""
    store = SqlStore(url)
    store.migrate()
    fill(store)
    print(f"{name}, {EVENTS:,} events\n", flush=True)
    fast, alone = walked_per_s(store, is_indexed=False)
    slow = slowly_verified_per_s(store)
    print(f"verification: {fast:,.0f} events/s, {alone:,.0f} in a CPU second; one at a time {slow:,.0f}", flush=True)
    idle = peak_mb([sys.executable, "-m", "bot", "audit", "tail", "--after", str(EVENTS)], url)
    streamed = peak_mb([sys.executable, "-m", "bot", "audit", "export"], url)
    listed = peak_mb([sys.executable, "-c", ONE_LIST, url], url)
    print(f"export: {streamed - idle:,.0f} MB above idle ({idle:,.0f} MB); through one list {listed - idle:,.0f} MB")
    with_event, without = append_ms(store)
    print(f"append: {with_event - without:.2f} ms ({with_event:.2f} ms with, {without:.2f} ms without)", flush=True)
    print(f"search index: {index_per_s(store):,.0f} events/s", flush=True)
    fast, alone = walked_per_s(store, is_indexed=True)
    print(f"verification with the search index: {fast:,.0f} events/s, {alone:,.0f} in a CPU second", flush=True)
    ours, bare = pages(store, RUNS), without_indexes(store)
    print("\npage, ms                              median    p99  own CPU, worst   without our indexes, worst of 3")
    for filter_, took in ours.items():
        said = "  (goes on)" if took.is_bounded else ""
        print(f"  {filter_:35} {took.median:7.1f} {took.p99:7.1f} {took.own:9.1f} {bare[filter_]:12.1f}{said}")
    print(flush=True)
    store.close()


if __name__ == "__main__":
    main()
