"""Chooses what to forecast: everything that is written, or one cluster or firewall by name."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.forecast import Unreadable
from bot.domain.target import Target, target_from_key
from bot.domain.work import WorkKind
from bot.errors import AmbiguousCluster, EgressError, UnknownCluster
from bot.ports import AllowanceFilter, Context, Transaction


@dataclass(frozen=True, slots=True)
class Choice:
    """The choice.

    Args:
        targets: Firewall policies and classic firewalls, by id.
        cluster: The id of the cluster whose scale proposals are looked at; empty for none, None for those of all.
        unreadable: What could not be read while this was found out.
    """

    targets: tuple[Target, ...]
    cluster: str | None
    unreadable: tuple[Unreadable, ...] = ()


def choose(ctx: Context, name: str | None) -> Choice:
    """Everything that a writer works on; with a name, the cluster or the firewall of that name or ARM id.

    Raises:
        UnknownCluster: Nothing is called that, in the database or in Azure.
        AmbiguousCluster: Several things are.
    """
    if name is None:
        with ctx.store.read() as tx:
            return Choice(_written(tx), None)
    wanted = name.strip().rstrip("/").lower()
    clusters, targets = _known(ctx, wanted)
    gaps: tuple[str, ...] = ()
    if not (clusters or targets):
        clusters, targets, gaps = _in_azure(ctx, wanted)
    ids = sorted({*clusters, *(target.id for target in targets)})
    if not ids:
        sought = f"There is no cluster, firewall policy or classic firewall {name} in the configured subscriptions"
        raise UnknownCluster(f"{sought}, as far as they could be read. {' '.join(gaps)}" if gaps else f"{sought}.")
    if len(ids) > 1:
        raise AmbiguousCluster(
            f"{name} is the name of several things. Write one of these ids instead: {', '.join(ids)}."
        )
    return _of_cluster(ctx, ids[0]) if clusters else Choice(tuple(targets), "")


def _written(tx: Transaction) -> tuple[Target, ...]:
    """Every target that a writer works on, or will."""
    return tuple(sorted({*map(target_from_key, tx.work.keys(WorkKind.RULES)), *tx.allowances.targets()}))


def _known(ctx: Context, wanted: str) -> tuple[set[str], set[Target]]:
    """The clusters and targets of a name, as far as the database has them."""
    with ctx.store.read() as tx:
        filed = tx.allowances.find(AllowanceFilter(cluster=wanted, only_open=True))
        clusters = {row.scope.cluster_id for row in filed} | {each.ref.id for each in tx.snapshots.named(wanted)}
        targets = {*_written(tx), *(target for each in tx.snapshots.all() for target in each.targets)}
    return clusters, _named(targets, wanted)


def _in_azure(ctx: Context, wanted: str) -> tuple[set[str], set[Target], tuple[str, ...]]:
    """The same, as Azure has them, and what of it could not be read."""
    clusters = {ref.id for ref in ctx.clusters.find_clusters(wanted)}
    if clusters:
        return clusters, set(), ()
    fleet = ctx.clusters.read_fleet()
    return set(), _named(fleet.targets, wanted), fleet.gaps


def _named(targets: Iterable[Target], wanted: str) -> set[Target]:
    return {target for target in targets if wanted in (target.id, target.name)}


def _of_cluster(ctx: Context, cluster_id: str) -> Choice:
    """Where the rules of a cluster are, and where its traffic passes now."""
    with ctx.store.read() as tx:
        rows = tx.allowances.find(AllowanceFilter(cluster=cluster_id, only_open=True))
    targets = {target for row in rows for target in (row.scope.target, *row.leaving)}
    try:
        targets |= ctx.clusters.read_egress(cluster_id).targets
    except EgressError as error:
        unread = (Unreadable(cluster_id.rsplit("/", 1)[-1], error.sentence),)
        return Choice(tuple(sorted(targets)), cluster_id, unread)
    return Choice(tuple(sorted(targets)), cluster_id)
