"""10,000 live allowances in one firewall policy, 10,000 requests waiting, 100,000 ended: how long looks take.

Home, lists, cards, the form's twin search, a round of the reconciler and its periodic work, each without and with the
rows beside it, and how long of a round the simulated Azure took to answer; ``LARGE`` divides the numbers of rows.
"""

import gc
import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from slack_sdk import WebClient
from sqlalchemy import text

from bench.audit import databases
from bench.stage.rows import approved, copies, count_rows, ended, live, store_rows
from bench.stage.served import Served, served
from bench.stage.waiting import Waiting
from bot import allowances, auditing
from bot.__main__ import ALLOCATIONS
from bot.allowances import campaigns
from bot.domain.allowance import Allowance, revoke
from bot.domain.approval import Ending
from bot.domain.audit import AuditFilter
from bot.domain.request_search import RequestSearch
from bot.domain.rule_rendering import placed, render
from bot.domain.rule_spread import Room, spread
from bot.domain.work import WorkKind
from bot.ports import Caller
from bot.reconciler import Reconciler
from bot.wiring.product import read_open
from handlers.home import drawn
from handlers.home_search import HomeState
from handlers.notify import SlackNotifier
from tests.build import APPROVER, AUDITOR, DEV, OPERATOR, Said, caller

SHARE = int(os.environ.get("LARGE", "1"))
LIVE, WAITING, ENDED = 10_000 // SHARE, 10_000 // SHARE, 100_000 // SHARE
RUNS = 3

KINDS = (WorkKind.TIMERS, WorkKind.FLEET, WorkKind.AUDIT, WorkKind.PORTS, WorkKind.BLOCKED, WorkKind.LAST_USE)
"""The periodic work; what the sandbox's configuration has switched off ends at once."""


def fill(bot: Served) -> None:
    """Store the rows, and write the live ones' rules to the simulated Azure."""
    now = bot.ctx.clock.now()
    there = [live(one, now) for one in copies(bot.template, LIVE, first=0, ask="live")]
    store_rows(bot.store, there)
    store_rows(bot.store, list(copies(bot.template, WAITING, first=LIVE, ask="ask")))
    old = copies(bot.template, ENDED, first=LIVE + WAITING, ask="old")
    store_rows(bot.store, [ended(one, now - timedelta(days=40)) for one in old], is_open=False)
    count_rows(bot.store)
    target = bot.template.scope.target
    part = bot.ctx.targets.open(target)
    seen, limits = part.observe(), bot.ctx.config.firewall
    for number, collections in spread(render(there), (), Room(limits.max_bytes, limits.max_groups)).by_group.items():
        operation = part.begin_write(placed(collections, ()), part.prepare(seen.group(number)))
        while bot.ctx.operations.look(operation).is_running:
            time.sleep(1)
    with bot.store.write() as tx:
        tx.work.wake(target.key, within=timedelta())


class Round:
    """Rounds of the reconciler for one piece of work, one at a time."""

    def __init__(self, bot: Served, key: str) -> None:
        self._bot, self._key = bot, key
        self._reconciler = Reconciler(bot.ctx, Said(), workers=0)

    def prepare(self) -> None:
        """What a start does before it says that it is ready."""
        read_open(self._bot.store, self._reconciler.prepare)

    def __call__(self) -> None:
        """One."""
        with self._bot.store.write() as tx:
            tx.work.wake(self._key, within=timedelta())
        while self._reconciler.run_one():
            pass


def looks(bot: Served) -> dict[str, Callable[[], Any]]:
    """What people look at, and what the bot does."""
    ctx, stranger = bot.ctx, caller("ULOAD001")
    notifier = SlackNotifier(WebClient(), bot.store, ctx.config)
    with bot.store.read() as tx:
        some = tx.allowances.get(bot.template.id)

    def home(who: Caller) -> Callable[[], Any]:
        return lambda: drawn(ctx, who, HomeState())

    def listed(which: str) -> Callable[[], Any]:
        return lambda: allowances.browse(ctx, stranger, which, rows=10)

    return {
        "Home of a developer": home(stranger),
        "Home of an approver": home(APPROVER),
        "Home of an operator": home(OPERATOR),
        "Home, a search": lambda: drawn(ctx, APPROVER, HomeState(RequestSearch("nowhere"))),
        "requests mine": listed("mine"),
        "requests pending": listed("pending"),
        "requests CLUSTER": listed("aks-udr"),
        "requests pending, approver": lambda: allowances.browse(ctx, APPROVER, "pending", rows=10),
        "reviews": lambda: campaigns.browse(ctx, AUDITOR, rows=10),
        "the audit log": lambda: auditing.search(ctx, AUDITOR, AuditFilter(), limit=11),
        "a card": lambda: notifier._card(some, ctx.clock.now()),
        "the form is sent": lambda: allowances.request(ctx, DEV, bot.draft()),
        "a round of the reconciler": Round(bot, bot.template.scope.target.key),
        **{f"work: {kind}": Round(bot, kind) for kind in KINDS},
    }


