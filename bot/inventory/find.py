"""Which cluster somebody means, of those that they may see."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.access import may_see, require_member
from bot.domain.egress import ClusterEgress
from bot.domain.people import Person
from bot.errors import AmbiguousCluster, ArmNotFound, UnknownCluster
from bot.inventory.changes import announce
from bot.inventory.noticing import notice
from bot.ports import Caller, Context, Transaction


def person(ctx: Context, caller: Caller, *, is_fresh: bool = False) -> Person:
    """Who the caller is.

    Raises:
        NotPermitted: For people of other workspaces.
    """
    require_member(ctx.rulebook, caller.identity)
    return ctx.directory.person(caller.identity, is_fresh=is_fresh)


def visible(ctx: Context, who: Person) -> list[ClusterEgress]:
    """Every cluster that a person may see, as it was last read, by name."""
    with ctx.store.read() as tx:
        return [egress for egress in tx.snapshots.all() if may_see(ctx.rulebook, who, egress.ref)]


def find(ctx: Context, who: Person, name: str) -> ClusterEgress:
    """The one cluster of that name or ARM id that a person may see, as it was last read.

    Raises:
        UnknownCluster: With names that look alike.
        AmbiguousCluster: With the full ids.
    """
    with ctx.store.read() as tx:
        named = [egress for egress in tx.snapshots.named(name) if may_see(ctx.rulebook, who, egress.ref)]
    if not named:
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
