"""How many updates, and how long until live: the writer beside one update for each approval, in the same world.

Simulated time: a firewall whose updates take 240 s and refuse a second writer, the real store on SQLite, the real
reconciler, the real Azure SDK over the simulated Azure. All approvals come within one minute.
"""

import logging
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot import allowances
from bot.allowances import Draft
from bot.approvals import Decision
from bot.domain.allowance import Allowance
from bot.domain.fqdn import parse_destination
from bot.domain.rule_rendering import placed, render
from bot.ports import AllowanceFilter, Operation
from bot.store import SqlStore
from tests.build import APPROVER, DEV, World, make_world

MINUTE, UPDATE = timedelta(minutes=1), timedelta(seconds=240)
CASES = ((100, 3), (1_000, 5))
"""Approvals, and the updates that they may cost."""

WORST = 2 * UPDATE + timedelta(seconds=30)
"""How long after its approval the last one may become live."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The cost of one way of writing.

    Args:
        updates: Accepted PUTs.
        worst: The longest time from an approval to being live.
        last: From the first approval until everything was live.
    """

    updates: int
    worst: timedelta
    last: timedelta


def world_in(folder: str) -> World:
    """A world at rest on a new SQLite database."""
    url = f"sqlite:///{Path(folder) / 'bench.sqlite3'}"
    store = SqlStore(url)
    store.migrate()
    store.close()
    return make_world(url)


def approve(world: World, number: int) -> Allowance:
    """One more request, approved immediately."""
    host = parse_destination(f"host{number}.example.com")
    asked = allowances.request(world.ctx, DEV, Draft("aks-udr", (host,), "benchmark", timedelta(hours=48)))
    if asked.approved_at is not None:
        return asked
    return allowances.decide(world.ctx, APPROVER, Decision(asked.id, is_approved=True))


def batched(count: int) -> Outcome:
    """The product: approvals as they come, one writer."""
    with tempfile.TemporaryDirectory() as folder:
        world = world_in(folder)
        start = world.clock.now()
        for number in range(count):
            _until(world, start + MINUTE * number / count)
            approve(world, number)
        world.settle(step=timedelta(seconds=1))
        with world.store.read() as tx:
            rows = tx.allowances.find(AllowanceFilter(limit=count))
        waits = [row.live_at - row.approved_at for row in rows if row.live_at and row.approved_at]
        assert len(waits) == count, "Something never became live."
        last = max(row.live_at for row in rows if row.live_at) - start
        outcome = Outcome(_updates(world), max(waits), last)
        world.store.close()
        return outcome


def _until(world: World, moment: datetime) -> None:
    while world.clock.now() < moment:
        world.work(min(timedelta(seconds=1), moment - world.clock.now()))


def serial(count: int) -> Outcome:
    """The way of peers: one update for each approval, each after the one before."""
    with tempfile.TemporaryDirectory() as folder:
        world = world_in(folder)
        start = world.clock.now()
        rows: list[Allowance] = []
        worst = timedelta()
        for number in range(count):
            due = start + MINUTE * number / count
            world.tick(max(timedelta(), due - world.clock.now()))
            rows.append(approve(world, number))
            _write(world, rows)
            worst = max(worst, world.clock.now() - due)
        outcome = Outcome(_updates(world), worst, world.clock.now() - start)
        world.store.close()
        return outcome


def _write(world: World, rows: Sequence[Allowance]) -> None:
    target = rows[0].scope.target
    seen = world.ctx.targets.open(target).observe()
    operation = world.ctx.targets.open(target).begin_write(placed(render(rows), seen.collections), seen.group(1))
    while _is_running(world, operation):
        world.tick(timedelta(seconds=10))


def _is_running(world: World, operation: Operation) -> bool:
    return world.ctx.operations.look(operation).is_running


def _updates(world: World) -> int:
    operations = world.arm.state()["operations"]
    return sum(each["resource"].lower().endswith("/rcg-aks-egress") for each in operations)


def whole(duration: timedelta) -> str:
    """A duration in whole seconds."""
    return str(duration).partition(".")[0]


def main() -> None:
    """Print the table; fail if a figure is missed."""
    logging.disable(logging.CRITICAL)
    print(f"{'in 60 s':>18} {'way':>24} {'updates':>8} {'worst to live':>14} {'all live after':>15} {'ran':>7}")
    for count, allowed in CASES:
        for name, way in (("this writer", batched), ("one update each", serial)):
            began = time.perf_counter()
            found = way(count)
            ran = time.perf_counter() - began
            worst, last = whole(found.worst), whole(found.last)
            print(f"{count:>18} {name:>24} {found.updates:>8} {worst:>14} {last:>15} {ran:>6.1f}s", flush=True)
            if way is batched:
                assert found.updates <= allowed, f"{allowed} updates are the most."
                assert found.worst <= WORST, f"{WORST} is the longest."


if __name__ == "__main__":
    main()
