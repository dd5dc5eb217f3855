"""How tests of the simulated Azure make things and read refusals."""

from datetime import timedelta
from typing import Any

from tests.sandbox.arm_clients import BASE, Azure, azure

NETWORK = "/providers/Microsoft.Network"
LATER = timedelta(minutes=10)
WORK = f"/resourceGroups/rg-new{NETWORK}"
CLUSTER = "/resourceGroups/rg-new/providers/Microsoft.ContainerService/managedClusters/fresh"


def tenant_with_group() -> Azure:
    """A tenant with an empty resource group."""
    tenant = azure()
    made(tenant, "/resourceGroups/rg-new", {"location": "westeurope"})
    return tenant


def made(tenant: Azure, path: str, body: Any) -> Any:
    """Create something, and wait until it is there."""
    answer = tenant.call("PUT", path, body)
    assert answer.status in (200, 201), answer.body
    tenant.clock.advance(LATER)
    return tenant.call("GET", path).body


def located(**properties: Any) -> dict[str, Any]:
    """A body in the usual region."""
    return {"location": "westeurope", "sku": {"name": "Standard"}, "properties": properties}


def refused(answer: Any) -> str:
    """The code of a refusal."""
    assert answer.status == 400, answer.body
    return str(answer.body.get("error", answer.body).get("code") or answer.body)


def network_with(tenant: Azure, **subnet: Any) -> str:
    """A virtual network with one subnet; gives the subnet's id."""
    space = {"addressSpace": {"addressPrefixes": ["10.90.0.0/16"]}}
    inner = {"addressPrefix": "10.90.1.0/24", **subnet}
    body = located(**space, subnets=[{"name": "nodes", "properties": inner}])
    return str(made(tenant, f"{WORK}/virtualNetworks/vnet", body)["properties"]["subnets"][0]["id"])


def cluster_with(outbound: str, subnet: str = "", **network: Any) -> dict[str, Any]:
    """The body that ``az aks create --outbound-type`` sends."""
    pool = {"name": "nodepool1", "count": 3, "mode": "System", "vmSize": "Standard_DS2_v2"}
    pools = [{**pool, **({"vnetSubnetID": subnet} if subnet else {})}]
    profile = {"outboundType": outbound, "networkPlugin": "azure", **network}
    properties = {"dnsPrefix": "fresh", "agentPoolProfiles": pools, "networkProfile": profile}
    return {"location": "westeurope", "identity": {"type": "SystemAssigned"}, "properties": properties}


def outbound_ips(tenant: Azure, body: Any) -> list[str]:
    """The addresses that a cluster reports as its effective ones."""
    network = body["properties"]["networkProfile"]
    profiles = [network.get(name) or {} for name in ("loadBalancerProfile", "natGatewayProfile")]
    ids = [each["id"] for profile in profiles for each in profile.get("effectiveOutboundIPs") or []]
    found = [tenant.call("GET", id_.removeprefix(BASE)).body["properties"] for id_ in ids]
    return [each.get("ipAddress") or each["ipPrefix"] for each in found]
