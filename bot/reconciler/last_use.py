"""Asks the logs of all firewalls which allowances were used, and keeps the answer with each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.allowance import Allowance, Status, status
from bot.domain.egress import ClusterEgress
from bot.domain.firewall_log import LogQuestion, LogReading
from bot.domain.firewall_log.last_use import WINDOW, is_unused, kinds_of, last_use, newest_by_allowance
from bot.domain.observed import LastUse
from bot.ports import AllowanceFilter, Finish, UnitOfWork
from bot.reconciler.run import Run

MOST_RULES = 20_000
"""Rules that one answer names: a policy has no more (``MOST_RULES`` of the writer), and an answer of logs holds 500,000
rows (https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits, read 2026-11)."""

AT_ONCE = 100
"""Allowances of one transaction, so that nobody who clicks waits for long."""

_OPEN = frozenset({Status.LIVE, Status.EXPIRING})


def note_uses(run: Run) -> Finish:
    """Ask each firewall's log once, then note with each live allowance what it says."""
    logs = run.ctx.config.logs
    if not logs.enabled:
        return Finish(None, state=run.kept)
    with run.ctx.store.read() as tx:
        clusters = {one.ref.id: one for one in tx.snapshots.all()}
        live = [one for one in tx.allowances.find(AllowanceFilter(only_open=True)) if status(one, run.now) in _OPEN]
    crossed = {one.id: _firewalls(clusters.get(one.scope.cluster_id)) for one in live}
    readings = {each: run.ctx.logs.read(asked) for each, asked in _questions(run.now, live, crossed)}
    for start in range(0, len(live), AT_ONCE):
        some = live[start : start + AT_ONCE]
        _note(run, some, {one.id: [readings[each] for each in crossed[one.id]] for one in some})
    return Finish(logs.uses_every, state=run.kept)


def _firewalls(egress: ClusterEgress | None) -> tuple[str, ...]:
    paths = egress.paths if egress else ()
    return tuple(sorted({path.firewall for path in paths if path.firewall}))


def _questions(
    now: datetime, live: Iterable[Allowance], crossed: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, LogQuestion]]:
    """One question for each firewall, about the sources of all allowances whose traffic can pass it."""
    ranges: dict[str, set[str]] = {}
    for one in live:
        for firewall in crossed[one.id]:
            ranges.setdefault(firewall, set()).update(one.scope.sources)
    for firewall, sources in sorted(ranges.items()):
        yield (
            firewall,
            LogQuestion(
                (firewall,),
                tuple(sorted(sources)),
                now - WINDOW,
                now,
                is_allowed=True,
                by_rule=True,
                most=MOST_RULES,
            ),
        )


def _note(run: Run, some: Sequence[Allowance], readings: Mapping[str, list[LogReading]]) -> None:
    with run.write() as uow:
        for one in uow.tx.allowances.find(AllowanceFilter(ids=tuple(each.id for each in some))):
            if readings[one.id] and status(one, uow.now) in _OPEN:
                _keep(uow, one, readings[one.id])


def _keep(uow: UnitOfWork, allowance: Allowance, readings: list[LogReading]) -> None:
    found = newest_by_allowance(readings).get(allowance.id)
    used = last_use(readings, found, kinds_of(allowance.destinations), allowance.used)
    saved = uow.tx.allowances.save(replace(allowance, used=used), is_open=True)
    if _shows_otherwise(allowance.used, used):
        uow.draw(saved)


def _shows_otherwise(before: LastUse | None, after: LastUse) -> bool:
    """Whether the card says something else than a time: each drawing is a call to Slack."""
    if before is None or is_unused(before) != is_unused(after):
        return True
    return (before.last is None, before.unknown) != (after.last is None, after.unknown) or _is_days_older(before, after)


def _is_days_older(before: LastUse, after: LastUse) -> bool:
    return before.last is not None and after.last is not None and after.last - before.last > timedelta(days=1)
