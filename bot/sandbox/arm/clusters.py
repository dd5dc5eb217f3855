"""Writes to managed clusters and their node pools.

Behaviour follows recorded traffic: the wanted count is shown at once; ``effectiveOutboundIPs`` and ``eTag`` change at
the end.
"""

from typing import Any

from bot.sandbox.arm import egress, etags, limits
from bot.sandbox.arm.ids import CLUSTER, EGRESS_S, ResourceId, parse_id
from bot.sandbox.arm.wire import ArmError, Json, aks_error, resource_not_found
from bot.sandbox.arm.world import World
from bot.sandbox.arm.writes import Write

TAGS_S = 10.0
"""A PATCH of tags takes seconds, an egress update minutes."""
_READ_ONLY = frozenset(
    [
        "provisioningState",
        "powerState",
        "currentKubernetesVersion",
        "fqdn",
        "azurePortalFQDN",
        "maxAgentPools",
        "resourceUID",
        "privateFQDN",
    ]
)
_PROVIDERS = ("managedOutboundIPs", "outboundIPs", "outboundIPPrefixes")


def cluster_write(world: World, rid: ResourceId, body: Json) -> Write:
    """PUT of a whole cluster.

    Raises:
        ArmError: 400 for what AKS refuses, 404 for a cluster that does not exist: creation is not simulated.
    """
    old = world.view(rid)
    if old is None:
        raise aks_error(400, "OperationNotAllowed", "This subscription takes no new clusters; update an existing one.")
    new = merged(old, body)
    limits.check(world, new)
    outbound, writes = egress.plan(world, old, new)
    scaled = _counts(old) != _counts(new)
    during = _state(new, "Scaling" if scaled else "Updating")
    after = _state(_with_effective(new, outbound), "Succeeded", etags.new_guid())
    return _write(rid, during, {**writes, rid.key: after}, EGRESS_S)


def tags_write(world: World, rid: ResourceId, body: Json) -> Write:
    """PATCH of a cluster: tags and nothing else.

    Raises:
        ArmError: 404 for a cluster that does not exist.
    """
    old = world.view(rid)
    if old is None:
        raise resource_not_found(f"{rid.provider}/managedClusters", rid.name, rid.group)
    new = {**old, "tags": body.get("tags") or {}}
    after = etags.stamped(rid, _state(new, "Succeeded"), etags.new_guid())
    return _write(rid, _state(new, "Updating"), {rid.key: after}, TAGS_S)


def pool_write(world: World, rid: ResourceId, body: Json) -> Write:
    """PUT of one node pool: only the pool's eTag changes, and the cluster is busy.

    Raises:
        ArmError: 404 without its cluster, 400 for too few ports.
    """
    cluster_id = rid.parent
    old = world.view(cluster_id) if cluster_id else None
    if cluster_id is None or old is None:
        raise resource_not_found("Microsoft.ContainerService/managedClusters", rid.names[0], rid.group)
    pools = old["properties"]["agentPoolProfiles"]
    found = next((pool for pool in pools if pool["name"].lower() == rid.name.lower()), {"name": rid.name})
    pool = {
        **found,
        **{k: v for k, v in (body.get("properties") or {}).items() if k not in ("eTag", "provisioningState")},
    }
    others = [other for other in pools if other["name"] != found["name"]]
    shown = _with_pools(old, [*others, {**pool, "provisioningState": "Updating"}])
    done = _with_pools(old, [*others, {**pool, "provisioningState": "Succeeded", "eTag": etags.new_guid()}])
    limits.check_ports(world, shown)
    write = _write(cluster_id, shown, {cluster_id.key: done}, 90)
    return Write(write.during, write.after, 90, found is pool, write.locks, answer=pool_view(world, rid, shown) or {})


def pool_view(world: World, rid: ResourceId, cluster: Json | None = None) -> Json | None:
    """A node pool as a resource of its own."""
    body = cluster or (world.view(rid.parent) if rid.parent else None)
    pools = body["properties"]["agentPoolProfiles"] if body else []
    found = next((pool for pool in pools if pool["name"].lower() == rid.name.lower()), None)
    if found is None:
        return None
    properties = {name: value for name, value in found.items() if name != "name"}
    return {"id": rid.text, "name": found["name"], "type": "Microsoft.ContainerService/managedClusters/agentPools"} | {
        "properties": properties
    }


def in_progress(operation_id: str, started: str) -> ArmError:
    """409 in the words of 2026."""
    return aks_error(
        409,
        "OperationNotAllowed",
        "Operation is not allowed because there's an in progress update managed cluster operation (operation ID: "
        f"{operation_id}) on the managed cluster started on UTC {started}. Please wait for it to finish before "
        "starting a new operation. You can also use 'az aks operation-abort' to abort it.",
    )


