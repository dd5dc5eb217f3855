"""Defaults of AKS: the body of a cluster and of a node pool, in the shape of recorded traffic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.arm import etags
from bot.sandbox.arm.ids import AKS, ResourceId
from bot.sandbox.arm.tokens import TENANT
from bot.sandbox.arm.wire import Json

VERSION = "1.34.2"
NODES = "10.224.0.0/12"
NODE_SUBNET = "10.224.0.0/16"
"""The network that AKS makes for nodes that bring no subnet."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The differences between clusters.

    Args:
        location: Azure region.
        node_group: The node resource group.
        pools: As ``pool_body`` makes them.
        network: The network profile.
        tags: Tags of the cluster.
        extra: Further properties.
    """

    location: str
    node_group: str
    pools: Sequence[Json]
    network: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


def cluster_body(rid: ResourceId, shape: Shape) -> Json:
    """A cluster at rest."""
    guid = etags.guid_of(rid.key, "etag")
    host = f"{rid.name}-{guid[:8]}"
    identity = (
        f"/subscriptions/{rid.subscription}/resourcegroups/{shape.node_group}/providers/Microsoft.ManagedIdentity"
    )
    ids = {"clientId": etags.guid_of(rid.key, "client"), "objectId": etags.guid_of(rid.key, "object")}
    kubelet = {"resourceId": f"{identity}/userAssignedIdentities/{rid.name}-agentpool", **ids}
    properties = {
        "provisioningState": "Succeeded",
        "powerState": {"code": "Running"},
        "kubernetesVersion": VERSION.rsplit(".", 1)[0],
        "currentKubernetesVersion": VERSION,
        "dnsPrefix": rid.name,
        "fqdn": f"{host}.hcp.{shape.location}.azmk8s.io",
        "azurePortalFQDN": f"{host}.portal.hcp.{shape.location}.azmk8s.io",
        "agentPoolProfiles": list(shape.pools),
        "linuxProfile": {"adminUsername": "azureuser", "ssh": {"publicKeys": [{"keyData": "ssh-ed25519 SANDBOX"}]}},
        "servicePrincipalProfile": {"clientId": "msi"},
        "nodeResourceGroup": shape.node_group,
        "enableRBAC": True,
        "supportPlan": "KubernetesOfficial",
        "networkProfile": dict(shape.network),
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
        **shape.extra,
    }
    return {
        "id": rid.text,
        "location": shape.location,
        "name": rid.name,
        "tags": dict(shape.tags),
        "type": f"{AKS}/ManagedClusters",
        "properties": properties,
        "identity": {"type": "SystemAssigned", "principalId": etags.guid_of(rid.key, "principal"), "tenantId": TENANT},
        "sku": {"name": "Base", "tier": "Standard"},
        "eTag": guid,
    }


def pool_body(name: str, guid: str, **more: Any) -> Json:
    """A node pool at rest; ``more`` replaces what AKS would choose."""
    return {
        "name": name,
        "count": 3,
        "vmSize": "Standard_D4s_v5",
        "osDiskSizeGB": 128,
        "osDiskType": "Managed",
        "kubeletDiskType": "OS",
        "maxPods": 110,
        "type": "VirtualMachineScaleSets",
        "enableAutoScaling": False,
        "provisioningState": "Succeeded",
        "powerState": {"code": "Running"},
        "orchestratorVersion": VERSION,
        "currentOrchestratorVersion": VERSION,
        "enableNodePublicIP": False,
        "enableEncryptionAtHost": False,
        "enableUltraSSD": False,
        "nodeImageVersion": "AKSUbuntu-2404gen2containerd-202610.20.0",
        "mode": "User",
        "osType": "Linux",
        "osSKU": "Ubuntu",
        "upgradeSettings": {"maxSurge": "10%"},
        "enableFIPS": False,
        "eTag": guid,
        **more,
    }


def network_body(families: Sequence[str] = ("IPv4",)) -> Json:
    """The network profile where none is sent."""
    dual = len(families) > 1
    return {
        "networkPlugin": "azure",
        "loadBalancerSku": "standard",
        "serviceCidr": "10.0.0.0/16",
        "dnsServiceIP": "10.0.0.10",
        "outboundType": "loadBalancer",
        "serviceCidrs": ["10.0.0.0/16", *(["fd12:3456:789a:1::/108"] if dual else [])],
        "ipFamilies": list(families),
    }


def node_network(cluster: Json) -> str:
    """The name of the network that AKS makes for a cluster, in its node resource group."""
    return f"aks-vnet-{number_of(cluster)}"


def number_of(cluster: Json) -> int:
    """The number in the names of what AKS makes for a cluster."""
    return int(etags.guid_of(cluster["name"], "number")[:6], 16)
