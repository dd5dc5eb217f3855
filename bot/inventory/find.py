"""Finds the cluster that a person means, among those they may see."""

from collections.abc import Collection, Sequence
from datetime import datetime

from bot.domain.access import may_see, membership_unknown, require_member, unread_for_seeing
from bot.domain.dates import time_text
from bot.domain.egress import ClusterEgress, ClusterRef, Period
from bot.domain.people import Person, Role, Unread
from bot.domain.phrases import listed
from bot.errors import AmbiguousCluster, ArmNotFound, UnknownCluster
from bot.inventory.ip_changes import announce
from bot.inventory.scope_changes import note_scope_change
from bot.ports import Caller, Context, Transaction


def person(ctx: Context, caller: Caller) -> Person:
    """Look up the caller for reading: uses Slack data from the last minutes.

    Raises:
        NotPermitted: For people of other workspaces.
    """
    require_member(ctx.config, caller.identity)
    return ctx.directory.person(caller.identity)


def member_of(ctx: Context, caller: Caller, groups: Collection[str]) -> Person:
    """Look up the caller's current membership of some groups, for decisions.

    Raises:
        NotPermitted: For people of other workspaces.
    """
    require_member(ctx.config, caller.identity)
    return ctx.directory.person(caller.identity, among=groups, is_fresh=True)


def holder_of(ctx: Context, caller: Caller, role: Role) -> Person:
    """Look up whether the caller currently has a role: the first group that gives it is enough.

    Raises:
        NotPermitted: For people of other workspaces.
    """
    require_member(ctx.config, caller.identity)
    return ctx.directory.person(caller.identity, role=role, is_fresh=True)


def visible(ctx: Context, who: Person) -> list[ClusterEgress]:
    """Every cluster that a person may see, as it was last read, by name."""
    with ctx.store.read() as tx:
        return [egress for egress in tx.snapshots.all() if may_see(ctx.config, who, egress.ref)]


def unread(ctx: Context, who: Person) -> tuple[Unread, ...]:
    """The groups that could not be read and might let a person see more clusters than ``visible`` gives."""
    if not who.unread:
        return ()
    with ctx.store.read() as tx:
        found = {one for e in tx.snapshots.all() for one in unread_for_seeing(ctx.config, who, e.ref)}
    return tuple(one for one in who.unread if one in found)


def find(ctx: Context, who: Person, name: str) -> ClusterEgress:
    """The one cluster of that name or ARM id that a person may see, as it was last read.

    Raises:
        UnknownCluster: With similar names, or with the records of a deleted cluster.
        AmbiguousCluster: With the full ids.
        MembershipUnknown: There is one, and whether the person may see it could not be checked.
    """
    with ctx.store.read() as tx:
        there = tx.snapshots.named(name)
    named = [egress for egress in there if may_see(ctx.config, who, egress.ref)]
    if not named:
        doubts = {one: None for egress in there for one in unread_for_seeing(ctx.config, who, egress.ref)}
        if doubts:
            raise membership_unknown(list(doubts))
        raise UnknownCluster(_gone(ctx, who, name) or f"{_unknown(name, visible(ctx, who))} {_age(ctx)}".strip())
    return next(egress for egress in named if egress.ref == _only(name, [each.ref for each in named]))


def _only(name: str, refs: Sequence[ClusterRef]) -> ClusterRef:
    if len(refs) > 1:
        ids = listed([f"`{ref.id}`" for ref in refs], MOST_IDS)
        raise AmbiguousCluster(f"{len(refs)} clusters are named {name}. Use one of these ids instead: {ids}.")
    return refs[0]


def former(ctx: Context, who: Person, name: str) -> list[Period]:
    """The last records of deleted clusters of that name that a person may see."""
    with ctx.store.read() as tx:
        return [one for one in tx.snapshots.former(name) if may_see(ctx.config, who, one.ref)]


