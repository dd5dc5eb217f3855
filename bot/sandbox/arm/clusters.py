"""Writes to managed clusters and their node pools.

Behaviour follows recorded traffic: the wanted count is shown immediately; ``effectiveOutboundIPs`` and ``eTag`` change
at the end.
"""

from typing import Any

from bot.sandbox.arm import creation, egress, etags, limits, outbound_types, template
from bot.sandbox.arm.ids import CLUSTER, EGRESS_S, ResourceId, parse_id
from bot.sandbox.arm.wire import ArmError, Json, aks_error, resource_not_found
from bot.sandbox.arm.world import World
from bot.sandbox.arm.writes import Write

POOL_S = 90.0
"""A node pool that comes, changes or goes."""

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
        ArmError: 400 for what AKS refuses.
    """
    old = world.view(rid)
    if old is None:
        return creation.creation(world, rid, body)
    new = merged(old, body)
    limits.check(world, new)
    outbound_types.check_change(old, new, (body.get("properties") or {}).get("networkProfile") or {})
    outbound, writes = egress.plan(world, old, new)
    scaled = _counts(old) != _counts(new)
    during = in_state(new, "Scaling" if scaled else "Updating")
    after = in_state(with_effective(new, outbound), "Succeeded", etags.new_guid())
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
    after = etags.stamped(rid, in_state(new, "Succeeded"), etags.new_guid())
    return _write(rid, in_state(new, "Updating"), {rid.key: after}, TAGS_S)


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
    known = next((pool for pool in pools if pool["name"].lower() == rid.name.lower()), None)
    found = known or template.pool_body(rid.name, etags.new_guid(), count=1)
    pool = {
        **found,
        **{k: v for k, v in (body.get("properties") or {}).items() if k not in ("eTag", "provisioningState")},
    }
    others = [other for other in pools if other["name"] != found["name"]]
    shown = _with_pools(old, [*others, {**pool, "provisioningState": "Updating"}])
    done = _with_pools(old, [*others, {**pool, "provisioningState": "Succeeded", "eTag": etags.new_guid()}])
    limits.check_ports(world, shown)
    write = _write(cluster_id, shown, {cluster_id.key: done}, POOL_S)
    answer = pool_view(world, rid, shown) or {}
    return Write(write.during, write.after, POOL_S, known is None, write.locks, answer=answer)


def pool_removal(world: World, rid: ResourceId) -> Write:
    """DELETE of one node pool.

    Raises:
        ArmError: 404 without its cluster, 400 for the last node pool of mode System.
    """
    cluster_id = rid.parent
    old = world.view(cluster_id) if cluster_id else None
    if cluster_id is None or old is None:
        raise resource_not_found("Microsoft.ContainerService/managedClusters", rid.names[0], rid.group)
    pools = old["properties"]["agentPoolProfiles"]
    others = [pool for pool in pools if pool["name"].lower() != rid.name.lower()]
    if not any(pool.get("mode") == "System" for pool in others):
        raise aks_error(400, "OperationNotAllowed", "There has to be at least one node pool of mode System.")
    leaving = [{**pool, "provisioningState": "Deleting"} for pool in pools if pool not in others]
    shown = _with_pools(old, [*others, *leaving])
    return _write(cluster_id, shown, {cluster_id.key: _with_pools(old, others)}, POOL_S)


def power_write(world: World, rid: ResourceId, *, is_on: bool) -> Write:
    """POST start or stop: nodes go or come back, the outbound IPs stay.

    Raises:
        ArmError: 404 for a cluster that does not exist, 400 for one that is there already.
    """
    old = world.view(rid)
    if old is None:
        raise resource_not_found(f"{rid.provider}/managedClusters", rid.name, rid.group)
    wanted = "Running" if is_on else "Stopped"
    if old["properties"]["powerState"]["code"] == wanted:
        raise aks_error(400, "OperationNotAllowed", f"The managed cluster is in {wanted} state already.")
    power = {"powerState": {"code": wanted}}
    pools = [{**pool, **power} for pool in old["properties"]["agentPoolProfiles"]]
    new = {**old, "properties": {**old["properties"], **power, "agentPoolProfiles": pools}}
    after = in_state(new, "Succeeded", etags.new_guid())
    return _write(rid, in_state(old, "Starting" if is_on else "Stopping"), {rid.key: after}, EGRESS_S)


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
    return etags.stamped(rid, in_state(during, "Failed"), etags.new_guid())


def merged(old: Json, body: Json) -> Json:
    """The cluster after a PUT: what is sent replaces, what is left out or read-only stays."""
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
        {
            **(known.get(pool["name"].lower()) or template.pool_body(pool["name"], etags.new_guid(), count=1)),
            **{k: v for k, v in pool.items() if v not in (None, "")},
        }
        for pool in sent
    ]


def _counts(cluster: Json) -> list[Any]:
    return [(pool["name"], pool.get("count")) for pool in cluster["properties"]["agentPoolProfiles"]]


def with_effective(cluster: Json, outbound: list[str]) -> Json:
    """A cluster at the end of an update: the profile in use has the effective IPs, of the one before little is left."""
    network = cluster["properties"]["networkProfile"]
    name = egress.PROFILES.get(network["outboundType"])
    left = {key: _left(key, value) for key, value in network.items() if key in egress.PROFILES.values() and key != name}
    network = {key: left.get(key, value) for key, value in network.items() if key not in left or left[key]}
    if name is None:
        return {**cluster, "properties": {**cluster["properties"], "networkProfile": network}}
    profile = {**network[name], "effectiveOutboundIPs": [{"id": target} for target in outbound]}
    return {**cluster, "properties": {**cluster["properties"], "networkProfile": {**network, name: profile}}}


_STAYS = ("allocatedOutboundPorts", "idleTimeoutInMinutes", "backendPoolType")
"""The settings of a load balancer that stay in its profile when the outbound type changes, as recorded."""


def _left(key: str, profile: Json | None) -> Json:
    """The rest of the profile of the outbound type before: nothing of a NAT gateway's."""
    kept = _STAYS if key == "loadBalancerProfile" else ()
    return {name: value for name, value in (profile or {}).items() if name in kept}


def _with_pools(cluster: Json, pools: list[Json]) -> Json:
    return {**cluster, "properties": {**cluster["properties"], "agentPoolProfiles": pools}}


def in_state(cluster: Json, state: str, guid: str | None = None) -> Json:
    """A cluster and its node pools in a provisioning state, at the end with a new eTag."""
    tag = {"eTag": guid} if guid else {}
    pools = [{**pool, "provisioningState": state, **tag} for pool in cluster["properties"]["agentPoolProfiles"]]
    properties = {**cluster["properties"], "provisioningState": state, "agentPoolProfiles": pools}
    return {**cluster, **tag, "properties": properties}


def _write(rid: ResourceId, during: Json, after: dict[str, Json | None], seconds: float) -> Write:
    return Write({rid.key: during}, after, seconds, False, (rid.key,), writers=(rid.key,), answer=during)


def is_cluster(key: str) -> bool:
    """Return whether a lower-case id is a managed cluster's."""
    parsed = parse_id(key)
    return parsed is not None and parsed.type_key == CLUSTER
