"""Looking at allowances: lists, one by its id, and who could decide."""

from collections.abc import Mapping

from bot.domain.access import may_see
from bot.domain.allowance import (
    Allowance,
    Status,
    status,
)
from bot.domain.approval import Verdict
from bot.domain.egress import ClusterRef
from bot.domain.ids import canonical_id
from bot.domain.people import Identity, Person
from bot.inventory import find, person
from bot.ports import AllowanceFilter, Caller, Context


def requests(ctx: Context, caller: Caller, which: str) -> list[Allowance]:
    """``mine``, ``pending``, or those of a cluster; newest first, only of clusters that the caller may see.

    Raises:
        UnknownCluster: If it is none of them.
    """
    who = person(ctx, caller)
    if which == "mine":
        wanted = AllowanceFilter(requester=who.identity, limit=100)
    elif which in ("pending", ""):
        wanted = AllowanceFilter(only_open=True)
    else:
        wanted = AllowanceFilter(cluster=find(ctx, who, which).ref.id, limit=100)
    with ctx.store.read() as tx:
        found = tx.allowances.find(wanted)
        seen = {egress.ref.id: egress.ref for egress in tx.snapshots.all()}
    now = ctx.clock.now()
    if which == "pending":
        found = [allowance for allowance in found if status(allowance, now) is Status.WAITING]
    return [allowance for allowance in found if _is_visible(ctx, who, allowance, seen)]


def get(ctx: Context, caller: Caller, allowance_id: str) -> Allowance:
    """One allowance by what a person typed.

    Raises:
        UnknownAllowance: If there is none.
        NotPermitted: For people of other workspaces.
    """
    person(ctx, caller)
    with ctx.store.read() as tx:
        return tx.allowances.get(canonical_id(allowance_id))


def deciders(ctx: Context, verdict: Verdict, requester: Identity) -> tuple[Identity, ...] | None:
    """The people who could decide now: members of the asked groups, without the requester.

    None where a group could not be read: that is not the same as nobody.
    """
    people: set[Identity] = set()
    for group in verdict.approvers:
        members = ctx.directory.members(group)
        if members is None:
            return None
        people.update(members)
    return tuple(sorted(people - {requester}))


def _is_visible(ctx: Context, who: Person, allowance: Allowance, seen: Mapping[str, ClusterRef]) -> bool:
    ref = seen.get(allowance.scope.cluster_id)
    return allowance.requester == who.identity or (ref is not None and may_see(ctx.rulebook, who, ref))
