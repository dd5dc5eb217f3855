"""AKS egress updates: what is shown at once, what appears at the end, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.arm import SUBSCRIPTION
from tests.sandbox.arm_clients import Azure, azure, cluster_path

UPDATE = timedelta(seconds=120)
LB_PROFILE = "loadBalancerProfile"


def profile(tenant: Azure, name: str, kind: str = LB_PROFILE) -> Any:
    """A profile of a cluster's network profile."""
    return tenant.call("GET", cluster_path(name)).body["properties"]["networkProfile"][kind]


def outbound(tenant: Azure, name: str, kind: str = LB_PROFILE) -> list[str]:
    """The ids of a cluster's effective outbound IPs."""
    return [entry["id"] for entry in profile(tenant, name, kind)["effectiveOutboundIPs"]]


def update(tenant: Azure, name: str, change: dict[str, Any], kind: str = LB_PROFILE) -> Any:
    """Read, change one profile, write."""
    body = tenant.call("GET", cluster_path(name)).body
    network = body["properties"]["networkProfile"]
    changed = {**network, kind: {**network[kind], **change}}
    return tenant.call(
        "PUT", cluster_path(name), {**body, "properties": {**body["properties"], "networkProfile": changed}}
    )


def scaled(tenant: Azure, name: str, count: int) -> None:
    """Set the managed count and wait for the end."""
    assert update(tenant, name, {"managedOutboundIPs": {"count": count}}).status == 200
    tenant.clock.advance(UPDATE)


def test_the_sdk_scales_a_load_balancer() -> None:
    """Read, write with the etag, poll: the count is wanted at once, the addresses and the etag come at the end."""
    tenant = azure()
    operations = tenant.aks.managed_clusters
    cluster = operations.get("rg-aks-lb", "aks-lb")
    before = outbound(tenant, "aks-lb")
    cluster.network_profile.load_balancer_profile.managed_outbound_i_ps.count = 3
    condition = {"etag": cluster.e_tag, "match_condition": MatchConditions.IfNotModified, "polling": False}
    operations.begin_create_or_update("rg-aks-lb", "aks-lb", cluster, **condition)
    meanwhile = operations.get("rg-aks-lb", "aks-lb")
    assert meanwhile.provisioning_state == "Updating"
    assert meanwhile.e_tag == cluster.e_tag
    assert meanwhile.network_profile.load_balancer_profile.managed_outbound_i_ps.count == 3
    assert outbound(tenant, "aks-lb") == before
    tenant.clock.advance(UPDATE)
    after = operations.get("rg-aks-lb", "aks-lb")
    assert after.provisioning_state == "Succeeded"
    assert after.e_tag != cluster.e_tag
    assert outbound(tenant, "aks-lb")[:1] == before
    assert len(outbound(tenant, "aks-lb")) == 3


def test_the_sdk_polls_to_the_end() -> None:
    """Pollers sleep through the transport: simulated time passes, ours does not."""
    tenant = azure()
    cluster = tenant.aks.managed_clusters.get("rg-aks-lb", "aks-lb")
    started = tenant.clock.now()
    result = tenant.aks.managed_clusters.begin_create_or_update("rg-aks-lb", "aks-lb", cluster).result()
    assert result.provisioning_state == "Succeeded"
    assert tenant.clock.now() - started >= UPDATE


@given(st.lists(st.integers(1, 8), min_size=1, max_size=5))
def test_scaling_keeps_the_tenant_consistent(counts: list[int]) -> None:
    """After any scaling: as many addresses as wanted, each a resource and a frontend; the service's is left alone."""
    tenant = azure()
    now: list[str] = []
    for count in counts:
        before = outbound(tenant, "aks-lb")
        scaled(tenant, "aks-lb", count)
        now = outbound(tenant, "aks-lb")
        assert len(now) == count
        assert set(now) <= set(before) or set(before) <= set(now)
    group = "MC_rg-aks-lb_aks-lb_westeurope"
    addresses = {address.id: address.ip_address for address in tenant.network.public_ip_addresses.list(group)}
    assert len(set(addresses.values())) == len(addresses) == counts[-1] + 1
    balancer = tenant.network.load_balancers.get(group, "kubernetes")
    frontends = {f.id: f.public_ip_address.id for f in balancer.frontend_ip_configurations}
    rule = balancer.outbound_rules[0]
    assert {frontends[f.id] for f in rule.frontend_ip_configurations} == set(now)
    assert set(frontends.values()) == set(addresses)


