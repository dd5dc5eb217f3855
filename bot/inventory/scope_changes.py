"""Clusters on which allowances rest that were filed for something else: whoever reads one sees to it.

Only the writer of a firewall acts on it, after it has looked for itself; here it is woken.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bot.domain.allowance import Allowance
from bot.domain.egress import ClusterEgress
from bot.domain.scale_proposal import scale_key
from bot.domain.scope_drift import concerns, scope_drift, unprove
from bot.ports import AllowanceFilter, Context, Notice, NoticeKind, Transaction


def note_scope_change(ctx: Context, tx: Transaction, cluster_id: str, egress: ClusterEgress | None) -> None:
    """See to the allowances of one cluster, which was read from Azure just now.

    Allowances whose basis no longer exists are not called live from here on.

    Args:
        ctx: The context.
        tx: Where that is recorded.
        cluster_id: Which cluster.
        egress: What was read; None where it does not exist.
    """
    now = ctx.clock.now()
    for row in tx.allowances.find(AllowanceFilter(cluster=cluster_id, only_open=True)):
        if not concerns(row, scope_drift(row.scope, egress), now):
            continue
        unproven = unprove(row, now)
        if unproven != row:
            tx.allowances.save(unproven, is_open=True)
            tx.outbox.add(Notice(NoticeKind.CARD, row.card_id, ctx.config.channel))
        tx.work.wake(row.scope.target.key, within=timedelta())
    _notice_scales(tx, [cluster_id] if egress is None else [])


def note_scope_changes(ctx: Context, tx: Transaction) -> None:
    """See to the allowances of all clusters, as they are stored now. Resource Graph lags: the writers look live."""
    now, known = ctx.clock.now(), {egress.ref.id: egress for egress in tx.snapshots.all()}
    rows = tx.allowances.find(AllowanceFilter(only_open=True))
    for key in sorted({row.scope.target.key for row in rows if _is_shaken(row, known, now)}):
        tx.work.wake(key, within=timedelta())
    _notice_scales(tx, {scale.plan.cluster_id for scale in tx.scales.find()} - known.keys())


def _is_shaken(row: Allowance, known: Mapping[str, ClusterEgress], now: datetime) -> bool:
    return concerns(row, scope_drift(row.scope, known.get(row.scope.cluster_id)), now)


def _notice_scales(tx: Transaction, gone: Iterable[str]) -> None:
    """Proposals for missing clusters are checked, too."""
    for cluster_id in sorted(gone):
        if tx.scales.find(cluster_id):
            tx.work.wake(scale_key(cluster_id), within=timedelta())
