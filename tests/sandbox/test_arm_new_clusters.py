"""Clusters that are created work as those that were there from the start, with every outbound type."""

from typing import Any

import pytest

from tests.sandbox.arm_clients import BASE, azure
from tests.sandbox.arm_making import (
    CLUSTER,
    LATER,
    WORK,
    cluster_with,
    located,
    made,
    network_with,
    outbound_ips,
    refused,
    tenant_with_group,
)


def test_a_load_balancer_cluster_is_made() -> None:
    """Creating until it is there; then with an outbound IP on the load balancer of its node resource group."""
    tenant = tenant_with_group()
    answer = tenant.call("PUT", CLUSTER, cluster_with("loadBalancer"))
    assert (answer.status, answer.body["properties"]["provisioningState"]) == (201, "Creating")
    assert not outbound_ips(tenant, answer.body)
    tenant.clock.advance(LATER)
    cluster = tenant.aks.managed_clusters.get("rg-new", "fresh")
    assert cluster.provisioning_state == "Succeeded"
    assert len(cluster.network_profile.load_balancer_profile.effective_outbound_i_ps) == 1
    balancer = tenant.network.load_balancers.get(cluster.node_resource_group, "kubernetes")
    assert len(balancer.outbound_rules) == 1


def test_a_managed_nat_cluster_is_made() -> None:
    """The NAT gateway is on the subnet that AKS made."""
    tenant = tenant_with_group()
    profile = {"managedOutboundIPProfile": {"count": 2}, "idleTimeoutInMinutes": 4}
    cluster = made(tenant, CLUSTER, cluster_with("managedNATGateway", natGatewayProfile=profile))
    assert len(outbound_ips(tenant, cluster)) == 2
    (network,) = tenant.network.virtual_networks.list(cluster["properties"]["nodeResourceGroup"])
    gateway = tenant.network.nat_gateways.get(
        cluster["properties"]["nodeResourceGroup"], network.subnets[0].nat_gateway.id.rsplit("/", 1)[1]
    )
    assert [each.id for each in gateway.subnets] == [network.subnets[0].id]


def test_own_ips_of_a_v2_nat_gateway_are_strings() -> None:
    """As the API has them; the older SKU takes none."""
    tenant = tenant_with_group()
    own = made(tenant, f"{WORK}/publicIPAddresses/own", {**located(), "sku": {"name": "StandardV2"}})
    profile = {"sku": "StandardV2", "outboundIPs": {"publicIPs": [own["id"]]}}
    cluster = made(tenant, CLUSTER, cluster_with("managedNATGateway", natGatewayProfile=profile))
    assert outbound_ips(tenant, cluster) == [own["properties"]["ipAddress"]]
    plain = {"outboundIPs": {"publicIPs": [own["id"]]}}
    other = CLUSTER.replace("fresh", "other")
    assert refused(tenant.call("PUT", other, cluster_with("managedNATGateway", natGatewayProfile=plain)))


@pytest.mark.parametrize(
    ("outbound", "needs"), [("userDefinedRouting", "routeTables"), ("userAssignedNATGateway", "natGateways")]
)
def test_a_cluster_in_its_own_subnet(outbound: str, needs: str) -> None:
    """Refused until the subnet has what the outbound type needs; then made, without an address of AKS's."""
    tenant = tenant_with_group()
    subnet = network_with(tenant)
    assert refused(tenant.call("PUT", CLUSTER, cluster_with(outbound, subnet)))
    assert tenant.call("GET", f"{subnet.removeprefix(BASE)}/providers/Microsoft.Authorization/roleAssignments").body[
        "value"
    ]
    carrier = made(tenant, f"{WORK}/{needs}/carrier", located())
    link = "routeTable" if needs == "routeTables" else "natGateway"
    network_with(tenant, **{link: {"id": carrier["id"]}})
    cluster = made(tenant, CLUSTER, cluster_with(outbound, subnet))
    assert cluster["properties"]["provisioningState"] == "Succeeded"
    assert not outbound_ips(tenant, cluster)
    assert tenant.call("GET", f"{WORK}/{needs}/carrier").body["properties"]["subnets"] == [{"id": subnet}]


@pytest.mark.parametrize("outbound", ["none", "block"])
def test_clusters_without_a_way_out(outbound: str) -> None:
    """They exist, and have no outbound IP."""
    tenant = tenant_with_group()
    assert not outbound_ips(tenant, made(tenant, CLUSTER, cluster_with(outbound)))