class Took(NamedTuple):
    """Seconds that something took, those of the processor, and those in which Azure had not answered."""

    all: float
    own: float
    azure: float


def longest_rounds(bot: Served, waiting: Waiting) -> dict[str, Took]:
    """The longest round until one more allowance is live, and until it is gone again, by what the bot took of it."""
    (one,) = copies(bot.template, 1, first=LIVE + WAITING + ENDED, ask="more")
    one_round = Round(bot, bot.template.scope.target.key)
    with bot.store._engine.begin() as connection:  # of what else falls due the table tells already
        connection.execute(text("UPDATE work SET due = due + 3600 WHERE kind <> 'rules'"))
    once(one_round, waiting)  # what is known from the round before, a bot that runs knows as well

    def longest(is_over: Callable[[Allowance], bool]) -> Took:
        took = [Took(0.0, 0.0, 0.0)]
        while not is_over(stored(bot, one.id)):
            took.append(once(one_round, waiting))
            time.sleep(0.5)
        return max(took, key=lambda each: each.all - each.azure)

    store_rows(bot.store, [approved(one, bot.ctx.clock.now())])
    added = longest(lambda row: row.live_at is not None)
    with bot.store.write() as tx:
        ending = Ending(one.requester, bot.ctx.clock.now(), "no longer needed")
        tx.allowances.save(revoke(tx.allowances.get(one.id), ending), is_open=True)
    return {
        "the longest that adds one": added,
        "the longest that ends one": longest(lambda row: row.gone_at is not None),
    }


def stored(bot: Served, id_: str) -> Allowance:
    """An allowance as it is in the database."""
    with bot.store.read() as tx:
        return tx.allowances.get(id_)


def once(look: Callable[[], Any], waiting: Waiting) -> Took:
    """One time."""
    began, own, azure = time.perf_counter(), time.process_time(), waiting.seconds
    look()
    return Took(time.perf_counter() - began, time.process_time() - own, waiting.seconds - azure)


def measured(look: Callable[[], Any], waiting: Waiting) -> tuple[float, Took]:
    """Seconds of the first time, and the median."""
    took = [once(look, waiting) for _ in range(RUNS + 1)]
    return took[0].all, sorted(took[1:])[RUNS // 2]


def main() -> None:
    """A table for each database; garbage is collected as in the bot."""
    gc.freeze()
    gc.set_threshold(ALLOCATIONS)
    with databases() as urls:
        for name, url in urls.items():
            with served(url) as bot:
                report(name, bot)


def report(name: str, bot: Served) -> None:
    """Without the rows, then with them."""
    target = bot.template.scope.target.key
    waiting = Waiting(bot.azure)
    small = {what: measured(look, waiting)[1].all for what, look in looks(bot).items()}
    fill(bot)
    print(f"\n{name}: {LIVE:,} live, {WAITING:,} waiting, {ENDED:,} ended")
    print(f"{'ms':30} {'first':>8} {'usual':>8} {'CPU':>8} {'Azure':>8} {'without rows':>13}")
    bot.store._parsed.forget()
    started = Round(bot, target)
    print(line("the start: what is open is read", "", once(started.prepare, waiting)), flush=True)
    print(line("the first round afterwards", "", once(started, waiting)), flush=True)
    for what, look in looks(bot).items():
        first, usual = measured(look, waiting)
        print(f"{line(what, f'{first * 1e3:.0f}', usual)} {small[what] * 1e3:13.0f}", flush=True)
    for what, took in longest_rounds(bot, waiting).items():
        print(line(what, "", took), flush=True)


def line(what: str, first: str, took: Took) -> str:
    """What something took."""
    return f"{what:30} {first:>8} {took.all * 1e3:8.0f} {took.own * 1e3:8.0f} {took.azure * 1e3:8.0f}"


if __name__ == "__main__":
    main()
