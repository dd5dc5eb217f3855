"""Frozen values that describe how a cluster leaves Azure; vendor names only for Azure's own terms."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Literal

from bot.domain.egress.pools import NodePool, NodeSubnet
from bot.domain.target import Target


class OutboundType(StrEnum):
    """The outbound types of a managed cluster that we know.

    ``block`` and ``managedNATGatewayV2`` are preview names that the service returns although released SDKs lack them.
    Source: https://learn.microsoft.com/azure/aks/egress-outboundtype, read 2026-11.
    """

    LOAD_BALANCER = "loadBalancer"
    MANAGED_NAT_GATEWAY = "managedNATGateway"
    MANAGED_NAT_GATEWAY_V2 = "managedNATGatewayV2"
    USER_ASSIGNED_NAT_GATEWAY = "userAssignedNATGateway"
    USER_DEFINED_ROUTING = "userDefinedRouting"
    NONE = "none"
    BLOCK = "block"


def outbound_type_from(declared: str) -> OutboundType | None:
    """The outbound type of a declaration, whatever its case; None where Azure has one that we do not know."""
    return {member.lower(): member for member in OutboundType}.get(declared.lower())


SETTLED = ("succeeded", "failed", "canceled")
"""Provisioning states in which Azure is doing nothing.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations, read 2026-11.
"""


def is_settling(state: str) -> bool:
    """Whether Azure is still at work in a provisioning state."""
    return bool(state) and state.lower() not in SETTLED


class PathKind(StrEnum):
    """The effective egress path of a subnet."""

    LOAD_BALANCER = "loadBalancer"
    NAT_GATEWAY = "natGateway"
    FIREWALL = "firewall"
    HUB_FIREWALL = "hubFirewall"
    APPLIANCE = "appliance"
    VNET_GATEWAY = "vnetGateway"
    INSTANCE = "instance"
    DEFAULT_OUTBOUND = "defaultOutbound"
    NONE = "none"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


IpOrigin = Literal["managed", "own", "prefix", "nat", "firewall", "hub", "instance"]
"""The origin of an outbound IP: who created it, or what it belongs to."""


Carries = Literal["all", "pods", "nodes", "virtualNodes"]
"""The traffic that a path carries: pods with their own subnet leave separately from their nodes."""


Via = Literal["loadBalancer", "applicationGateway"]
"""The ingress resource a cluster is reached through."""


@dataclass(frozen=True, slots=True, order=True)
class ClusterRef:
    """Which managed cluster.

    Args:
        id: The ARM id in lower case.
        name: Its name as Azure spells it.
        subscription: The subscription id.
        resource_group: The resource group as Azure spells it.
        location: The region, for example ``westeurope``.
        tags: The tags, sorted by key.
        uid: What tells this cluster from another one that had the same id before; None where Azure does not say.
    """

    id: str
    name: str
    subscription: str
    resource_group: str
    location: str
    tags: tuple[tuple[str, str], ...] = ()
    uid: str | None = None

    @property
    def region(self) -> str:
        """The region as it stands in names: ``westeurope``, also where Azure writes ``West Europe``."""
        return self.location.replace(" ", "").lower()

    def tag(self, name: str) -> str | None:
        """The value of a tag, whose name Azure compares without case; None where the cluster has no such tag."""
        return next((value for key, value in self.tags if key.lower() == name.lower()), None)


def ref_from_id(cluster_id: str, name: str) -> ClusterRef:
    """A cluster as what was filed for it names it, also after it was deleted; region and tags are not known."""
    _, _, subscription, _, resource_group, *_ = cluster_id.split("/")
    return ClusterRef(cluster_id, name, subscription, resource_group, "")


@dataclass(frozen=True, slots=True, order=True)
class OutboundIp:
    """A public address, or a whole prefix, that traffic leaves with.

    Args:
        address: ``20.1.2.3``, ``2603:1020::1`` or, for a prefix, ``20.1.2.0/30``.
        version: 4 or 6.
        id: Lower-case id of the public IP or prefix; None where Azure shows none (secured hubs).
        origin: Where it comes from.
        serves_ingress: Whether a service or gateway is reached at it as well.
    """

    address: str
    version: Literal[4, 6]
    id: str | None
    origin: IpOrigin
    serves_ingress: bool = False

    def covers(self, address: str) -> bool:
        """Whether an IP address is this one, or lies in this prefix."""
        return ip_address(address) in ip_network(self.address, strict=False)


@dataclass(frozen=True, slots=True, order=True)
class IngressIp:
    """A public address at which the cluster is reached.

    Args:
        address: The address.
        id: Lower-case id of the public IP.
        via: ``loadBalancer`` or ``applicationGateway``.
        name: The name of the public IP, which carries the service's name where Kubernetes made it.
        serves_egress: Whether traffic leaves with it as well.
    """

    address: str
    id: str
    via: Via
    name: str
    serves_egress: bool = False


@dataclass(frozen=True, slots=True)
class EgressWarning:
    """Something about a cluster's egress that a person should know.

    Args:
        code: A stable short name, for filters.
        sentence: What is wrong.
        way_out: What would put it right; empty where nothing has to be done.
    """

    code: str
    sentence: str
    way_out: str = ""


@dataclass(frozen=True, slots=True)
class EgressPath:
    """The egress path of one subnet, by Azure's precedence.

    Args:
        subnet_id: Lower-case id of the subnet that the traffic leaves from; None in a managed VNet.
        pools: The node pools on it.
        kind: What carries the traffic.
        ips: The public addresses it leaves with, empty where they cannot be known.
        sources: The ranges (CIDR) that a firewall sees: node subnet and pod subnet; empty in a managed VNet.
        next_hop: The address or the type of the default route's next hop, if one counts.
        nat_gateway: Lower-case id of the NAT gateway, if one counts.
        firewall: Lower-case id of the Azure Firewall, if one counts.
        target: Where rules for this path are written; None where there is no Azure Firewall.
        why: One sentence that says why this is the path.
        carries: Whose traffic it is.
        destinations: The prefixes that it carries where routes divide the internet; empty where it carries everything.
        behind: What the firewall sends the traffic on to, so that its own public IPs do not count; empty where they do.
        dns: What is wrong with how its pods resolve names for network rules; empty where nothing is, or not known.
    """

    subnet_id: str | None
    pools: tuple[str, ...]
    kind: PathKind
    ips: tuple[OutboundIp, ...] = ()
    sources: tuple[str, ...] = ()
    next_hop: str | None = None
    nat_gateway: str | None = None
    firewall: str | None = None
    target: Target | None = None
    why: str = ""
    dns: str = ""
    carries: Carries = "all"
    destinations: tuple[str, ...] = ()
    behind: str = ""

    @property
    def is_ruled(self) -> bool:
        """Whether requests are about it: what nodes do beside their pods is AKS's own business."""
        return self.carries in ("all", "pods")


