"""Facts that Azure reports about a cluster and its network, before any conclusions.

All ids are in lower case. The adapter fills these values; ``resolve`` concludes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Literal

from bot.domain.egress.values import ManagedCluster, OutboundType, PathKind, outbound_type_from
from bot.domain.grouping import grouped

DELETED = "it does not exist"
"""The reason for what is not read because it is gone, unlike what may not be read."""


@dataclass(frozen=True, slots=True)
class Address:
    """A public IP resource, or a public IP prefix.

    Args:
        id: Its id.
        name: Its name.
        address: The address, or the prefix's range (CIDR); None while it has none.
        version: 4 or 6.
        nat_gateway: The NAT gateway that it belongs to.
        attached_to: The id of the IP configuration (load balancer frontend, firewall, gateway) that uses it.
    """

    id: str
    name: str
    address: str | None
    version: Literal[4, 6] = 4
    nat_gateway: str | None = None
    attached_to: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One route of a route table: ``hop_type`` in Azure's words, ``hops`` the addresses of appliances."""

    prefix: str
    hop_type: str
    hops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A route table; ``learns`` says whether routes that a gateway learned by BGP apply beside it."""

    id: str
    routes: tuple[Route, ...] = ()
    learns: bool = True


@dataclass(frozen=True, slots=True)
class SubnetFacts:
    """A subnet: its ranges (CIDR), what is attached to it, and whether Azure may give it a way out by default.

    ``default_outbound`` is False in a private subnet; None where Azure says nothing, which means that it may
    (https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access, read 2026-11).
    """

    id: str
    ranges: tuple[str, ...] = ()
    route_table: str | None = None
    nat_gateway: str | None = None
    default_outbound: bool | None = None


@dataclass(frozen=True, slots=True)
class Vnet:
    """A virtual network: its subnets, its peers' ids, its DNS servers, and whether it uses the gateway of a peer."""

    id: str
    subnets: tuple[SubnetFacts, ...] = ()
    peers: tuple[str, ...] = ()
    dns_servers: tuple[str, ...] = ()
    uses_remote_gateway: bool = False

    @property
    def has_gateway(self) -> bool:
        """Whether a gateway or route server, its own or a peer's, may bring routes by BGP."""
        own = {subnet.id.rsplit("/", 1)[-1] for subnet in self.subnets}
        return self.uses_remote_gateway or bool(own & {"gatewaysubnet", "routeserversubnet"})


@dataclass(frozen=True, slots=True)
class NatGateway:
    """A NAT gateway with the ids of its public IPs and prefixes."""

    id: str
    addresses: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    idle_timeout: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Firewall:
    """An Azure Firewall.

    Args:
        id: Its id.
        private_addresses: Where routes send traffic to it.
        subnet: The ``AzureFirewallSubnet`` that it is in; None in a virtual hub.
        hub: The virtual hub that it is in; None in a VNet.
        policy: Its firewall policy; None when classic.
        addresses: The ids of its public IPs, without the management one.
        hub_addresses: The public addresses that a virtual hub gave it.
        has_management: Whether it has a management IP configuration, as forced tunnelling takes; never an egress IP.
    """

    id: str
    private_addresses: tuple[str, ...] = ()
    subnet: str | None = None
    hub: str | None = None
    policy: str | None = None
    addresses: tuple[str, ...] = ()
    hub_addresses: tuple[str, ...] = ()
    has_management: bool = False

    @property
    def is_stopped(self) -> bool:
        """Whether it is stopped: Azure then takes its IP configurations, and with them the network, away.

        Source: https://learn.microsoft.com/azure/firewall/firewall-faq#how-can-i-stop-and-start-azure-firewall,
        read 2026-11.
        """
        return not self.private_addresses


