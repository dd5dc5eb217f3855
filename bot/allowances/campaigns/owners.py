"""Owners who cannot answer any more. Slack is asked, so nothing here runs in a transaction."""

from collections.abc import Iterable, Mapping

from bot.domain.access import groups_for_seeing, may_see, unread_for_seeing
from bot.domain.allowance import Allowance
from bot.domain.egress import ref_from_id
from bot.domain.people import AccountStatus
from bot.ports import Context


def why_left(ctx: Context, allowance: Allowance) -> str | None:
    """Why its owner cannot answer, as a phrase; empty while they can, None where Slack does not say."""
    ref = ref_from_id(allowance.scope.cluster_id, allowance.scope.cluster_name)
    who = ctx.directory.person(allowance.requester, among=groups_for_seeing(ctx.config, ref))
    if who.standing is AccountStatus.DEACTIVATED:
        return "deactivated in Slack"
    if who.standing is AccountStatus.UNKNOWN or unread_for_seeing(ctx.config, who, ref):
        return None
    return "" if may_see(ctx.config, who, ref) else f"no access to {ref.name} any more"


def who_left(ctx: Context, allowances: Iterable[Allowance]) -> Mapping[str, str | None]:
    """Why the owner of each allowance cannot answer, by its id; each owner is looked up once for each cluster."""
    known: dict[tuple[str, str], str | None] = {}
    found: dict[str, str | None] = {}
    for one in allowances:
        key = (str(one.requester), one.scope.cluster_id)
        if key not in known:
            known[key] = why_left(ctx, one)
        found[one.id] = known[key]
    return found
