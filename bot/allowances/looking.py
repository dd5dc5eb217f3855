"""Looking at allowances: lists, one by its id, and who could decide."""

from collections.abc import Mapping

from bot.domain.access import may_see
from bot.domain.allowance import (
    Allowance,
    Status,
    status,
)
from bot.domain.approval import Quorum, Verdict
from bot.domain.egress import ClusterRef
from bot.domain.ids import canonical_id
from bot.domain.people import Identity, Person, Role
from bot.errors import RequestRefused, UnknownCluster
from bot.inventory import find, former, person
from bot.ports import AllowanceFilter, Caller, Context


def requests(ctx: Context, caller: Caller, which: str) -> list[Allowance]:
    """``mine``, ``pending``, or those of a cluster; newest first, only of clusters that the caller may see.

    Raises:
        UnknownCluster: If it is none of them.
    """
    who = person(ctx, caller)
    if which == "mine":
        wanted = [AllowanceFilter(requester=who.identity, limit=100)]
    elif which in ("pending", ""):
        wanted = [AllowanceFilter(only_open=True)]
    else:
        wanted = [AllowanceFilter(cluster=id_, limit=100) for id_ in _cluster_ids(ctx, who, which)]
    with ctx.store.read() as tx:
        found = [allowance for each in wanted for allowance in tx.allowances.find(each)]
        seen = {egress.ref.id: egress.ref for egress in tx.snapshots.all()}
        gone = {allowance.scope.cluster_id for allowance in found} - seen.keys()
        seen |= tx.snapshots.remembered(gone)
    now = ctx.clock.now()
    if which == "pending":
        found = [allowance for allowance in found if status(allowance, now) is Status.WAITING]
    return [allowance for allowance in found if _is_visible(ctx, who, allowance, seen)]


def _cluster_ids(ctx: Context, who: Person, name: str) -> list[str]:
    """The cluster that somebody means, and those of that name that do not exist any more, or not in that place."""
    gone = [period.ref.id for period in former(ctx, who, name)]
    try:
        return [find(ctx, who, name).ref.id, *gone]
    except UnknownCluster:
        if not gone:
            raise
    return gone


def get(ctx: Context, caller: Caller, allowance_id: str) -> Allowance:
    """One allowance by what a person typed.

    Raises:
        UnknownAllowance: If there is none.
        NotPermitted: For people of other workspaces.
    """
    person(ctx, caller)
    with ctx.store.read() as tx:
        return tx.allowances.get(canonical_id(allowance_id))


def deciders(ctx: Context, verdict: Verdict, requester: Identity) -> tuple[Identity, ...]:
    """The people who could decide now: members of the asked groups, without the requester."""
    people = {member for group in verdict.approvers for member in ctx.directory.members(group)}
    return tuple(sorted(people - {requester}))


def require_deciders(ctx: Context, verdict: Verdict, requester: Identity) -> None:
    """Refuse to file what could never be approved.

    Raises:
        RequestRefused: With the groups that have too few people, and whom to tell.
    """
    members = {group: frozenset(ctx.directory.members(group)) - {requester} for group in verdict.approvers}
    short = [_shortage(quorum, size) for quorum, size in verdict.short_of(members)]
    if short:
        raise RequestRefused(f"{' '.join(short)} Nothing was filed; tell {_operators(ctx)}.")


def _shortage(quorum: Quorum, size: int) -> str:
    groups = " or ".join(quorum.groups)
    there_are = f"{size or 'nobody'} in {groups}" if groups else "no group that is asked"
    return f"{quorum.words} must approve this (rule {quorum.rule}), and besides you there is {there_are}."


def _operators(ctx: Context) -> str:
    groups = [group for group in ctx.rulebook.groups.values() if Role.OPERATOR in group.roles]
    named = [f"<@{user}>" for group in groups for user in sorted(group.users)]
    return f"the bot's operator ({', '.join(named[:3])})" if named else "the bot's operator"


def _is_visible(ctx: Context, who: Person, allowance: Allowance, seen: Mapping[str, ClusterRef]) -> bool:
    ref = seen.get(allowance.scope.cluster_id)
    return allowance.requester == who.identity or (ref is not None and may_see(ctx.rulebook, who, ref))
