"""Firewall rules, as Azure really stores, rewrites and changes them."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.azure import AzureArm
from bot.azure.settings import ArmSettings
from bot.azure.targets.shared import digest
from bot.azure.translate.firewall_rules import collection_from_json, group_from_json
from bot.domain.firewall import ApplicationRule, NatRule, NetworkRule, RuleAction, RuleCollection, RuleKind
from bot.domain.target import Target, TargetKind
from bot.ports import Operation
from tests.azure.replay import FixedCredential, Replay, answer, example, recorded

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GROUP_NAME = "myclirulecollectiongroup"

OURS = RuleCollection(
    name="egress-team-a",
    priority=100,
    action=RuleAction.ALLOW,
    kind=RuleKind.APPLICATION,
    rules=(
        ApplicationRule(
            name="a1-https-443",
            description="Allowance a1 for aks",
            source_addresses=("10.1.0.0/24",),
            protocols=(("https", 443),),
            target_fqdns=("example.org", "*.example.net"),
        ),
    ),
)


def arm_over(replay: Replay) -> AzureArm:
    """The adapter over recorded traffic, with our group called as the recorded one."""
    return AzureArm(FixedCredential(), ArmSettings((SUBSCRIPTION,), group=GROUP_NAME), transport=replay)


def policy_lines() -> tuple[Target, dict[str, Any], list[dict[str, Any]]]:
    """The recorded firewall policy: its target, the GET of the policy, and the exchanges of its group."""
    lines = recorded("firewall_policy_rules.jsonl")
    policy = lines[1]
    return Target(TargetKind.POLICY, policy["resp_body"]["id"].lower()), policy, lines[2:]


def test_a_policy_write_is_watched_and_read_back() -> None:
    """Observe, PUT, poll ``nfvOperations`` twice, observe: etags differ each time, and foreign rules stay."""
    target, policy, lines = policy_lines()
    draft = answer("GET", f"{target.id}/firewallPolicyDrafts/default", {"error": {"code": "NotFound"}}, status=404)
    replay = Replay([policy, lines[0], draft, *lines[1:5], policy, draft])
    arm = arm_over(replay)

    seen = arm.open(target).observe()
    operation = arm.open(target).begin_write((OURS,), seen.group(1))
    states = [arm.look(operation).status for _ in range(2)]
    again = arm.open(target).observe()

    put = next(sent for sent in replay.sent if sent.method == "PUT")
    before = lines[0]["resp_body"]["properties"]["ruleCollections"]
    assert put.body["properties"]["ruleCollections"][: len(before)] == before, (
        "foreign collections go back as they came"
    )
    assert collection_from_json(put.body["properties"]["ruleCollections"][-1]) == OURS
    assert put.body["properties"]["priority"] == lines[0]["resp_body"]["properties"]["priority"]
    assert put.headers["If-Match"] == f'"{seen.group(1).etag}"'
    assert "nfvOperations" in operation.url
    assert states == ["InProgress", "Succeeded"]
    assert (seen.collections, seen.is_updating, seen.has_failed, seen.draft) == ((), False, False, None)
    assert seen.group(1).etag != again.group(1).etag


def test_sizes_and_kinds_of_the_recorded_group() -> None:
    """The last recorded state has network and NAT rules, and Azure's size is in the answer."""
    _, _, lines = policy_lines()
    group = group_from_json(lines[-1]["resp_body"])

    kinds = {collection.name: collection.kind for collection in group.collections}
    assert kinds == {"filter-collection-1": RuleKind.NETWORK, "nat-collection": RuleKind.NAT}
    assert group.size_bytes == 3382
    rules = [rule for collection in group.collections for rule in collection.rules]
    assert [type(rule) for rule in rules] == [NetworkRule, NetworkRule, NatRule, NatRule]


def test_a_group_that_does_not_exist_is_created_with_our_priority() -> None:
    """No etag, so ``If-None-Match``; a 404 is an observation, not an error."""
    target, policy, lines = policy_lines()
    missing = [
        answer("GET", f"{target.id}/ruleCollectionGroups/{GROUP_NAME}", {"error": {"code": "NotFound"}}, status=404),
        answer("GET", f"{target.id}/firewallPolicyDrafts/default", {"error": {"code": "NotFound"}}, status=404),
    ]
    other = {"name": "other", "properties": {"priority": 300}}
    groups = answer("GET", f"{target.id}/ruleCollectionGroups", {"value": [other]})
    replay = Replay([policy, *missing, groups, lines[1]])
    arm = arm_over(replay)

    place = arm.open(target)
    seen = place.observe()
    place.begin_write((OURS,), place.prepare(seen.group(1)))

    assert (seen.groups, seen.group(1).raw, seen.group(1).foreign) == ((), None, digest([]))
    assert replay.sent[-1].headers["If-None-Match"] == "*"
    assert replay.sent[-1].body["properties"]["priority"] == 301, "Azure wants priorities to differ"


def test_a_draft_is_seen() -> None:
    """Somebody's draft, as the official example shows one, would throw our write away when it is deployed."""
    target, policy, lines = policy_lines()
    draft = answer(
        "GET", f"{target.id}/firewallPolicyDrafts/default", example("FirewallPolicyRuleCollectionGroupDraftGet")
    )
    seen = arm_over(Replay([policy, lines[0], draft])).open(target).observe()

    assert seen.draft == "ruleCollectionGroup1"


