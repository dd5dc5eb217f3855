"""Memory under load for a long time: ``SOAK_MIN`` minutes (5) of the acks' mix at ``SOAK_RATE`` a second (100).

A thousand allowances are live and the reconciler works all the time: every two seconds somebody approves one more, and
one that was approved before is revoked. Printed are resident memory in each twelfth of the time, and how it grows.
"""

import os
import statistics
import subprocess
from collections.abc import Sequence
from datetime import timedelta

from bench.acks import EXISTING, mixed, not_live
from bench.audit import databases
from bench.resting import MEMORY_MB, memory_mb
from bench.stage.rows import approved, copies, store_rows
from bench.stage.served import SAID, Served, served
from bench.stage.traffic import Answered, every, percentile, run
from bot import allowances
from bot.domain.allowance import Allowance
from bot.ports import AllowanceFilter
from tests.build import APPROVER
from tests.driver import wait_for

MINUTES = int(os.environ.get("SOAK_MIN", "5"))
RATE = int(os.environ.get("SOAK_RATE", "100"))
ONLY = os.environ.get("SOAK_ON", "")
"""The name of one database; both without it."""

DECISIONS_PER_MINUTE = 30
PARTS = 12


def main() -> None:
    """A table for each database."""
    with databases() as urls:
        for name, url in urls.items():
            if ONLY in ("", name):
                with served(url) as bot:
                    measure(name, bot)


def measure(name: str, bot: Served) -> None:
    """Let the allowances become live, then minute after minute of load."""
    now = bot.ctx.clock.now()
    store_rows(bot.store, [approved(one, now) for one in copies(bot.template, EXISTING, first=0)])
    bot.kill(bot.serve())  # modules are compiled from here on
    process = bot.serve()
    print(
        f"{name}: {RATE} requests a second, {EXISTING:,} allowances; {memory_mb(process):.0f} MB when ready", flush=True
    )
    wait_for(lambda: not_live(bot) == 0, "The allowances never became live", 300)
    waiting = list(copies(bot.template, DECISIONS_PER_MINUTE * MINUTES, first=EXISTING, ask="ask"))
    store_rows(bot.store, waiting)
    soak(bot, process, waiting)


def soak(bot: Served, process: "subprocess.Popen[bytes]", waiting: Sequence[Allowance]) -> None:
    """Print what is resident, in each twelfth of the time the most of its minutes."""
    resident: list[float] = []
    for minute in range(MINUTES):
        mine = waiting[minute * DECISIONS_PER_MINUTE : (minute + 1) * DECISIONS_PER_MINUTE]
        before = waiting[max(0, minute - 2) * DECISIONS_PER_MINUTE : max(0, minute - 1) * DECISIONS_PER_MINUTE]
        acks = every(mixed(bot, RATE * 60), bot.port, RATE)
        decisions = every(bot.approvals(mine), bot.port, DECISIONS_PER_MINUTE / 60)
        answers = run(sorted([*acks, *decisions], key=lambda one: one.at_s))
        for one in before:
            allowances.end(bot.ctx, APPROVER, one.id)
        resident.append(memory_mb(process))
        SAID.clear()
        if (minute + 1) % max(1, MINUTES // PARTS) == 0:
            report(minute + 1, resident, answers)
    half = resident[len(resident) // 2 :]
    growth = statistics.linear_regression(range(len(half)), half).slope * 60 if len(half) > 1 else 0.0
    most, kept = max(resident), MEMORY_MB
    print(f"  most {most:.0f} MB (wanted {kept:.0f} MB); second half: {growth:+.1f} MB an hour", flush=True)
    ended = [one for one in rows(bot) if one.revoked is not None]
    gone = sum(one.live_at is not None and one.gone_at is not None for one in ended)
    print(f"  {gone:,} of {len(ended):,} that were revoked became live and are gone; {not_live(bot)} are not live yet")


def rows(bot: Served) -> Sequence[Allowance]:
    """Every allowance."""
    with bot.store.read() as tx:
        return tx.allowances.find(AllowanceFilter())


def report(minutes: int, resident: Sequence[float], answers: Sequence[Answered]) -> None:
    """A line for the time until now, with the acks of its last minute."""
    took = [one.took_s * 1e3 for one in answers]
    lost = sum(one.status != 200 for one in answers)
    p50, p99 = (percentile(took, share) for share in (0.5, 0.99))
    at = timedelta(minutes=minutes)
    print(f"  {at}: {resident[-1]:.0f} MB; acks p50 {p50:.1f} ms, p99 {p99:.0f} ms, {lost} lost", flush=True)


if __name__ == "__main__":
    main()
