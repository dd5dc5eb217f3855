"""At the click: what a request rests on is looked at again before anybody's answer to it counts.

Nothing here waits for Azure: what was read last decides, and the writer looks for itself before it writes.
"""

from datetime import timedelta

from bot.allowances.recounting import at_click
from bot.allowances.reviewing import keep, review
from bot.domain.allowance import Allowance, Status, status
from bot.domain.egress import ClusterEgress
from bot.domain.ground import Footing, ground
from bot.errors import CannotTakeEffect, RequestRefused, StaleView, UnknownCluster
from bot.ports import BOT, Context, Desk


def look_again(ctx: Context, allowance_id: str, *, is_approval: bool) -> None:
    """Check a decision against the current state; changes are recorded, even if this refuses.

    Args:
        ctx: The context.
        allowance_id: What somebody decides.
        is_approval: Whether they say yes: what is denied need not rest on anything.

    Raises:
        RequestRefused: The approval policy now refuses it, or the requester lost access; it is closed.
        CannotTakeEffect: No firewall is on its way out now.
        UnknownCluster: Its cluster no longer exists.
        MembershipUnknown: Whether others' approvals still count could not be asked.
        StaleView: It would apply to something else than what was asked.
    """
    with ctx.store.read() as tx:
        allowance = tx.allowances.get(allowance_id)
        known = tx.snapshots.get(allowance.scope.cluster_id)
        were_read = tx.snapshots.reading() is not None
    if status(allowance, ctx.clock.now()) is not Status.WAITING:
        return
    egress = known[0] if known else None
    _weigh_again(ctx, allowance, egress, is_approval=is_approval)
    if is_approval and (egress is not None or were_read):
        _require_ground(ctx, allowance, egress)


def _weigh_again(ctx: Context, allowance: Allowance, egress: ClusterEgress | None, *, is_approval: bool) -> None:
    found = at_click(lambda: review(ctx, allowance, egress, is_click=True), is_approval=is_approval)
    if found is None:
        return
    with ctx.store.write() as tx:
        saved = keep(Desk(ctx, tx, BOT), found)
    if saved.closed is not None:
        raise RequestRefused(f"{found.reason} {saved.id} was closed; nothing was opened.")


def _require_ground(ctx: Context, allowance: Allowance, egress: ClusterEgress | None) -> None:
    found = ground(allowance.scope, egress)
    if found.footing is Footing.NOWHERE:
        raise CannotTakeEffect(f"{found.sentence} {allowance.id} would have no effect; nothing was approved.")
    if not found.has_changed:
        return
    with ctx.store.write() as tx:
        tx.work.wake(allowance.scope.target.key, within=timedelta())
    if found.footing is Footing.GONE:
        name = allowance.scope.cluster_name
        raise UnknownCluster(f"{name} was deleted in Azure. Nothing was approved; {allowance.id} is being closed.")
    raise StaleView(
        f"The request changed after it was filed. {found.sentence} Nothing was approved. The card of "
        f"{allowance.id} updates in a moment; decide then."
    )
