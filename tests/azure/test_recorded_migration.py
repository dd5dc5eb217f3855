"""Changing the outbound type from a load balancer to a managed NAT gateway, as Azure really did it once."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.egress import ClusterEgress, OutboundType, PathKind
from bot.domain.outbound_migration import plan_migration, proposal_of
from bot.errors import StalePlan
from tests.azure.replay import Replay, answer, recorded
from tests.azure.test_recorded_scale import SUBSCRIPTION, address, arm_over
from tests.sandbox.arm_clients import azure, cluster_path

RECORDING = "aks_loadbalancer_to_managed_nat_gateway.jsonl"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/clitest000001"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/cliakstest000002"
NODES = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/mc_clitest000001_cliakstest000002_eastus"
OLD, NEW = ["20.0.0.1", "20.0.0.2"], ["20.1.0.1", "20.1.0.2"]


def beside(numbers: list[str], cluster: dict[str, Any]) -> list[dict[str, Any]]:
    """The lists next to a recorded cluster: its effective addresses, and no load balancer."""
    network = cluster["properties"]["networkProfile"]
    profiles = [network.get(name) or {} for name in ("loadBalancerProfile", "natGatewayProfile")]
    ids = [one["id"] for profile in profiles for one in profile.get("effectiveOutboundIPs", ())]
    rows = [address(id_, ip) for id_, ip in zip(ids, numbers, strict=True)]
    return [
        answer("GET", f"{NODES}/providers/Microsoft.Network/publicIPAddresses", {"value": rows}),
        answer("GET", f"{NODES}/providers/Microsoft.Network/loadBalancers", {"value": []}),
    ]


def read(body: dict[str, Any], numbers: list[str]) -> ClusterEgress:
    """A recorded state of the cluster, through the real SDK."""
    return arm_over(Replay([answer("GET", CLUSTER, body), *beside(numbers, body)])).read_egress(CLUSTER)


def test_what_azure_showed_before_while_and_after() -> None:
    """While Updating the type is new and the addresses are old; at the end there are others, and none of the old."""
    before, put, *_, after = [line["resp_body"] for line in recorded(RECORDING)]
    states = [read(before, OLD), read(put, OLD), read(after, NEW)]

    assert [one.outbound_type for one in states] == [
        OutboundType.LOAD_BALANCER,
        OutboundType.MANAGED_NAT_GATEWAY,
        OutboundType.MANAGED_NAT_GATEWAY,
    ]
    assert [one.is_converging for one in states] == [False, True, False]
    assert [one.effective for one in states] == [
        (PathKind.LOAD_BALANCER,),
        (PathKind.LOAD_BALANCER,),
        (PathKind.NAT_GATEWAY,),
    ]
    assert [[ip.address for ip in one.ips] for one in states] == [OLD, OLD, NEW]
    plan = plan_migration(states[0], OutboundType.MANAGED_NAT_GATEWAY)
    assert plan.is_possible
    assert (plan.leaving, plan.settings.ip_count) == (tuple(OLD), 2)


def test_the_recorded_change_is_made() -> None:
    """Read, plan, write, poll twice, read back: the PUT is the recorded one, and done is what Azure then has."""
    lines = recorded(RECORDING)
    before, after = lines[0], lines[-1]
    replay = Replay([before, *beside(OLD, before["resp_body"]), before, *lines[1:], *beside(NEW, after["resp_body"])])
    arm = arm_over(replay)
    egress = arm.read_egress(CLUSTER)
    plan = proposal_of(plan_migration(egress, OutboundType.MANAGED_NAT_GATEWAY), egress)
    operation = arm.begin_scale(plan)
    states = [arm.look(operation).status for _ in range(2)]
    again = arm.read_egress(CLUSTER)

    put = next(sent for sent in replay.sent if sent.method == "PUT").body["properties"]["networkProfile"]
    asked = lines[1]["req_body"]["properties"]["networkProfile"]
    assert put == {**asked, "natGatewayProfile": {**asked["natGatewayProfile"], "idleTimeoutInMinutes": 4}}
    assert states == ["InProgress", "Succeeded"]
    assert (plan.change.is_as_planned(again), plan.change.is_set(again), plan.change.missing(again)) == (
        False,
        True,
        "",
    )
    assert "half-way" in plan.change.missing(read(lines[1]["resp_body"], OLD))
    assert replay.exchanges == []


def test_somebody_changed_the_type_in_between() -> None:
    """Nothing is written over a cluster that is another one than was planned for."""
    lines = recorded(RECORDING)
    before, after = lines[0], lines[-1]
    replay = Replay([before, *beside(OLD, before["resp_body"]), after])
    arm = arm_over(replay)
    egress = arm.read_egress(CLUSTER)
    with pytest.raises(StalePlan, match="no longer set to loadBalancer"):
        arm.begin_scale(proposal_of(plan_migration(egress, OutboundType.MANAGED_NAT_GATEWAY_V2), egress))
    assert {sent.method for sent in replay.sent} == {"GET"}


def test_a_change_that_failed_is_half_way() -> None:
    """The type is new, the addresses are the old ones, and nobody is told that the gateway carries the traffic."""
    body = recorded(RECORDING)[1]["resp_body"]
    body["properties"]["provisioningState"] = "Failed"
    egress = read(body, OLD)
    assert (egress.effective, egress.is_converging) == ((PathKind.LOAD_BALANCER,), False)
    assert "Half-way" in egress.paths[0].why
    assert {"failed", "mismatch"} <= {one.code for one in egress.warnings}
    assert not plan_migration(egress, OutboundType.NONE).is_possible


@pytest.mark.parametrize("place", [1, -1])
def test_the_simulator_shows_the_same(place: int) -> None:
    """Its answer to the recorded PUT, and the cluster at the end, have the recorded profiles."""
    tenant = azure()
    sent = recorded(RECORDING)[1]["req_body"]["properties"]["networkProfile"]
    body = tenant.call("GET", cluster_path("aks-lb")).body
    kept = {name: value for name, value in body["properties"]["networkProfile"].items() if "Profile" not in name}
    network = {**kept, **{name: sent[name] for name in ("outboundType", "natGatewayProfile")}}
    answered = tenant.call(
        "PUT", cluster_path("aks-lb"), {**body, "properties": {**body["properties"], "networkProfile": network}}
    )
    assert answered.status == 200
    found = answered.body if place == 1 else settled(tenant)
    shown, wanted = (one["properties"]["networkProfile"] for one in (found, recorded(RECORDING)[place]["resp_body"]))
    for name in ("loadBalancerProfile", "natGatewayProfile"):
        assert set(wanted[name]) <= {*shown[name], "idleTimeoutInMinutes", "allocatedOutboundPorts"}
        assert ("effectiveOutboundIPs" in shown[name]) == ("effectiveOutboundIPs" in wanted[name])


def settled(tenant: Any) -> Any:
    """The cluster when the operation has ended."""
    tenant.clock.advance(timedelta(minutes=3))
    return tenant.call("GET", cluster_path("aks-lb")).body


@pytest.mark.parametrize(
    ("name", "network", "code"),
    [
        (
            "aks-natgateway",
            {"outboundType": "loadBalancer", "natGatewayProfile": None},
            "UpdatingOutboundTypeNotAllowed",
        ),
        ("aks-udr", {"outboundType": "block"}, "UpdatingOutboundTypeNotAllowed"),
        ("aks-udr", {"outboundType": "managedNATGateway"}, "ManagedNATGatewayWithCustomVNetNotAllowed"),
        ("aks-udr", {"outboundType": "userAssignedNATGateway"}, "SubnetNotAssociatedWithNATGateway"),
        ("aks-usernat", {"outboundType": "userDefinedRouting"}, "ExistingRouteTableNotAssociatedWithSubnet"),
        (
            "aks-natgateway-v2",
            {"outboundType": "managedNATGateway", "natGatewayProfile": {"sku": "Standard"}},
            "UpdatingOutboundTypeNotAllowed",
        ),
    ],
)
def test_the_simulator_refuses_what_azure_refuses(name: str, network: dict[str, Any], code: str) -> None:
    """Each with AKS's own code, and nothing is changed."""
    tenant = azure()
    body = tenant.call("GET", cluster_path(name)).body
    wanted = {**body["properties"]["networkProfile"], **network}
    changed = {**body, "properties": {**body["properties"], "networkProfile": wanted}}
    assert tenant.call("PUT", cluster_path(name), changed).body["code"] == code
    assert tenant.call("GET", cluster_path(name)).body["eTag"] == body["eTag"]


def test_a_route_and_a_load_balancer_profile_exclude_each_other() -> None:
    """Who sends the old profile along is refused, as azurerm once was."""
    tenant = azure()
    path = cluster_path("aks-udr")
    body = tenant.call("GET", path).body
    off = {**body["properties"]["networkProfile"], "outboundType": "none"}
    tenant.call("PUT", path, {**body, "properties": {**body["properties"], "networkProfile": off}})
    tenant.clock.advance(timedelta(minutes=3))
    back = {**off, "outboundType": "userDefinedRouting", "loadBalancerProfile": {"managedOutboundIPs": {"count": 1}}}
    changed = {**body, "properties": {**body["properties"], "networkProfile": back}}
    assert tenant.call("PUT", path, changed).body["code"] == "InvalidUserDefinedRoutingWithLoadBalancerProfile"
