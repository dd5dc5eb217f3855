"""Clusters as they come: what is there and not what was wished, live and as a fleet."""

from typing import Any

import pytest

from bot.domain.egress import ClusterEgress, PathKind
from bot.domain.snat import CountChange, CountGoal, capacity, plan_scale
from bot.errors import NotScalable
from bot.sandbox.arm import SUBSCRIPTION
from tests.azure.stage import Stage, both, cluster_id, stage

GROUPS = f"/subscriptions/{SUBSCRIPTION}/resourcegroups"
OWN = f"{GROUPS}/rg-aks-lb-own/providers/microsoft.network"
LB, NAT = PathKind.LOAD_BALANCER, PathKind.NAT_GATEWAY


@pytest.fixture
def azure() -> Stage:
    """A fresh simulated tenant."""
    return stage()


def change(azure: Stage, name: str, network: dict[str, Any] | None = None, **properties: Any) -> None:
    """Change a cluster by hand; ``network`` goes into its network profile, None takes away."""
    body = azure.resource(cluster_id(name))
    body["properties"] |= properties
    profile = {**body["properties"]["networkProfile"], **(network or {})}
    body["properties"]["networkProfile"] = {key: value for key, value in profile.items() if value is not None}
    azure.azure.put_resource(cluster_id(name), body)


def profile_of(azure: Stage, name: str, key: str) -> dict[str, Any]:
    """A profile of a cluster's network profile."""
    found: dict[str, Any] = azure.resource(cluster_id(name))["properties"]["networkProfile"][key]
    return found


def codes(egress: ClusterEgress) -> list[str]:
    """The codes of the warnings."""
    return [warning.code for warning in egress.warnings]


def test_a_plan_counts_what_is_there(azure: Stage) -> None:
    """Five are wished and one is there: from one, and nothing is said of five that are not."""
    profile = profile_of(azure, "aks-lb", "loadBalancerProfile")
    change(azure, "aks-lb", {"loadBalancerProfile": {**profile, "managedOutboundIPs": {"count": 5}}})
    egress = both(azure, "aks-lb")

    plan = plan_scale(egress, CountGoal(4))
    assert (plan.change, plan.at_risk) == (CountChange(5, 4, there=1), ())
    assert (plan.ports_before, plan.ports_after) == (64_000, 4 * 64_000)
    again = plan_scale(egress, CountGoal(5))
    assert again.change == CountChange(5, 5, there=1), "What did not come through can be asked for again."


@pytest.mark.parametrize("new", ["managedNATGateway", "none", "block"])
def test_while_the_outbound_type_changes(azure: Stage, new: str) -> None:
    """The addresses in use stand in the profile of the type before, and it is that which carries the traffic."""
    nat = {"natGatewayProfile": {"managedOutboundIPProfile": {"count": 1}}} if "NAT" in new else {}
    change(azure, "aks-lb", {"outboundType": new, **nat}, provisioningState="Updating")
    egress = both(azure, "aks-lb")

    assert (egress.effective, [ip.address for ip in egress.ips]) == ((LB,), ["20.126.14.246"])
    assert codes(egress) == ["converging"]


def test_from_a_nat_gateway_to_a_load_balancer(azure: Stage) -> None:
    """The other way round."""
    balancer = {"loadBalancerProfile": {"managedOutboundIPs": {"count": 1}}}
    change(azure, "aks-natgateway", {"outboundType": "loadBalancer", **balancer}, provisioningState="Updating")
    egress = both(azure, "aks-natgateway")

    assert (egress.effective, [ip.address for ip in egress.ips]) == ((NAT,), ["20.23.10.61", "20.23.10.62"])