def writable(value: Any) -> Any:
    """JSON without what Azure alone writes: none of it describes the firewall."""
    if isinstance(value, list):
        return [writable(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if key not in ("etag", "provisioningState")}
    return {key: writable(item) for key, item in kept.items() if not str(item).startswith("Microsoft.Network/")}


def classic_lines() -> tuple[Target, list[dict[str, Any]]]:
    """The recorded classic firewall."""
    lines = recorded("firewall_classic_rules.jsonl")
    return Target(TargetKind.CLASSIC, lines[0]["resp_body"]["id"].lower()), lines


def test_a_classic_write_keeps_every_foreign_field() -> None:
    """The PUT is the whole firewall: but for our own collection, it is what was read."""
    target, lines = classic_lines()
    before = lines[0]["resp_body"]
    before["properties"]["fieldOfTheFuture"] = ["kept"]
    replay = Replay([lines[0], lines[1], lines[2]])
    arm = arm_over(replay)

    seen = arm.open(target).observe()
    operation = arm.open(target).begin_write((OURS,), seen.group(1))

    put = next(sent for sent in replay.sent if sent.method == "PUT")
    after = json.loads(json.dumps(put.body))
    ours = after["properties"]["applicationRuleCollections"].pop()
    assert writable(after["properties"]) == writable(before["properties"])
    assert ours["name"] == "egress-team-a"
    assert put.headers["If-Match"] == before["etag"]
    assert arm.look(operation).status in ("InProgress", "Succeeded")


def test_classic_rules_become_one_layer() -> None:
    """All three arrays of a classic firewall are read, in the firewall's own order of types."""
    target, lines = classic_lines()
    body = lines[0]["resp_body"]
    groups = {
        id_.lower()
        for key in ("networkRuleCollections", "applicationRuleCollections", "natRuleCollections")
        for collection in body["properties"][key]
        for rule in collection["properties"]["rules"]
        for id_ in (*rule.get("sourceIpGroups", ()), *rule.get("destinationIpGroups", ()))
    }
    answers = [answer("GET", id_, {"id": id_, "properties": {"ipAddresses": ["10.9.0.0/16"]}}) for id_ in groups]
    rules = arm_over(Replay([lines[0], *answers])).open(target).read()

    assert (rules.has_groups, len(rules.layers), set(rules.ip_groups)) == (False, 1, groups)
    assert [c.kind for c in rules.layers[0].groups[0].collections] == [
        RuleKind.NAT,
        RuleKind.NETWORK,
        RuleKind.APPLICATION,
    ]


def test_our_part_of_a_classic_firewall_does_not_touch_the_foreign_digest() -> None:
    """The digest of all the rest is the same before and after our own write, and changes with anybody else's."""
    target, lines = classic_lines()
    body = lines[0]["resp_body"]
    ours = {"name": "egress-x", "properties": {"priority": 100, "action": {"type": "Allow"}, "rules": []}}
    with_ours = json.loads(json.dumps(body))
    with_ours["etag"] = "other"
    with_ours["properties"]["applicationRuleCollections"].append(ours)
    with_theirs = json.loads(json.dumps(body))
    with_theirs["properties"]["threatIntelMode"] = "Off"

    seen = [
        arm_over(Replay([answer("GET", target.id, b)])).open(target).observe() for b in (body, with_ours, with_theirs)
    ]

    assert seen[0].group(1).foreign == seen[1].group(1).foreign != seen[2].group(1).foreign
    assert [c.name for c in seen[1].collections] == ["egress-x"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("FirewallPolicyRuleCollectionGroupGet", (RuleKind.NETWORK, RuleAction.DENY)),
        ("FirewallPolicyRuleCollectionGroupWithIpGroupsGet", (RuleKind.NETWORK, RuleAction.DENY)),
        ("FirewallPolicyRuleCollectionGroupWithWebCategoriesGet", (RuleKind.APPLICATION, RuleAction.DENY)),
    ],
)
def test_official_examples_of_groups(name: str, expected: tuple[RuleKind, RuleAction]) -> None:
    """Each example is one collection of a known kind and action, with rules."""
    (collection,) = group_from_json(example(name)).collections

    assert (collection.kind, collection.action) == expected
    assert collection.rules


def test_an_unknown_rule_type_is_shown_as_such() -> None:
    """A rule of tomorrow is neither lost nor a crash: what it matches is not known."""
    body = {
        "name": "c",
        "priority": 100,
        "action": {"type": "Allow"},
        "rules": [{"ruleType": "QuantumRule", "name": "q"}],
    }
    (rule,) = collection_from_json(body).rules

    assert isinstance(rule, ApplicationRule)
    assert rule.unknown_type == "QuantumRule"
    assert "Unknown rule type" in rule.description


def test_retry_after_of_a_running_operation() -> None:
    """Azure asks for ten seconds, then says nothing and is done."""
    lines = recorded("nat_gateway_operator_with_retry_after.jsonl")
    put, *polls = lines[2:5]
    operation = Operation(put["resp_headers"]["azure-asyncoperation"], timedelta())
    arm = arm_over(Replay(polls))

    states = [arm.look(operation) for _ in range(2)]

    assert [state.status for state in states] == ["InProgress", "Succeeded"]
    assert states[0].look_after == timedelta(seconds=10)
