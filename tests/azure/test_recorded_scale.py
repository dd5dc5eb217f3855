"""Scaling managed outbound IPs, as Azure really did it once."""

from datetime import timedelta
from typing import Any

import pytest

from bot.azure import AzureArm
from bot.azure.settings import ArmSettings
from bot.domain.egress import PathKind
from bot.domain.snat import CountGoal, plan_scale
from bot.errors import NotScalable, StalePlan
from tests.azure.replay import FixedCredential, Replay, answer, recorded

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/clitest000001"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/cliakstest000001"
NODES = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/mc_clitest000001_cliakstest000001_westcentralus"


def address(id_: str, ip: str) -> dict[str, object]:
    """The public IP of a recorded id."""
    return {
        "id": id_,
        "name": id_.rsplit("/", 1)[-1],
        "properties": {"ipAddress": ip, "publicIPAddressVersion": "IPv4"},
    }


def beside(cluster: dict[str, Any]) -> list[dict[str, Any]]:
    """The lists next to a recorded cluster: its effective addresses and no load balancer."""
    profile = cluster["properties"]["networkProfile"]["loadBalancerProfile"]
    rows = [address(item["id"], f"20.0.0.{n}") for n, item in enumerate(profile["effectiveOutboundIPs"], 1)]
    network = f"{NODES}/providers/Microsoft.Network"
    return [
        answer("GET", f"{network}/publicIPAddresses", {"value": rows}),
        answer("GET", f"{network}/loadBalancers", {"value": []}),
    ]


def arm_over(replay: Replay) -> AzureArm:
    """The adapter over recorded traffic."""
    return AzureArm(FixedCredential(), ArmSettings((SUBSCRIPTION,)), transport=replay)


def test_one_to_two_managed_ips() -> None:
    """Read, plan, write, poll twice, read back: the PUT asks for two and Azure has two."""
    lines = recorded("aks_loadbalancer_managed_ips_1_to_2.jsonl")
    before, after = lines[0], lines[-1]
    replay = Replay([before, *beside(before["resp_body"]), before, *lines[1:], *beside(after["resp_body"])])
    arm = arm_over(replay)

    egress = arm.read_egress(CLUSTER)
    assert (egress.effective, [ip.address for ip in egress.ips]) == ((PathKind.LOAD_BALANCER,), ["20.0.0.1"])
    operation = arm.begin_scale(plan_scale(egress, CountGoal(2)))
    states = [arm.look(operation) for _ in range(2)]
    again = arm.read_egress(CLUSTER)

    put = next(sent for sent in replay.sent if sent.method == "PUT")
    assert put.body["properties"]["networkProfile"]["loadBalancerProfile"]["managedOutboundIPs"] == {"count": 2}
    assert "api-version=2016-03-30" in operation.url
    assert operation.look_after == timedelta(seconds=10)
    assert [state.status for state in states] == ["InProgress", "Succeeded"]
    assert [state.code for state in states] == [None, None], "Azure repeats an old error in a running operation"
    assert (again.desired_ip_count, len(again.ips), again.is_converging) == (2, 2, False)
    assert replay.exchanges == []


def test_unknown_fields_survive_the_scale() -> None:
    """A field that no SDK knows goes back to Azure as it came."""
    lines = recorded("aks_loadbalancer_managed_ips_1_to_2.jsonl")
    body = lines[0]["resp_body"]
    body["properties"]["fieldOfTheFuture"] = {"kept": [1, 2]}
    body["properties"]["networkProfile"]["loadBalancerProfile"]["newKnob"] = "on"
    replay = Replay([lines[0], *beside(body), lines[0], lines[1]])
    arm = arm_over(replay)

    arm.begin_scale(plan_scale(arm.read_egress(CLUSTER), CountGoal(2)))

    put = replay.sent[-1].body["properties"]
    assert put["fieldOfTheFuture"] == {"kept": [1, 2]}
    assert put["networkProfile"]["loadBalancerProfile"]["newKnob"] == "on"


def test_the_plan_is_refused_when_the_count_moved() -> None:
    """Somebody scaled in between: nothing is written."""
    lines = recorded("aks_loadbalancer_managed_ips_1_to_2.jsonl")
    before, after = lines[0], lines[-1]
    replay = Replay([before, *beside(before["resp_body"]), after])
    arm = arm_over(replay)
    plan = plan_scale(arm.read_egress(CLUSTER), CountGoal(3))

    with pytest.raises(StalePlan, match="no longer set to 1"):
        arm.begin_scale(plan)
    assert {sent.method for sent in replay.sent} == {"GET"}


def test_a_cluster_being_updated_is_converging() -> None:
    """The answer to the PUT: the wanted count is new, the effective address is the old one."""
    lines = recorded("aks_loadbalancer_managed_ips_1_to_2.jsonl")
    body = lines[1]["resp_body"]
    egress = arm_over(Replay([answer("GET", CLUSTER, body), *beside(body)])).read_egress(CLUSTER)

    assert (egress.is_converging, egress.desired_ip_count, len(egress.ips)) == (True, 2, 1)
    assert "converging" in [warning.code for warning in egress.warnings]
    with pytest.raises(NotScalable, match="being updated"):
        plan_scale(egress, CountGoal(4))


def test_own_ips_are_read_and_never_scaled() -> None:
    """Own addresses live in another resource group: one list of the subscription has them."""
    lines = recorded("aks_loadbalancer_own_ips.jsonl")
    first, second, after = lines[0]["resp_body"], lines[1]["resp_body"], lines[-1]
    replay = Replay(
        [
            after,
            answer(
                "GET",
                f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/publicIPAddresses",
                {"value": [first, second]},
            ),
            answer("GET", f"{NODES}/providers/Microsoft.Network/loadBalancers", {"value": []}),
        ]
    )
    egress = arm_over(replay).read_egress(CLUSTER)

    assert {ip.address for ip in egress.ips} == {b["properties"]["ipAddress"] for b in (first, second)}
    assert {ip.origin for ip in egress.ips} == {"own"}
    assert len(replay.sent) == 3
    with pytest.raises(NotScalable, match="your own"):
        plan_scale(egress, CountGoal(3))
