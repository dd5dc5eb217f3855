"""Firewall policies, rule collection groups and classic rules: one writer, rewriting, refusals, effects at the end."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.arm.ids import ATTACHED_S, UNATTACHED_S
from tests.sandbox.arm_clients import BASE, GROUP, POLICY, Azure, azure, web_rules

ATTACHED, UNATTACHED = timedelta(seconds=ATTACHED_S), timedelta(seconds=UNATTACHED_S)
MOMENT = timedelta(milliseconds=1)
NETWORK = "/providers/Microsoft.Network"
LEGACY = f"/resourceGroups/rg-legacy{NETWORK}/azureFirewalls/legacy-firewall"
IP_GROUP = f"/resourceGroups/rg-hub{NETWORK}/ipGroups/ipg-build-agents"


def state(tenant: Azure, path: str) -> str:
    """A resource's provisioning state."""
    return str(tenant.call("GET", path).body["properties"]["provisioningState"])


def test_the_sdk_writes_a_group() -> None:
    """The real client creates a group, polls and reads it back as the provider rewrote it."""
    tenant = azure()
    groups = tenant.network.firewall_policy_rule_collection_groups
    result = groups.begin_create_or_update("rg-hub", "hub-policy", "rcg-chatops", web_rules("*.contoso.com")).result()
    [rule] = result.rule_collections[0].rules
    assert result.provisioning_state == "Succeeded"
    assert (result.rule_collections[0].action.type, rule.protocols[0].protocol_type) == ("Allow", "Https")
    assert (rule["fqdnTags"], rule["terminateTLS"], rule["targetFqdns"]) == ([], False, ["*.contoso.com"])
    assert result.id in [
        group.id for group in tenant.network.firewall_policies.get("rg-hub", "hub-policy").rule_collection_groups
    ]


def test_a_large_group_is_answered_as_it_is_now() -> None:
    """The bytes of a body are kept, and those of the one before it are not given for the next."""
    tenant = azure()
    for suffix in ("example.com", "example.net"):
        names = [f"host-{number}.{suffix}" for number in range(1000)]
        for answer in (tenant.call("PUT", GROUP, web_rules(*names)), tenant.call("GET", GROUP)):
            assert json.loads(answer.content) == answer.body
        tenant.clock.advance(ATTACHED)
        (first, again) = (tenant.call("GET", GROUP) for _ in range(2))
        assert first.content is again.content
        assert json.loads(again.content) == tenant.arm.state()["resources"][f"{BASE}{GROUP}".lower()]
        assert names[-1].encode() in again.content


def test_an_attached_policy_takes_four_minutes() -> None:
    """Policy, group and firewall show Updating until then; the etag changes at the start and at the end."""
    tenant = azure()
    first = tenant.call("PUT", GROUP, web_rules("a.example.com"))
    firewall = f"/resourceGroups/rg-hub{NETWORK}/azureFirewalls/hub-firewall"
    tenant.clock.advance(ATTACHED - MOMENT)
    assert {state(tenant, path) for path in (GROUP, f"{POLICY}/hub-policy", firewall)} == {"Updating"}
    assert tenant.call("GET", GROUP).body["etag"] == first.body["etag"]
    assert tenant.call("GET", first.headers["azure-asyncoperation"]).body == {"status": "InProgress"}
    tenant.clock.advance(MOMENT)
    assert {state(tenant, path) for path in (GROUP, f"{POLICY}/hub-policy", firewall)} == {"Succeeded"}
    assert tenant.call("GET", GROUP).body["etag"] != first.body["etag"]
    assert tenant.call("GET", first.headers["azure-asyncoperation"]).body == {"status": "Succeeded"}


