"""Metrics for Prometheus, computed from the facts on each scrape, so that every replica reports the same."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.domain.allowance import Status, status
from bot.domain.dry_run import NO_DRY_RUN, DryRun
from bot.errors import ChainBroken, EgressError
from bot.ports import AllowanceFilter, Clock
from bot.store import SqlStore
from bot.store.chain import SqlAuditLog
from bot.store.seals import SqlAuditSeals


class Facts(Collector):
    """Gauges from the database.

    Args:
        store: The database.
        clock: The product's time.
        dry_run: Where nothing is written.
    """

    def __init__(self, store: SqlStore, clock: Clock, dry_run: DryRun = NO_DRY_RUN) -> None:
        self._store = store
        self._dry_run = dry_run
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        """One reading; none while the database does not answer, which ``/readyz`` says too."""
        try:
            with self._store.read() as tx:
                rows = tx.allowances.find(AllowanceFilter(only_open=True))
                held: Counter[str] = Counter()
                for pause in tx.outbox.refusals():
                    held[pause.code] += pause.notices
                backlog, (waiting, dead) = tx.work.backlog(), tx.outbox.backlog()
                audit = list(_audit(tx.audit, tx.seals))
        except EgressError:
            return
        yield GaugeMetricFamily("egress_dry_run", "1 where the bot does not write.", float(bool(self._dry_run.words)))
        now = self._clock.now()
        counts = Counter(status(row, now) for row in rows)
        yield _gauge("egress_allowances", "Open allowances.", "status", {s: counts[s] for s in Status})
        yield _gauge("egress_work_overdue_seconds", "How long due work waits.", "kind", backlog.overdue_s)
        yield _gauge("egress_work_due", "Pieces of work that are due.", "kind", backlog.due)
        yield _gauge("egress_work_failures", "Failures in a row.", "kind", backlog.failures)
        yield GaugeMetricFamily("egress_notices_waiting", "Notices not yet delivered to Slack.", waiting)
        yield _gauge("egress_notices_held", "Notices that wait until someone acts.", "reason", dict(held))
        yield _gauge("egress_notices_dead", "Notices that were given up.", "reason", dead)
        yield from audit


def scrape(facts: Facts) -> tuple[int, str, str]:
    """Status, content type and text of ``/metrics``: our facts, then the process."""
    ours = CollectorRegistry(auto_describe=False)
    ours.register(facts)
    return 200, CONTENT_TYPE_LATEST, (generate_latest(ours) + generate_latest(REGISTRY)).decode()


def _audit(events_log: SqlAuditLog, seals: SqlAuditSeals) -> Iterable[Metric]:
    """Also where the log is damaged."""
    is_damaged, last = bool(events_log.damage()), seals.last_checkpoint()
    try:
        events = events_log.head()[0]
    except ChainBroken as error:
        events, is_damaged = error.seq - 1, True
    yield GaugeMetricFamily("egress_audit_events", "Events in the audit log.", events)
    yield GaugeMetricFamily("egress_audit_damaged", "1 where the audit log was changed.", float(is_damaged))
    seq, at = (last.seq, datetime.fromisoformat(last.at).timestamp()) if last else (0, 0.0)
    yield GaugeMetricFamily("egress_audit_checkpoint_events", "Events up to the last checkpoint.", seq)
    yield GaugeMetricFamily("egress_audit_checkpoint_timestamp_seconds", "Time of the last checkpoint.", at)


def _gauge(name: str, help_: str, label: str, values: Mapping[Any, float] | Mapping[Any, int]) -> Metric:
    gauge = GaugeMetricFamily(name, help_, labels=[label])
    for key, value in values.items():
        gauge.add_metric([str(key)], value)
    return gauge
