"""A managed cluster with everything that AKS keeps in its node resource group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.arm import balancers, etags, template
from bot.sandbox.arm.front import group_body, group_key
from bot.sandbox.arm.ids import AKS, ResourceId
from bot.sandbox.arm.seed.kit import Tenant
from bot.sandbox.arm.template import Shape
from bot.sandbox.arm.wire import Json


@dataclass(frozen=True, slots=True)
class Pool:
    """A node pool; ``subnet`` is the id of one's own subnet, ``most`` switches the autoscaler on."""

    name: str = "nodepool1"
    count: int = 3
    most: int = 0
    subnet: str = ""
    mode: str = "System"


@dataclass(frozen=True, slots=True)
class Plan:
    """The properties of one cluster.

    Args:
        name: The cluster; its resource group is ``rg-`` and the name.
        outbound: Its outbound type.
        managed: Names and addresses of outbound IPs that AKS manages.
        own: Ids of one's own outbound IPs and prefixes.
        services: Names and addresses of public services.
        profile: Further settings of the load balancer or NAT gateway profile.
        pools: Node pools.
        tags: Tags of the cluster.
        extra: Further properties of the cluster.
        dual: Whether it has IPv6 beside IPv4.
    """

    name: str
    outbound: str
    managed: Sequence[tuple[str, str]] = ()
    own: Sequence[str] = ()
    services: Sequence[tuple[str, str]] = ()
    profile: Mapping[str, Any] = field(default_factory=dict)
    pools: Sequence[Pool] = (Pool(),)
    tags: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    dual: bool = False


def build(tenant: Tenant, plan: Plan) -> str:
    """Add a cluster and its node resource group; returns the cluster's id."""
    group = f"rg-{plan.name}"
    node_group = f"MC_{group}_{plan.name}_{tenant.location}"
    rid = ResourceId(tenant.subscription, group, AKS, ("managedClusters",), (plan.name,))
    for name in (group, node_group):
        tenant.resources[group_key(tenant.subscription, name)] = group_body(tenant.subscription, name, tenant.location)
    tags = {
        "aks-managed-cluster-name": plan.name,
        "aks-managed-cluster-rg": group,
        "aks-managed-type": "aks-slb-managed-outbound-ip",
    }
    outbound = [*(tenant.public_ip(node_group, name, ip, tags) for name, ip in plan.managed), *plan.own]
    services = [(name, tenant.public_ip(node_group, f"kubernetes-{name}", ip)) for name, ip in plan.services]
    _carriers(tenant, plan, node_group, (outbound, services))
    tenant.resources[rid.key] = _cluster(rid, tenant, plan, (node_group, outbound))
    return rid.text


def _carriers(tenant: Tenant, plan: Plan, group: str, found: tuple[list[str], list[tuple[str, str]]]) -> None:
    outbound, services = found
    number = template.number_of({"name": plan.name})
    balancer = tenant.rid(group, "loadBalancers", "kubernetes")
    frontends = [balancers.egress_frontend(balancer, target) for target in outbound if plan.outbound == "loadBalancer"]
    frontends += [balancers.ingress_frontend(balancer, name, address) for name, address in services]
    ports, idle = plan.profile.get("allocatedOutboundPorts", 0), plan.profile.get("idleTimeoutInMinutes", 30)
    if frontends:
        body = balancers.load_balancer(balancer, tenant.location, frontends, ports=ports, idle=idle)
        tenant.resources[balancer.key] = body
    subnet: Json = {"addressPrefix": template.NODE_SUBNET}
    if plan.outbound == "managedNATGateway":
        sku = "StandardV2" if plan.profile.get("sku") else "Standard"
        name = f"aks-agentpool-{number}-natgateway"
        subnet["natGateway"] = tenant.nat_gateway(group, name, outbound, sku=sku)
    if not plan.pools[0].subnet:
        tenant.vnet(group, f"aks-vnet-{number}", template.NODES, {"aks-subnet": subnet})


def _cluster(rid: ResourceId, tenant: Tenant, plan: Plan, egress: tuple[str, list[str]]) -> Json:
    node_group, outbound = egress
    guid = etags.guid_of(rid.key, "etag")
    pools = [_pool(pool, guid) for pool in plan.pools]
    shape = Shape(tenant.location, node_group, pools, _network(plan, outbound), plan.tags, plan.extra)
    return template.cluster_body(rid, shape)


def _network(plan: Plan, outbound: list[str]) -> Json:
    overlay = {"networkPluginMode": "overlay", "podCidr": "10.244.0.0/16", "podCidrs": ["10.244.0.0/16"]}
    pods = {} if plan.pools[0].subnet else overlay
    if plan.dual:
        pods = {**pods, "podCidrs": ["10.244.0.0/16", "fd12:3456:789a::/64"]}
    return {
        **template.network_body(("IPv4", "IPv6") if plan.dual else ("IPv4",)),
        **pods,
        **_profiles(plan, [{"id": target} for target in outbound]),
        "outboundType": plan.outbound,
    }


def _profiles(plan: Plan, effective: list[Json]) -> Json:
    plain = {"backendPoolType": "nodeIPConfiguration"}
    v6 = sum(":" in address for _, address in plan.managed)
    count: Json = {"count": len(plan.managed) - v6, **({"countIPv6": v6} if v6 else {})}
    if plan.outbound == "managedNATGateway":
        nat = {
            "managedOutboundIPProfile": count,
            "effectiveOutboundIPs": effective,
            "idleTimeoutInMinutes": 4,
            **plan.profile,
        }
        return {"loadBalancerProfile": plain, "natGatewayProfile": nat}
    if plan.outbound != "loadBalancer":
        return {"loadBalancerProfile": plain}
    provider: Json = {"managedOutboundIPs": count} if plan.managed else _own(plan.own)
    return {"loadBalancerProfile": {**provider, "effectiveOutboundIPs": effective, **plan.profile, **plain}}


def _own(targets: Sequence[str]) -> Json:
    prefixes = [{"id": target} for target in targets if "/publicIPPrefixes/" in target]
    addresses = [{"id": target} for target in targets if "/publicIPAddresses/" in target]
    return {
        "outboundIPs": {"publicIPs": addresses},
        **({"outboundIPPrefixes": {"publicIPPrefixes": prefixes}} if prefixes else {}),
    }


def _pool(pool: Pool, guid: str) -> Json:
    scaler = {"maxCount": pool.most, "minCount": 1} if pool.most else {}
    subnet = {"vnetSubnetID": pool.subnet} if pool.subnet else {}
    more = {"count": pool.count, "mode": pool.mode, "enableAutoScaling": bool(pool.most)}
    return template.pool_body(pool.name, guid, **more, **subnet, **scaler)