def test_a_basic_load_balancer(azure: Stage) -> None:
    """No profile: its public frontends are what there is; AKS counts none, so a scale is refused."""
    change(azure, "aks-lb", {"loadBalancerSku": "basic", "loadBalancerProfile": None})
    egress = both(azure, "aks-lb")

    assert (egress.effective, egress.is_basic) == ((LB,), True)
    assert {"20.126.14.246", "20.31.208.171"} == {ip.address for ip in egress.ips}
    assert "basic-load-balancer" in codes(egress)
    assert capacity(egress).node_limit == 100
    with pytest.raises(NotScalable, match="basic load balancer"):
        plan_scale(egress, CountGoal(2))


def test_a_nat_gateway_of_the_new_sku_with_addresses_of_ones_own(azure: Stage) -> None:
    """The body has plain strings; the addresses are the customer's, and no count is set over them."""
    found = profile_of(azure, "aks-natgateway-v2", "natGatewayProfile")
    ids = [one["id"] for one in found["effectiveOutboundIPs"]]
    own = {name: value for name, value in found.items() if name != "managedOutboundIPProfile"}
    change(azure, "aks-natgateway-v2", {"natGatewayProfile": {**own, "outboundIPs": {"publicIPs": ids}}})
    egress = both(azure, "aks-natgateway-v2")

    assert egress.has_own_ips
    assert [(ip.address, ip.origin) for ip in egress.ips] == [("20.23.11.80", "own")]
    with pytest.raises(NotScalable, match="your own"):
        plan_scale(egress, CountGoal(2))


@pytest.mark.parametrize(
    ("name", "key", "count"),
    [
        ("aks-lb", "loadBalancerProfile", "managedOutboundIPs"),
        ("aks-natgateway", "natGatewayProfile", "managedOutboundIPProfile"),
    ],
)
def test_what_aks_does_not_count(azure: Stage, name: str, key: str, count: str) -> None:
    """No count although addresses are live: refused with the reason, for whichever type."""
    change(azure, name, {key: {**profile_of(azure, name, key), count: None}})

    with pytest.raises(NotScalable, match=r"reports no managed outbound IPs for .* \(it leaves with [12] now\)"):
        plan_scale(both(azure, name), CountGoal(3))


def test_a_declared_load_balancer_behind_a_firewall(azure: Stage) -> None:
    """Its own addresses carry nothing out, so more of them would not either."""
    target = f"{GROUPS}/rg-x/providers/Microsoft.Network/publicIPAddresses/x"
    managed = {"managedOutboundIPs": {"count": 1}, "effectiveOutboundIPs": [{"id": target}]}
    change(azure, "aks-udr", {"outboundType": "loadBalancer", "loadBalancerProfile": managed})

    with pytest.raises(NotScalable, match=r"does not leave that way.*hub-firewall"):
        plan_scale(azure.arm.read_egress(cluster_id("aks-udr")), CountGoal(2))


@pytest.mark.parametrize("gone", [("publicipaddresses/egress-ip-1",), ("publicipprefixes/egress-prefix",)])
def test_an_address_of_ones_own_that_was_deleted(azure: Stage, gone: tuple[str, ...]) -> None:
    """It is named, and that it was deleted; nobody is told to give rights."""
    for part in gone:
        azure.azure.delete_resource(f"{OWN}/{part}")
    live = azure.arm.read_egress(cluster_id("aks-lb-own"))
    (entry,) = azure.arm.read_fleet().named("aks-lb-own")

    for part in gone:
        name = part.rsplit("/", 1)[-1]
        assert any(name in w.sentence for w in entry.warnings if w.code == "missing-address")
        assert any(f"{name} was deleted" in w.sentence for w in live.warnings if w.code == "deleted")
    assert (capacity(live).near_exhaustion, "Enough" in capacity(live).advice) == (True, False)
    assert "right to read" not in " ".join(warning.way_out for warning in live.warnings)


