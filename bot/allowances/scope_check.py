"""At the click: where a request would apply is looked at again before anybody's approval counts."""

from datetime import timedelta

from bot.domain.allowance import Allowance
from bot.domain.egress import ClusterEgress
from bot.domain.scope_drift import DriftKind, scope_drift
from bot.errors import CannotTakeEffect, StaleView, UnknownCluster
from bot.ports import Context


def require_same_scope(ctx: Context, allowance: Allowance, egress: ClusterEgress | None) -> None:
    """Refuse an approval of what would apply to something else than what was asked.

    Raises:
        CannotTakeEffect: No firewall is on its way out now.
        UnknownCluster: Its cluster is not there any more.
        StaleView: Firewall, policy or ranges are others.
    """
    found = scope_drift(allowance.scope, egress)
    if found.footing is DriftKind.NOWHERE:
        raise CannotTakeEffect(f"{found.sentence} {allowance.id} would have no effect; nothing was approved.")
    if not found.has_changed:
        return
    with ctx.store.write() as tx:
        tx.work.wake(allowance.scope.target.key, within=timedelta())
    if found.footing is DriftKind.GONE:
        name = allowance.scope.cluster_name
        raise UnknownCluster(f"{name} was deleted in Azure. Nothing was approved; {allowance.id} is being closed.")
    raise StaleView(
        f"The request changed after it was filed. {found.sentence} Nothing was approved. The card of "
        f"{allowance.id} updates in a moment; decide then."
    )
