"""A mixed load: a quarter each of help, the audit page, submits and approvals, open loop; ``MIXED_S`` seconds (60).

At 32 a second every ack comes soon. At 100 a second, more than one core can do, whoever cannot be served in time is
told so at once, and nothing is recorded for them: an ack that came late and an act that was recorded never meet.
"""

import os
from collections.abc import Sequence

from bench.audit import databases
from bench.stage.rows import copies, store_rows
from bench.stage.served import Served, served
from bench.stage.traffic import Answered, by_name, every, percentile, run
from bot.domain.allowance import Allowance
from bot.ports import AllowanceFilter

SECONDS = int(os.environ.get("MIXED_S", "60"))
RATES = (32, 100)
LATE_S = 3.0
"""Slack gives up then (https://docs.slack.dev/interactivity/implementing-slash-commands, read 2026-11)."""


def main() -> None:
    """Print a table for each database and rate."""
    with databases() as urls:
        for name, url in urls.items():
            with served(url) as bot:
                measure(name, bot)


def measure(name: str, bot: Served) -> None:
    """Both rates, one after the other, on one bot."""
    waiting = list(copies(bot.template, sum(RATES) * SECONDS // 4, first=0, ask="ask"))
    store_rows(bot.store, waiting)
    bot.serve()
    first = 0
    for rate in RATES:
        count = rate * SECONDS // 4
        mine = waiting[first : first + count]
        answers = run(every(bot.mixed(4 * count, mine, first=first), bot.port, rate))
        report(f"{name}, {rate} a second for {SECONDS} s", answers, recorded_late(bot, answers, mine, first))
        first += count


def report(title: str, answers: Sequence[Answered], late: int) -> None:
    """A line for each kind of act."""
    print(f"\n{title}\n{'act':>10} {'sent':>6} {'refused':>8} {'lost':>6} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}")
    for name, some in by_name(answers):
        took = [one.took_s * 1000 for one in some]
        refused, lost = sum(is_refused(one) for one in some), sum(one.status != 200 for one in some)
        times = f"{percentile(took, 0.5):8.0f} {percentile(took, 0.99):8.0f} {max(took):8.0f}"
        print(f"{name:>10} {len(some):6} {refused:8} {lost:6} {times}", flush=True)
    print(f"recorded although the ack was late: {late}", flush=True)


def is_refused(one: Answered) -> bool:
    """Whether the person was told that nothing was recorded."""
    return one.status == 200 and (b"othing was recorded" in one.body or b"othing was done" in one.body)


def recorded_late(bot: Served, answers: Sequence[Answered], waiting: Sequence[Allowance], first: int) -> int:
    """Submits and approvals that are in the database although their ack came when Slack had given up."""
    with bot.store.read() as tx:
        rows = tx.allowances.find(AllowanceFilter())
    hosts = {row.destinations[0].fqdn for row in rows}
    decided = {row.id for row in rows if row.approvals}
    late = [one.planned.act for one in answers if one.took_s > LATE_S or one.status == 0]
    by_body = dict(zip((act.body for act in bot.approvals(waiting)), waiting, strict=True))
    hosts_of = {act.body: f"new{first + n}.example.org" for n, act in enumerate(bot.submits(len(waiting), first=first))}
    return sum(
        (act.body in by_body and by_body[act.body].id in decided) or hosts_of.get(act.body) in hosts for act in late
    )


if __name__ == "__main__":
    main()