def test_a_load_balancer_that_lost_every_address(azure: Stage) -> None:
    """No "enough" without a single port."""
    for part in ("publicipaddresses/egress-ip-1", "publicipaddresses/egress-ip-2", "publicipprefixes/egress-prefix"):
        azure.azure.delete_resource(f"{OWN}/{part}")
    egress = azure.arm.read_egress(cluster_id("aks-lb-own"))
    found = capacity(egress)

    assert (found.total_ports, found.near_exhaustion) == (0, True)
    assert "no outbound IP" in found.advice
    assert {"no-addresses", "missing-address", "deleted"} <= set(codes(egress))


def pool(**more: Any) -> dict[str, Any]:
    """A node pool's body."""
    return {"name": "np", "mode": "System", "count": None, "upgradeSettings": {"maxSurge": "0"}, **more}


BY_HAND = {"manual": [{"size": "D4s", "count": 3}, {"size": "D8s", "count": 2}]}


@pytest.mark.parametrize(
    ("body", "now", "most"),
    [
        (pool(type="VirtualMachines", virtualMachinesProfile={"scale": BY_HAND}), 5, 5),
        (
            pool(
                type="VirtualMachines",
                virtualMachinesProfile={"scale": BY_HAND},
                virtualMachineNodesStatus=[{"size": "D4s", "count": 2}, {"size": "D8s", "count": 2}],
            ),
            4,
            4,
        ),
        (
            pool(
                type="VirtualMachines",
                virtualMachinesProfile={"scale": {"autoscale": {"size": "D4s", "minCount": 2, "maxCount": 9}}},
                virtualMachineNodesStatus=[{"size": "D4s", "count": 4}],
            ),
            4,
            9,
        ),
        (
            pool(
                type="VirtualMachines",
                virtualMachinesProfile={"scale": {"autoscale": [{"minCount": 1, "maxCount": 5}, {"maxCount": 6}]}},
                virtualMachineNodesStatus=[{"count": 1}],
            ),
            1,
            11,
        ),
        (
            pool(
                count=0, scaleSetPriority="Spot", enableAutoScaling=True, minCount=0, maxCount=8, upgradeSettings=None
            ),
            0,
            8,
        ),
        (pool(count=0, upgradeSettings=None), 0, 0),
    ],
)
def test_the_nodes_of_every_kind_of_pool(azure: Stage, body: dict[str, Any], now: int, most: int) -> None:
    """Virtual machines by size and by autoscaler, spot pools at zero: no node is missed and none is invented."""
    change(azure, "aks-lb", agentPoolProfiles=[body])
    found = capacity(both(azure, "aks-lb"))

    assert (found.nodes_now, found.max_nodes) == (now, most)


@pytest.mark.parametrize(
    "properties",
    [{"nodeProvisioningProfile": {"mode": "Auto"}}, {"agentPoolProfiles": []}, {"agentPoolProfiles": None}],
)
def test_nodes_without_a_limit(azure: Stage, properties: dict[str, Any]) -> None:
    """Node auto-provisioning and hosted system pools: nothing is called enough."""
    change(azure, "aks-lb", **properties)
    egress = both(azure, "aks-lb")
    found = capacity(egress)

    assert [ip.address for ip in egress.ips] == ["20.126.14.246"]
    assert (found.is_unbounded, found.headroom_nodes) == (True, None)
    assert "no node limit" in found.advice
    assert "Enough" not in found.advice


def test_a_cluster_that_is_being_deleted(azure: Stage) -> None:
    """Said as such, and no scale is planned for it."""
    change(azure, "aks-lb", provisioningState="Deleting")
    egress = both(azure, "aks-lb")

    assert codes(egress) == ["deleting"]
    with pytest.raises(NotScalable, match="being deleted"):
        plan_scale(egress, CountGoal(2))


def test_a_stopped_cluster(azure: Stage) -> None:
    """Said as such, and no scale is planned for it."""
    change(azure, "aks-lb", powerState={"code": "Stopped"})
    egress = both(azure, "aks-lb")

    assert "stopped" in codes(egress)
    with pytest.raises(NotScalable, match="stopped"):
        plan_scale(egress, CountGoal(2))
