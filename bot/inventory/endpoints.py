"""Checks AKS's required endpoints of routed clusters: one on request, all of them in the background."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.egress import ClusterEgress, RequiredEndpoints, check_required
from bot.domain.target import Target
from bot.errors import ArmForbidden, ArmNotFound, InvalidInput
from bot.inventory.find import live, person
from bot.ports import Caller, Context

STALE = timedelta(hours=1)
"""How old a check may become before it is done again."""

MOST_AT_ONCE = 25
"""Clusters of one run: one request each, and a handful for each of their firewalls."""


@dataclass(frozen=True, slots=True)
class EndpointReport:
    """The required endpoints of one cluster, checked just now.

    Args:
        egress: The cluster.
        found: The state of each endpoint.
        checked_at: When the check began.
    """

    egress: ClusterEgress
    found: RequiredEndpoints
    checked_at: datetime


def check_endpoints(ctx: Context, caller: Caller, name: str) -> EndpointReport:
    """Hold what AKS must reach from a cluster against the firewall's rules as they are now.

    Raises:
        UnknownCluster: No such cluster, or none that this person may see.
        InvalidInput: It does not leave through one Azure Firewall.
    """
    egress, began = live(ctx, person(ctx, caller), name)
    target = egress.target()
    if target is None:
        kinds = " and ".join(egress.effective) or "no known way"
        raise InvalidInput(
            f"{egress.ref.name} leaves by {kinds}, not through a single Azure Firewall: no rules to check."
        )
    found = _checked(ctx, egress, target)
    with ctx.store.write() as tx:
        tx.snapshots.put_endpoints(egress.ref.id, found, began)
    return EndpointReport(egress, found, began)


def sweep_endpoints(ctx: Context) -> None:
    """Check the routed clusters whose last check is longest ago, some at a time."""
    now = ctx.clock.now()
    with ctx.store.read() as tx:
        done = tx.snapshots.endpoints()
        routed = [egress for egress in tx.snapshots.all() if path_key(egress)]
    never = datetime.min.replace(tzinfo=now.tzinfo)
    age = {egress.ref.id: _age(egress, done.get(egress.ref.id), never) for egress in routed}
    due = sorted((e for e in routed if now - age[e.ref.id] >= STALE), key=lambda e: (age[e.ref.id], e.ref.id))
    for egress in due[:MOST_AT_ONCE]:
        _keep(ctx, egress, now)


def _age(egress: ClusterEgress, done: tuple[RequiredEndpoints, datetime] | None, never: datetime) -> datetime:
    """The time when its current path was checked; a failed check also counts as a turn."""
    if done is None or (done[0].checked_for and not holds_for(done[0], egress)):
        return never
    return done[1]


def _keep(ctx: Context, egress: ClusterEgress, now: datetime) -> None:
    target = egress.target()
    try:
        found = _checked(ctx, egress, target) if target else RequiredEndpoints(())
    except (ArmForbidden, ArmNotFound):
        found = RequiredEndpoints(())  # counts as tried: others get their turn before a retry
    with ctx.store.write() as tx:
        tx.snapshots.put_endpoints(egress.ref.id, found, now)


def _checked(ctx: Context, egress: ClusterEgress, target: Target) -> RequiredEndpoints:
    endpoints = ctx.clusters.read_required_endpoints(egress.ref.id)
    found = check_required(ctx.targets.open(target).read(), egress.sources(), endpoints)
    return replace(found, checked_for=path_key(egress))


def path_key(egress: ClusterEgress) -> str:
    """The rules and sources for which a check of required endpoints is valid; empty without both."""
    target, sources = egress.target(), egress.sources()
    return " ".join([target.id, *sources]) if target and sources else ""


def holds_for(found: RequiredEndpoints, egress: ClusterEgress) -> bool:
    """Whether a check is of the path that a cluster has now: a check of an older path says nothing about this one."""
    return bool(path_key(egress)) and found.checked_for == path_key(egress)
