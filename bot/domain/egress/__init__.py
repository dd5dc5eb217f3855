"""Egress truth: how a cluster leaves Azure, as values and as the pure decision between them."""

from bot.domain.egress.dns import dns_caveat
from bot.domain.egress.fleet import Fleet, RequiredEndpoint
from bot.domain.egress.history import IpChange, Period, addresses_of
from bot.domain.egress.pools import NodePool
from bot.domain.egress.required import EndpointCheck, EndpointStatus, RequiredEndpoints, check_required, published_names
from bot.domain.egress.values import (
    ClusterEgress,
    ClusterRef,
    EgressPath,
    EgressWarning,
    IngressIp,
    OutboundIp,
    OutboundType,
    PathKind,
    ref_from_id,
)

__all__ = [
    "ClusterEgress",
    "ClusterRef",
    "EgressPath",
    "EgressWarning",
    "EndpointCheck",
    "EndpointStatus",
    "Fleet",
    "IngressIp",
    "IpChange",
    "NodePool",
    "OutboundIp",
    "OutboundType",
    "PathKind",
    "Period",
    "RequiredEndpoint",
    "RequiredEndpoints",
    "addresses_of",
    "check_required",
    "dns_caveat",
    "published_names",
    "ref_from_id",
]