def test_a_lonely_policy_takes_eleven_seconds() -> None:
    """Nothing to push to."""
    tenant = azure()
    tenant.call("PUT", f"{POLICY}/lonely", {"location": "westeurope", "properties": {}})
    tenant.clock.advance(UNATTACHED)
    tenant.call("PUT", f"{POLICY}/lonely/ruleCollectionGroups/one", web_rules("example.com"))
    tenant.clock.advance(UNATTACHED)
    assert not tenant.arm.has_running_operations()
    assert state(tenant, f"{POLICY}/lonely/ruleCollectionGroups/one") == "Succeeded"


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_speed_divides_durations_and_retry_after(speed: float) -> None:
    """At sixty times Azure's pace four minutes are four seconds."""
    tenant = azure(speed=speed)
    answer = tenant.call("PUT", GROUP, web_rules("example.com"))
    assert answer.headers["retry-after"] == ("10" if speed == 1 else "1")
    tenant.clock.advance(ATTACHED / speed - MOMENT)
    assert tenant.arm.has_running_operations()
    tenant.clock.advance(MOMENT)
    assert not tenant.arm.has_running_operations()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (GROUP, web_rules("b.example.com")),
        (f"{POLICY}/hub-policy/ruleCollectionGroups/other", web_rules("b.example.com", priority=1100)),
        (f"{POLICY}/base-policy/ruleCollectionGroups/other", web_rules("b.example.com")),
        (f"{POLICY}/base-policy", {"location": "westeurope", "properties": {}}),
        (IP_GROUP, {"location": "westeurope", "properties": {"ipAddresses": ["10.0.0.1"]}}),
    ],
)
def test_one_write_for_each_tree(path: str, body: dict[str, Any]) -> None:
    """Parent, siblings and IP groups wait; a policy of another tree does not."""
    tenant = azure()
    tenant.call("PUT", GROUP, web_rules("a.example.com"))
    refused = tenant.call("PUT", path, body)
    assert (refused.status, refused.body["error"]["code"]) == (409, "AnotherOperationInProgress")
    assert "/nfvOperations/" in refused.body["error"]["message"]
    other = f"/resourceGroups/rg-vwan{NETWORK}/firewallPolicies/vwan-policy/ruleCollectionGroups/x"
    assert tenant.call("PUT", other, web_rules("example.com")).status == 201
    tenant.clock.advance(ATTACHED)
    assert tenant.call("PUT", path, body).status in (200, 201)


def test_a_firewall_that_is_being_updated_is_busy_for_every_policy() -> None:
    """Also for one that it got by hand while the update of another one ran."""
    tenant = azure()
    tenant.call("PUT", GROUP, web_rules("a.example.com"))
    new = f"/resourceGroups/rg-hub{NETWORK}/firewallPolicies/new-policy"
    tenant.arm.put_resource(f"{BASE}{new}", {"location": "westeurope", "properties": {"sku": {"tier": "Standard"}}})
    firewall = f"{BASE}/resourceGroups/rg-hub{NETWORK}/azureFirewalls/hub-firewall"
    body = tenant.arm.state()["resources"][firewall.lower()]
    properties = {**body["properties"], "firewallPolicy": {"id": f"{BASE}{new}"}}
    tenant.arm.put_resource(firewall, {**body, "properties": properties})
    assert tenant.call("PUT", f"{new}/ruleCollectionGroups/x", web_rules("b.example.com")).status == 409


def test_a_group_honours_if_match_unless_told_otherwise() -> None:
    """Whether the real provider does is not documented: both can be tried."""
    tenant = azure()
    tenant.call("PUT", GROUP, web_rules("a.example.com"))
    tenant.clock.advance(ATTACHED)
    wrong, right = '"made-up"', f'"{tenant.call("GET", GROUP).body["etag"]}"'
    refused = tenant.call("PUT", GROUP, web_rules("b.example.com"), **{"If-Match": wrong})
    assert (refused.status, refused.body["error"]["code"]) == (412, "PreconditionFailed")
    assert tenant.call("PUT", GROUP, web_rules("b.example.com"), **{"If-Match": right}).status == 200
    tenant.clock.advance(ATTACHED)
    tenant.arm.honour_if_match_on_groups = False
    assert tenant.call("PUT", GROUP, web_rules("c.example.com"), **{"If-Match": wrong}).status == 200


