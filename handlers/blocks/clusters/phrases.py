"""Words that more than one answer about clusters needs."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain.egress import ClusterEgress, PathKind

WAYS: Mapping[PathKind, str] = MappingProxyType(
    {
        PathKind.LOAD_BALANCER: "load balancer",
        PathKind.NAT_GATEWAY: "NAT gateway",
        PathKind.FIREWALL: "Azure Firewall",
        PathKind.HUB_FIREWALL: "Azure Firewall of a virtual hub",
        PathKind.APPLIANCE: "unknown appliance",
        PathKind.VNET_GATEWAY: "virtual network gateway",
        PathKind.INSTANCE: "public IPs of the nodes",
        PathKind.DEFAULT_OUTBOUND: "an address that Azure chooses",
        PathKind.NONE: "no way out",
        PathKind.BLOCKED: "blocked",
        PathKind.UNKNOWN: "unknown",
    }
)
"""Names of egress paths."""

VIA: Mapping[str, str] = MappingProxyType(
    {"loadBalancer": "load balancer", "applicationGateway": "Application Gateway"}
)
"""Names of ingress resources."""


def without_ips(egress: ClusterEgress) -> str:
    """The text shown in place of outbound IPs when there are none."""
    if PathKind.DEFAULT_OUTBOUND in egress.effective:
        return "may leave through an address that Azure chooses"
    is_closed = bool(egress.paths) and set(egress.effective) <= {PathKind.NONE, PathKind.BLOCKED}
    return "no way out" if is_closed else "no public IP known"