def failed(during: Json, rid: ResourceId) -> Json:
    """A cluster after a failed update: what was wanted, without what it was wanted for."""
    return etags.stamped(rid, _state(during, "Failed"), etags.new_guid())


def merged(old: Json, body: Json) -> Json:
    """What a PUT makes of a cluster: what is sent replaces, what is left out or read-only stays."""
    sent = {name: value for name, value in (body.get("properties") or {}).items() if name not in _READ_ONLY}
    known = old["properties"]
    network = _network(known["networkProfile"], sent.get("networkProfile") or {})
    pools = _pools(known["agentPoolProfiles"], sent.get("agentPoolProfiles") or known["agentPoolProfiles"])
    properties = {**known, **sent, "networkProfile": network, "agentPoolProfiles": pools}
    top = {name: body[name] for name in ("tags", "sku", "identity") if body.get(name) is not None}
    identity = {**(old.get("identity") or {}), **top.get("identity", {})}
    return {**old, **top, "identity": identity, "properties": properties}


def _network(old: Json, sent: Json) -> Json:
    new = {**old, **{name: value for name, value in sent.items() if value is not None}}
    for name in ("loadBalancerProfile", "natGatewayProfile"):
        if new.get(name):
            new[name] = _profile(old.get(name) or {}, new[name])
    kind = new["outboundType"]
    if kind != old["outboundType"]:
        new = {
            name: value
            for name, value in new.items()
            if name not in egress.PROFILES.values() or name == egress.PROFILES.get(kind)
        }
    if kind == "loadBalancer" and not any((new.get("loadBalancerProfile") or {}).get(p) for p in _PROVIDERS):
        new["loadBalancerProfile"] = {"managedOutboundIPs": {"count": 1}, "backendPoolType": "nodeIPConfiguration"}
    if egress.PROFILES.get(kind) == "natGatewayProfile" and not new.get("natGatewayProfile"):
        new["natGatewayProfile"] = {"managedOutboundIPProfile": {"count": 1}, "idleTimeoutInMinutes": 4}
    return new


def _profile(old: Json, sent: Json) -> Json:
    """Setting a managed count wipes one's own IPs and prefixes; the effective IPs are the server's."""
    new = {name: value for name, value in {**old, **sent}.items() if name not in (*_PROVIDERS, "effectiveOutboundIPs")}
    provider = {name: sent[name] for name in _PROVIDERS if sent.get(name)}
    if "managedOutboundIPs" in provider:
        provider = {"managedOutboundIPs": provider["managedOutboundIPs"]}
    effective = {"effectiveOutboundIPs": old["effectiveOutboundIPs"]} if "effectiveOutboundIPs" in old else {}
    kind = (
        {"backendPoolType": "nodeIPConfiguration"}
        if str(new.get("backendPoolType")).lower() == "nodeipconfiguration"
        else {}
    )
    return {**provider, **effective, **new, **kind}


def _pools(old: list[Json], sent: list[Json]) -> list[Json]:
    known = {pool["name"].lower(): pool for pool in old}
    return [
        {**known.get(pool["name"].lower(), {}), **{k: v for k, v in pool.items() if v is not None}} for pool in sent
    ]


def _counts(cluster: Json) -> list[Any]:
    return [(pool["name"], pool.get("count")) for pool in cluster["properties"]["agentPoolProfiles"]]


def _with_effective(cluster: Json, outbound: list[str]) -> Json:
    network = cluster["properties"]["networkProfile"]
    name = egress.PROFILES.get(network["outboundType"])
    if name is None:
        return cluster
    profile = {**network[name], "effectiveOutboundIPs": [{"id": target} for target in outbound]}
    return {**cluster, "properties": {**cluster["properties"], "networkProfile": {**network, name: profile}}}


def _with_pools(cluster: Json, pools: list[Json]) -> Json:
    return {**cluster, "properties": {**cluster["properties"], "agentPoolProfiles": pools}}


def _state(cluster: Json, state: str, guid: str | None = None) -> Json:
    tag = {"eTag": guid} if guid else {}
    pools = [{**pool, "provisioningState": state, **tag} for pool in cluster["properties"]["agentPoolProfiles"]]
    properties = {**cluster["properties"], "provisioningState": state, "agentPoolProfiles": pools}
    return {**cluster, **tag, "properties": properties}


def _write(rid: ResourceId, during: Json, after: dict[str, Json | None], seconds: float) -> Write:
    return Write({rid.key: during}, after, seconds, False, (rid.key,), writers=(rid.key,), answer=during)


def is_cluster(key: str) -> bool:
    """Whether a lower-case id is a managed cluster's."""
    parsed = parse_id(key)
    return parsed is not None and parsed.type_key == CLUSTER