@pytest.mark.parametrize(
    "name",
    ["www.*.com", "contoso.*", "https://contoso.com", "contoso.com/x", "contoso.com:443", "a b.com", "", "*.*.com"],
)
def test_bad_fqdns_are_refused(name: str) -> None:
    """Only a left-most star, no scheme, path, port or space; the provider hides its reason in ModelState."""
    refused = azure().call("PUT", GROUP, web_rules(name))
    assert refused.status == 400
    assert refused.body["Message"] == "The request is invalid."
    assert "InvalidFqdn" in refused.body["ModelState"]["resource"][0]


@pytest.mark.parametrize(
    "name", ["*", "contoso.com", "*.contoso.com", "*contoso.com", "xn--bcher-kva.example", "a_b.example.com"]
)
def test_good_fqdns_are_accepted(name: str) -> None:
    """The provider takes some that the bot must refuse by itself: a bare star, and a star without a dot."""
    assert azure().call("PUT", GROUP, web_rules(name)).status == 201


def broken(**changes: Any) -> dict[str, Any]:
    """A group whose first rule differs; None removes a field."""
    body = web_rules("example.com")
    rule = body["properties"]["ruleCollections"][0]["rules"][0]
    rule.update(changes)
    for name in [name for name, value in rule.items() if value is None]:
        del rule[name]
    return body


@pytest.mark.parametrize(
    "body",
    [
        broken(sourceAddresses=None),
        broken(sourceAddresses=["10.0.0.300"]),
        broken(protocols=[]),
        broken(protocols=[{"protocolType": "Ftp", "port": 21}]),
        broken(fqdnTags=["AzureKubernetesServices"]),
        broken(targetFqdns=["a*.example.com"]),
        broken(targetFqdns=[]),
        broken(name=""),
        broken(ruleType="NatRule"),
        web_rules("example.com", priority=99),
        web_rules("example.com", priority=65001),
        web_rules("example.com", priority=200),
        {"properties": {"priority": 500, "ruleCollections": web_rules("a.com")["properties"]["ruleCollections"] * 2}},
    ],
)
def test_refused_groups(body: dict[str, Any]) -> None:
    """Missing source, bad address, protocol or target, priorities out of range or taken, names used twice."""
    tenant = azure()
    assert tenant.call("PUT", GROUP, body).status == 400
    assert tenant.call("GET", GROUP).status == 404


def test_a_group_needs_its_policy() -> None:
    """No policy, no group."""
    assert azure().call("PUT", f"{POLICY}/none/ruleCollectionGroups/x", web_rules("example.com")).status == 404


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True))
def test_a_group_is_replaced_as_a_whole(labels: list[str]) -> None:
    """A property that a PUT leaves out is gone."""
    tenant = azure()
    tenant.call("PUT", GROUP, web_rules("before.example.com"))
    tenant.clock.advance(ATTACHED)
    tenant.call("PUT", GROUP, web_rules(*[f"{label}.example.com" for label in labels]))
    tenant.clock.advance(ATTACHED)
    rules = tenant.call("GET", GROUP).body["properties"]["ruleCollections"][0]["rules"]
    assert [rule["targetFqdns"] for rule in rules] == [[f"{label}.example.com"] for label in labels]


