"""Claims work, runs it, and decides what follows an error: all the ways in one table."""

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot import inventory
from bot.domain.audit import Action
from bot.errors import (
    ArmBusy,
    ArmForbidden,
    ArmNotFound,
    ArmRejected,
    ArmThrottled,
    ArmUnreachable,
    Defect,
    EgressError,
    LeaseLost,
    OperationFailed,
    SlackRefused,
    SlackThrottled,
    SlackUnreachable,
    StaleVersion,
    StoreBusy,
    Unavailable,
    UnsafePlan,
)
from bot.inventory import FLEET, FLEET_EVERY
from bot.ports import NOTICES, Claim, Context, Finish, Notifier, Pace
from bot.reconciler.notices import deliver
from bot.reconciler.rules import reconcile_rules
from bot.reconciler.run import LEASE, Run
from bot.reconciler.scale import reconcile_scale
from bot.reconciler.timers import run_timers

log = logging.getLogger(__name__)

POLL = timedelta(seconds=5)
"""How long a worker waits at the most before it looks for work without having been called."""

WORKERS = 4
"""Threads of one process: a target that answers slowly does not hold up the others."""


@dataclass(frozen=True, slots=True)
class Way:
    """What follows an error.

    Args:
        delay: How long to wait, from the pace, the error and the failures in a row.
        counts: Whether it counts as a failure in a row.
        is_told: Whether people are told, once.
    """

    delay: Callable[[Pace, EgressError, int], timedelta]
    counts: bool = True
    is_told: bool = False


def _asked(pace: Pace, error: EgressError, _failures: int) -> timedelta:
    """As long as the vendor asked for, else as long as an update of somebody else may take."""
    asked = error.retry_after if isinstance(error, Unavailable) else None
    return asked / pace.divisor if asked else pace.busy


def _soon(pace: Pace, _error: EgressError, _failures: int) -> timedelta:
    return pace.backoff / 5


def _doubling(pace: Pace, _error: EgressError, failures: int) -> timedelta:
    """Twice as long each time, up to the resync period, with a fifth of chance so that replicas spread out."""
    doubled: timedelta = pace.backoff * 2 ** min(failures, 10)
    return min(doubled, pace.resync) * (0.8 + secrets.randbelow(401) / 1000)


WAYS: Mapping[type[EgressError], Way] = {
    StaleVersion: Way(_soon),
    ArmBusy: Way(_asked, counts=False),
    ArmThrottled: Way(_asked, counts=False),
    SlackThrottled: Way(_asked, counts=False),
    ArmUnreachable: Way(_doubling),
    SlackUnreachable: Way(_doubling),
    StoreBusy: Way(_soon),
    ArmForbidden: Way(_doubling, is_told=True),
    ArmNotFound: Way(_doubling, is_told=True),
    ArmRejected: Way(_doubling, is_told=True),
    OperationFailed: Way(_doubling, is_told=True),
    UnsafePlan: Way(_doubling, is_told=True),
    SlackRefused: Way(_doubling),
    Defect: Way(_doubling, is_told=True),
    EgressError: Way(_doubling, is_told=True),
}
"""Every error that a run may end with. A time-out after which a write did or did not land is ``ArmUnreachable``: the
next run observes what is there and goes on from that."""


def way_of(error: EgressError) -> Way:
    """The way of an error's class, or of the nearest class above it."""
    return next(WAYS[kind] for kind in type(error).__mro__ if kind in WAYS)


class Reconciler:
    """The workers of one process.

    Args:
        ctx: The context.
        notifier: Who delivers notices.
        workers: How many threads; none for a test that calls ``run_one`` itself.
    """

    def __init__(self, ctx: Context, notifier: Notifier, *, workers: int = WORKERS) -> None:
        self._ctx = ctx
        self._notifier = notifier
        self._owner = f"{secrets.token_hex(4)}"
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, name=f"reconcile-{n}") for n in range(workers)]
        self._runs: Mapping[str, Callable[[Run], Finish]] = {
            "rules": reconcile_rules,
            "scale": reconcile_scale,
            "timers": run_timers,
            NOTICES: self._deliver,
            FLEET: _refresh,
        }

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the runs under way, and give back what is held."""
        self._stop.set()
        self._ctx.store.ring()
        for thread in self._threads:
            thread.join(timeout=LEASE.total_seconds())
        self._ctx.store.release(self._owner)

    def run_one(self) -> bool:
        """Do the work that is longest due; False if nothing is due."""
        claim = self._ctx.store.claim(self._owner, lease=LEASE)
        if claim is None:
            return False
        self._run(claim)
        return True

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                if not self.run_one():
                    self._ctx.store.wait(POLL)
            except EgressError as error:
                log.warning("work stops for a moment: %s", error)
                self._stop.wait(POLL.total_seconds() / 5)
            except Exception:  # the last line of defence: a worker never dies of one piece of work
                log.exception("work failed in a way that nobody foresaw")
                self._stop.wait(POLL.total_seconds())

    def _run(self, claim: Claim) -> None:
        run = Run(self._ctx, claim)
        try:
            end = self._runs[claim.key.partition(":")[0]](run)
        except LeaseLost as error:
            log.info("%s", error)
            return
        except EgressError as error:
            log.warning("%s: %s: %s", claim.key, type(error).__name__, error)
            end = self._after(run, error)
        with self._ctx.store.write() as tx:
            for event in end.events:
                tx.audit.append(event)
            tx.work.finish(claim, end)

    def _after(self, run: Run, error: EgressError) -> Finish:
        way = way_of(error)
        failures = run.claim.failures + way.counts
        if way.is_told:
            with run.write() as desk:
                if run.memo.get("said") != error.sentence:
                    desk.audit(run.event(Action.FIREWALL_FAIL, run.claim.key, reason=error.sentence))
                run.say_once(desk.tx, run.claim.key, "stuck", error.sentence)
        delay = way.delay(self._ctx.pace, error, failures)
        return Finish(delay, is_done=False, failures=failures, parked=run.parked, memo=run.memo)

    def _deliver(self, run: Run) -> Finish:
        return deliver(run, self._notifier)


def _refresh(run: Run) -> Finish:
    inventory.refresh(run.ctx)
    return Finish(run.paced(FLEET_EVERY))