def test_node_pools_come_and_go() -> None:
    """The last one of mode System stays."""
    tenant = tenant_with_group()
    made(tenant, CLUSTER, cluster_with("loadBalancer"))
    pool = {"properties": {"count": 2, "mode": "User", "vmSize": "Standard_DS2_v2"}}
    assert made(tenant, f"{CLUSTER}/agentPools/extra", pool)["properties"]["count"] == 2
    assert tenant.call("DELETE", f"{CLUSTER}/agentPools/extra").status == 202
    tenant.clock.advance(LATER)
    assert tenant.call("GET", f"{CLUSTER}/agentPools/extra").status == 404
    assert "mode System" in str(tenant.call("DELETE", f"{CLUSTER}/agentPools/nodepool1").body)


def test_a_cluster_stops_and_starts() -> None:
    """Its outbound IPs stay."""
    tenant = tenant_with_group()
    before = outbound_ips(tenant, made(tenant, CLUSTER, cluster_with("loadBalancer")))
    tenant.aks.managed_clusters.begin_stop("rg-new", "fresh").result()
    stopped = tenant.call("GET", CLUSTER).body
    assert (stopped["properties"]["powerState"], outbound_ips(tenant, stopped)) == ({"code": "Stopped"}, before)
    tenant.aks.managed_clusters.begin_start("rg-new", "fresh").result()
    assert tenant.call("GET", CLUSTER).body["properties"]["powerState"] == {"code": "Running"}


def test_a_deleted_cluster_takes_its_node_resource_group_along() -> None:
    """With everything in it."""
    tenant = tenant_with_group()
    group = made(tenant, CLUSTER, cluster_with("loadBalancer"))["properties"]["nodeResourceGroup"]
    tenant.aks.managed_clusters.begin_delete("rg-new", "fresh").result()
    assert tenant.call("GET", CLUSTER).status == 404
    assert not [key for key in tenant.arm.state()["resources"] if f"/{group}".lower() in key]


def test_a_deleted_group_is_empty() -> None:
    """Its cluster's node resource group goes too; something that depends on it blocks it."""
    tenant = tenant_with_group()
    made(tenant, CLUSTER, cluster_with("loadBalancer"))
    answer = tenant.call("DELETE", "/resourceGroups/rg-new")
    assert answer.status == 202
    assert tenant.call("GET", answer.headers["location"]).status == 200
    assert not [key for key in tenant.arm.state()["resources"] if "rg-new" in key]
    assert tenant.call("DELETE", "/resourceGroups/rg-aks-usernat").status in (202, 409)


def test_from_load_balancer_to_nat_gateway() -> None:
    """Meanwhile the old addresses are in the old profile; afterwards all are new, and the subnet is on the gateway."""
    tenant = azure()
    path = "/resourceGroups/rg-aks-lb/providers/Microsoft.ContainerService/managedClusters/aks-lb"
    body = tenant.call("GET", path).body
    before = outbound_ips(tenant, body)
    body["properties"]["networkProfile"]["outboundType"] = "managedNATGateway"
    during = tenant.call("PUT", path, body).body
    assert outbound_ips(tenant, during) == before
    tenant.clock.advance(LATER)
    after = tenant.call("GET", path).body
    assert not set(outbound_ips(tenant, after)) & set(before)
    assert len(outbound_ips(tenant, after)) == 1
    (network,) = tenant.network.virtual_networks.list(after["properties"]["nodeResourceGroup"])
    assert network.subnets[0].nat_gateway is not None


@pytest.mark.parametrize("profile", [{"idleTimeoutInMinutes": minutes} for minutes in (0, 3, 121)])
@pytest.mark.parametrize("outbound", ["loadBalancer", "managedNATGateway"])
def test_idle_timeouts_out_of_range(outbound: str, profile: Any) -> None:
    """Four minutes to two hours; zero is not a default."""
    tenant = tenant_with_group()
    name = "loadBalancerProfile" if outbound == "loadBalancer" else "natGatewayProfile"
    managed = {"managedOutboundIPs": {"count": 1}} if outbound == "loadBalancer" else {}
    sent: dict[str, Any] = {name: {**managed, **profile}}
    body = cluster_with(outbound, **sent)
    assert "IdleTimeout" in refused(tenant.call("PUT", CLUSTER, body))


def test_ipv6_needs_two_stacks() -> None:
    """On a single stack cluster there is no IPv6 count."""
    tenant = tenant_with_group()
    body = cluster_with("loadBalancer", loadBalancerProfile={"managedOutboundIPs": {"count": 1, "countIPv6": 1}})
    assert "ManagedOutboundIPCount" in refused(tenant.call("PUT", CLUSTER, body))
