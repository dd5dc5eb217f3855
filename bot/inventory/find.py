"""Which cluster somebody means, of those that they may see."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.access import may_see, require_member
from bot.domain.egress import ClusterEgress, ClusterRef, Period
from bot.domain.people import Person
from bot.errors import AmbiguousCluster, ArmNotFound, UnknownCluster
from bot.inventory.changes import announce
from bot.ports import Caller, Context


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
        UnknownCluster: With names that look alike, or with what is on record of a deleted one.
        AmbiguousCluster: With the full ids.
    """
    with ctx.store.read() as tx:
        named = [egress for egress in tx.snapshots.named(name) if may_see(ctx.rulebook, who, egress.ref)]
    if not named:
        raise UnknownCluster(_gone(ctx, who, name) or f"{_unknown(name, visible(ctx, who))} {_age(ctx)}".strip())
    return next(egress for egress in named if egress.ref == _only(name, [each.ref for each in named]))


def _only(name: str, refs: Sequence[ClusterRef]) -> ClusterRef:
    if len(refs) > 1:
        ids = ", ".join(f"`{ref.id}`" for ref in refs)
        raise AmbiguousCluster(f"{len(refs)} clusters are called {name}. Write one of these ids instead: {ids}.")
    return refs[0]


def former(ctx: Context, who: Person, name: str) -> list[Period]:
    """What is on record last of clusters of that name that do not exist any more and that a person may see."""
    with ctx.store.read() as tx:
        return [one for one in tx.snapshots.former(name) if may_see(ctx.rulebook, who, one.ref)]


def live(ctx: Context, who: Person, name: str) -> tuple[ClusterEgress, datetime]:
    """The same cluster as Azure has it now, kept as its newest snapshot, and when the reading began.

    One that the last reading of all clusters lacks is looked for in Azure itself.

    Raises:
        UnknownCluster: Also where it was deleted since it was last read.
        AmbiguousCluster: With the full ids.
    """
    found, began = _located(ctx, who, name), ctx.clock.now()
    try:
        egress = ctx.arm.read_egress(found.id)
    except ArmNotFound as error:
        with ctx.store.write() as tx:
            tx.snapshots.forget(found.id, began)
        raise UnknownCluster(_gone(ctx, who, found.id) or f"{found.name} was deleted in Azure.") from error
    with ctx.store.write() as tx:
        change = tx.snapshots.put(egress, began)
        announce(ctx, tx, (change,) if change else ())
    return egress, began


def _located(ctx: Context, who: Person, name: str) -> ClusterRef:
    try:
        return find(ctx, who, name).ref
    except UnknownCluster:
        refs = [ref for ref in ctx.arm.find_clusters(name) if may_see(ctx.rulebook, who, ref)]
        if not refs:
            raise
    return _only(name, refs)


def _gone(ctx: Context, who: Person, name: str) -> str:
    """What is on record of a deleted cluster; empty where nothing is."""
    found = former(ctx, who, name)
    if not found:
        return ""
    last = found[0]
    ips = ", ".join(last.ips[:MOST_IPS]) + (f" and {len(last.ips) - MOST_IPS} more" if len(last.ips) > MOST_IPS else "")
    until = last.until or last.since
    when = f"between {last.seen:{TIME}} and {until:{TIME}} UTC" if last.seen else f"by {until:{TIME}} UTC"
    left = f" It left through {ips}." if ips else ""
    return (
        f"{last.ref.name} ({last.ref.resource_group}) does not exist any more: it was deleted in Azure {when}.{left} "
        f"`/egress requests {last.ref.name}` lists what was asked for it."
    )


MOST_IPS = 10
"""Addresses of a deleted cluster that are said."""

TIME = "%Y-%m-%d %H:%M"


def _age(ctx: Context) -> str:
    with ctx.store.read() as tx:
        reading = tx.snapshots.reading()
    return f"All clusters were last read at {reading.read_at:{TIME}} UTC." if reading else ""


def _unknown(name: str, seen: Sequence[ClusterEgress]) -> str:
    typed = name if len(name) <= MOST_SHOWN else f"{name[:MOST_SHOWN]}…"
    alike = [egress.ref.name for egress in seen if _looks_like(typed, egress.ref.name)][:3]
    hint = f" Did you mean {' or '.join(alike)}?" if alike else " `/egress list` shows those that you may see."
    return f"There is no cluster {typed}.{hint}"


MOST_SHOWN = 80
"""Characters of what somebody typed that are said back."""


def _looks_like(typed: str, name: str) -> bool:
    a, b = typed.lower(), name.lower()
    return bool(a) and (a in b or b in a or sorted(a) == sorted(b))
