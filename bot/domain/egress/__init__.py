"""Egress truth: how a cluster leaves Azure, as values and as the pure decision between them."""

from bot.domain.egress.dns import dns_caveat
from bot.domain.egress.fleet import Fleet, RequiredEndpoint
from bot.domain.egress.history import (
    IpChange,
    IpChangeKind,
    Period,
    addresses_of,
    changes_of,
    deletion_of,
    is_among,
)
from bot.domain.egress.pools import NodePool, NodeSubnet
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
    outbound_type_from,
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
    "IpChangeKind",
    "NodePool",
    "NodeSubnet",
    "OutboundIp",
    "OutboundType",
    "PathKind",
    "Period",
    "RequiredEndpoint",
    "RequiredEndpoints",
    "addresses_of",
    "changes_of",
    "check_required",
    "deletion_of",
    "dns_caveat",
    "is_among",
    "outbound_type_from",
    "published_names",
    "ref_from_id",
]