@dataclass(frozen=True, slots=True)
class ManagedCluster:
    """What AKS says of a cluster, whatever is concluded from it.

    Args:
        ref: Which cluster.
        declared: The outbound type in Azure's own words.
        state: The provisioning state, for example ``Succeeded``.
        etag: The cluster's eTag, for a conditional update; None where Azure gives none.
        pools: The node pools.
        desired_ip_count: Managed outbound IPv4 addresses that are wanted; None where AKS does not manage them.
        desired_ipv6_count: The same for IPv6.
        idle_timeout: How long an idle outbound flow is kept; None where the path does not say.
        allocated_ports: SNAT ports for each node; 0 means by Azure's table; None without a load balancer.
        nat_sku: ``Standard`` or ``StandardV2`` for managed NAT gateways.
        ip_families: ``IPv4`` and perhaps ``IPv6``.
        http_proxy: The proxy that pods are configured to use, if any.
        is_private: Whether the API server is private.
        is_running: False for a stopped cluster.
        node_resource_group: Where AKS keeps its own resources.
        is_basic: Whether its load balancer is of the basic SKU, which has no outbound rules.
        is_unbounded: Whether AKS shows no limit of its nodes: node auto-provisioning, or pools that AKS hosts.
        own: Lower-case ids of the outbound IPs and prefixes that the customer brought.
        authorized_ranges: The ranges (CIDR) that its API server admits; empty where it admits every address.
        reaches_api_inside: Whether nodes reach the API server inside the network: private, or with VNet integration.
        pod_network: How pods get addresses, by Azure's names: ``overlay``, ``kubenet``, ``azure``; empty if unknown.
    """

    ref: ClusterRef
    declared: str
    state: str
    etag: str | None = None
    pools: tuple[NodePool, ...] = ()
    desired_ip_count: int | None = None
    desired_ipv6_count: int | None = None
    idle_timeout: timedelta | None = None
    allocated_ports: int | None = None
    nat_sku: str | None = None
    ip_families: tuple[str, ...] = ("IPv4",)
    http_proxy: str | None = None
    is_private: bool = False
    is_running: bool = True
    node_resource_group: str = ""
    is_basic: bool = False
    is_unbounded: bool = False
    own: tuple[str, ...] = ()
    authorized_ranges: tuple[str, ...] = ()
    reaches_api_inside: bool = False
    pod_network: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterEgress(ManagedCluster):
    """A cluster's egress: what it declares, and how it really leaves. The other fields: see ``ManagedCluster``.

    Args:
        outbound_type: The declared one as a value; None for one that we do not know.
        is_converging: Whether Azure is updating it, so that desired counts are new and outbound IPs may be old.
        paths: One for each subnet that pods leave from.
        ingress: The public addresses at which it is reached.
        warnings: What a person should know.
        has_own_ips: Whether the outbound IPs were brought by the customer.
        subnets: The subnets of its nodes and pods, with what is attached to each; empty in a managed VNet.
    """

    outbound_type: OutboundType | None
    is_converging: bool
    paths: tuple[EgressPath, ...] = ()
    ingress: tuple[IngressIp, ...] = ()
    warnings: tuple[EgressWarning, ...] = ()
    has_own_ips: bool = False
    subnets: tuple[NodeSubnet, ...] = ()

    @property
    def exact_outbound_type(self) -> OutboundType | None:
        """The outbound type with the SKU of a managed NAT gateway told apart, which Azure keeps in another field."""
        is_new = self.outbound_type is OutboundType.MANAGED_NAT_GATEWAY and self.nat_sku == "StandardV2"
        return OutboundType.MANAGED_NAT_GATEWAY_V2 if is_new else self.outbound_type

    @property
    def ips(self) -> tuple[OutboundIp, ...]:
        """All distinct outbound IPs of all paths, IPv4 first."""
        distinct = {ip.address: ip for path in self.paths for ip in path.ips}
        return tuple(sorted(distinct.values(), key=lambda ip: (ip.version, ip_network(ip.address, strict=False))))

    @property
    def effective(self) -> tuple[PathKind, ...]:
        """The distinct kinds of its paths, in the order of the paths."""
        return tuple(dict.fromkeys(path.kind for path in self.paths))

    @property
    def targets(self) -> frozenset[Target]:
        """Where the rules of its paths are, as far as they go through Azure Firewalls."""
        return frozenset(path.target for path in self.paths if path.target is not None)

    def paths_of(self, pool: str | None = None) -> tuple[EgressPath, ...]:
        """The paths of one node pool, or all of them."""
        return tuple(path for path in self.paths if pool is None or pool in path.pools)

    def sources(self, pool: str | None = None) -> tuple[str, ...]:
        """The ranges (CIDR) that a firewall sees of the cluster, or of one node pool; sorted, distinct."""
        return tuple(sorted({source for path in self.paths_of(pool) for source in path.sources}))

    def holds(self, address: str) -> bool:
        """Whether a private address lies in the ranges that a firewall sees of the cluster."""
        return any(ip_address(address) in ip_network(source, strict=False) for source in self.sources())

    def target(self, pool: str | None = None) -> Target | None:
        """The target for the rules of the cluster or one node pool.

        None where no path, or not every path, goes through one and the same Azure Firewall: a rule would then work
        for some pods only.
        """
        targets = {path.target for path in self.paths_of(pool) if path.is_ruled}
        return targets.pop() if len(targets) == 1 else None
