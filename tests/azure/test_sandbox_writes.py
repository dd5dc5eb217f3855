"""Writes through the real SDK against the simulated Azure: rules of both kinds, and outbound IP counts."""

from dataclasses import replace

import pytest

from bot.domain.firewall import ApplicationRule, NetworkRule, RuleAction, RuleCollection, RuleKind
from bot.domain.rule_rendering import placed
from bot.domain.snat import CountGoal, plan_scale
from bot.domain.target import Target
from bot.errors import (
    ArmBusy,
    ArmNotFound,
    ArmRejected,
    ArmThrottled,
    ArmUnreachable,
    NotScalable,
    StalePlan,
    StaleVersion,
)
from tests.azure.stage import HUB_POLICY, LEGACY, Stage, cluster_id, stage


@pytest.fixture
def azure() -> Stage:
    """A fresh simulated tenant."""
    return stage()


def collection(fqdn: str, priority: int = 150) -> RuleCollection:
    """One of the bot's collections with one rule."""
    rule = ApplicationRule(
        name="a1-https-443",
        description="Allowance a1",
        source_addresses=("10.10.0.0/22",),
        protocols=(("https", 443),),
        target_fqdns=(fqdn,),
    )
    return RuleCollection(
        name="egress-aks-udr", priority=priority, action=RuleAction.ALLOW, kind=RuleKind.APPLICATION, rules=(rule,)
    )


BOTH = pytest.mark.parametrize("target", [HUB_POLICY, LEGACY], ids=["policy", "classic"])


@BOTH
def test_write_and_read_back(azure: Stage, target: Target) -> None:
    """The written rules are observed again, nothing foreign changed, and emptying them leaves nothing behind."""
    before = azure.arm.open(target).observe()
    ours = (collection("example.org"),)
    ended = azure.finish(azure.write(target, ours, before))
    written = azure.arm.open(target).observe()
    azure.finish(azure.write(target, (), written))
    emptied = azure.arm.open(target).observe()

    assert (ended.status, before.collections, written.collections) == ("Succeeded", (), ours)
    assert before.group(1).foreign == written.group(1).foreign == emptied.group(1).foreign
    assert emptied.collections == ()
    assert ours[0].rules in [c.rules for layer in _rules_after(azure, target, ours) for c in layer]


def _rules_after(azure: Stage, target: Target, ours: tuple[RuleCollection, ...]) -> list[list[RuleCollection]]:
    azure.finish(azure.write(target, ours))
    return [[c for group in layer.groups for c in group.collections] for layer in azure.arm.open(target).read().layers]


@BOTH
def test_nothing_waits_for_the_end(azure: Stage, target: Target) -> None:
    """The write is accepted at once, runs, and is seen to run; a second writer is told to wait."""
    before = azure.arm.open(target).observe()
    started = azure.clock.now()
    operation = azure.write(target, (collection("example.org"),), before)

    assert (azure.clock.now() - started).total_seconds() < 60
    assert azure.arm.look(operation).is_running
    assert azure.arm.open(target).observe().is_updating
    with pytest.raises((ArmBusy, StaleVersion)):
        azure.write(target, (collection("example.net"),), before)


def test_a_stale_write_is_refused(azure: Stage) -> None:
    """Where Azure honours the etag, what was not seen is not overwritten."""
    first = azure.arm.open(HUB_POLICY).observe()
    azure.finish(azure.write(HUB_POLICY, (collection("example.org"),), first))
    seen = azure.arm.open(HUB_POLICY).observe()
    azure.finish(azure.write(HUB_POLICY, (collection("example.net"),), seen))

    with pytest.raises(StaleVersion):
        azure.write(HUB_POLICY, (), seen)


def test_collections_of_others_in_our_group_stay(azure: Stage) -> None:
    """Somebody put a collection into our group by hand: it is foreign, and every write carries it along."""
    azure.finish(azure.write(HUB_POLICY, (collection("example.org"),)))
    group = f"{HUB_POLICY.id}/rulecollectiongroups/rcg-aks-egress"
    body = azure.resource(group)
    body["properties"]["ruleCollections"].append(
        {
            "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
            "name": "by-hand",
            "priority": 900,
            "action": {"type": "Allow"},
            "rules": [],
        }
    )
    azure.azure.put_resource(group, body)

    seen = azure.arm.open(HUB_POLICY).observe()
    azure.finish(azure.write(HUB_POLICY, (), seen))

    names = [c["name"] for c in azure.resource(group)["properties"]["ruleCollections"]]
    assert (names, azure.arm.open(HUB_POLICY).observe().group(1).foreign == seen.group(1).foreign) == (
        ["by-hand"],
        True,
    )


