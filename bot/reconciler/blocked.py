"""Finds allowances that are live while something else still denies what they open, and tells their owners once."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

from bot import denials
from bot.allowances import record
from bot.domain.allowance import Allowance, Status, status
from bot.domain.audit import Action
from bot.domain.firewall_log import Denied
from bot.domain.firewall_log.next_step import is_denied_despite
from bot.domain.fqdn import is_within
from bot.ports import AllowanceFilter, Finish, NoticeEvent
from bot.reconciler.run import Run

EVERY = timedelta(minutes=15)
"""How often the logs are read: they lag by ten minutes anyway; a sped-up simulation's lag less."""

FRESH = timedelta(hours=24)
"""How long after an allowance is live its owner is expected to try it."""


def find_blocked(run: Run) -> Finish:
    """Ask the log of each cluster that has fresh allowances, one query for each; without logs nothing is asked."""
    if not run.ctx.config.logs.enabled:
        return Finish(None, state=run.kept)
    with run.ctx.store.read() as tx:
        rows = tx.allowances.find(AllowanceFilter(only_open=True))
    by_cluster = defaultdict[str, list[Allowance]](list)
    for one in rows:
        if _is_fresh(run, one):
            by_cluster[one.scope.cluster_id].append(one)
    for cluster_id, fresh in sorted(by_cluster.items()):
        _look(run, cluster_id, fresh)
    return Finish(run.paced(EVERY), state=run.kept)


def _is_fresh(run: Run, one: Allowance) -> bool:
    is_live = status(one, run.now) in (Status.LIVE, Status.EXPIRING)
    return is_live and one.blocked_at is None and one.live_at is not None and run.now - one.live_at < FRESH


def _look(run: Run, cluster_id: str, fresh: list[Allowance]) -> None:
    since = min(one.live_at for one in fresh if one.live_at is not None)
    found = denials.denied_since(run.ctx, cluster_id, since)
    for one in fresh:
        despite = [each for each in found if _is_about(one, each)]
        if despite:
            _tell(run, one, despite[0])


def _is_about(one: Allowance, denied: Denied) -> bool:
    destination = denied.destination
    is_covered = destination is not None and any(is_within(destination, wide) for wide in one.destinations)
    return is_covered and is_denied_despite(one, denied)


def _tell(run: Run, one: Allowance, denied: Denied) -> None:
    """Once, to whoever owns it; somebody who was faster has told them."""
    with run.write() as uow:
        stored = uow.tx.allowances.get(one.id)
        if stored.blocked_at is not None:
            return
        saved = uow.tx.allowances.save(replace(stored, blocked_at=uow.now), is_open=True)
        what = f"{denied.destination}: {denied.why}."
        record(uow, saved, Action.ALLOWANCE_BLOCKED, reason=what)
        uow.notify(saved, NoticeEvent.BLOCKED, [saved.owner], what=what)
