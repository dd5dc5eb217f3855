"""Which cluster somebody means, of those that they may see."""

from collections.abc import Collection, Sequence
from datetime import datetime

from bot.domain.access import may_see, membership_unknown, require_member, unread_for_seeing
from bot.domain.egress import ClusterEgress
from bot.domain.people import Person, Role, Unread
from bot.errors import AmbiguousCluster, ArmNotFound, UnknownCluster
from bot.inventory.changes import announce
from bot.inventory.noticing import notice
from bot.ports import Caller, Context, Transaction


def person(ctx: Context, caller: Caller) -> Person:
    """Who the caller is, for looking: by what was read of Slack in the last minutes.

    Raises:
        NotPermitted: For people of other workspaces.
    """
    require_member(ctx.rulebook, caller.identity)
    return ctx.directory.person(caller.identity)


def member_of(ctx: Context, caller: Caller, groups: Collection[str]) -> Person:
    """Who the caller is now, as far as some groups are concerned: for deciding.

    Raises:
        NotPermitted: For people of other workspaces.
    """
    require_member(ctx.rulebook, caller.identity)
    return ctx.directory.person(caller.identity, among=groups, is_fresh=True)


def holder_of(ctx: Context, caller: Caller, role: Role) -> Person:
    """Who the caller is now, as far as one role is concerned: the first group that gives it is enough.

    Raises:
        NotPermitted: For people of other workspaces.
    """
    require_member(ctx.rulebook, caller.identity)
    return ctx.directory.person(caller.identity, role=role, is_fresh=True)


def visible(ctx: Context, who: Person) -> list[ClusterEgress]:
    """Every cluster that a person may see, as it was last read, by name."""
    with ctx.store.read() as tx:
        return [egress for egress in tx.snapshots.all() if may_see(ctx.rulebook, who, egress.ref)]


def unread(ctx: Context, who: Person) -> tuple[Unread, ...]:
    """The groups that could not be read and might let a person see more clusters than ``visible`` gives."""
    if not who.unread:
        return ()
    with ctx.store.read() as tx:
        found = {one for e in tx.snapshots.all() for one in unread_for_seeing(ctx.rulebook, who, e.ref)}
    return tuple(one for one in who.unread if one in found)


def find(ctx: Context, who: Person, name: str) -> ClusterEgress:
    """The one cluster of that name or ARM id that a person may see, as it was last read.

    Raises:
        UnknownCluster: With names that look alike.
        AmbiguousCluster: With the full ids.
        MembershipUnknown: There is one, and whether the person may see it could not be checked.
    """
    with ctx.store.read() as tx:
        there = tx.snapshots.named(name)
    named = [egress for egress in there if may_see(ctx.rulebook, who, egress.ref)]
    if not named:
        doubts = {one: None for egress in there for one in unread_for_seeing(ctx.rulebook, who, egress.ref)}
        if doubts:
            raise membership_unknown(list(doubts))
        raise UnknownCluster(_unknown(name, visible(ctx, who)))
    if len(named) > 1:
        ids = ", ".join(f"`{egress.ref.id}`" for egress in named)
        raise AmbiguousCluster(f"{len(named)} clusters are called {name}. Write one of these ids instead: {ids}.")
    return named[0]


def live(ctx: Context, who: Person, name: str) -> tuple[ClusterEgress, datetime]:
    """The same cluster as Azure has it now, kept as its newest snapshot, and when the reading began.

    Raises:
        UnknownCluster: Also where it was deleted since it was last read.
        AmbiguousCluster: With the full ids.
    """
    found, began = find(ctx, who, name), ctx.clock.now()
    try:
        egress = ctx.arm.read_egress(found.ref.id)
    except ArmNotFound as error:
        if not is_deletion(error):
            raise
        with ctx.store.write() as tx:
            tx.snapshots.forget(found.ref.id, began)
            notice(ctx, tx, found.ref.id, None)
        raise UnknownCluster(
            f"{found.ref.name} does not exist any more: it was deleted in Azure since the clusters were last read."
        ) from error
    with ctx.store.write() as tx:
        keep(ctx, tx, egress, began)
    return egress, began


def keep(ctx: Context, tx: Transaction, egress: ClusterEgress, began: datetime) -> None:
    """Keep a cluster as it was read from Azure just now, and see to everything that follows from it.

    Whoever is first to see other outbound IPs announces them, and what allowances rest on no more is not called live
    from this moment on.
    """
    change = tx.snapshots.put(egress, began)
    announce(ctx, tx, (change,) if change else ())
    notice(ctx, tx, egress.ref.id, egress)


def is_deletion(error: ArmNotFound) -> bool:
    """Whether a 404 says that the cluster is gone; a subscription that cannot be seen says nothing of what is in it.

    Source: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors, read
    2026-11.
    """
    return not (error.code or "").startswith(("SubscriptionNotFound", "InvalidSubscription"))


def _unknown(name: str, seen: Sequence[ClusterEgress]) -> str:
    typed = name if len(name) <= MOST_SHOWN else f"{name[:MOST_SHOWN]}…"
    alike = [egress.ref.name for egress in seen if _looks_like(name, egress.ref.name)][:3]
    hint = f" Did you mean {' or '.join(alike)}?" if alike else " `/egress list` shows those that you may see."
    return f"There is no cluster {typed}.{hint}"


MOST_SHOWN = 80
"""Characters of what somebody typed that are said back."""


def _looks_like(typed: str, name: str) -> bool:
    a, b = typed.lower(), name.lower()
    return bool(a) and (a in b or b in a or sorted(a) == sorted(b))
