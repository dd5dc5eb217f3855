"""Egress truth: how a cluster leaves Azure, as values and as the pure decision between them."""

from bot.domain.egress.fleet import Fleet, FleetEntry, RequiredEndpoint
from bot.domain.egress.values import (
    ClusterEgress,
    ClusterRef,
    EgressPath,
    EgressWarning,
    IngressIp,
    IpOrigin,
    NodePool,
    OutboundIp,
    OutboundType,
    PathKind,
    Warning_,
    outbound_type_from,
)

__all__ = [
    "ClusterEgress",
    "ClusterRef",
    "EgressPath",
    "EgressWarning",
    "Fleet",
    "FleetEntry",
    "IngressIp",
    "IpOrigin",
    "NodePool",
    "OutboundIp",
    "OutboundType",
    "PathKind",
    "RequiredEndpoint",
    "Warning_",
    "outbound_type_from",
]