def test_classic_rules_through_the_whole_firewall() -> None:
    """The SDK reads the firewall, adds a rule and writes all of it; foreign collections come back as they were."""
    tenant = azure()
    firewall = tenant.network.azure_firewalls.get("rg-legacy", "legacy-firewall")
    before = firewall.as_dict()["properties"]["networkRuleCollections"][0]["properties"]["rules"]
    rule = web_rules("new.example.com")["properties"]["ruleCollections"][0]["rules"][0]
    inner = {"priority": 900, "action": {"type": "Allow"}, "rules": [rule]}
    firewall["properties"]["applicationRuleCollections"] += [{"name": "chatops", "properties": inner}]
    result = tenant.network.azure_firewalls.begin_create_or_update("rg-legacy", "legacy-firewall", firewall).result()
    [added] = result.application_rule_collections[-1].rules
    assert (added["priority"], added["direction"], added["fqdnTags"]) == (0, "Inbound", [])
    assert result.as_dict()["properties"]["networkRuleCollections"][0]["properties"]["rules"] == before
    assert result.ip_configurations[0].private_ip_address == "10.1.0.4"


def test_classic_rules_beside_a_policy_are_refused() -> None:
    """A firewall has a policy or collections of its own."""
    tenant = azure()
    body = tenant.call("GET", LEGACY).body
    policy = {"id": tenant.call("GET", f"{POLICY}/hub-policy").body["id"]}
    refused = tenant.call("PUT", LEGACY, {**body, "properties": {**body["properties"], "firewallPolicy": policy}})
    assert refused.body["error"]["code"] == "AzureFirewallPolicyAndRuleCollectionsConflict"


def test_drafts_replace_what_is_applied() -> None:
    """A draft is written at once; deploying it replaces the group and takes as long as a write."""
    tenant = azure()
    tenant.call("PUT", GROUP, web_rules("before.example.com"))
    tenant.clock.advance(ATTACHED)
    assert tenant.call("PUT", f"{POLICY}/hub-policy/firewallPolicyDrafts/default", {"properties": {}}).status == 201
    drafted = tenant.call("PUT", f"{GROUP}/ruleCollectionGroupDrafts/default", web_rules("after.example.com"))
    assert drafted.status == 201
    assert tenant.call("POST", f"{POLICY}/hub-policy/deploy").status == 202
    tenant.clock.advance(ATTACHED)
    [rule] = tenant.call("GET", GROUP).body["properties"]["ruleCollections"][0]["rules"]
    assert rule["targetFqdns"] == ["after.example.com"]
    assert tenant.call("GET", f"{POLICY}/hub-policy/firewallPolicyDrafts/default").status == 404


def test_deleting_a_group() -> None:
    """202, Location, and gone at the end; a policy in use stays."""
    tenant = azure()
    path = f"{POLICY}/hub-policy/ruleCollectionGroups/rcg-platform"
    answer = tenant.call("DELETE", path)
    assert (answer.status, "location" in answer.headers) == (202, True)
    tenant.clock.advance(ATTACHED)
    assert tenant.call("GET", path).status == 404
    assert tenant.call("DELETE", f"{POLICY}/base-policy").status == 400


def test_the_hubs_are_as_promised() -> None:
    """A parent policy, a firewall with the same private address in a hub that nobody is peered with, a secured hub."""
    tenant = azure()
    policy = tenant.network.firewall_policies.get("rg-hub", "hub-policy")
    assert policy.base_policy.id.endswith("/base-policy")
    firewalls = {f.name: f for f in tenant.network.azure_firewalls.list_all()}
    private = {name: f.ip_configurations[0].private_ip_address for name, f in firewalls.items() if f.ip_configurations}
    assert private["hub-firewall"] == private["acquired-firewall"] == "10.0.0.4"
    assert firewalls["vwan-firewall"].hub_ip_addresses.private_ip_address == "10.100.0.132"
    spoke = tenant.network.virtual_networks.get("rg-aks-udr", "aks-udr-vnet")
    assert [p.remote_virtual_network.id.split("/")[-1] for p in spoke.virtual_network_peerings] == ["hub-vnet"]
    tags = {tag.fqdn_tag_name for tag in tenant.network.azure_firewall_fqdn_tags.list_all()}
    assert "AzureKubernetesService" in tags
