"""Identifies the firewall behind a next hop, and the public IPs that its traffic leaves with."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from bot.domain.egress.facts import (
    AzureNetwork,
    Firewall,
    NatGateway,
    Route,
    SubnetFacts,
    group_of,
    hub_name_of,
    is_prefix,
    vnet_of,
)
from bot.domain.egress.routes import routed_internet
from bot.domain.egress.values import IpOrigin, OutboundIp
from bot.domain.target import Target, TargetKind


def firewall_at(network: AzureNetwork, vnet: str, address: str) -> Firewall | None:
    """The firewall that has a private address in a network that the cluster's VNet reaches.

    Private addresses collide across hubs, so the address alone proves nothing.
    """
    reached = (f for f in network.firewalls.values() if address in f.private_addresses)
    return next((f for f in reached if _reaches(network, vnet, f)), None)


def _reaches(network: AzureNetwork, vnet: str, firewall: Firewall) -> bool:
    if firewall.hub:
        return reaches_hub(network, vnet, firewall.hub)
    there = vnet_of(firewall.subnet or "")
    return bool(there) and (there == vnet or there in network.peers_of(vnet))


def reaches_hub(network: AzureNetwork, vnet: str, hub: str) -> bool:
    """Whether a VNet is connected to a virtual hub: by the peering it shows, or by the hub's own list."""
    by_peering = any(hub_name_of(peer) == name_of(hub) for peer in network.peers_of(vnet))
    return by_peering or (hub in network.hubs and vnet in network.hubs[hub].vnets)


def stopped_at(network: AzureNetwork, vnet: str, address: str) -> str:
    """The names of stopped firewalls that may have had an address; empty where it is in no firewall's subnet.

    A stopped firewall shows neither its address nor its network; those of the network's own resource group come first.
    """
    near = [network.vnets[id_] for id_ in (vnet, *network.peers_of(vnet)) if id_ in network.vnets]
    homes = [each.id for each in near if any(_is_firewalls(subnet, address) for subnet in each.subnets)]
    stopped = [f for f in network.firewalls.values() if f.is_stopped and not f.hub]
    beside = [f for f in stopped if any(group_of(f.id) == group_of(home) for home in homes)]
    return " or ".join(name_of(firewall.id) for firewall in (beside or stopped) if homes)


def _is_firewalls(subnet: SubnetFacts, address: str) -> bool:
    is_named = name_of(subnet.id) == "azurefirewallsubnet"
    return is_named and any(ip_address(address) in ip_network(text, strict=False) for text in subnet.ranges)


@dataclass(frozen=True, slots=True)
class Onward:
    """The next hop behind a firewall.

    Args:
        ips: The public addresses that its traffic leaves with; empty where they cannot be known.
        nat_gateway: The NAT gateway on its subnet, where that carries the traffic.
        behind: What the route table on its subnet sends the traffic on to; empty where it goes straight out.
    """

    ips: tuple[OutboundIp, ...] = ()
    nat_gateway: str | None = None
    behind: str = ""


def onward(network: AzureNetwork, firewall: Firewall) -> Onward:
    """Find the next hop behind a firewall: a route of its subnet, a NAT gateway there, or its public IPs.

    Sources, read 2026-11: https://learn.microsoft.com/azure/firewall/forced-tunneling and
    https://learn.microsoft.com/azure/firewall/integrate-with-nat-gateway.
    """
    subnet = network.subnet(firewall.subnet)
    routes = [way.route for way in routed_internet(network, subnet).ways if way.route]
    led = next((route for route in routes if route.hop_type.lower() not in ("internet", "vnetlocal")), None)
    if led is not None:
        return Onward(behind=_behind(led))
    gateway = subnet.nat_gateway if subnet else None
    if gateway:
        return Onward(nat_ips(network, network.nat_gateways.get(gateway)), gateway)
    return Onward(_own_ips(network, firewall))


def _behind(route: Route) -> str:
    words = {"virtualnetworkgateway": "a virtual network gateway", "none": "nothing (next hop None)"}
    return words.get(route.hop_type.lower()) or ", ".join(route.hops) or route.hop_type


def _own_ips(network: AzureNetwork, firewall: Firewall) -> tuple[OutboundIp, ...]:
    given = tuple(OutboundIp(address, 6 if ":" in address else 4, None, "hub") for address in firewall.hub_addresses)
    own = outbound_ips(network, firewall.addresses, "hub" if firewall.hub else "firewall")
    known = {ip.address for ip in own}
    return own + tuple(ip for ip in given if ip.address not in known)


def target_of(firewall: Firewall) -> Target:
    """The target that holds a firewall's rules."""
    if firewall.policy:
        return Target(TargetKind.POLICY, firewall.policy)
    return Target(TargetKind.CLASSIC, firewall.id)


def nat_ips(network: AzureNetwork, gateway: NatGateway | None) -> tuple[OutboundIp, ...]:
    """The public addresses and prefixes of a NAT gateway."""
    if gateway is None:
        return ()
    return outbound_ips(network, (*gateway.addresses, *gateway.prefixes), "nat")


def outbound_ips(network: AzureNetwork, ids: Iterable[str], origin: IpOrigin) -> tuple[OutboundIp, ...]:
    """Public IPs and prefixes that were read, as values; those without an address yet are left out."""
    read = [network.public(id_) for id_ in ids]
    return tuple(
        OutboundIp(one.address, one.version, one.id, "prefix" if is_prefix(one.id) else origin)
        for one in read
        if one and one.address
    )


def name_of(id_: str) -> str:
    """The last segment of an id."""
    return id_.rsplit("/", 1)[-1]