def test_a_removed_address_is_gone() -> None:
    """Scaling down deletes the public IP itself, not only the reference."""
    tenant = azure()
    scaled(tenant, "aks-lb", 4)
    before = set(outbound(tenant, "aks-lb"))
    scaled(tenant, "aks-lb", 2)
    [gone, _] = before - set(outbound(tenant, "aks-lb"))
    with pytest.raises(ResourceNotFoundError):
        tenant.network.public_ip_addresses.get(gone.split("/")[4], gone.split("/")[-1])


def test_nat_gateway_scales_and_keeps_its_ingress() -> None:
    """The NAT gateway gets the addresses; the load balancer for services stays as it is."""
    tenant = azure()
    group = "MC_rg-aks-natgateway_aks-natgateway_westeurope"
    frontends = len(tenant.network.load_balancers.get(group, "kubernetes").frontend_ip_configurations)
    managed = {"managedOutboundIPProfile": {"count": 5}}
    assert update(tenant, "aks-natgateway", managed, "natGatewayProfile").status == 200
    tenant.clock.advance(UPDATE)
    [gateway] = tenant.network.nat_gateways.list(group)
    wanted = set(outbound(tenant, "aks-natgateway", "natGatewayProfile"))
    assert {address.id for address in gateway.public_ip_addresses} == wanted
    assert len(wanted) == 5
    assert len(tenant.network.load_balancers.get(group, "kubernetes").frontend_ip_configurations) == frontends


def test_setting_a_count_wipes_own_addresses() -> None:
    """That is why the bot refuses it: one's own IPs and prefixes are no longer used."""
    tenant = azure()
    scaled(tenant, "aks-lb-own", 4)
    after = profile(tenant, "aks-lb-own")
    assert "outboundIPs" not in after
    assert "outboundIPPrefixes" not in after
    assert all("/MC_rg-aks-lb-own" in target for target in outbound(tenant, "aks-lb-own"))
    assert tenant.network.public_ip_addresses.get("rg-aks-lb-own", "egress-ip-1").ip_address == "20.101.33.10"


def test_dual_stack_scales_each_version() -> None:
    """Two IPv6 addresses stay two when IPv4 grows."""
    tenant = azure()
    assert update(tenant, "aks-lb-dual", {"managedOutboundIPs": {"count": 3, "countIPv6": 2}}).status == 200
    tenant.clock.advance(UPDATE)
    group = "MC_rg-aks-lb-dual_aks-lb-dual_westeurope"
    versions = [address.public_ip_address_version for address in tenant.network.public_ip_addresses.list(group)]
    assert sorted(versions) == ["IPv4"] * 3 + ["IPv6"] * 2


@pytest.mark.parametrize(
    ("name", "kind", "change", "code"),
    [
        (
            "aks-lb",
            LB_PROFILE,
            {"managedOutboundIPs": {"count": 0}},
            "InvalidLoadBalancerProfileManagedOutboundIPCount",
        ),
        (
            "aks-lb",
            LB_PROFILE,
            {"managedOutboundIPs": {"count": 101}},
            "InvalidLoadBalancerProfileManagedOutboundIPCount",
        ),
        ("aks-lb", LB_PROFILE, {"idleTimeoutInMinutes": 3}, "InvalidLoadBalancerProfileIdleTimeoutInMinutes"),
        (
            "aks-lb",
            LB_PROFILE,
            {"allocatedOutboundPorts": 1001},
            "LoadBalancerProfileAllocatedOutboundPortsMustBeMultipleOfEight",
        ),
        ("aks-lb", LB_PROFILE, {"allocatedOutboundPorts": 64008}, "InvalidLoadBalancerProfileAllocatedOutboundPorts"),
        ("aks-lb", LB_PROFILE, {"allocatedOutboundPorts": 8000}, "InvalidLoadBalancerProfileAllocatedOutboundPorts"),
        (
            "aks-natgateway",
            "natGatewayProfile",
            {"managedOutboundIPProfile": {"count": 17}},
            "InvalidNATGatewayProfileManagedOutboundIPCount",
        ),
        (
            "aks-lb-own",
            LB_PROFILE,
            {"outboundIPs": {"publicIPs": [{"id": "/none"}]}},
            "InvalidLoadBalancerProfileOutboundIPs",
        ),
    ],
)
def test_refused_unwrapped(name: str, kind: str, change: dict[str, Any], code: str) -> None:
    """AKS's errors are not wrapped in ``error``, and a refused update leaves no trace."""
    tenant = azure()
    before = tenant.call("GET", cluster_path(name)).body
    response = update(tenant, name, change, kind)
    assert (response.status, response.body["code"]) == (400, code)
    assert tenant.call("GET", cluster_path(name)).body == before
    assert not tenant.arm.has_running_operations()