@dataclass(frozen=True, slots=True)
class Frontend:
    """A load balancer frontend: the public IP or prefix that it uses, and what it is for."""

    address: str
    serves_ingress: bool
    serves_egress: bool


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer, by its public frontends."""

    id: str
    frontends: tuple[Frontend, ...] = ()


@dataclass(frozen=True, slots=True)
class Hub:
    """A virtual hub.

    Args:
        id: Its id.
        vnets: The VNets connected to it.
        internet_next_hop: Where its routing intent sends internet traffic, if it has one.
        static_hops: Of each of its route tables (id) with a static route for everything, where that leads.
        tables: The VNets (id) whose connection uses another route table than the hub's default one, and which.
        unsecured: The VNets whose connection does not take a default route from the hub.
    """

    id: str
    vnets: tuple[str, ...] = ()
    internet_next_hop: str | None = None
    static_hops: tuple[tuple[str, str], ...] = ()
    tables: tuple[tuple[str, str], ...] = ()
    unsecured: tuple[str, ...] = ()

    def internet_hop(self, vnet: str) -> str | None:
        """The id of what the hub sends internet traffic of a VNet to; None where it pushes no default route to it.

        Source: https://learn.microsoft.com/azure/virtual-wan/how-to-routing-policies, read 2026-11.
        """
        if vnet in self.unsecured:
            return None
        table = dict(self.tables).get(vnet, f"{self.id}/hubroutetables/defaultroutetable")
        return self.internet_next_hop or dict(self.static_hops).get(table)


@dataclass(frozen=True, slots=True)
class AzureNetwork:
    """The network resources read so far, by lower-case id.

    ``unreadable`` holds what was asked for and could not be read, with the reason in a few words.
    """

    addresses: Mapping[str, Address] = field(default_factory=dict)
    prefixes: Mapping[str, Address] = field(default_factory=dict)
    vnets: Mapping[str, Vnet] = field(default_factory=dict)
    route_tables: Mapping[str, RouteTable] = field(default_factory=dict)
    nat_gateways: Mapping[str, NatGateway] = field(default_factory=dict)
    firewalls: Mapping[str, Firewall] = field(default_factory=dict)
    load_balancers: Mapping[str, LoadBalancer] = field(default_factory=dict)
    hubs: Mapping[str, Hub] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    _attached: Mapping[str, Sequence[Address]] = field(init=False, repr=False, compare=False)
    _balancers: Mapping[str, Sequence[LoadBalancer]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        attached = ((group_of(one.attached_to), one) for one in self.addresses.values() if one.attached_to)
        balancers = ((group_of(id_), one) for id_, one in self.load_balancers.items())
        object.__setattr__(self, "_attached", grouped(attached))
        object.__setattr__(self, "_balancers", grouped(balancers))

    def attached_to(self, id_: str) -> tuple[Address, ...]:
        """The public IPs that a resource, or any resource of a provider path in a resource group, uses."""
        near = self._attached.get(group_of(id_), ())
        return tuple(address for address in near if (address.attached_to or "").startswith(id_ + "/"))

    def public(self, id_: str) -> Address | None:
        """A public IP or prefix that was read."""
        return (self.prefixes if is_prefix(id_) else self.addresses).get(id_)

    def peers_of(self, vnet: str) -> tuple[str, ...]:
        """The ids of the networks that a VNet is peered with; none where it was not read."""
        return self.vnets[vnet].peers if vnet in self.vnets else ()

    def balancers_in(self, group_id: str) -> Sequence[LoadBalancer]:
        """The load balancers of a resource group."""
        return self._balancers.get(group_id, ())

    def merged(self, other: "AzureNetwork") -> "AzureNetwork":
        """Both; the other's where both have it."""
        names = [f.name for f in fields(self) if f.init]
        return AzureNetwork(**{name: {**getattr(self, name), **getattr(other, name)} for name in names})

    def subnet(self, subnet_id: str | None) -> SubnetFacts | None:
        """A subnet that was read."""
        vnet = self.vnets.get(vnet_of(subnet_id)) if subnet_id else None
        return next((subnet for subnet in vnet.subnets if subnet.id == subnet_id), None) if vnet else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts(ManagedCluster):
    """A managed cluster, as far as its egress goes. The other fields: see ``ManagedCluster``.

    Args:
        effective: Ids of the public IPs and prefixes that AKS says it leaves with.
        application_gateway: The id of the Application Gateway that is its ingress (AGIC), if any.
        virtual_nodes: The name of the subnet that virtual nodes (container instances) run in, if it has them.
        leaves_yet: What carries the traffic until a change of the outbound type has succeeded; None otherwise.
    """

    effective: tuple[str, ...] = ()
    application_gateway: str | None = None
    virtual_nodes: str | None = None
    leaves_yet: PathKind | None = None

    @property
    def outbound_type(self) -> OutboundType | None:
        """The declared outbound type; None for one that we do not know."""
        return outbound_type_from(self.declared)

    @property
    def node_group_id(self) -> str:
        """The id of the resource group in which AKS keeps its own resources."""
        return f"/subscriptions/{self.ref.subscription}/resourcegroups/{self.node_resource_group}".lower()


def vnet_of(subnet_id: str) -> str:
    """The id of the virtual network of a subnet."""
    return subnet_id.partition("/subnets/")[0]


def is_prefix(id_: str) -> bool:
    """Whether an id is of a public IP prefix and not of a public IP: Azure mixes them."""
    return "/publicipprefixes/" in id_


def hub_name_of(vnet_id: str) -> str | None:
    """The virtual hub whose own, hidden network this is (``HV_<hub>_<guid>``); None for any other network.

    Azure shows it as the remote end of the peering of a connected VNet. The form is seen, not documented.
    """
    name = vnet_id.rsplit("/", 1)[-1]
    return name[3:].rpartition("_")[0] if name.startswith("hv_") else None


def subscription_of(id_: str) -> str:
    """The scope of the subscription of an id."""
    return "/".join(id_.split("/")[:3])


def group_of(id_: str) -> str:
    """The scope of the resource group of an id."""
    return "/".join(id_.split("/")[:5])
