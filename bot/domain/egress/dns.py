"""Whether pods resolve names as the firewall does, which network rules with FQDNs rest on.

The DNS server of the VNet has to be the firewall, or one that forwards to it; else pods may get addresses that the
firewall does not know, and it denies them now and then.
Source: https://learn.microsoft.com/azure/firewall/dns-details, read 2026-11.
"""

from bot.domain.egress.facts import AzureNetwork, vnet_of
from bot.domain.egress.firewalls import name_of
from bot.domain.egress.values import ClusterEgress, EgressPath


def dns_of(path: EgressPath, network: AzureNetwork) -> str:
    """Describe a problem with the DNS servers of a path's VNet; empty if there is none or they were not read."""
    firewall = network.firewalls.get(path.firewall or "")
    vnet = network.vnets.get(vnet_of(path.subnet_id or ""))
    if firewall is None or vnet is None or set(vnet.dns_servers) & set(firewall.private_addresses):
        return ""
    asked = f"{', '.join(vnet.dns_servers)}, not the firewall" if vnet.dns_servers else "Azure's own DNS"
    forward = ", or let these servers forward to it" if vnet.dns_servers else ""
    address = next(iter(firewall.private_addresses), "its private address")
    return (
        f"Pods resolve names with {asked} and may get different addresses than {name_of(firewall.id)}, "
        f"which then denies the traffic. Make {address} the DNS server of {name_of(vnet.id)}{forward}."
    )


def dns_caveat(egress: ClusterEgress, pool: str | None = None) -> str:
    """Describe a problem with how the pods of a cluster or node pool resolve names for network rules."""
    return next((path.dns for path in egress.paths_of(pool) if path.dns), "")