def test_a_failed_operation_says_why(azure: Stage) -> None:
    """Azure's code and words of the end, and the target is seen as failed."""
    fault = {
        "method": "PUT",
        "path": "ruleCollectionGroups",
        "times": 1,
        "code": "FirewallPolicyUpdateFailed",
        "fail_operation": True,
    }
    azure.azure.add_fault(fault)
    ended = azure.finish(azure.write(HUB_POLICY, (collection("example.org"),)))

    assert (ended.status, ended.code) == ("Failed", "FirewallPolicyUpdateFailed")
    assert ended.message


def test_a_lost_answer_is_not_repeated_by_the_sdk(azure: Stage) -> None:
    """The write landed and its answer was lost: the caller learns that it may have, and the SDK sends no second one."""
    seen = azure.arm.open(HUB_POLICY).observe()
    azure.azure.add_fault({"method": "PUT", "path": "ruleCollectionGroups", "times": 1, "drop_response": True})

    with pytest.raises(ArmUnreachable):
        azure.write(HUB_POLICY, (collection("example.org"),), seen)
    assert len([r for r in azure.requests() if r[0] == "PUT"]) == 1


def test_a_rule_that_azure_does_not_like(azure: Stage) -> None:
    """A refused body is a refusal, with Azure's own words."""
    with pytest.raises(ArmRejected) as caught:
        azure.write(HUB_POLICY, (collection("example.org", priority=99),))
    assert caught.value.sentence.startswith("Azure rejected the request")


def test_parents_come_first(azure: Stage) -> None:
    """The whole chain is read, the root parent first, with IP groups, tier and proxy."""
    rules = azure.arm.open(HUB_POLICY).read()

    assert len(rules.layers) == 2
    assert rules.layers[-1].id == HUB_POLICY.id
    assert rules.has_groups
    assert all(layer.groups for layer in rules.layers)


def test_no_such_target(azure: Stage) -> None:
    """A policy that is gone is not an empty one."""
    with pytest.raises(ArmNotFound):
        azure.arm.open(replace(HUB_POLICY, id=HUB_POLICY.id + "-gone")).observe()


@pytest.mark.parametrize(
    ("name", "count"), [("aks-lb", 3), ("aks-natgateway", 3), ("aks-natgateway", 1), ("aks-natgateway-v2", 2)]
)
def test_scale_and_read_back(azure: Stage, name: str, count: int) -> None:
    """Up keeps every address; down leaves as many as were asked for."""
    before = azure.arm.read_egress(cluster_id(name))
    plan = plan_scale(before, CountGoal(count))
    operation = azure.arm.begin_scale(plan)
    during = azure.arm.read_egress(cluster_id(name))
    ended = azure.finish(operation)
    after = azure.arm.read_egress(cluster_id(name))

    assert (during.is_converging, during.desired_ip_count, during.ips) == (True, count, before.ips)
    assert ended.status == "Succeeded"
    assert (after.desired_ip_count, len(after.ips), after.is_converging) == (count, count, False)
    assert set(plan.ips_before) - {ip.address for ip in after.ips} <= set(plan.at_risk)


def test_scale_of_ipv6(azure: Stage) -> None:
    """The IPv6 count has a plan of its own; IPv4 stays."""
    plan = plan_scale(azure.arm.read_egress(cluster_id("aks-lb-dual")), CountGoal(3, ipv6=True))
    azure.finish(azure.arm.begin_scale(plan))
    after = azure.arm.read_egress(cluster_id("aks-lb-dual"))

    assert (plan.change.ends[0], after.desired_ip_count, after.desired_ipv6_count) == ("2", 1, 3)
    assert [ip.version for ip in after.ips] == [4, 6, 6, 6]


def test_two_scales_at_once(azure: Stage) -> None:
    """The second meets a busy or changed cluster, never a silent overwrite."""
    egress = azure.arm.read_egress(cluster_id("aks-lb"))
    azure.arm.begin_scale(plan_scale(egress, CountGoal(2)))

    with pytest.raises((StalePlan, ArmBusy)):
        azure.arm.begin_scale(plan_scale(egress, CountGoal(3)))


def test_a_plan_from_before_another_change(azure: Stage) -> None:
    """The eTag moved: nothing is written."""
    egress = azure.arm.read_egress(cluster_id("aks-lb"))
    azure.finish(azure.arm.begin_scale(plan_scale(egress, CountGoal(2))))

    with pytest.raises(StalePlan):
        azure.arm.begin_scale(plan_scale(egress, CountGoal(3)))


@pytest.mark.parametrize("name", ["aks-lb-own", "aks-usernat", "aks-udr", "aks-vwan", "aks-none", "aks-block"])
def test_what_cannot_be_scaled_says_why(azure: Stage, name: str) -> None:
    """Each refusal is a sentence about this cluster."""
    with pytest.raises(NotScalable) as caught:
        plan_scale(azure.arm.read_egress(cluster_id(name)), CountGoal(2))
    assert caught.value.sentence.startswith(name)
    assert ("az network nat gateway update" in caught.value.sentence) == (name == "aks-usernat")


