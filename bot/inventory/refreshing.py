"""Reads the fleet. Resource Graph lags behind, so a change of outbound IPs counts once a live read confirms it."""

from collections import defaultdict
from dataclasses import replace

from bot.domain.egress import ClusterEgress, EgressWarning, Fleet, addresses_of
from bot.errors import ArmForbidden, ArmNotFound
from bot.inventory.ip_changes import announce
from bot.inventory.scope_changes import note_scope_changes
from bot.ports import Context

MOST_CONFIRMED = 20
"""Different changes that one refresh confirms; the others wait for the next one."""

Addresses = tuple[str, ...]


def refresh(ctx: Context) -> None:
    """Read the fleet and keep it; what changed that nobody changed through us is announced."""
    keep(ctx, ctx.clusters.read_fleet())


def keep(ctx: Context, fleet: Fleet) -> None:
    """Keep a fleet as it was just read; what changed that nobody changed through us is announced."""
    with ctx.store.read() as tx:
        known = {egress.ref.id: egress for egress in tx.snapshots.all()}
    confirmed = confirm(ctx, fleet, known)
    with ctx.store.write() as tx:
        announce(ctx, tx, tx.snapshots.put_fleet(confirmed))
        note_scope_changes(ctx, tx)


def confirm(ctx: Context, fleet: Fleet, known: dict[str, ClusterEgress]) -> Fleet:
    """The fleet with every change of outbound IPs checked against Azure Resource Manager.

    Clusters whose addresses changed alike share what carries them, so one live read represents all of them. What is
    not confirmed stays as it is known.

    Args:
        ctx: The context.
        fleet: As Resource Graph has it.
        known: The clusters as they were last read, by id.
    """
    alike: dict[tuple[Addresses, Addresses], list[str]] = defaultdict(list)
    for egress in fleet.clusters:
        before, after = known.get(egress.ref.id), addresses_of(egress)
        was = addresses_of(before) if before else None
        if was is not None and after is not None and was != after:
            alike[was, after].append(egress.ref.id)
    doubted: dict[str, ClusterEgress] = {}
    for number, ((old, new), ids) in enumerate(alike.items()):
        seen = _live(ctx, ids[0]) if number < MOST_CONFIRMED else None
        found = addresses_of(seen) if seen is not None else None
        if found != new:
            doubted |= {id_: known[id_] if found == old else _unread(known[id_]) for id_ in ids}
        if seen is not None:
            doubted[ids[0]] = seen
    return replace(fleet, clusters=tuple(doubted.get(egress.ref.id, egress) for egress in fleet.clusters))


def _unread(known: ClusterEgress) -> ClusterEgress:
    """A cluster as it is known, but not as it was read: history must not take it for seen."""
    text = (
        "Its outbound IPs seem to have changed, but a live read has not confirmed this yet. These are the previous IPs."
    )
    again = tuple(one for one in known.warnings if one.sentence != text)
    return replace(known, warnings=(*again, EgressWarning("unreadable", text, "Check again in a few minutes.")))


def _live(ctx: Context, cluster_id: str) -> ClusterEgress | None:
    try:
        return ctx.clusters.read_egress(cluster_id)
    except (ArmNotFound, ArmForbidden):
        return None
