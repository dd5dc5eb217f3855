"""The inputs that decide a path: one question for each subnet that traffic leaves from and each of its routes' ways."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from bot.domain.egress.facts import AzureNetwork, ClusterFacts, SubnetFacts, vnet_of
from bot.domain.egress.pools import NodePool
from bot.domain.egress.routes import EVERYTHING, RoutePath
from bot.domain.egress.values import Carries, OutboundType

MANAGED_NAT = (OutboundType.MANAGED_NAT_GATEWAY, OutboundType.MANAGED_NAT_GATEWAY_V2)


@dataclass(frozen=True, slots=True)
class PathQuery:
    """Everything that decides a path.

    Args:
        cluster: The cluster.
        network: What was read of the network.
        subnet_id: The subnet that the traffic leaves from; None in a managed VNet.
        pools: The pools on it, alike in what counts; none for virtual nodes.
        carries: Whose traffic it is.
        way: The part of the internet that it is about.
    """

    cluster: ClusterFacts
    network: AzureNetwork
    subnet_id: str | None
    pools: tuple[NodePool, ...]
    carries: Carries = "all"
    way: RoutePath = EVERYTHING

    @property
    def declared(self) -> OutboundType | None:
        """The declared outbound type."""
        return self.cluster.outbound_type

    @property
    def subnet(self) -> SubnetFacts | None:
        """The subnet; None in a managed VNet, or when it could not be read."""
        return self.network.subnet(self.subnet_id)

    @property
    def vnet(self) -> str:
        """The id of the subnet's virtual network; empty where the subnet is not known."""
        return vnet_of(self.subnet.id) if self.subnet else ""


def questions_of(cluster: ClusterFacts, network: AzureNetwork) -> tuple[PathQuery, ...]:
    """One question for each subnet that pods, nodes or virtual nodes leave from.

    Pools whose nodes have public IPs are asked about apart.
    """
    ordered = sorted(cluster.pools, key=_ground)
    grouped = [tuple(members) for _, members in groupby(ordered, key=_ground)]
    in_order = sorted(grouped, key=lambda pools: cluster.pools.index(pools[0]))
    found = [question for pools in in_order for question in _of_pools(cluster, network, pools)]
    beside = virtual_nodes_subnet(cluster)
    if not cluster.pools:
        found.append(PathQuery(cluster, network, None, ()))
    return (*found, *([PathQuery(cluster, network, beside, (), "virtualNodes")] if beside else []))


def _of_pools(cluster: ClusterFacts, network: AzureNetwork, pools: tuple[NodePool, ...]) -> Iterator[PathQuery]:
    nodes, pods = pools[0].subnet_id, pools[0].pod_subnet_id
    if pods and pods != nodes:
        yield PathQuery(cluster, network, pods, pools, "pods")
    yield PathQuery(cluster, network, nodes, pools, "nodes" if pods and pods != nodes else "all")


def _ground(pool: NodePool) -> tuple[str, str, bool]:
    return (pool.pod_subnet_id or "", pool.subnet_id or "", pool.node_public_ip)


def virtual_nodes_subnet(cluster: ClusterFacts) -> str | None:
    """The subnet of virtual nodes: AKS names it only, and it lies in the network of the nodes."""
    nodes = next((pool.subnet_id for pool in cluster.pools if pool.subnet_id), None)
    return f"{vnet_of(nodes)}/subnets/{cluster.virtual_nodes}".lower() if nodes and cluster.virtual_nodes else None


def subnet_ids(cluster: ClusterFacts) -> tuple[str, ...]:
    """The distinct subnets of nodes, pods and virtual nodes."""
    ids: Iterable[str | None] = (id_ for pool in cluster.pools for id_ in (pool.subnet_id, pool.pod_subnet_id))
    return tuple(dict.fromkeys(id_ for id_ in (*ids, virtual_nodes_subnet(cluster)) if id_))


def is_managed(cluster: ClusterFacts, id_: str) -> bool:
    """Whether AKS made a resource: it lies in the cluster's node resource group."""
    return id_.startswith(cluster.node_group_id + "/")
