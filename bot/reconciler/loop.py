"""Claims work, runs it, and ends each run: with what it returned, or on the way of its error."""

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from time import monotonic
from typing import TypeVar

from bot import inventory
from bot.domain.allowance import is_wanted
from bot.domain.audit import Action
from bot.domain.target import target_from_key
from bot.errors import EgressError, InvariantBroken, LeaseLost
from bot.inventory import ENDPOINTS, ENDPOINTS_EVERY, FLEET, FLEET_EVERY
from bot.ports import NOTICES, AllowanceFilter, Claim, Context, Desk, Finish, Notice, NoticeKind, Notifier
from bot.reconciler.notices import deliver
from bot.reconciler.rules import reconcile_rules
from bot.reconciler.run import LEASE, Run
from bot.reconciler.scale import reconcile_scale
from bot.reconciler.timers import run_timers
from bot.reconciler.ways import way_of

log = logging.getLogger(__name__)
T = TypeVar("T")

POLL = timedelta(seconds=5)
"""How long a process waits at the most before it looks for work without having been called."""

WORKERS = 4
"""Threads of one process: a target that answers slowly does not hold up the others."""

STOP_WITHIN_S = 8.0
"""Seconds that runs under way get to end when the process stops; no run waits for an operation."""

FAILS: Mapping[str, Action] = {"rules": Action.FIREWALL_FAIL, "scale": Action.SCALE_FAIL}
"""How the audit log calls work that is stuck; other work has no place in it."""


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
        self._owner = secrets.token_hex(4)
        self._stop = threading.Event()
        self._lookout = threading.Lock()
        self._threads = [threading.Thread(target=self._work, name=f"reconcile-{n}") for n in range(workers)]
        self._runs: Mapping[str, Callable[[Run], Finish]] = {
            "rules": reconcile_rules,
            "scale": reconcile_scale,
            "timers": run_timers,
            NOTICES: self._deliver,
            FLEET: _refresh,
            ENDPOINTS: _sweep,
        }

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the runs under way end, for seconds at the most, and give back what is held.

        A run that does not end in time keeps its lease: whoever takes over must not write beside it.
        """
        self._stop.set()
        self._ctx.store.ring()
        ends = monotonic() + STOP_WITHIN_S
        for thread in self._threads:
            thread.join(timeout=max(0.0, ends - monotonic()))
        if not any(thread.is_alive() for thread in self._threads):
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
            failed = _defended("work", self._turn)
            if failed is not None:
                log.warning("work stops for a moment: %s", failed)
                self._stop.wait(POLL.total_seconds() / 5)

    def _turn(self) -> None:
        claim = self._next()
        if claim is not None:
            self._run(claim)

    def _next(self) -> Claim | None:
        """The next piece of work. One worker keeps the lookout, the others rest behind it: one question for all."""
        with self._lookout:
            while not self._stop.is_set():
                claim = self._ctx.store.claim(self._owner, lease=LEASE)
                if claim is not None:
                    return claim
                self._ctx.store.wait(POLL)
        return None

    def _run(self, claim: Claim) -> None:
        run = Run(self._ctx, claim)
        try:
            end = self._outcome(run)
            self._finish(run, end)
        except LeaseLost as error:
            log.info("%s", error)

    def _outcome(self, run: Run) -> Finish:
        found = _defended(run.claim.key, lambda: self._runs[run.claim.key.partition(":")[0]](run))
        if not isinstance(found, EgressError):
            return found
        log.warning("%s: %s: %s", run.claim.key, type(found).__name__, found)
        return _after(run, found)

    def _finish(self, run: Run, end: Finish) -> None:
        """Give the lease back.

        A write that Azure took after the lease was lost is still put on record, and whoever has the work now looks at
        what it did: at once, not at the next resync.
        """
        try:
            with self._ctx.store.write() as tx:
                for event in end.events:
                    tx.audit.append(event)
                tx.work.finish(run.claim, end)
        except LeaseLost:
            if end.events:
                with self._ctx.store.write() as tx:
                    for event in end.events:
                        tx.audit.append(event)
                    tx.work.wake(run.claim.key, within=timedelta())
            raise

    def _deliver(self, run: Run) -> Finish:
        return deliver(run, self._notifier)


def _defended(name: str, act: Callable[[], T]) -> T | EgressError:
    """What an act returns, or what it failed with, as one of our errors: one piece of work never ends a worker.

    Raises:
        LeaseLost: There is nothing left to be done about it.
    """
    try:
        return act()
    except LeaseLost:
        raise
    except EgressError as error:
        return error
    except Exception as error:  # the last line of defence
        reference = secrets.token_hex(4)
        log.exception("%s failed in a way that nobody foresaw, reference %s", name, reference)
        kind = type(error).__name__
        return InvariantBroken(f"Something that should not happen stopped {name} ({kind}, reference {reference}).")


def _refresh(run: Run) -> Finish:
    inventory.refresh(run.ctx)
    return Finish(run.paced(FLEET_EVERY))


def _sweep(run: Run) -> Finish:
    inventory.sweep_endpoints(run.ctx)
    return Finish(run.paced(ENDPOINTS_EVERY))


def _after(run: Run, error: EgressError) -> Finish:
    """Wait as the error's way says; people are told once, where waiting alone does not help."""
    way = way_of(error)
    run.failures += way.counts
    if way.is_told:
        with run.write() as desk:
            _tell(run, desk, error)
    return run.again(way.delay(run.ctx.pace, error, run.failures))


def _tell(run: Run, desk: Desk, error: EgressError) -> None:
    kind = run.claim.key.partition(":")[0]
    code = getattr(error, "code", None) or ""
    run.memo["trouble"] = error.sentence
    if not run.say_once(desk.tx, run.subject, "stuck", error.sentence):
        return
    if kind in FAILS:
        desk.audit(run.event(FAILS[kind], run.subject, reason=error.sentence, code=code, failures=str(run.failures)))
    if kind == "rules":
        _redraw(run, desk)


def _redraw(run: Run, desk: Desk) -> None:
    """The cards of everybody who waits for this target show what is wrong."""
    target = target_from_key(run.claim.key)
    for row in desk.tx.allowances.find(AllowanceFilter(target=target, only_open=True, limit=100_000)):
        if is_wanted(row, desk.now) and row.live_at is None:
            desk.tx.outbox.add(Notice(NoticeKind.CARD, row.id, run.ctx.rulebook.channel))
