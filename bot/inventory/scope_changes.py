"""Clusters on which allowances rest that were filed for something else: whoever reads one sees to it.

Only the writer of a firewall acts on it, after it has looked for itself; here it is woken.
"""

from collections.abc import Iterable
from datetime import timedelta

from bot.domain.egress import ClusterEgress
from bot.domain.scale_proposal import scale_key
from bot.domain.scope_drift import shaken, unprove
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
    rows = tx.allowances.find(AllowanceFilter(cluster=cluster_id, only_open=True))
    for row, _ in shaken(rows, {} if egress is None else {cluster_id: egress}, now):
        unproven = unprove(row, now)
        if unproven != row:
            tx.allowances.save(unproven, is_open=True)
            tx.outbox.add(Notice(NoticeKind.CARD, row.card_id, ctx.config.channel))
        tx.work.wake(row.scope.target.key, within=timedelta())
    _notice_scales(tx, [cluster_id] if egress is None else [])


def note_scope_changes(ctx: Context, tx: Transaction) -> None:
    """See to the allowances of all clusters, as they are stored now. Resource Graph lags: the writers look live."""
    known = {egress.ref.id: egress for egress in tx.snapshots.all()}
    rows = tx.allowances.find(AllowanceFilter(only_open=True))
    for target in sorted({row.scope.target for row, _ in shaken(rows, known, ctx.clock.now())}):
        tx.work.wake(target.key, within=timedelta())
    _notice_scales(tx, {scale.plan.cluster_id for scale in tx.scales.find()} - known.keys())


def _notice_scales(tx: Transaction, gone: Iterable[str]) -> None:
    """Proposals for missing clusters are checked, too."""
    for cluster_id in sorted(gone):
        if tx.scales.find(cluster_id):
            tx.work.wake(scale_key(cluster_id), within=timedelta())
