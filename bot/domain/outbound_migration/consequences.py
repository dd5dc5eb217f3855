"""What a change of the outbound type does to addresses, connections and ingress.

Sources, read 2026-11: https://learn.microsoft.com/azure/aks/egress-outboundtype (both warnings),
https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges,
https://learn.microsoft.com/azure/firewall/integrate-lb#asymmetric-routing,
https://learn.microsoft.com/azure/nat-gateway/nat-sku and https://learn.microsoft.com/azure/aks/concepts-network-isolated.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.egress import ClusterEgress, EgressPath, OutboundType, PathKind
from bot.domain.outbound_migration.transitions import COUNTED, MANAGED_NAT
from bot.domain.phrases import counted, listed
from bot.domain.snat.capacity import NAT_PORTS_PER_IP

_LISTED = 5


@dataclass(frozen=True, slots=True)
class Consequences:
    """What will happen; each a few sentences.

    Args:
        addresses: To the outbound IPs.
        connections: To open connections and SNAT ports.
        ingress: To public services and the API server.
        kept: What stays as it is, or gets better.
    """

    addresses: tuple[str, ...]
    connections: tuple[str, ...]
    ingress: tuple[str, ...]
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewSettings:
    """What a change of the outbound type leads to.

    Args:
        after: The outbound type.
        ip_count: Managed outbound IPs afterwards; None where AKS manages none.
        idle_minutes: Idle timeout of outbound flows afterwards; None where it is not the cluster's to set.
    """

    after: OutboundType
    ip_count: int | None = None
    idle_minutes: int | None = None


def consequences(egress: ClusterEgress, settings: NewSettings) -> Consequences:
    """What will happen to a cluster as it is now."""
    return Consequences(
        tuple(_addresses(egress, settings)),
        tuple(_connections(egress, settings)),
        tuple(_ingress(egress, settings)),
        tuple(_kept(egress, settings)),
    )


def leaving(egress: ClusterEgress, after: OutboundType) -> tuple[str, ...]:
    """The addresses that the cluster no longer leaves with afterwards.

    Behind a NAT gateway or route that already carries the traffic nothing moves: only what AKS is told changes.
    """
    stay = {ip.address for path in egress.paths if _is_there_already(path, after) for ip in path.ips}
    return tuple(ip.address for ip in egress.ips if ip.address not in stay)


def _is_there_already(path: EgressPath, after: OutboundType) -> bool:
    """Whether its traffic takes the new way today: what is attached to a subnet comes before outbound rules."""
    if after is OutboundType.NONE:
        return path.subnet_id is not None and path.kind is not PathKind.LOAD_BALANCER
    if after is OutboundType.USER_ASSIGNED_NAT_GATEWAY:
        return path.kind is PathKind.NAT_GATEWAY
    return after is OutboundType.USER_DEFINED_ROUTING and path.next_hop is not None


def _addresses(egress: ClusterEgress, settings: NewSettings) -> Iterator[str]:
    gone, after = leaving(egress, settings.after), settings.after
    if gone:
        fate = "You keep them, but they carry no traffic" if egress.has_own_ips else _fate(egress)
        yield f"All present outbound IPs stop being used ({listed(gone, _LISTED)}). {fate}."
    if settings.ip_count is not None:
        new = "1 new address" if settings.ip_count == 1 else f"{settings.ip_count} new addresses"
        yield (
            f"Azure chooses {new}, and nobody knows them before. They carry traffic at once, so partners who allowlist "
            "by IP refuse it until they have added them."
        )
    if gone or not egress.ips or after is not OutboundType.NONE:
        yield from _WAYS_OUT.get(after, ())


def _fate(egress: ClusterEgress) -> str:
    if egress.outbound_type in COUNTED:
        return "AKS deletes them, and they cannot be had back"
    return "They belong to what carries the traffic today, which AKS does not touch"


_WAYS_OUT = {
    OutboundType.USER_DEFINED_ROUTING: (
        "Traffic leaves with the public IPs of the firewall or appliance behind the route.",
        (
            "The firewall must allow what AKS itself needs, best with the FQDN tag AzureKubernetesService, before the "
            "change; nodes without it cannot start."
        ),
    ),
    OutboundType.USER_ASSIGNED_NAT_GATEWAY: ("Traffic leaves with the public IPs of your NAT gateway.",),
    OutboundType.NONE: (
        (
            "The cluster has no public outbound IP, and AKS sets up no way out. Nodes then pull AKS's own images only "
            "from a private cache: set the artifact source Cache before."
        ),
    ),
    OutboundType.BLOCK: ("Network security group rules block all outbound traffic. It is a preview.",),
}


def _connections(egress: ClusterEgress, settings: NewSettings) -> Iterator[str]:
    if leaving(egress, settings.after):
        yield "All open outbound connections break. Plan it outside business hours; it takes about three minutes."
    before = egress.idle_timeout.total_seconds() // 60 if egress.idle_timeout else None
    if settings.idle_minutes is not None and before is not None and settings.idle_minutes != before:
        yield f"Idle outbound flows are dropped after {settings.idle_minutes} minutes instead of {before:.0f}."
    if settings.after is OutboundType.MANAGED_NAT_GATEWAY and "IPv6" in egress.ip_families:
        yield "A NAT gateway of the SKU Standard carries IPv4 only: IPv6 traffic has no way out."
    if settings.after is OutboundType.MANAGED_NAT_GATEWAY_V2:
        yield "Managed NAT gateways of the SKU StandardV2 are new; one page of Azure still calls them a preview."


def _ingress(egress: ClusterEgress, settings: NewSettings) -> Iterator[str]:
    balanced = [ip.address for ip in egress.ingress if ip.via == "loadBalancer"]
    if balanced and settings.after is OutboundType.USER_DEFINED_ROUTING:
        yield (
            f"Public services ({listed(balanced, _LISTED)}) stop answering where the route leads to a firewall: "
            "replies leave through it, and it drops them (asymmetric routing). Publish them through the "
            "firewall (DNAT) or an Application Gateway first."
        )
    yield from _api_server(egress, settings)


def _kept(egress: ClusterEgress, settings: NewSettings) -> Iterator[str]:
    if egress.ips and not leaving(egress, settings.after):
        yield "What is attached to its subnets carries the traffic already, so its outbound IPs stay the same."
    if settings.after in MANAGED_NAT and settings.ip_count:
        total = NAT_PORTS_PER_IP * settings.ip_count
        yield f"All nodes share {total:,} SNAT ports on demand, instead of a fixed number for each node."
    balanced = [ip.address for ip in egress.ingress if ip.via == "loadBalancer"]
    if balanced and settings.after is not OutboundType.USER_DEFINED_ROUTING:
        yield f"Public services keep their load balancer and addresses ({listed(balanced, _LISTED)})."
    gateways = [ip.address for ip in egress.ingress if ip.via == "applicationGateway"]
    if gateways:
        yield f"The Application Gateway keeps its address ({listed(gateways, _LISTED)})."
    if not balanced and not gateways:
        yield "No public service or Application Gateway was found."


def _api_server(egress: ClusterEgress, settings: NewSettings) -> Iterator[str]:
    if egress.is_private or not leaving(egress, settings.after):
        return
    if egress.authorized_ranges:
        yield (
            f"The API server admits only {counted(len(egress.authorized_ranges), 'range')}. Nodes reach it from "
            "the new outbound IPs: add them to the authorized IP ranges, before the change where they are known."
        )
