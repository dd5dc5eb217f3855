"""``az aks create`` and ``az aks delete``: a cluster with its node resource group, and without."""

from bot.sandbox.arm import clusters, egress, etags, limits, template
from bot.sandbox.arm.balancers import settled
from bot.sandbox.arm.front import group_body, group_key
from bot.sandbox.arm.ids import ResourceId
from bot.sandbox.arm.template import Shape
from bot.sandbox.arm.wire import Json, aks_error
from bot.sandbox.arm.world import World
from bot.sandbox.arm.writes import Write

SECONDS = 240.0
"""A new cluster takes some minutes; which of them it takes is not documented."""

GROUP_NAME = 80
"""Characters of a node resource group's name.

Source: https://learn.microsoft.com/en-us/azure/aks/faq, read 2026-11.
"""


def creation(world: World, rid: ResourceId, body: Json) -> Write:
    """PUT of a cluster that does not exist.

    Raises:
        ArmError: 400 for what AKS refuses.
    """
    base = _base(rid, body)
    new = clusters.merged(base, body)
    limits.check(world, new)
    outbound, writes = egress.plan(world, base, new)
    node_group = new["properties"]["nodeResourceGroup"]
    made: egress.Writes = {
        group_key(rid.subscription, node_group): group_body(rid.subscription, node_group, new["location"]),
        **_network(new, writes),
    }
    during = clusters.in_state(new, "Creating")
    after = clusters.in_state(clusters.with_effective(new, outbound), "Succeeded", etags.new_guid())
    done: egress.Writes = {**writes, **made, rid.key: after}
    return Write({rid.key: during}, done, SECONDS, True, (rid.key,), writers=(rid.key,), answer=during)


def removal(world: World, rid: ResourceId, old: Json) -> Write:
    """DELETE of a cluster: its node resource group goes with everything in it."""
    group = group_key(rid.subscription, old["properties"]["nodeResourceGroup"])
    below = [key for key, _ in world.everything() if key == group or key.startswith(f"{group}/")]
    during = clusters.in_state(old, "Deleting")
    after: egress.Writes = {rid.key: None, **dict.fromkeys(below)}
    return Write({rid.key: during}, after, SECONDS, False, (rid.key,), writers=(rid.key,))


def _base(rid: ResourceId, body: Json) -> Json:
    """The cluster as if only the names of its pools had been sent."""
    sent = body.get("properties") or {}
    location = str(body.get("location") or "")
    pools = sent.get("agentPoolProfiles") or []
    if not location:
        raise aks_error(400, "LocationRequired", "The location property is required for this definition.")
    if not any(pool.get("name") and str(pool.get("mode") or "System") == "System" for pool in pools):
        text = "There must be at least one named node pool of mode System."
        raise aks_error(400, "InvalidParameter", text, target="agentPoolProfiles")
    families = (sent.get("networkProfile") or {}).get("ipFamilies") or ["IPv4"]
    group = sent.get("nodeResourceGroup") or f"MC_{rid.group}_{rid.name}_{location}"[:GROUP_NAME]
    guid = etags.guid_of(rid.key, "etag")
    made = [template.pool_body(pool["name"], guid, mode="System", count=1) for pool in pools]
    shape = Shape(location, group, made, template.network_body(families), body.get("tags") or {})
    return template.cluster_body(rid, shape)


def _network(cluster: Json, writes: egress.Writes) -> egress.Writes:
    """The network of nodes that bring no subnet, with the NAT gateway that AKS manages on it."""
    if any(pool.get("vnetSubnetID") for pool in cluster["properties"]["agentPoolProfiles"]):
        return {}
    network = egress.in_node_group(cluster, "virtualNetworks", template.node_network(cluster))
    nat = next((str(body["id"]) for key, body in writes.items() if body and "/natgateways/" in key), None)
    subnet = {"addressPrefix": template.NODE_SUBNET, "delegations": [], **({"natGateway": {"id": nat}} if nat else {})}
    properties = {
        "resourceGuid": etags.guid_of(network.key, "guid"),
        "addressSpace": {"addressPrefixes": [template.NODES]},
        "subnets": [{"name": "aks-subnet", "properties": subnet}],
        "virtualNetworkPeerings": [],
        "enableDdosProtection": False,
    }
    head = {"name": network.name, "id": network.text, "type": "Microsoft.Network/virtualNetworks"}
    return {network.key: settled(network, {**head, "location": cluster["location"], "properties": properties})}
