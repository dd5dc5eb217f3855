"""Resource Graph: the inventory queries of the fleet, pages, quota, and a large fleet."""

from collections import Counter
from typing import Any

import pytest

from tests.sandbox.arm_clients import Azure, azure

CLUSTERS = """resources | where type =~ 'microsoft.containerservice/managedclusters'
| project id=tolower(id), name, subscriptionId, resourceGroup, location, nodeRg=tostring(properties.nodeResourceGroup),
  state=tostring(properties.provisioningState), power=tostring(properties.powerState.code),
  outboundType=tostring(properties.networkProfile.outboundType), lb=properties.networkProfile.loadBalancerProfile,
  nat=properties.networkProfile.natGatewayProfile, fam=properties.networkProfile.ipFamilies,
  proxy=properties.httpProxyConfig.enabled, pools=properties.agentPoolProfiles"""
ADDRESSES = """resources | where type in~ ('microsoft.network/publicipaddresses','microsoft.network/publicipprefixes')
| project id=tolower(id), ip=coalesce(tostring(properties.ipAddress), tostring(properties.ipPrefix)),
  ver=tostring(properties.publicIPAddressVersion), nat=tolower(tostring(properties.natGateway.id)),
  prefix=tolower(tostring(properties.publicIPPrefix.id))"""
SUBNETS = """resources | where type =~ 'microsoft.network/virtualnetworks' | mv-expand s=properties.subnets limit 400
| project vnet=tolower(id), subnet=tolower(tostring(s.id)), nat=tolower(tostring(s.properties.natGateway.id)),
  rt=tolower(tostring(s.properties.routeTable.id)), peers=properties.virtualNetworkPeerings"""
ROUTES = """resources | where type =~ 'microsoft.network/routetables' | mv-expand r=properties.routes limit 400
| where r.properties.addressPrefix in ('0.0.0.0/0','::/0') | project rt=tolower(id),
  prefix=tostring(r.properties.addressPrefix), hop=tostring(r.properties.nextHopType),
  ip=tostring(r.properties.nextHopIpAddress), ecmp=r.properties.nextHop.nextHopIpAddresses"""
FIREWALLS = """resources | where type =~ 'microsoft.network/azurefirewalls' | project id=tolower(id),
  ipc=properties.ipConfigurations, hub=properties.hubIPAddresses, vhub=tolower(tostring(properties.virtualHub.id)),
  policy=tolower(tostring(properties.firewallPolicy.id)), sku=properties.sku"""


def ask(tenant: Azure, query: str, **options: Any) -> Any:
    """POST a query."""
    path = "https://management.azure.com/providers/Microsoft.ResourceGraph/resources"
    return tenant.call("POST", path, {"query": query, "options": options})


def rows(tenant: Azure, query: str) -> list[dict[str, Any]]:
    """All rows of a query, over all pages."""
    answer = ask(tenant, query)
    found = list(answer.body["data"])
    while "$skipToken" in answer.body:
        answer = ask(tenant, query, **{"$skipToken": answer.body["$skipToken"]})
        found += answer.body["data"]
    return found


def test_clusters() -> None:
    """One row for each cluster with the columns of the query."""
    found = {row["name"]: row for row in rows(azure(), CLUSTERS)}
    assert len(found) == 13
    assert found["aks-lb"]["lb"]["managedOutboundIPs"] == {"count": 1}
    assert (found["aks-lb"]["proxy"], found["aks-lb"]["nat"]) == (None, None)
    assert found["aks-none"]["outboundType"] == "none"


def test_the_way_out_can_be_joined() -> None:
    """Subnet, route table, firewall: the joins that find the egress of a routed cluster."""
    tenant = azure()
    subnet = next(row for row in rows(tenant, SUBNETS) if row["subnet"].endswith("aks-udr-vnet/subnets/aks-subnet"))
    route = next(row for row in rows(tenant, ROUTES) if row["rt"] == subnet["rt"])
    firewalls = [
        row
        for row in rows(tenant, FIREWALLS)
        if row["ipc"] and row["ipc"][0]["properties"]["privateIPAddress"] == route["ip"]
    ]
    assert (route["hop"], len(firewalls)) == ("VirtualAppliance", 2)
    assert "hub-vnet" in subnet["peers"][0]["properties"]["remoteVirtualNetwork"]["id"]


def test_addresses_and_prefixes() -> None:
    """An address's NAT gateway is shown on the address; a prefix has its block."""
    found = {row["id"].rsplit("/", 1)[-1]: row for row in rows(azure(), ADDRESSES)}
    assert found["nat-work-ip"]["nat"].endswith("/natgateways/nat-work")
    assert found["egress-prefix"]["ip"] == "20.105.64.16/30"


def test_quota_headers_and_bad_queries() -> None:
    """The quota is on every answer; what is not understood is a 400."""
    tenant = azure()
    answer = ask(tenant, CLUSTERS)
    assert {"x-ms-user-quota-remaining", "x-ms-user-quota-resets-after"} <= set(answer.headers)
    assert ask(tenant, "resources | explode").status == 400
    assert ask(tenant, "nothing").status == 400
    assert ask(tenant, CLUSTERS, **{"$top": 1001}).status == 400


@pytest.mark.parametrize("top", [1, 5, 13])
def test_pages(top: int) -> None:
    """Every page has a token but the last; together they are everything, once."""
    tenant, names, token = azure(), [], None
    while token != "end":
        options = {"$top": top, **({"$skipToken": token} if token else {})}
        body = ask(tenant, CLUSTERS, **options).body
        names += [row["name"] for row in body["data"]]
        token = body.get("$skipToken", "end")
    assert len(names) == len(set(names)) == 13


def test_a_thousand_clusters() -> None:
    """Generated clusters live in several subscriptions, leave in every way, and share no address."""
    tenant = azure(fleet=1000)
    found = rows(tenant, CLUSTERS)
    assert len(found) == 1013
    assert len({row["subscriptionId"] for row in found}) == 5
    kinds = Counter(row["outboundType"] for row in found)
    assert min(kinds[kind] for kind in ("loadBalancer", "managedNATGateway", "userAssignedNATGateway")) >= 200
    addresses = [row["ip"] for row in rows(tenant, ADDRESSES)]
    assert len(addresses) == len(set(addresses))


def test_the_fleet_is_always_the_same() -> None:
    """Two tenants of one size are equal; only changes are journaled."""
    assert azure(fleet=20).arm.state()["resources"] == azure(fleet=20).arm.state()["resources"]


def test_snat_metrics() -> None:
    """A load balancer has used and allocated ports; an unknown metric is refused."""
    tenant = azure()
    base = "/resourceGroups/MC_rg-aks-lb_aks-lb_westeurope/providers/Microsoft.Network/loadBalancers/kubernetes"
    path = f"{base}/providers/Microsoft.Insights/metrics?metricnames="
    answer = tenant.call("GET", f"{path}UsedSnatPorts,AllocatedSnatPorts").body["value"]
    used, allocated = (metric["timeseries"][0]["data"][-5]["average"] for metric in answer)
    assert 0 < used < allocated
    assert tenant.call("GET", f"{path}Nonsense").status == 400
