"""Egress truth for every fixed cluster, live and as a fleet, and what it costs in requests."""

from dataclasses import replace

import pytest

from bot.domain.egress import PathKind
from bot.errors import ArmNotFound, ArmThrottled
from bot.sandbox.arm import SUBSCRIPTION
from tests.azure.stage import HUB_POLICY, LEGACY, Stage, cluster_id, stage

LB, NAT, FIREWALL = PathKind.LOAD_BALANCER, PathKind.NAT_GATEWAY, PathKind.FIREWALL

# name, kind of path, outbound IPs, ingress IPs, warnings, most requests
CLUSTERS: list[tuple[str, PathKind, list[str], list[str], list[str], int]] = [
    ("aks-lb", LB, ["20.126.14.246"], ["20.31.208.171"], [], 4),
    ("aks-lb-own", LB, ["20.101.33.10", "20.101.33.11", "20.105.64.16/30"], [], [], 4),
    ("aks-lb-dual", LB, ["20.126.15.20", "2603:1020:206:9::14", "2603:1020:206:9::15"], [], [], 4),
    ("aks-natgateway", NAT, ["20.23.10.61", "20.23.10.62"], ["20.61.131.120"], [], 4),
    ("aks-natgateway-v2", NAT, ["20.23.11.80"], [], [], 4),
    ("aks-usernat", NAT, ["20.93.7.5", "20.93.7.6", "20.93.9.32/30"], [], [], 3 + 2 * 2),
    ("aks-udr", FIREWALL, ["13.95.91.166", "13.95.91.170"], ["20.54.120.9"], ["asymmetric"], 3 + 2),
    ("aks-udr-agic", FIREWALL, ["13.95.91.166", "13.95.91.170"], ["20.86.200.31"], [], 3 + 2),
    ("aks-udr-classic", FIREWALL, ["20.73.44.12"], [], [], 3 + 2),
    ("aks-udr-nva", PathKind.APPLIANCE, [], [], ["unknown-next-hop"], 3 + 2),
    ("aks-vwan", PathKind.HUB_FIREWALL, ["20.103.8.41", "20.103.8.42"], [], [], 3 + 2),
    ("aks-none", PathKind.DEFAULT_OUTBOUND, [], [], ["default-outbound"], 4),
    ("aks-block", PathKind.BLOCKED, [], [], [], 4),
]


@pytest.fixture
def azure() -> Stage:
    """A fresh simulated tenant."""
    return stage()


@pytest.mark.parametrize("row", CLUSTERS, ids=[row[0] for row in CLUSTERS])
def test_every_fixed_cluster(azure: Stage, row: tuple[str, PathKind, list[str], list[str], list[str], int]) -> None:
    """The way out, the addresses, what is ingress, the warnings, within the budget of requests."""
    name, kind, ips, ingress, warnings, most = row
    egress = azure.arm.read_egress(cluster_id(name))

    assert set(egress.effective) == {kind}
    assert [ip.address for ip in egress.ips] == ips
    assert [ip.address for ip in egress.ingress] == ingress
    assert [warning.code for warning in egress.warnings] == warnings
    assert len(azure.requests()) <= most, azure.requests()


def test_the_fleet_says_the_same(azure: Stage) -> None:
    """Resource Graph's join gives what a live read gives, but for the eTag, in ten requests at most."""
    fleet = azure.arm.read_fleet()
    cost = len(azure.requests())

    assert {entry.ref.name for entry in fleet.clusters} == {row[0] for row in CLUSTERS}
    assert fleet.gaps == ()
    assert cost <= 10
    for entry in fleet.clusters:
        live = azure.arm.read_egress(entry.ref.id)
        assert replace(live, etag=None) == replace(entry, etag=None)


def test_pools_of_two_nat_gateways(azure: Stage) -> None:
    """Each node pool has its own gateway, addresses and sources."""
    egress = azure.arm.read_egress(cluster_id("aks-usernat"))

    assert {path.pools: [ip.address for ip in path.ips] for path in egress.paths} == {
        ("system",): ["20.93.7.5"],
        ("work",): ["20.93.7.6", "20.93.9.32/30"],
    }
    assert egress.sources("work") == ("10.15.4.0/22",)
    assert egress.sources() == ("10.15.0.0/22", "10.15.4.0/22")


def test_targets(azure: Stage) -> None:
    """Rules go to the policy of the firewall in the peered hub, not to the one with the same address elsewhere."""
    targets = {
        name: azure.arm.read_egress(cluster_id(name)).target() for name in ("aks-udr", "aks-udr-classic", "aks-lb")
    }

    assert targets == {"aks-udr": HUB_POLICY, "aks-udr-classic": LEGACY, "aks-lb": None}


def test_a_nat_gateway_on_the_firewalls_subnet_takes_over(azure: Stage) -> None:
    """Then the egress addresses are the gateway's, and the firewall's rules still count."""
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-aks-usernat/providers/Microsoft.Network"
    hub = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-hub/providers/microsoft.network/virtualnetworks/hub-vnet"
    body = azure.resource(hub)
    subnet = next(s for s in body["properties"]["subnets"] if s["name"] == "AzureFirewallSubnet")
    subnet["properties"]["natGateway"] = {"id": f"{group}/natGateways/nat-system"}
    azure.azure.put_resource(hub, body)

    egress = azure.arm.read_egress(cluster_id("aks-udr"))

    assert ([ip.address for ip in egress.ips], egress.target()) == (["20.93.7.5"], HUB_POLICY)
    assert egress.effective == (FIREWALL,)


