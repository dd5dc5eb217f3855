"""The write that changes a cluster's outbound settings: one setting of the whole cluster, everything else as it is."""

from collections.abc import MutableMapping
from functools import partial
from typing import Any, assert_never

from azure.core import MatchConditions

from bot.azure.clients import AKS_API, Clients, segment_after
from bot.azure.operations import begin
from bot.domain.egress import OutboundType, outbound_type_from
from bot.domain.snat import CountChange, IdleChange, OwnIpsChange, PortsChange, ScalePlan, TypeChange
from bot.errors import StalePlan
from bot.ports import Operation

Profile = MutableMapping[str, Any]
"""``loadBalancerProfile`` or ``natGatewayProfile`` of a managed cluster, as ARM has it."""

READ_ONLY = frozenset({"id", "name", "type", "systemData", "eTag"})
"""Fields of a managed cluster that Azure fills in itself, as the SDK's model has them."""


def begin_scale(clients: Clients, plan: ScalePlan) -> Operation:
    """Make the change of a plan: a read-modify-write of the whole cluster.

    Raises:
        StalePlan: The cluster no longer matches what the plan was computed from.
    """
    managed = clients.aks(segment_after(plan.cluster_id, "subscriptions")).managed_clusters
    group, name = segment_after(plan.cluster_id, "resourceGroups"), segment_after(plan.cluster_id, "managedClusters")
    found = clients.get(plan.cluster_id, AKS_API)
    if found.get("eTag") != plan.etag:
        raise StalePlan(f"{plan.cluster_name} changed in Azure after the plan was made. Propose the change again.")
    cluster: Any = {key: value for key, value in found.items() if key not in READ_ONLY}
    if not _edit(cluster["properties"]["networkProfile"], plan):
        raise StalePlan(f"{plan.cluster_name} is no longer set to {plan.change.ends[0]}. Propose the change again.")
    unchanged = {"etag": plan.etag, "match_condition": MatchConditions.IfNotModified} if plan.etag else {}
    return begin(partial(managed.begin_create_or_update, group, name, cluster, **unchanged), clients.settings)


_PROFILES = {"loadBalancer": "loadBalancerProfile", "managedNATGateway": "natGatewayProfile"}
_COUNTS = {"loadBalancer": "managedOutboundIPs", "managedNATGateway": "managedOutboundIPProfile"}
_DEFAULT_IDLE = {"loadBalancer": 30, "managedNATGateway": 4}


def _edit(network: Profile, plan: ScalePlan) -> bool:
    """Change the setting in place; False, so that nothing is sent, where it is not what the plan started from."""
    change = plan.change
    if isinstance(change, TypeChange):
        return _edit_type(network, change)
    profile = network.get(_PROFILES[plan.kind]) or {}
    match change:
        case CountChange():
            return _edit_count(profile, plan, change)
        case PortsChange():
            has_ips = change.ips is None or _edit_count(profile, plan, change.ips)
            return has_ips and _swap(profile, "allocatedOutboundPorts", change.before, change.after, unset=0)
        case IdleChange():
            idle = _DEFAULT_IDLE[plan.kind]
            return _swap(profile, "idleTimeoutInMinutes", change.before, change.after, unset=idle)
        case OwnIpsChange():
            return _edit_own(profile, plan, change)
    assert_never(change)


_V2 = OutboundType.MANAGED_NAT_GATEWAY_V2


def _edit_type(network: Profile, change: TypeChange) -> bool:
    """Set the outbound type and its profile; the profile of the type before is not sent, as the command line does it.

    Azure refuses some profiles beside another outbound type, and keeps the settings that it still needs. The preview
    name of the newer NAT gateway is refused as well: it is a SKU.
    Sources, read 2026-11: https://github.com/hashicorp/terraform-provider-azurerm/pull/25021 and
    https://github.com/Azure/azure-cli-extensions/pull/10300.
    """
    sku = str((network.get("natGatewayProfile") or {}).get("sku") or "")
    found = str(network.get("outboundType") or "").lower()
    is_v2 = found == _V2.lower() or (found == "managednatgateway" and sku.lower() == "standardv2")
    if (_V2 if is_v2 else outbound_type_from(found)) is not change.before:
        return False
    network.pop("loadBalancerProfile", None)
    network.pop("natGatewayProfile", None)
    kind = str(OutboundType.MANAGED_NAT_GATEWAY if change.after is _V2 else change.after)
    network["outboundType"] = kind
    if change.count is not None:
        made: dict[str, Any] = {_COUNTS[kind]: {"count": change.count}, "idleTimeoutInMinutes": change.idle}
        network[_PROFILES[kind]] = {**made, **({"sku": "StandardV2"} if change.after is _V2 else {})}
    return True


def _edit_count(profile: Profile, plan: ScalePlan, change: CountChange) -> bool:
    counts = profile.get(_COUNTS[plan.kind]) or {}
    return _swap(counts, "countIPv6" if change.ipv6 else "count", change.before, change.after)


def _swap(part: Profile, key: str, before: int, after: int, *, unset: int | None = None) -> bool:
    found = part.get(key)
    if (unset if found is None else found) != before:
        return False
    part[key] = after
    return True


_OWN = (("outboundIPPrefixes", "publicIPPrefixes"), ("outboundIPs", "publicIPs"))
"""Where one's own prefixes and IPs are: references on a load balancer, plain ids on a NAT gateway."""


def _edit_own(profile: Profile, plan: ScalePlan, change: OwnIpsChange) -> bool:
    """Set one's own IPs: those that stay as they stand there, in place of a count of managed ones."""
    counted = (profile.get(_COUNTS[plan.kind]) or {}).get("count") or 0
    found = {key: (profile.get(key) or {}).get(inner) or [] for key, inner in _OWN}
    if counted != change.replaced or {_id(one) for ones in found.values() for one in ones} != set(change.before):
        return False
    profile.pop(_COUNTS[plan.kind], None)
    for key, inner in _OWN:
        stay = [one for one in found[key] if _id(one) in change.after]
        come = [id_ for id_ in change.added if ("/publicipprefixes/" in id_) == (key == "outboundIPPrefixes")]
        made = [*stay, *({"id": id_} if plan.kind == "loadBalancer" else id_ for id_ in come)]
        profile.update({key: {inner: made}}) if made else profile.pop(key, None)
    return True


def _id(one: Any) -> str:
    return str(one if isinstance(one, str) else one["id"]).lower()
