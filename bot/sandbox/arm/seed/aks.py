"""A managed cluster with everything that AKS keeps in its node resource group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.arm import balancers, etags
from bot.sandbox.arm.front import group_body, group_key
from bot.sandbox.arm.ids import AKS, ResourceId
from bot.sandbox.arm.seed.kit import Tenant
from bot.sandbox.arm.tokens import TENANT
from bot.sandbox.arm.wire import Json

VERSION = "1.34.2"


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
    """What one cluster is to be.

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
    tenant.resources[rid.key] = _cluster(tenant, rid, plan, (node_group, outbound))
    return rid.text


def _carriers(tenant: Tenant, plan: Plan, group: str, found: tuple[list[str], list[tuple[str, str]]]) -> None:
    outbound, services = found
    number = int(etags.guid_of(plan.name, "number")[:6], 16)
    balancer = tenant.rid(group, "loadBalancers", "kubernetes")
    frontends = [balancers.egress_frontend(balancer, target) for target in outbound if plan.outbound == "loadBalancer"]
    frontends += [balancers.ingress_frontend(balancer, name, address) for name, address in services]
    ports, idle = plan.profile.get("allocatedOutboundPorts", 0), plan.profile.get("idleTimeoutInMinutes", 30)
    if frontends:
        body = balancers.load_balancer(balancer, tenant.location, frontends, ports=ports, idle=idle)
        tenant.resources[balancer.key] = body
    subnet: Json = {"addressPrefix": "10.224.0.0/16"}
    if plan.outbound == "managedNATGateway":
        sku = "StandardV2" if plan.profile.get("sku") else "Standard"
        name = f"aks-agentpool-{number}-natgateway"
        subnet["natGateway"] = tenant.nat_gateway(group, name, outbound, sku=sku)
    if not plan.pools[0].subnet:
        tenant.vnet(group, f"aks-vnet-{number}", "10.224.0.0/12", {"aks-subnet": subnet})


def _cluster(tenant: Tenant, rid: ResourceId, plan: Plan, egress: tuple[str, list[str]]) -> Json:
    node_group, outbound = egress
    guid = etags.guid_of(rid.key, "etag")
    host = f"{plan.name}-{guid[:8]}"
    identity = f"/subscriptions/{tenant.subscription}/resourcegroups/{node_group}/providers/Microsoft.ManagedIdentity"
    ids = {"clientId": etags.guid_of(rid.key, "client"), "objectId": etags.guid_of(rid.key, "object")}
    kubelet = {"resourceId": f"{identity}/userAssignedIdentities/{plan.name}-agentpool", **ids}
    properties = {
        "provisioningState": "Succeeded",
        "powerState": {"code": "Running"},
        "kubernetesVersion": VERSION.rsplit(".", 1)[0],
        "currentKubernetesVersion": VERSION,
        "dnsPrefix": plan.name,
        "fqdn": f"{host}.hcp.{tenant.location}.azmk8s.io",
        "azurePortalFQDN": f"{host}.portal.hcp.{tenant.location}.azmk8s.io",
        "agentPoolProfiles": [_pool(pool, guid) for pool in plan.pools],
        "linuxProfile": {"adminUsername": "azureuser", "ssh": {"publicKeys": [{"keyData": "ssh-ed25519 SANDBOX"}]}},
        "servicePrincipalProfile": {"clientId": "msi"},
        "nodeResourceGroup": node_group,
        "enableRBAC": True,
        "supportPlan": "KubernetesOfficial",
        "networkProfile": _network(plan, outbound),
        "maxAgentPools": 100,
        "identityProfile": {"kubeletidentity": kubelet},
        "autoUpgradeProfile": {"nodeOSUpgradeChannel": "NodeImage"},
        "disableLocalAccounts": False,
        "securityProfile": {},
        "storageProfile": {
            name: {"enabled": True} for name in ("diskCSIDriver", "fileCSIDriver", "snapshotController")
        },
        "oidcIssuerProfile": {"enabled": False},
        "workloadAutoScalerProfile": {},
        "resourceUID": guid.replace("-", "")[:24],
        **plan.extra,
    }
    return {
        "id": rid.text,
        "location": tenant.location,
        "name": plan.name,
        "tags": dict(plan.tags),
        "type": f"{AKS}/ManagedClusters",
        "properties": properties,
        "identity": {"type": "SystemAssigned", "principalId": etags.guid_of(rid.key, "principal"), "tenantId": TENANT},
        "sku": {"name": "Base", "tier": "Standard"},
        "eTag": guid,
    }


def _network(plan: Plan, outbound: list[str]) -> Json:
    families = ["IPv4", "IPv6"] if plan.dual else ["IPv4"]
    overlay = {"networkPluginMode": "overlay", "podCidr": "10.244.0.0/16", "podCidrs": ["10.244.0.0/16"]}
    pods = {} if plan.pools[0].subnet else overlay
    if plan.dual:
        pods = {**pods, "podCidrs": ["10.244.0.0/16", "fd12:3456:789a::/64"]}
    return {
        "networkPlugin": "azure",
        **pods,
        "loadBalancerSku": "standard",
        **_profiles(plan, [{"id": target} for target in outbound]),
        "serviceCidr": "10.0.0.0/16",
        "dnsServiceIP": "10.0.0.10",
        "outboundType": plan.outbound,
        "serviceCidrs": ["10.0.0.0/16", *(["fd12:3456:789a:1::/108"] if plan.dual else [])],
        "ipFamilies": families,
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
    return {
        "name": pool.name,
        "count": pool.count,
        "vmSize": "Standard_D4s_v5",
        "osDiskSizeGB": 128,
        "osDiskType": "Managed",
        "kubeletDiskType": "OS",
        **({"vnetSubnetID": pool.subnet} if pool.subnet else {}),
        "maxPods": 110,
        "type": "VirtualMachineScaleSets",
        **scaler,
        "enableAutoScaling": bool(pool.most),
        "provisioningState": "Succeeded",
        "powerState": {"code": "Running"},
        "orchestratorVersion": VERSION,
        "currentOrchestratorVersion": VERSION,
        "enableNodePublicIP": False,
        "enableEncryptionAtHost": False,
        "enableUltraSSD": False,
        "nodeImageVersion": "AKSUbuntu-2404gen2containerd-202610.20.0",
        "mode": pool.mode,
        "osType": "Linux",
        "osSKU": "Ubuntu",
        "upgradeSettings": {"maxSurge": "10%"},
        "enableFIPS": False,
        "eTag": guid,
    }
