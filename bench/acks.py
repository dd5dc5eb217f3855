"""Acks at 100 requests a second while the reconciler works, beside a bare Bolt app; ``ACKS_S`` seconds (60).

Both get the same requests, a second's worth each in turn, so that both see the same machine. Then 1,000 approvals at
once are carried to the firewall while people go on clicking.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from bench.audit import databases
from bench.replicas import free_port
from bench.stage.rows import approved, copies, store_rows
from bench.stage.served import Served, served
from bench.stage.traffic import Act, Answered, by_name, every, interleaved, percentile, run
from bot.ports import AllowanceFilter
from tests.driver import wait_for

SECONDS = int(os.environ.get("ACKS_S", "60"))
RATE = 100
EXISTING = 1000
MOST_P50, MOST_P99 = 1.5, 2.0
"""How many times the baseline's the two may be."""


@contextmanager
def bare() -> Iterator[int]:
    """The port of the bare Bolt app."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.stage.bare", str(port)])
    time.sleep(3)
    yield port
    process.kill()
    process.wait()


def main() -> None:
    """A table for each database."""
    with databases() as urls, bare() as baseline:
        for name, url in urls.items():
            with served(url) as bot:
                measure(name, bot, baseline)


def measure(name: str, bot: Served, baseline: int) -> None:
    """The ack path, then a thousand approvals at once."""
    now = bot.ctx.clock.now()
    store_rows(bot.store, [approved(one, now) for one in copies(bot.template, EXISTING, first=0)])
    bot.serve()
    wait_for(lambda: not_live(bot) == 0, "The allowances never became live", 300)
    count = SECONDS * RATE
    waiting = list(copies(bot.template, count // 50, first=EXISTING, ask="ask"))
    store_rows(bot.store, waiting)
    acts = mixed(bot, count)
    answers = run(interleaved(acts, (bot.port, baseline), RATE))
    ours = [one for one in answers if one.planned.port == bot.port]
    theirs = [one for one in answers if one.planned.port == baseline]
    print(f"\n{name}: {RATE} requests a second for {SECONDS} s, {EXISTING:,} allowances, the reconciler at work")
    report(ours, theirs)
    storm(bot, waiting_after(bot))


def mixed(bot: Served, count: int) -> list[Act]:
    """Commands: a third each of help, of what is acked and answered later, and of what reads the database."""
    helps, audits = bot.helps(count // 3), bot.audits(count // 3)
    lists = bot.lists(count - 2 * (count // 3))
    return [act for three in zip(helps, audits, lists, strict=False) for act in three]


def report(ours: Sequence[Answered], theirs: Sequence[Answered]) -> None:
    """A line for each kind of request, and one for all."""
    print(f"{'ms':>8} {'p50':>7} {'bare':>7} {'times':>6} {'p99':>7} {'bare':>7} {'times':>6} {'most':>7} {'lost':>5}")
    baseline = dict(by_name(theirs))
    for name, some in (*by_name(ours), ("all", ours)):
        line(name, some, baseline.get(name, theirs))


def line(name: str, some: Sequence[Answered], other: Sequence[Answered]) -> None:
    """Ours beside theirs."""
    mine, yours = ([one.took_s * 1e3 for one in each] for each in (some, other))
    cells = f"{name:>8}"
    for share in (0.5, 0.99):
        a, b = percentile(mine, share), percentile(yours, share)
        cells += f" {a:7.1f} {b:7.1f} {a / b:6.2f}"
    print(f"{cells} {max(mine):7.0f} {sum(one.status != 200 for one in some):5}", flush=True)


def not_live(bot: Served) -> int:
    """How many were approved and are not in the firewall yet."""
    with bot.store.read() as tx:
        return len(tx.allowances.find(AllowanceFilter(only_open=True, is_in_line=True)))


def waiting_after(bot: Served) -> int:
    """The number of the first request that nobody has made."""
    with bot.store.read() as tx:
        return len(tx.allowances.find(AllowanceFilter()))


def storm(bot: Served, first: int) -> None:
    """A thousand approvals at once, and 20 clicks a second while they are written and read back."""
    now, rows = bot.ctx.clock.now(), list(copies(bot.template, EXISTING, first=first, ask="storm"))
    clicks = list(copies(bot.template, 20 * 60, first=first + EXISTING, ask="click"))
    store_rows(bot.store, [approved(one, now) for one in rows])
    store_rows(bot.store, clicks)
    with bot.store.write() as tx:
        tx.work.wake(bot.template.scope.target.key, within=timedelta())
    answers = run(every(bot.approvals(clicks), bot.port, 20))
    took = [one.took_s * 1e3 for one in answers]
    busy = bot.told("nothing was recorded")
    print(
        f"{EXISTING:,} approvals written meanwhile: {len(answers)} clicks, {busy} told that nothing was recorded, "
        f"p99 {percentile(took, 0.99):.0f} ms, most {max(took):.0f} ms; {not_live(bot)} are not live yet",
        flush=True,
    )


if __name__ == "__main__":
    main()