def test_ports_that_just_fit_are_accepted() -> None:
    """One IP, at most eleven nodes with the surge: 5816 ports fit, 5824 do not."""
    assert update(azure(), "aks-lb", {"allocatedOutboundPorts": 5816}).status == 200
    assert update(azure(), "aks-lb", {"allocatedOutboundPorts": 5824}).status == 400


def test_a_second_update_is_refused() -> None:
    """409, and the SDK understands the words."""
    tenant = azure()
    cluster = tenant.aks.managed_clusters.get("rg-aks-lb", "aks-lb")
    tenant.aks.managed_clusters.begin_create_or_update("rg-aks-lb", "aks-lb", cluster, polling=False)
    with pytest.raises(ResourceExistsError) as refused:
        tenant.aks.managed_clusters.begin_create_or_update("rg-aks-lb", "aks-lb", cluster, polling=False)
    assert refused.value.error is not None
    assert refused.value.error.code == "OperationNotAllowed"
    assert "in progress update managed cluster operation" in str(refused.value)


def test_a_stale_etag_is_refused() -> None:
    """412: somebody else was faster."""
    tenant = azure()
    cluster = tenant.aks.managed_clusters.get("rg-aks-lb", "aks-lb")
    scaled(tenant, "aks-lb", 2)
    condition = {"etag": cluster.e_tag, "match_condition": MatchConditions.IfNotModified, "polling": False}
    with pytest.raises(ResourceModifiedError):
        tenant.aks.managed_clusters.begin_create_or_update("rg-aks-lb", "aks-lb", cluster, **condition)


def test_patch_changes_tags_only() -> None:
    """A PATCH with more in it changes no more."""
    tenant = azure()
    tenant.call("PATCH", cluster_path("aks-lb"), {"tags": {"a": "b"}, "properties": {"dnsPrefix": "other"}})
    tenant.clock.advance(UPDATE)
    body = tenant.call("GET", cluster_path("aks-lb")).body
    assert (body["tags"], body["properties"]["dnsPrefix"]) == ({"a": "b"}, "aks-lb")


def test_outbound_type_changes_move_the_addresses() -> None:
    """From load balancer to NAT gateway: the old address is gone, the new one on the gateway, the service stays."""
    tenant = azure()
    body = tenant.call("GET", cluster_path("aks-lb")).body
    network = {**body["properties"]["networkProfile"], "outboundType": "managedNATGateway"}
    tenant.call(
        "PUT", cluster_path("aks-lb"), {**body, "properties": {**body["properties"], "networkProfile": network}}
    )
    tenant.clock.advance(UPDATE)
    group = "MC_rg-aks-lb_aks-lb_westeurope"
    [gateway] = tenant.network.nat_gateways.list(group)
    assert [address.id for address in gateway.public_ip_addresses] == outbound(tenant, "aks-lb", "natGatewayProfile")
    balancer = tenant.network.load_balancers.get(group, "kubernetes")
    assert not balancer.outbound_rules
    assert len(balancer.frontend_ip_configurations) == 1


