"""Runs what was claimed, and ends each run: with what it returned, or on the way of its error."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial

import structlog
from structlog.contextvars import bound_contextvars

from bot import inventory
from bot.domain.allowance import Allowance, is_wanted
from bot.domain.grouping import grouped
from bot.domain.work import WorkKind
from bot.errors import EgressError, LeaseLost, StoreUnavailable
from bot.ports import Claim, Context, Finish, Notifier
from bot.reconciler.alerts import alert
from bot.reconciler.audit_watch import AuditWatch
from bot.reconciler.blocked import find_blocked
from bot.reconciler.dryrun import is_dry
from bot.reconciler.firewall import reconcile_rules
from bot.reconciler.guard import guarded
from bot.reconciler.last_diffs import LastDiffs
from bot.reconciler.last_use import note_uses
from bot.reconciler.notices import Spacing, deliver
from bot.reconciler.outbound_ips import reconcile_scale
from bot.reconciler.port_watch import watch_ports
from bot.reconciler.probes import run_probe
from bot.reconciler.retry_policy import Failure, RetryPolicy, policy_of
from bot.reconciler.run import Run
from bot.reconciler.timers import Timers
from bot.reconciler.watches import run_watch
from bot.reconciler.workers import WORKERS, Workers

log = structlog.get_logger(__name__)


class Reconciler:
    """All background work of one process.

    Args:
        ctx: The context.
        notifier: Who delivers notices.
        workers: How many threads; none for a test that calls ``run_one`` itself.
    """

    def __init__(self, ctx: Context, notifier: Notifier, *, workers: int = WORKERS) -> None:
        self._ctx = ctx
        self._notifier = notifier
        self._workers = Workers(ctx.store, self._run, workers)
        self._diffs = LastDiffs()
        self._spacing = Spacing(ctx.pace.message, self._workers.pause)
        self._runs: Mapping[WorkKind, Callable[[Run], Finish]] = {
            WorkKind.RULES: partial(reconcile_rules, diffs=self._diffs),
            WorkKind.SCALE: reconcile_scale,
            WorkKind.TIMERS: Timers().run,
            WorkKind.NOTICES: self._deliver,
            WorkKind.FLEET: _refresh,
            WorkKind.ENDPOINTS: _sweep,
            WorkKind.AUDIT: AuditWatch().run,
            WorkKind.PROBE: run_probe,
            WorkKind.PORTS: watch_ports,
            WorkKind.WATCH: run_watch,
            WorkKind.BLOCKED: find_blocked,
            WorkKind.LAST_USE: note_uses,
        }

    def prepare(self, allowances: Iterable[Allowance]) -> None:
        """Work out the rules of open allowances, which the first round of each target would have to."""
        now = self._ctx.clock.now()
        wanted = grouped((row.scope.target, row) for row in allowances if is_wanted(row, now))
        for target, rows in wanted.items():
            self._diffs.of(target, (), tuple(rows))

    def start(self) -> None:
        """Begin to work."""
        self._workers.start()

    def stop(self) -> None:
        """Let the runs under way end, for seconds at the most, and give back what is held."""
        self._workers.stop()

    def run_one(self) -> bool:
        """Do the work that is longest due; False if nothing is due."""
        return self._workers.run_one()

    def _run(self, claim: Claim) -> None:
        run = Run(self._ctx, claim)
        with bound_contextvars(run=run.correlation, work=claim.key):
            try:
                end = self._outcome(run)
                self._finish(run, end)
            except LeaseLost as error:
                log.info("lease_lost", error=str(error))

    def _outcome(self, run: Run) -> Finish:
        found = guarded(run.claim.key, lambda: self._runs[run.claim.kind](run))
        if not isinstance(found, EgressError):
            return found
        if not isinstance(found, StoreUnavailable):  # the store itself logs when this begins and ends
            log.warning("run_failed", error=str(found), kind=type(found).__name__)
        return _after(run, found)

    def _finish(self, run: Run, end: Finish) -> None:
        """Give the lease back.

        A write that Azure took after the lease was lost is still recorded, and the current owner of the work looks at
        what it did: immediately, not at the next resync.
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
        return deliver(run, self._notifier, self._spacing)


def _refresh(run: Run) -> Finish:
    inventory.refresh(run.ctx)
    return Finish(run.ctx.pace.resync)


def _sweep(run: Run) -> Finish:
    inventory.sweep_endpoints(run.ctx)
    return Finish(run.ctx.pace.resync)


def _after(run: Run, error: EgressError) -> Finish:
    """Wait as the error's policy says; tell people once if waiting alone does not help."""
    way = policy_of(error)
    run.failures += way.counts
    if _is_told(run, way) and not is_dry(run.ctx, run.claim):
        alert(run, error)
    return run.again(way.delay(Failure(run.claim.key, error, run.failures, run.ctx.pace)))


def _is_told(run: Run, way: RetryPolicy) -> bool:
    """Whether it may have to be said; where it cannot be read what was said already, only the failures tell."""
    if way.told_after is None or run.failures < way.told_after:
        return False
    return run.kept is not None or run.failures == way.told_after
