"""Checks who may end an allowance."""

from bot.domain.access import require_ender, require_member
from bot.domain.allowance import Allowance
from bot.domain.ids import canonical_id
from bot.domain.people import Role
from bot.inventory import holder_of
from bot.ports import Caller, Context


def require_ending(ctx: Context, caller: Caller, allowance_id: str) -> Allowance:
    """The allowance, if the caller may revoke it; its owner and who filed it may without a look into any group.

    Raises:
        UnknownAllowance: It does not exist.
        NotPermitted: Neither its owner, nor who filed it, nor an approver.
        MembershipUnknown: Slack could not be asked.
    """
    require_member(ctx.config, caller.identity)
    with ctx.store.read() as tx:
        allowance = tx.allowances.get(canonical_id(allowance_id))
    owners = tuple(who for who in (*allowance.askers, allowance.owner) if who)
    if caller.identity not in owners:
        require_ender(holder_of(ctx, caller, Role.APPROVER), *owners)
    return allowance