@pytest.mark.parametrize("kind", ["userAssignedNATGateway", "userDefinedRouting"])
def test_outbound_types_that_need_a_subnet(kind: str) -> None:
    """A managed virtual network has no NAT gateway or route table of one's own."""
    tenant = azure()
    body = tenant.call("GET", cluster_path("aks-lb")).body
    network = {**body["properties"]["networkProfile"], "outboundType": kind}
    changed = {**body, "properties": {**body["properties"], "networkProfile": network}}
    assert tenant.call("PUT", cluster_path("aks-lb"), changed).body["code"] in (
        "SubnetNotAssociatedWithNATGateway",
        "ExistingRouteTableNotAssociatedWithSubnet",
    )


def test_node_pools() -> None:
    """Pools are read and scaled by themselves; only the pool's etag changes."""
    tenant = azure()
    pool = tenant.aks.agent_pools.get("rg-aks-usernat", "aks-usernat", "work")
    cluster = tenant.call("GET", cluster_path("aks-usernat")).body
    pool.properties.count = 9
    tenant.aks.agent_pools.begin_create_or_update("rg-aks-usernat", "aks-usernat", "work", pool).result()
    counts = {p.name: p.properties.count for p in tenant.aks.agent_pools.list("rg-aks-usernat", "aks-usernat")}
    assert counts == {"system": 3, "work": 9}
    assert tenant.call("GET", cluster_path("aks-usernat")).body["eTag"] == cluster["eTag"]


def test_required_endpoints() -> None:
    """The published outbound dependencies, as the SDK lists them."""
    found = azure().aks.managed_clusters.list_outbound_network_dependencies_endpoints("rg-aks-udr", "aks-udr")
    names = {endpoint.domain_name for category in found for endpoint in category.endpoints}
    assert {"mcr.microsoft.com", "management.azure.com", "*.hcp.westeurope.azmk8s.io"} <= names


def test_all_fixed_clusters_are_listed() -> None:
    """The table of the sandbox contract."""
    tenant = azure()
    kinds = {cluster.name: cluster.network_profile.outbound_type for cluster in tenant.aks.managed_clusters.list()}
    assert kinds == {
        "aks-lb": "loadBalancer",
        "aks-lb-own": "loadBalancer",
        "aks-lb-dual": "loadBalancer",
        "aks-natgateway": "managedNATGateway",
        "aks-natgateway-v2": "managedNATGateway",
        "aks-usernat": "userAssignedNATGateway",
        "aks-udr": "userDefinedRouting",
        "aks-udr-agic": "userDefinedRouting",
        "aks-udr-classic": "userDefinedRouting",
        "aks-udr-nva": "userDefinedRouting",
        "aks-vwan": "userDefinedRouting",
        "aks-none": "none",
        "aks-block": "block",
    }
    assert all(f"/{SUBSCRIPTION}/" in cluster.id for cluster in tenant.aks.managed_clusters.list())


def test_every_inhabitant_can_be_written_back() -> None:
    """A PUT accepts what a GET returns: no seeded resource has a shape that the rules refuse."""
    tenant = azure()
    for cluster in tenant.aks.managed_clusters.list():
        group = cluster.id.split("/")[4]
        tenant.aks.managed_clusters.begin_create_or_update(group, cluster.name, cluster, polling=False)
        tenant.clock.advance(UPDATE)
        after = tenant.aks.managed_clusters.get(group, cluster.name)
        assert after.network_profile == cluster.network_profile


def test_aborting_returns_to_what_was() -> None:
    """An aborted update is Canceled and changes nothing."""
    tenant = azure()
    before = outbound(tenant, "aks-lb")
    update(tenant, "aks-lb", {"managedOutboundIPs": {"count": 9}})
    assert tenant.call("POST", f"{cluster_path('aks-lb')}/abort").status == 204
    tenant.clock.advance(UPDATE)
    assert outbound(tenant, "aks-lb") == before
    assert tenant.call("GET", cluster_path("aks-lb")).body["properties"]["provisioningState"] == "Canceled"


def test_unknown_cluster() -> None:
    """404 that the SDK knows."""
    with pytest.raises(ResourceNotFoundError):
        azure().aks.managed_clusters.get("rg-aks-lb", "nobody")
    with pytest.raises(HttpResponseError):
        azure().aks.managed_clusters.get("rg-nobody", "nobody")
