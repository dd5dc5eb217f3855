"""Owners who cannot answer any more. Slack is asked, so nothing here runs in a transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.access import TRUSTED, groups_for_seeing, may_see, require_read, unread_for_seeing
from bot.domain.allowance import Allowance, status
from bot.domain.campaign import REVIEWED
from bot.domain.egress import ref_from_id
from bot.domain.people import AccountStatus, Person
from bot.errors import NotPermitted
from bot.inventory import person
from bot.ports import AllowanceFilter, Caller, Context


def why_left(ctx: Context, allowance: Allowance) -> str | None:
    """Why its owner cannot answer, as a phrase; empty while they can, None where Slack does not say."""
    ref = ref_from_id(allowance.scope.cluster_id, allowance.scope.cluster_name)
    who = ctx.directory.person(allowance.owner, among=groups_for_seeing(ctx.config, ref))
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
        key = (str(one.owner), one.scope.cluster_id)
        if key not in known:
            known[key] = why_left(ctx, one)
        found[one.id] = known[key]
    return found


@dataclass(frozen=True, slots=True)
class Ownerless:
    """The open allowances whose owners left.

    Args:
        found: Each with the reason, as a phrase; the oldest first.
        unchecked: How many allowances have an owner of whom Slack did not say.
        now: When it was looked up.
        who: Who looks.
    """

    found: tuple[tuple[Allowance, str], ...]
    unchecked: int
    now: datetime
    who: Person


def ownerless(ctx: Context, caller: Caller) -> Ownerless:
    """Look up the owner of every open allowance; slow, because Slack is asked about each of them.

    Raises:
        NotPermitted: Neither auditor, operator nor approver.
        MembershipUnknown: Slack could not be asked.
    """
    who = person(ctx, caller)
    if not who.roles & TRUSTED:
        require_read(who.unread_for(*TRUSTED))
        raise NotPermitted("Only auditors, operators and approvers can list allowances whose owners left.")
    now = ctx.clock.now()
    with ctx.store.read() as tx:
        rows = tx.allowances.find(AllowanceFilter(only_open=True))
    allowances = sorted((one for one in rows if status(one, now) in REVIEWED), key=lambda one: one.id)
    left = who_left(ctx, allowances)
    found = tuple((one, why) for one in allowances if (why := left[one.id]))
    return Ownerless(found, sum(why is None for why in left.values()), now, who)


def keep_list(ctx: Context, found: Ownerless) -> str:
    """Keep the ids for the button that starts a review of them; what the button carries."""
    with ctx.store.write() as tx:
        return tx.drafts.keep(" ".join(one.id for one, _ in found.found))
