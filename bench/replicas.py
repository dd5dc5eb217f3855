"""Real processes: how soon another replica goes on, what idling costs, and whether random kills lose anything.

``python -m bot sandbox --no-bot`` serves the simulated Azure; replicas of ``python -m bot reconcile`` with their
default settings share one PostgreSQL (``BOT_TEST_POSTGRES_URL``, or one started for this run) and are killed
with SIGKILL. ``REPLICAS_S`` says for how many seconds they are killed at random (180).
"""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import event, text
from sqlalchemy.engine import make_url

from bot import allowances, inventory
from bot.allowances import Draft
from bot.approvals import Decision
from bot.azure import AzureArm
from bot.azure.identity import own_credential
from bot.azure.settings import ArmSettings
from bot.domain.allowance import Allowance, is_wanted
from bot.domain.audit import Action
from bot.domain.chain import verify
from bot.domain.fqdn import parse_destination
from bot.domain.rule_rendering import rules_of
from bot.errors import EgressError
from bot.ports import AllowanceFilter, Context
from bot.reconciler import Reconciler
from bot.reconciler.workers import POLL
from bot.store import SqlStore
from tests.build import APPROVER, AT_ONCE, CONFIG, DEV, SUBSCRIPTION, People, Said, config
from tests.driver import SandboxProcess, wait_for
from tests.histories.checks import check_writes
from tests.histories.stage import foreign_rules
from tests.postgres import Server, start

SPEED = 8
"""The simulated firewall takes 30 s for an update: long enough to be killed in."""

PENDING_WITHIN_S, WORST_WITHIN_S = 2.0, 45.0
"""The targets: killed while an operation is pending, and killed while it holds a lease."""


IDLE_AT_MOST = timedelta(minutes=1) / POLL
"""Statements in a minute that one replica may cost while there is nothing to do."""


class WallClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)