def live(ctx: Context, who: Person, name: str) -> tuple[ClusterEgress, datetime]:
    """Read a cluster live, store it as the newest snapshot, and return it with the start time of the read.

    One that the last reading of all clusters lacks is looked for in Azure itself.

    Raises:
        UnknownCluster: Also where it was deleted since it was last read.
        AmbiguousCluster: With the full ids.
    """
    found, began = _located(ctx, who, name), ctx.clock.now()
    egress = read_unless_deleted(ctx, found.id)
    if egress is None:
        with ctx.store.write() as tx:
            announce(ctx, tx, tx.snapshots.forget(found.id, began))
            note_scope_change(ctx, tx, found.id, None)
        raise UnknownCluster(_gone(ctx, who, found.id) or f"{found.name} was deleted in Azure.")
    with ctx.store.write() as tx:
        keep(ctx, tx, egress, began)
    return egress, began


def read_unless_deleted(ctx: Context, cluster_id: str) -> ClusterEgress | None:
    """Read a cluster as it is now; None where it was deleted.

    Raises:
        ArmNotFound: Its subscription cannot be seen.
    """
    try:
        return ctx.clusters.read_egress(cluster_id)
    except ArmNotFound as error:
        if is_deletion(error):
            return None
        raise


def keep(ctx: Context, tx: Transaction, egress: ClusterEgress, began: datetime) -> None:
    """Store a cluster just read from Azure, and handle everything that follows from it.

    The first reader to see different outbound IPs announces them; allowances whose basis changed are no longer called
    live from this moment on.
    """
    change = tx.snapshots.put(egress, began)
    announce(ctx, tx, (change,) if change else ())
    note_scope_change(ctx, tx, egress.ref.id, egress)


def is_deletion(error: ArmNotFound) -> bool:
    """Whether a 404 says that the cluster is gone; a subscription that cannot be seen says nothing about its contents.

    Source: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors, read
    2026-11.
    """
    return not (error.code or "").startswith(("SubscriptionNotFound", "InvalidSubscription"))


def _located(ctx: Context, who: Person, name: str) -> ClusterRef:
    try:
        return find(ctx, who, name).ref
    except UnknownCluster:
        refs = [ref for ref in ctx.clusters.find_clusters(name) if may_see(ctx.config, who, ref)]
        if not refs:
            raise
    return _only(name, refs)


def _gone(ctx: Context, who: Person, name: str) -> str:
    """Describe the records of a deleted cluster; empty if there are none."""
    found = former(ctx, who, name)
    if not found:
        return ""
    last = found[0]
    until = last.until or last.since
    when = f"between {time_text(last.seen)} and {time_text(until)}" if last.seen else f"by {time_text(until)}"
    left = f" It left through {listed(last.ips, MOST_IPS)}." if last.ips else ""
    return (
        f"{last.ref.name} ({last.ref.resource_group}) no longer exists: it was deleted in Azure {when}.{left} "
        f"`/egress requests {last.ref.name}` lists its requests."
    )


MOST_IPS = 10
"""Addresses of a deleted cluster that are said."""


def _age(ctx: Context) -> str:
    with ctx.store.read() as tx:
        reading = tx.snapshots.reading()
    return " ".join([f"All clusters were last read at {time_text(reading.read_at)}.", *reading.gaps]) if reading else ""


def _unknown(name: str, seen: Sequence[ClusterEgress]) -> str:
    typed = name if len(name) <= MOST_SHOWN else f"{name[:MOST_SHOWN]}…"
    alike = [egress.ref.name for egress in seen if _looks_like(typed, egress.ref.name)][:3]
    hint = f" Did you mean {' or '.join(alike)}?" if alike else " `/egress list` shows the clusters you can see."
    return f"There is no cluster {typed}.{hint}"


MOST_IDS = 10
"""Ids of clusters that share a name; each has up to 260 characters, and a message 3,000."""

MOST_SHOWN = 80
"""Characters of what somebody typed that are said back."""


def _looks_like(typed: str, name: str) -> bool:
    a, b = typed.lower(), name.lower()
    return bool(a) and (a in b or b in a or sorted(a) == sorted(b))