def test_ip_groups_of_rules_are_resolved(azure: Stage) -> None:
    """A rule names an IP group: the ranges come with the rules."""
    group_id = f"{HUB_POLICY.id.split('/providers/')[0]}/providers/Microsoft.Network/ipGroups/spokes"
    azure.azure.put_resource(group_id, {"location": "westeurope", "properties": {"ipAddresses": ["10.10.0.0/16"]}})
    rule = replace(collection("example.org").rules[0], source_addresses=(), source_ip_groups=(group_id,))
    ours = replace(collection("example.org"), rules=(rule,))
    azure.finish(azure.write(HUB_POLICY, (ours,)))

    assert azure.arm.open(HUB_POLICY).read().ip_groups[group_id.lower()] == ("10.10.0.0/16",)


def test_a_classic_firewall_whose_first_places_are_taken(azure: Stage) -> None:
    """Others hold the priorities that we would take: ours go beside them."""
    body = azure.resource(LEGACY.id)
    theirs = [c["properties"]["priority"] for c in body["properties"]["applicationRuleCollections"]]
    seen = azure.arm.open(LEGACY).observe()
    ours = placed(
        (collection("example.org", priority=theirs[0]),),
        (),
        taken=seen.group(1).taken,
        first=seen.group(1).first_priority,
    )
    ended = azure.finish(azure.write(LEGACY, ours, seen))

    assert ended.status == "Succeeded"
    assert azure.arm.open(LEGACY).observe().collections == ours
    after = azure.resource(LEGACY.id)["properties"]["applicationRuleCollections"]
    priorities = [c["properties"]["priority"] for c in after]
    assert len(priorities) == len(set(priorities)) == len(theirs) + 1


@pytest.mark.parametrize(("status", "error"), [(503, ArmUnreachable), (429, ArmThrottled), (409, ArmBusy)])
def test_a_refused_write_is_sent_once(azure: Stage, status: int, error: type[Exception]) -> None:
    """The reconciler decides about repeating a write, not the SDK."""
    code = "AnotherOperationInProgress" if status == 409 else "Whatever"
    azure.azure.add_fault({"method": "PUT", "times": 5, "status": status, "code": code, "retry_after_s": 1})

    with pytest.raises(error):
        azure.write(HUB_POLICY, (collection("example.org"),))
    assert len([r for r in azure.requests() if r[0] == "PUT"]) == 1


def network_collection(fqdn: str, name: str = "egress-rg-aks.net") -> RuleCollection:
    """One of our network rule collections."""
    rule = NetworkRule(
        name="a1-tcp-5432",
        description="d",
        ip_protocols=("TCP",),
        source_addresses=("10.10.0.0/22",),
        destination_fqdns=(fqdn,),
        destination_ports=("5432",),
    )
    return RuleCollection(name=name, priority=150, action=RuleAction.ALLOW, kind=RuleKind.NETWORK, rules=(rule,))


def test_network_rules_of_ours_come_back_as_they_were_written(azure: Stage) -> None:
    """In a policy, and in the array of network rules of a classic firewall; foreign ones are kept."""
    more = {"Network.DNS.EnableProxy": "true"}
    body = azure.resource(LEGACY.id)
    body["properties"]["additionalProperties"] |= more
    azure.azure.put_resource(body["id"], body)
    for target in (HUB_POLICY, LEGACY):
        before = azure.arm.open(target).observe()
        assert before.takes_names
        ours = (collection("example.org", priority=151), network_collection("db.example.com"))
        ended = azure.finish(azure.write(target, ours, before))
        assert ended.status == "Succeeded"
        after = azure.arm.open(target).observe()
        assert sorted(each.name for each in after.collections) == sorted(each.name for each in ours)
        assert [each for each in after.collections if each.kind is RuleKind.NETWORK] == [ours[1]]
        assert after.group(1).foreign == before.group(1).foreign
        azure.finish(azure.write(target, (), after))
        assert azure.arm.open(target).observe().collections == ()
        assert azure.arm.open(target).observe().group(1).foreign == before.group(1).foreign


def test_whether_network_rules_take_names_is_the_chains(azure: Stage) -> None:
    """The policy's own setting, or a parent's; not known where a parent cannot be read."""
    own, base = (azure.resource(f"{HUB_POLICY.id.rsplit('/', 1)[0]}/{name}") for name in ("hub-policy", "base-policy"))
    own["properties"]["dnsSettings"] = {"enableProxy": False}
    azure.azure.put_resource(own["id"], own)
    assert azure.arm.open(HUB_POLICY).observe().takes_names is False
    base["properties"]["dnsSettings"] = {"enableProxy": True}
    azure.azure.put_resource(base["id"], base)
    assert azure.arm.open(HUB_POLICY).observe().takes_names is True
    azure.azure.add_fault(
        {"method": "GET", "path": "base-policy", "times": 9, "status": 403, "code": "AuthorizationFailed"}
    )
    assert azure.arm.open(HUB_POLICY).observe().takes_names is None
    assert azure.arm.open(LEGACY).observe().takes_names is False
