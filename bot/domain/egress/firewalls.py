"""Which firewall a next hop is, and which public addresses traffic through it leaves with."""

from collections.abc import Iterable

from bot.domain.egress.facts import AzureNetwork, Firewall, NatGateway, hub_name_of, is_prefix, vnet_of
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
    return bool(there) and (there == vnet or there in _peers(network, vnet))


def reaches_hub(network: AzureNetwork, vnet: str, hub: str) -> bool:
    """Whether a VNet is connected to a virtual hub: by the peering it shows, or by the hub's own list."""
    by_peering = any(hub_name_of(peer) == name_of(hub) for peer in _peers(network, vnet))
    return by_peering or (hub in network.hubs and vnet in network.hubs[hub].vnets)


def _peers(network: AzureNetwork, vnet: str) -> tuple[str, ...]:
    return network.vnets[vnet].peers if vnet in network.vnets else ()


def nat_of_firewall(network: AzureNetwork, firewall: Firewall) -> str | None:
    """The NAT gateway on the subnet of a firewall."""
    subnet = network.subnet(firewall.subnet)
    return subnet.nat_gateway if subnet else None


def target_of(firewall: Firewall) -> Target:
    """Where the rules of a firewall are written."""
    if firewall.policy:
        return Target(TargetKind.POLICY, firewall.policy)
    return Target(TargetKind.CLASSIC, firewall.id)


def firewall_ips(network: AzureNetwork, firewall: Firewall) -> tuple[OutboundIp, ...]:
    """The public addresses that traffic through a firewall leaves with.

    A NAT gateway on its subnet takes over
    (https://learn.microsoft.com/azure/firewall/integrate-with-nat-gateway, read 2026-11).
    """
    gateway = nat_of_firewall(network, firewall)
    if gateway:
        return nat_ips(network, network.nat_gateways.get(gateway))
    given = tuple(OutboundIp(address, 6 if ":" in address else 4, None, "hub") for address in firewall.hub_addresses)
    own = outbound_ips(network, firewall.addresses, "hub" if firewall.hub else "firewall")
    known = {ip.address for ip in own}
    return own + tuple(ip for ip in given if ip.address not in known)


def nat_ips(network: AzureNetwork, gateway: NatGateway | None) -> tuple[OutboundIp, ...]:
    """The public addresses and prefixes of a NAT gateway."""
    if gateway is None:
        return ()
    return outbound_ips(network, (*gateway.addresses, *gateway.prefixes), "nat")


def outbound_ips(network: AzureNetwork, ids: Iterable[str], origin: IpOrigin) -> tuple[OutboundIp, ...]:
    """Public IPs and prefixes that were read, as values; those without an address yet are left out."""
    found = (_outbound_ip(network, id_, origin) for id_ in ids)
    return tuple(ip for ip in found if ip)


def _outbound_ip(network: AzureNetwork, id_: str, origin: IpOrigin) -> OutboundIp | None:
    if is_prefix(id_):
        prefix = network.prefixes.get(id_)
        return OutboundIp(prefix.cidr, prefix.version, id_, "prefix") if prefix and prefix.cidr else None
    address = network.addresses.get(id_)
    return OutboundIp(address.address, address.version, id_, origin) if address and address.address else None


def name_of(id_: str) -> str:
    """The last segment of an id."""
    return id_.rsplit("/", 1)[-1]
