"""Which metrics are asked for, of which resources, and how finely.

Names and dimensions, read 2026-11:
https://learn.microsoft.com/azure/load-balancer/monitor-load-balancer-reference,
https://learn.microsoft.com/azure/nat-gateway/monitor-nat-gateway-reference,
https://learn.microsoft.com/azure/firewall/monitor-firewall-reference.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Literal

from bot.domain.egress import ClusterEgress, PathKind
from bot.domain.measured.values import Source, SourceKind
from bot.domain.snat import capacity

Sum = Literal["maximum", "average", "total"]
"""How the samples of an interval become one value."""


@dataclass(frozen=True, slots=True)
class MetricQuestion:
    """One request: metrics that share their dimensions.

    Args:
        metrics: How each of them is summed up, by name.
        filter: By which dimensions they are split, and which of their values count; empty for one series each.
    """

    metrics: Mapping[str, Sum]
    filter: str = ""


_EACH_PORT = "BackendIPAddress eq '*' and FrontendIPAddress eq '*' and ProtocolType eq '*'"

QUESTIONS: Mapping[SourceKind, tuple[MetricQuestion, ...]] = {
    SourceKind.LOAD_BALANCER: (
        MetricQuestion({"UsedSnatPorts": "maximum", "AllocatedSnatPorts": "maximum"}, _EACH_PORT),
        MetricQuestion({"SnatConnectionCount": "total"}, "ConnectionState eq 'Failed' and BackendIPAddress eq '*'"),
    ),
    SourceKind.NAT_GATEWAY: (
        MetricQuestion({"SNATConnectionCount": "total"}, "ConnectionState eq 'Failed'"),
        MetricQuestion(
            {"TotalConnectionCount": "total", "PacketDropCount": "total", "DatapathAvailability": "average"}
        ),
    ),
    SourceKind.FIREWALL: (
        MetricQuestion({"SNATPortUtilization": "maximum"}, "Protocol eq '*'"),
        MetricQuestion({"FirewallHealth": "average"}, "Status eq '*' and Reason eq '*'"),
    ),
}
"""What is asked of each kind; one request each for up to fifty resources.

Ports are asked for by protocol, because each protocol has its own and Azure averages what is not split.
"""

GRAINS: Mapping[str, timedelta] = {
    "PT5M": timedelta(minutes=5),
    "PT15M": timedelta(minutes=15),
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "PT6H": timedelta(hours=6),
    "PT12H": timedelta(hours=12),
    "P1D": timedelta(days=1),
}
"""Intervals that platform metrics have, from finest to coarsest.

Source: https://learn.microsoft.com/rest/api/monitor/metrics/list, read 2026-11.
"""

MOST_POINTS = 8_000
"""Points of one answer: about 1 MB. With more, the intervals become longer; peaks stay what they are."""


def grain_for(series: int, length: timedelta) -> str:
    """The finest interval with which so many series stay below ``MOST_POINTS``."""
    fitting = (name for name, grain in GRAINS.items() if series * ceil(length / grain) <= MOST_POINTS)
    return next(fitting, "P1D")


def sources_of(egress: ClusterEgress) -> tuple[Source, ...]:
    """The resources that give a cluster its SNAT ports, as far as Azure names them; each once."""
    return tuple(dict.fromkeys(_sources(egress)))


def _sources(egress: ClusterEgress) -> Iterator[Source]:
    for path in egress.paths:
        if path.kind is PathKind.LOAD_BALANCER and egress.node_resource_group and not egress.is_basic:
            yield _source(balancer_id(egress), SourceKind.LOAD_BALANCER, egress, _series(egress))
        if path.nat_gateway and path.kind in _THROUGH_NAT:
            yield _source(path.nat_gateway, SourceKind.NAT_GATEWAY, egress)
        if path.firewall:
            yield _source(path.firewall, SourceKind.FIREWALL, egress)


_THROUGH_NAT = (PathKind.NAT_GATEWAY, PathKind.FIREWALL)


def _source(id_: str, kind: SourceKind, egress: ClusterEgress, series: int = 2) -> Source:
    return Source(id_.lower(), kind, egress.ref.region, series)


def _series(egress: ClusterEgress) -> int:
    found = capacity(egress)
    return 2 * max(1, found.max_nodes) * max(1, found.ip_count)


def balancer_id(egress: ClusterEgress) -> str:
    """The lower-case id of the load balancer that AKS keeps for a cluster.

    Source: https://learn.microsoft.com/azure/aks/load-balancer-standard, read 2026-11: it is named ``kubernetes``, and
    outbound traffic uses it also where there are several.
    """
    group = f"/subscriptions/{egress.ref.subscription}/resourcegroups/{egress.node_resource_group}"
    return f"{group}/providers/microsoft.network/loadbalancers/kubernetes".lower()
