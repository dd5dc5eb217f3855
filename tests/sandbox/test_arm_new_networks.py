"""Addresses, networks, firewalls and rules that are created; what Azure would refuse is refused."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from tests.sandbox.arm_clients import BASE, GROUP, azure, web_rules
from tests.sandbox.arm_making import LATER, NETWORK, WORK, located, made, network_with, refused, tenant_with_group

V6 = 6


@pytest.mark.parametrize(
    ("version", "length"), [("IPv4", n) for n in range(28, 32)] + [("IPv6", n) for n in range(124, 128)]
)
def test_prefixes_of_every_length(version: str, length: int) -> None:
    """Addresses of a prefix lie inside it, until it has none left."""
    tenant = tenant_with_group()
    body = located(prefixLength=length, publicIPAddressVersion=version)
    prefix = made(tenant, f"{WORK}/publicIPPrefixes/block", body)
    block = ip_network(prefix["properties"]["ipPrefix"])
    assert (block.prefixlen, block.version) == (length, V6 if version == "IPv6" else 4)
    inside = located(publicIPPrefix={"id": prefix["id"]}, publicIPAddressVersion=version)
    seen = set()
    for number in range(min(block.num_addresses, 4)):
        address = made(tenant, f"{WORK}/publicIPAddresses/ip{number}", inside)["properties"]["ipAddress"]
        assert ip_address(address) in block
        seen.add(address)
    if block.num_addresses == len(seen):
        assert refused(tenant.call("PUT", f"{WORK}/publicIPAddresses/more", inside)) == "PublicIpPrefixOutOfIpAddresses"
    assert refused(tenant.call("DELETE", f"{WORK}/publicIPPrefixes/block")).startswith("InUse")


@pytest.mark.parametrize(
    ("version", "length"), [("IPv4", 27), ("IPv4", 32), ("IPv6", 123), ("IPv6", 128), ("IPv5", 28)]
)
def test_prefixes_of_other_lengths(version: str, length: int) -> None:
    """Azure has four lengths of each version."""
    body = located(prefixLength=length, publicIPAddressVersion=version)
    assert refused(tenant_with_group().call("PUT", f"{WORK}/publicIPPrefixes/block", body))


def test_a_new_firewall_finds_its_place() -> None:
    """Private address and SKU come from its subnet; rules of a policy reach it."""
    tenant = tenant_with_group()
    space = {"addressSpace": {"addressPrefixes": ["10.91.0.0/16"]}}
    subnets = [{"name": "AzureFirewallSubnet", "properties": {"addressPrefix": "10.91.4.0/26"}}]
    network = made(tenant, f"{WORK}/virtualNetworks/hub", located(**space, subnets=subnets))
    address = made(tenant, f"{WORK}/publicIPAddresses/fw", located())
    place = {"subnet": {"id": network["properties"]["subnets"][0]["id"]}, "publicIPAddress": {"id": address["id"]}}
    body = located(ipConfigurations=[{"name": "one", "properties": place}])
    firewall = made(tenant, f"{WORK}/azureFirewalls/fresh", body)["properties"]
    assert firewall["ipConfigurations"][0]["properties"]["privateIPAddress"] == "10.91.4.4"
    assert firewall["sku"] == {"name": "AZFW_VNet", "tier": "Standard"}
    assert refused(tenant.call("DELETE", f"{WORK}/virtualNetworks/hub")) == "InUseSubnetCannotBeDeleted"


def test_a_firewall_lives_in_a_subnet_of_that_name() -> None:
    """Any other subnet is refused."""
    tenant = tenant_with_group()
    subnet = network_with(tenant)
    body = located(ipConfigurations=[{"name": "one", "properties": {"subnet": {"id": subnet}}}])
    assert "AzureFirewallSubnet" in refused(tenant.call("PUT", f"{WORK}/azureFirewalls/fresh", body))


def test_a_faulted_firewall_fails_its_policy_until_it_is_written() -> None:
    """Rules that were accepted end as failed; once the firewall itself was put again, they go through."""
    tenant = azure()
    path = f"/resourceGroups/rg-hub{NETWORK}/azureFirewalls/hub-firewall"
    body = tenant.call("GET", path).body
    tenant.arm.put_resource(body["id"], {**body, "properties": {**body["properties"], "provisioningState": "Failed"}})
    for expected in ("Failed", "Failed"):
        begun = tenant.call("PUT", GROUP, web_rules("a.example.com"))
        tenant.clock.advance(LATER)
        ended = tenant.call("GET", begun.headers["azure-asyncoperation"]).body
        assert (ended["status"], ended["error"]["code"]) == (expected, "FirewallPolicyUpdateFailed")
    made(tenant, path, tenant.call("GET", path).body)
    assert made(tenant, GROUP, web_rules("a.example.com"))["properties"]["provisioningState"] == "Succeeded"


def test_a_peering_is_connected_from_both_sides() -> None:
    """Initiated with one half, Connected with both, Disconnected without the other network."""
    tenant = tenant_with_group()
    ids = []
    for name, block in (("a", "10.80.0.0/16"), ("b", "10.81.0.0/16")):
        space = {"addressSpace": {"addressPrefixes": [block]}}
        ids.append(made(tenant, f"{WORK}/virtualNetworks/{name}", located(**space))["id"])

    def state(name: str) -> str:
        found = tenant.call("GET", f"{WORK}/virtualNetworks/{name}/virtualNetworkPeerings/peer")
        return str(found.body["properties"]["peeringState"])

    def peer(name: str, other: str) -> None:
        properties = {"remoteVirtualNetwork": {"id": other}}
        made(tenant, f"{WORK}/virtualNetworks/{name}/virtualNetworkPeerings/peer", {"properties": properties})

    peer("a", ids[1])
    assert state("a") == "Initiated"
    peer("b", ids[0])
    assert (state("a"), state("b")) == ("Connected", "Connected")
    tenant.arm.delete_resource(ids[1])
    assert state("a") == "Disconnected"


def test_what_is_in_use_stays() -> None:
    """A subnet with a cluster, a route table and a NAT gateway on a subnet, an address on a load balancer."""
    tenant = azure()
    state = tenant.arm.state()["resources"]
    used = {
        "CannotDeleteNatGatewayAssociatedToSubnet": "/natgateways/nat-work",
        "InUseRouteTableCannotBeDeleted": "/routetables/",
        "PublicIPAddressCannotBeDeleted": "/publicipaddresses/egress-ip-1",
    }
    for code, part in used.items():
        key = next(
            k for k, body in state.items() if part in k and (body["properties"].get("subnets") or "address" in part)
        )
        assert refused(tenant.call("DELETE", state[key]["id"].removeprefix(BASE))) == code
    cluster = next(body for key, body in state.items() if key.endswith("/managedclusters/aks-udr"))
    subnet = cluster["properties"]["agentPoolProfiles"][0]["vnetSubnetID"].removeprefix(BASE)
    assert refused(tenant.call("DELETE", subnet)) == "InUseSubnetCannotBeDeleted"


def test_an_address_is_on_one_thing() -> None:
    """A second user is refused, by name."""
    tenant = tenant_with_group()
    address = f"{BASE}/resourceGroups/rg-aks-lb-own{NETWORK}/publicIPAddresses/egress-ip-1"
    answer = tenant.call("PUT", f"{WORK}/natGateways/second", located(publicIpAddresses=[{"id": address}]))
    assert refused(answer) == "PublicIPAddressInUse"


@pytest.mark.parametrize(
    "target", ["egress-ip-1", "/subscriptions/x", "not an id", f"{BASE}{WORK}/publicIPAddresses/nobody"]
)
def test_references_to_nothing(target: str) -> None:
    """Malformed ids, and resources that do not exist."""
    answer = tenant_with_group().call("PUT", f"{WORK}/natGateways/fresh", located(publicIpAddresses=[{"id": target}]))
    assert refused(answer) in ("LinkedInvalidPropertyId", "InvalidResourceReference")


@pytest.mark.parametrize("minutes", [0, 3, 121])
def test_idle_timeouts_of_a_nat_gateway(minutes: int) -> None:
    """Four minutes to two hours."""
    answer = tenant_with_group().call("PUT", f"{WORK}/natGateways/fresh", located(idleTimeoutInMinutes=minutes))
    assert refused(answer) == "IdleTimeoutInMinutesOutOfRange"


@pytest.mark.parametrize(
    "route",
    [
        {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance"},
        {"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet", "nextHopIpAddress": "10.0.0.4"},
        {"addressPrefix": "0.0.0.0/0"},
        {"addressPrefix": "0.0.0.0/33", "nextHopType": "Internet"},
    ],
)
def test_routes_that_lead_nowhere(route: Any) -> None:
    """In a table that is put whole, and as a route of its own."""
    tenant = tenant_with_group()
    made(tenant, f"{WORK}/routeTables/good", located())
    assert refused(tenant.call("PUT", f"{WORK}/routeTables/bad", located(routes=[{"name": "r", "properties": route}])))
    assert refused(tenant.call("PUT", f"{WORK}/routeTables/good/routes/r", {"properties": route}))


# Rules.


def application(**changes: Any) -> dict[str, Any]:
    """A group with one application rule."""
    body = web_rules("example.com")
    rule = body["properties"]["ruleCollections"][0]["rules"][0]
    rule.update(changes)
    return body


@pytest.mark.parametrize(
    "changes",
    [
        {"fqdnTags": ["WindowsUpdate"]},
        {"webCategories": ["business"], "targetUrls": ["example.com/path"]},
        {"targetFqdns": [], "targetUrls": ["example.com/path"], "protocols": []},
        {"targetFqdns": [], "fqdnTags": ["AzureKubernetesService"], "protocols": []},
        {"targetFqdns": ["*-admin.sharepoint.com", "*.example.org", "*"]},
        {"fqdnTags": ["Office365.Exchange.Optimize"]},
    ],
)
def test_rules_that_azure_accepted(changes: Any) -> None:
    """Kinds of targets beside each other, none of the protocols with URLs or tags, a hyphen behind the star."""
    answer = azure().call("PUT", GROUP, application(**changes))
    assert answer.status == 201, answer.body


@pytest.mark.parametrize(
    "changes",
    [
        {"protocols": []},
        {"fqdnTags": ["AzureKubernetes"]},
        {"targetFqdns": ["*-.example.com"]},
        {"targetFqdns": ["a*.example.com"]},
        {"targetFqdns": []},
    ],
)
def test_rules_that_azure_refuses(changes: Any) -> None:
    """No protocols without URLs or tags, unknown tags, a star elsewhere."""
    assert azure().call("PUT", GROUP, application(**changes)).status == 400


def test_classic_tag_rules_need_no_protocols() -> None:
    """As recorded."""
    tenant = azure()
    path = f"/resourceGroups/rg-legacy{NETWORK}/azureFirewalls/legacy-firewall"
    body = tenant.call("GET", path).body
    rule = {"name": "tag", "sourceAddresses": ["*"], "fqdnTags": ["AzureKubernetesService"]}
    inner = {"priority": 999, "action": {"type": "Allow"}, "rules": [rule]}
    body["properties"]["applicationRuleCollections"].append({"name": "tags", "properties": inner})
    assert tenant.call("PUT", path, body).status == 200