def test_while_the_cluster_is_updated(azure: Stage) -> None:
    """Desired is new, effective is old, and that is said."""
    body = azure.resource(cluster_id("aks-lb"))
    body["properties"]["provisioningState"] = "Updating"
    body["properties"]["networkProfile"]["loadBalancerProfile"]["managedOutboundIPs"]["count"] = 3
    azure.azure.put_resource(cluster_id("aks-lb"), body)

    egress = azure.arm.read_egress(cluster_id("aks-lb"))

    assert (egress.is_converging, egress.desired_ip_count, len(egress.ips)) == (True, 3, 1)
    assert [warning.code for warning in egress.warnings] == ["converging"]


@pytest.mark.parametrize("declared", ["managedNATGatewayV2", "quantumTunnel", ""])
def test_outbound_types_of_other_times(azure: Stage, declared: str) -> None:
    """A preview name works like its successor; an unknown one is shown as such, live and in the fleet."""
    body = azure.resource(cluster_id("aks-natgateway-v2"))
    body["properties"]["networkProfile"]["outboundType"] = declared
    azure.azure.put_resource(cluster_id("aks-natgateway-v2"), body)

    egress = azure.arm.read_egress(cluster_id("aks-natgateway-v2"))
    (entry,) = azure.arm.read_fleet().named("AKS-NATGATEWAY-V2")

    is_known = declared == "managedNATGatewayV2"
    assert egress.declared == declared
    assert (egress.outbound_type is not None, egress.effective == (NAT,)) == (is_known, is_known)
    assert ("unknown-outbound-type" in [w.code for w in egress.warnings]) is not is_known
    assert entry.effective == egress.effective


def test_a_deleted_cluster(azure: Stage) -> None:
    """A cluster that is gone is not found; the rest of the fleet stays."""
    azure.azure.delete_resource(cluster_id("aks-lb"))

    with pytest.raises(ArmNotFound):
        azure.arm.read_egress(cluster_id("aks-lb"))
    assert len(azure.arm.read_fleet().clusters) == len(CLUSTERS) - 1


def test_no_permission_beside_the_cluster(azure: Stage) -> None:
    """Forbidden parts are named, and the rest is shown."""
    azure.azure.add_fault(
        {"method": "GET", "path": "azureFirewalls", "times": 9, "status": 403, "code": "AuthorizationFailed"}
    )
    egress = azure.arm.read_egress(cluster_id("aks-udr"))

    assert egress.effective == (PathKind.APPLIANCE,)
    assert "unreadable" in [warning.code for warning in egress.warnings]


def test_a_subscription_without_permission_is_a_gap() -> None:
    """The clusters of the others are shown, and the missing subscription is named."""
    other = "00000000-0000-0000-0000-00000000dead"
    fleet = stage(SUBSCRIPTION, other).arm.read_fleet()

    assert len(fleet.clusters) == len(CLUSTERS)
    assert len(fleet.gaps) == 1
    assert other in fleet.gaps[0]


def test_a_throttled_fleet_is_slower_and_not_wrong(azure: Stage) -> None:
    """429 with a short Retry-After is waited out in simulated time."""
    fault = {
        "method": "POST",
        "path": "ResourceGraph",
        "times": 3,
        "status": 429,
        "code": "RateLimiting",
        "retry_after_s": 4,
    }
    before = azure.clock.now()
    azure.azure.add_fault(fault)
    fleet = azure.arm.read_fleet()

    assert len(fleet.clusters) == len(CLUSTERS)
    assert (azure.clock.now() - before).total_seconds() >= 4
    assert len(azure.requests()) <= 15


def test_a_fleet_throttled_for_long_says_how_long(azure: Stage) -> None:
    """A minute is the caller's to wait."""
    fault = {
        "method": "POST",
        "path": "ResourceGraph",
        "times": 9,
        "status": 429,
        "code": "RateLimiting",
        "retry_after_s": 60,
    }
    azure.azure.add_fault(fault)

    with pytest.raises(ArmThrottled) as caught:
        azure.arm.read_fleet()
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 60


def test_a_fleet_of_four_subscriptions() -> None:
    """A thousand clusters in twenty requests at most, every one with a way out."""
    subscriptions = [f"00000000-0000-0000-0000-0000000f{n:04d}" for n in range(1, 5)]
    large = stage(*subscriptions, fleet=1000)
    fleet = large.arm.read_fleet()

    assert len(fleet.clusters) == 1000
    assert len(large.requests()) <= 20
    assert {PathKind.UNKNOWN, PathKind.NONE, PathKind.APPLIANCE}.isdisjoint(e.effective[0] for e in fleet.clusters)


def test_required_endpoints(azure: Stage) -> None:
    """The published dependencies of a routed cluster have names, ports and protocols."""
    endpoints = azure.arm.read_required_endpoints(cluster_id("aks-udr"))

    assert "mcr.microsoft.com" in {endpoint.domain for endpoint in endpoints}
    assert all(0 < endpoint.port < 65536 and endpoint.protocol for endpoint in endpoints)
