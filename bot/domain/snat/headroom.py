"""How far each cluster is from where its SNAT ports no longer suffice, and what to do about it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from bot.domain.egress import ClusterEgress, OutboundType, PathKind
from bot.domain.phrases import counted
from bot.domain.snat.capacity import ENOUGH_PORTS_PER_NODE, Capacity, capacity
from bot.domain.snat.goals import NodesGoal
from bot.domain.snat.planning import plan_scale
from bot.domain.snat.tiers import LB_TIERS
from bot.errors import InvalidInput, NotScalable

NEAR_SHARE = 0.75
"""The share of its ports in use above which Azure's load balancer warns, too (``HighSnatPortUsage``).

Source: https://learn.microsoft.com/azure/load-balancer/load-balancer-health-event-logs, read 2026-11.
"""


@dataclass(frozen=True, slots=True)
class Headroom:
    """The distance of a cluster to its nearest cliff.

    Args:
        egress: The cluster.
        capacity: The tightest of its ways out.
        room: Nodes that fit beyond the most that it, and whoever shares its addresses, may have now; below zero where
            these are too many already; None where AKS limits nothing, or nobody knows the ports.
        cliff: What happens beyond; empty where nobody knows.
        todo: What to do about it, or before growing beyond it; empty where nobody knows.
        sharing: Other clusters that leave with the same addresses.
        measured: The highest share of its ports in use, 0 to 1, as it was measured; None where nobody measured.
    """

    egress: ClusterEgress
    capacity: Capacity
    room: int | None
    cliff: str
    todo: str
    sharing: int = 0
    measured: float | None = None

    @property
    def is_near(self) -> bool:
        """Whether something should be done."""
        is_full = self.measured is not None and self.measured > NEAR_SHARE
        return is_full or self.capacity.near_exhaustion or (self.room is not None and self.room < 0)


def nearest_first(
    clusters: Iterable[ClusterEgress],
    everybody: Iterable[ClusterEgress] = (),
    measured: Mapping[str, float] = MappingProxyType({}),
) -> list[Headroom]:
    """Clusters by their distance to the cliff: what needs somebody first, what nobody knows last.

    Between them the fullest come first, as far as that was measured, then the nearest to the cliff.

    Args:
        clusters: Which.
        everybody: All that may share their addresses, these among them.
        measured: The highest measured share of each cluster's ports in use, by its id, as far as it is known.
    """
    chosen = list(clusters)
    nodes: dict[frozenset[str], dict[str, int]] = defaultdict(dict)
    for egress in (*everybody, *chosen):
        found = capacity(egress)
        nodes[_source(egress, found)][egress.ref.id] = found.max_nodes
    rows = (replace(_headroom(egress, nodes), measured=measured.get(egress.ref.id)) for egress in chosen)
    return sorted(rows, key=_rank)


def _headroom(egress: ClusterEgress, nodes: Mapping[frozenset[str], Mapping[str, int]]) -> Headroom:
    found = capacity(egress)
    most, together = _most_nodes(found), nodes[_source(egress, found)]
    is_known = most is not None and not found.is_unbounded
    room = most - sum(together.values()) if most is not None and is_known else None
    sharing = len(together) - 1 if found.total_ports else 0
    wanted = found.max_nodes if most is None or most < found.max_nodes else most + 1
    todo = _todo(egress, max(1, wanted - found.surge_nodes)) if found.total_ports or found.near_exhaustion else ""
    return Headroom(egress, found, room, _cliff(found, most, sharing), todo, sharing)


def _source(egress: ClusterEgress, found: Capacity) -> frozenset[str]:
    """What ports come from: the addresses of the tightest way out; the cluster itself where nobody else uses them."""
    if found.kind is PathKind.LOAD_BALANCER:
        return frozenset({egress.ref.id})
    ips = {ip.address for path in egress.paths if path.kind is found.kind for ip in path.ips}
    return frozenset(ips or {egress.ref.id})


def _rank(one: Headroom) -> tuple[bool, float, bool, int, str]:
    return not one.is_near, -(one.measured or 0), one.room is None, one.room or 0, one.egress.ref.name.lower()


def _most_nodes(found: Capacity) -> int | None:
    """The nodes up to which nothing changes for the worse; None where nobody knows."""
    if found.kind is PathKind.LOAD_BALANCER:
        return found.cliff.at_nodes - 1 if found.cliff is not None else found.node_limit
    return found.total_ports // ENOUGH_PORTS_PER_NODE if found.total_ports else None


def _cliff(found: Capacity, most: int | None, sharing: int) -> str:
    """What happens with one node more."""
    if most is None:
        return ""
    if found.cliff is not None:
        step = f"{found.cliff.ports_before:,} to {found.cliff.ports_after:,} ports"
        return f"From {found.cliff.at_nodes:,} nodes on, every node drops from {step}."
    if found.kind is not PathKind.LOAD_BALANCER:
        which = f", those of {counted(sharing, 'other cluster')} included," if sharing else ""
        return f"Beyond {counted(most, 'node')}{which} there are fewer than {ENOUGH_PORTS_PER_NODE:,} ports for each."
    if not found.ip_count:
        return "It has no outbound IP."
    ends = "Azure's table ends" if most == LB_TIERS[-1][0] else "the ports do not suffice"
    return f"Beyond {counted(most, 'node')} {ends}."


def _todo(egress: ClusterEgress, nodes: int) -> str:
    """The command that proposes room for so many nodes, or why there is none and what would do it instead."""
    name = egress.ref.name
    try:
        plan = plan_scale(egress, NodesGoal(nodes))
    except NotScalable as error:
        return error.sentence
    except InvalidInput as error:  # no number of this setting reaches it
        said = error.sentence
    else:
        said = f"`/egress scale {name} for {nodes} nodes` proposes {plan.change.goal}."
    is_movable = egress.outbound_type is OutboundType.LOAD_BALANCER and not any(one.subnet_id for one in egress.pools)
    other = f" `/egress migrate {name} managedNATGateway` plans a NAT gateway, whose ports all nodes share."
    return said + (other if is_movable else "")
