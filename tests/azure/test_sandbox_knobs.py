"""Every outbound setting that AKS lets one change, through the real SDK against the simulated Azure."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.snat import CountGoal, Goal, OwnIpsGoal, ScalePlan, added_ids, goal_from_text, plan_scale
from bot.errors import ArmRejected, InvalidInput, NotScalable, StalePlan
from bot.sandbox.arm import SUBSCRIPTION
from tests.azure.stage import Stage, cluster_id, stage

OWN = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-aks-lb-own/providers/microsoft.network"
SPARE_IP, SPARE_PREFIX = f"{OWN}/publicipaddresses/egress-spare-ip", f"{OWN}/publicipprefixes/egress-spare-prefix"


@pytest.fixture
def azure() -> Stage:
    """A fresh simulated tenant."""
    return stage()


def goal(text: str) -> Goal:
    """As it is typed."""
    return goal_from_text(text, "aks")[0]


def planned(azure: Stage, name: str, text: str) -> ScalePlan:
    """The plan of what is typed, with what it adds read from Azure."""
    wanted = goal(text)
    found = azure.arm.read_public_ips(added_ids(wanted)) if isinstance(wanted, OwnIpsGoal) else None
    return plan_scale(azure.arm.read_egress(cluster_id(name)), wanted, found)


def profile(azure: Stage, name: str) -> dict[str, Any]:
    """The profile in use, as ARM has it, without what Azure fills in."""
    network = azure.resource(cluster_id(name))["properties"]["networkProfile"]
    part = network.get("natGatewayProfile") if "natGateway" in name else network.get("loadBalancerProfile")
    part = part or network["natGatewayProfile"]
    return {key: value for key, value in part.items() if key != "effectiveOutboundIPs"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("aks-lb", "3"),
        ("aks-lb", "ports 4096"),
        ("aks-lb", "idle 10"),
        ("aks-lb", "for 8192 ports per node"),
        ("aks-lb", f"ips +{SPARE_PREFIX} +{SPARE_IP}"),
        ("aks-lb-dual", "ipv6 3"),
        ("aks-lb-own", "ports 0"),
        ("aks-lb-own", f"ips +{SPARE_IP} -egress-ip-1"),
        ("aks-lb-own", f"ips +{SPARE_PREFIX} -egress-prefix"),
        ("aks-lb-own", "ips -egress-prefix"),
        ("aks-natgateway", "3"),
        ("aks-natgateway", "idle 30"),
        ("aks-natgateway-v2", "idle 120"),
        ("aks-natgateway-v2", "2"),
    ],
)
def test_what_is_planned_is_what_is_there(azure: Stage, name: str, text: str) -> None:
    """Plan, apply and read back agree, for each setting; nothing else of the cluster changes."""
    before, plan = profile(azure, name), planned(azure, name, text)
    assert azure.finish(azure.arm.begin_scale(plan)).status == "Succeeded"
    after, egress = profile(azure, name), azure.arm.read_egress(cluster_id(name))

    assert plan.change.is_set(egress)
    assert plan.change.missing(egress) == ""
    assert {address for address in plan.ips_before if address not in plan.at_risk} <= {ip.address for ip in egress.ips}
    assert set(plan.coming) <= {ip.address for ip in egress.ips}
    touched = {
        "count": {"managedOutboundIPs", "managedOutboundIPProfile"},
        "ports": {"allocatedOutboundPorts", *(["managedOutboundIPs"] if "for" in text else [])},
        "idle": {"idleTimeoutInMinutes"},
        "ips": {"managedOutboundIPs", "outboundIPs", "outboundIPPrefixes"},
    }[plan.change.knob]
    assert {key: before[key] for key in before.keys() - touched} == {key: after[key] for key in after.keys() - touched}
    with pytest.raises(StalePlan):
        azure.arm.begin_scale(plan)


def test_no_plan_wipes_own_ips(azure: Stage) -> None:
    """Ports and idle timeout leave them as they are, and a count is refused with the command for one more."""
    before = azure.arm.read_egress(cluster_id("aks-lb-own"))
    for text in ("ports 4000", "idle 60"):
        azure.finish(azure.arm.begin_scale(planned(azure, "aks-lb-own", text)))
    after = azure.arm.read_egress(cluster_id("aks-lb-own"))
    assert (after.own, after.ips) == (before.own, before.ips)
    with pytest.raises(NotScalable, match="az aks update -g rg-aks-lb-own -n aks-lb-own --load-balancer-outbound-ips"):
        plan_scale(after, CountGoal(3))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"location": "northeurope"}, "is in northeurope, and the cluster is in westeurope"),
        ({"sku": {"name": "Basic", "tier": "Regional"}}, "has the SKU Basic; Standard is needed"),
    ],
)
def test_what_azure_would_not_take_is_refused_before(azure: Stage, changes: dict[str, Any], said: str) -> None:
    """And by Azure as well, where it was changed after the plan."""
    late = planned(azure, "aks-lb-own", f"ips +{SPARE_IP}")
    azure.azure.put_resource(SPARE_IP, {**azure.resource(SPARE_IP), **changes})
    with pytest.raises(InvalidInput, match=said):
        planned(azure, "aks-lb-own", f"ips +{SPARE_IP}")
    with pytest.raises(ArmRejected):
        azure.arm.begin_scale(late)


def test_what_is_in_use_or_missing_is_refused(azure: Stage) -> None:
    """The address of another cluster, one that is not there, and one that AKS manages."""
    with pytest.raises(InvalidInput, match=r"egress-ip-1 is in use by kubernetes"):
        planned(azure, "aks-lb", f"ips +{OWN}/publicIPAddresses/egress-ip-1")
    with pytest.raises(InvalidInput, match="nothing-here does not exist"):
        planned(azure, "aks-lb", f"ips +{OWN}/publicIPAddresses/nothing-here")
    managed = azure.arm.read_egress(cluster_id("aks-lb-dual")).ips[0].id
    with pytest.raises(InvalidInput, match=r"is in use by|is managed by AKS"):
        planned(azure, "aks-lb", f"ips +{managed}")


def test_a_setting_that_moved_is_not_written(azure: Stage) -> None:
    """Where Azure gives no eTag, the setting itself is compared."""
    plans = [planned(azure, "aks-lb", text) for text in ("ports 4096", "idle 10", "2", f"ips +{SPARE_IP}")]
    body = azure.resource(cluster_id("aks-lb"))
    balancer = body["properties"]["networkProfile"]["loadBalancerProfile"]
    balancer |= {"allocatedOutboundPorts": 8, "idleTimeoutInMinutes": 5, "managedOutboundIPs": {"count": 4}}
    azure.azure.put_resource(cluster_id("aks-lb"), body)
    now = azure.arm.read_egress(cluster_id("aks-lb")).etag
    for plan in plans:
        with pytest.raises(StalePlan, match="no longer set to"):
            azure.arm.begin_scale(replace(plan, etag=now))