class Farm:
    """Replicas over one database and one simulated Azure.

    Args:
        folder: Where logs and the simulators' state go.
        database: A database URL; SQLite for one replica at a time.
    """

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self.sandbox = SandboxProcess(folder / "azure", "--no-bot", "--speed", str(SPEED))
        self.sandbox.start()
        self.replicas: list[subprocess.Popen[bytes]] = []
        arm = self.sandbox.arm_url
        self._environment = {
            **os.environ,
            "IDENTITY_ENDPOINT": f"{arm}/metadata/identity/oauth2/token",
            "IDENTITY_HEADER": "sandbox",
            "REQUESTS_CA_BUNDLE": str(folder / "azure" / "ca.pem"),
            "EGRESS_ARM_ENDPOINT": arm,
            "EGRESS_ARM_CA_FILE": str(folder / "azure" / "ca.pem"),
            "EGRESS_DATABASE_URL": database,
            "EGRESS_CONFIG": str(CONFIG),
            "EGRESS_SLACK_API_URL": f"{self.sandbox.url}api/",
            "EGRESS_SLACK_BOT_TOKEN": "xoxb-sandbox",
            "EGRESS_LOG_FORMAT": "text",
        }
        os.environ.update({name: self._environment[name] for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")})
        os.environ["REQUESTS_CA_BUNDLE"] = self._environment["REQUESTS_CA_BUNDLE"]
        self.store = SqlStore(database)
        ca = self._environment["REQUESTS_CA_BUNDLE"]
        self.azure = AzureArm(own_credential(), ArmSettings((SUBSCRIPTION,), endpoint=arm, ca_file=ca))
        book = config()
        self.ctx = Context(self.azure, self.azure, self.azure, self.store, People(book), WallClock(), book, AT_ONCE)
        inventory.refresh(self.ctx)
        self.foreign = foreign_rules(self.sandbox.get("arm")["resources"])

    def start(self, command: str = "reconcile", **variables: str) -> subprocess.Popen[bytes]:
        """One more replica; it is at work as soon as it has imported everything."""
        with (self._folder / "replicas.log").open("ab") as log:
            environment = {**self._environment, "EGRESS_LISTEN": f"127.0.0.1:{free_port()}", **variables}
            command_line = [sys.executable, "-OO", "-m", "bot", command]  # as in the image
            process = subprocess.Popen(command_line, env=environment, stdout=log, stderr=log)
        self.replicas.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill -9."""
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.replicas.remove(process)

    def close(self) -> None:
        """End everything that was started."""
        for process in list(self.replicas):
            self.kill(process)
        self.azure.close()
        self.store.close()
        self.sandbox.stop()

    def work_row(self) -> Any:
        """The work row of the one firewall policy."""
        query = text("SELECT owner, lease_until, parked, token FROM work WHERE kind = 'rules'")
        with self.store._engine.connect() as connection:
            return connection.execute(query).one_or_none()

    def ask(self, number: int) -> Allowance:
        """One more request, approved immediately."""
        host = parse_destination(f"host{number}.example.com")
        asked = allowances.request(self.ctx, DEV, Draft("aks-udr", (host,), "benchmark", timedelta(hours=8)))
        if asked.approved_at is not None:
            return asked
        return allowances.decide(self.ctx, APPROVER, Decision(asked.id, is_approved=True))


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def farm() -> Iterator[Farm]:
    """A farm on a database of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = start(os.environ)
        url = stack.enter_context(server).url if isinstance(server, Server) else server
        name = f"egress_bench_{os.getpid()}_{random.randrange(10**6)}"
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        database = make_url(url).set(database=name).render_as_string(hide_password=False)
        made = Farm(folder, migrated(database))
        stack.callback(made.close)
        yield made


def migrated(database: str) -> str:
    """The URL of a database, brought to this version's schema."""
    store = SqlStore(database)
    store.migrate()
    store.close()
    return database


def until(what: Callable[[], bool], seconds: float) -> float:
    """Wait until something holds; how long that took.

    Raises:
        AssertionError: It never did.
    """
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, "It never happened."
        time.sleep(0.02)
    return time.monotonic() - began


def takeover_pending(running: Farm) -> float:
    """Killed while its operation is pending: until another replica has looked at it."""
    first = running.start()
    running.ask(1)
    until(lambda: (row := running.work_row()) is not None and row.parked is not None and row.owner is None, 60)
    running.start()
    time.sleep(8)  # the second one is up, too
    running.kill(first)
    token = running.work_row().token
    return until(lambda: running.work_row().token > token, 60)


def takeover_worst(running: Farm) -> float:
    """Killed while it holds a lease, here because Azure does not answer: until another replica has the work."""
    azure, holder = running.sandbox, running.replicas[0]
    azure.send_signal(signal.SIGSTOP)
    running.ask(2)
    until(lambda: running.work_row().owner is not None, 60)
    time.sleep(1)  # whoever reads the fleet or so has ended; this one waits for Azure
    token = running.work_row().token
    running.start()
    running.kill(holder)
    azure.send_signal(signal.SIGCONT)
    return until(lambda: running.work_row().token > token, 90)


def restart_sqlite() -> float:
    """One replica on SQLite, killed with a pending operation and started when that is due: until it looks at it."""
    with tempfile.TemporaryDirectory() as name:
        running = Farm(Path(name), migrated(f"sqlite:///{name}/egress.sqlite3"))
        only = running.start()
        running.ask(1)
        until(lambda: (row := running.work_row()) is not None and row.parked is not None and row.owner is None, 60)
        running.kill(only)
        token = running.work_row().token
        time.sleep(3)  # Azure is not asked before it wants to be; what is measured is our own start
        running.start()
        taken = until(lambda: running.work_row().token > token, 60)
        running.close()
        return taken


def idle_statements(running: Farm, seconds: float = 60) -> float:
    """Statements in a minute of one replica, all its workers together, while nothing is to be done."""
    store = SqlStore(running.store._engine.url.render_as_string(hide_password=False))
    workers = Reconciler(replace(running.ctx, store=store), Said())
    workers.start()
    time.sleep(2)
    asked: list[str] = []
    event.listen(store._engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    time.sleep(seconds)
    count = len(asked)
    workers.stop()
    store.close()
    return count * 60 / seconds


def random_kills(running: Farm, seconds: float) -> tuple[int, int]:
    """Three replicas, one killed every few seconds and another started; a stream of requests and revocations."""
    kills, asked, ends = 0, list[Allowance](), time.monotonic() + seconds
    chance = random.Random(5)
    while time.monotonic() < ends:
        while len(running.replicas) < 3:
            running.start()
        asked.append(running.ask(100 + len(asked)))
        if chance.random() < 0.3:
            with suppress(EgressError):  # it has ended already
                allowances.end(running.ctx, DEV, chance.choice(asked).id)
        time.sleep(chance.uniform(0.3, 1.5))
        if chance.random() < 0.25:
            running.kill(chance.choice(running.replicas))
            kills += 1
    while len(running.replicas) < 3:
        running.start()
    return kills, len(asked)


def check(running: Farm) -> None:
    """The invariants of the histories, as far as they can be seen from outside."""
    now = running.ctx.clock.now()
    with running.store.read() as tx:
        rows = tx.allowances.find(AllowanceFilter(limit=10_000))
        chain = tx.audit.chain(after=0, limit=1_000_000)
        verify(tx.audit.records(after=0, limit=1_000_000))
    state = running.sandbox.get("arm")
    group = next(body for key, body in state["resources"].items() if key.endswith("/rcg-aks-egress"))
    opened = {rule["name"] for each in group["properties"]["ruleCollections"] for rule in each["rules"]}
    assert opened == {rule.name for row in rows if is_wanted(row, now) for rule in rules_of(row)}
    assert all(row.live_at is not None for row in rows if is_wanted(row, now))
    spans = sorted((each["started"], each["ended"]) for each in state["writers"] if "hub-firewall" in each["resource"])
    assert all(a[1] <= b[0] for a, b in pairwise(spans)), "Two writers at once."
    check_writes([each.event for each in chain], state["operations"])
    lives = Counter(each.event.subject for each in chain if each.event.action is Action.ALLOWANCE_LIVE)
    assert set(lives.values()) == {1}, "Announced twice."
    assert foreign_rules(state["resources"]) == running.foreign, "Somebody else's rules were touched."


def is_settled(running: Farm) -> bool:
    """Return whether every wanted allowance is live and everything that ended is gone."""
    now = running.ctx.clock.now()
    with running.store.read() as tx:
        rows = tx.allowances.find(AllowanceFilter(only_open=True, limit=10_000))
    return all(is_wanted(row, now) and row.live_at is not None for row in rows)


def line(what: str, measured: str, target: str) -> None:
    """Print one line of the table immediately."""
    print(f"{what:<56}{measured:>12}{target:>12}", flush=True)


def main() -> None:
    """Print the table; fail if a figure or an invariant is missed."""
    seconds = float(os.environ.get("REPLICAS_S", "180"))
    line("real processes", "measured", "target")
    restart = restart_sqlite()
    line("SQLite, killed with an operation pending, started again", f"{restart:.1f} s", f"{PENDING_WITHIN_S:.0f} s")
    with farm() as running:
        pending = takeover_pending(running)
        line("takeover, killed while an operation is pending", f"{pending:.1f} s", f"{PENDING_WITHIN_S:.0f} s")
        wait_for(lambda: is_settled(running), "It never settled", 120)
        worst = takeover_worst(running)
        line("takeover, killed while it holds a lease", f"{worst:.1f} s", f"{WORST_WITHIN_S:.0f} s")
        wait_for(lambda: is_settled(running), "It never settled", 120)
        idle = idle_statements(running)
        line("idle statements a minute and replica", f"{idle:.1f}", f"{IDLE_AT_MOST:.0f}")
        kills, asked = random_kills(running, seconds)
        began = time.monotonic()
        wait_for(lambda: is_settled(running), "It never settled", 240)
        took = time.monotonic() - began
        check(running)
        line(f"{kills} random kills, {asked} requests: settled after", f"{took:.1f} s", "")
        assert max(pending, restart) < PENDING_WITHIN_S
        assert idle <= IDLE_AT_MOST + 1, "One question in a poll interval; the first may come immediately."
        assert worst < WORST_WITHIN_S


if __name__ == "__main__":
    main()
