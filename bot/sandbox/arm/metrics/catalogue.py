"""Which metrics a type of resource has, in what unit, summed up how, and by which dimensions they can be split.

Sources (read 2026-11): https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/
microsoft-network-loadbalancers-metrics, https://learn.microsoft.com/azure/nat-gateway/monitor-nat-gateway-reference,
https://learn.microsoft.com/azure/firewall/monitor-firewall-reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.sandbox.arm.ids import BALANCER, FIREWALL, NAT

Primary = Literal["average", "total"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Args:
        name: As the REST API spells it.
        unit: ``Count``, ``Percent``, ``Bytes`` and so on.
        primary: The aggregation that is meant where none is asked for.
        dimensions: By what it can be split, as the documentation spells it.
    """

    name: str
    unit: str = "Count"
    primary: Primary = "average"
    dimensions: tuple[str, ...] = ()


_PORTS = ("FrontendIPAddress", "BackendIPAddress", "ProtocolType", "IsAwaitingRemoval")

CATALOGUE: Mapping[str, tuple[Metric, ...]] = {
    BALANCER: (
        Metric("AllocatedSnatPorts", dimensions=_PORTS),
        Metric("UsedSnatPorts", dimensions=_PORTS),
        Metric(
            "SnatConnectionCount",
            primary="total",
            dimensions=("FrontendIPAddress", "BackendIPAddress", "ConnectionState"),
        ),
    ),
    NAT: (
        Metric("SNATConnectionCount", primary="total", dimensions=("Protocol", "ConnectionState")),
        Metric("TotalConnectionCount", primary="total", dimensions=("Protocol",)),
        Metric("PacketDropCount", primary="total"),
        Metric("DatapathAvailability"),
    ),
    FIREWALL: (
        Metric("SNATPortUtilization", unit="Percent", dimensions=("Protocol",)),
        Metric("FirewallHealth", unit="Percent", dimensions=("Status", "Reason")),
    ),
}
"""By the type of the resource, in lower case."""
