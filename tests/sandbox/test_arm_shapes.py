"""Bodies and headers have the shape of recorded traffic of the real service.

``arm_recorded.json`` holds, for each recorded exchange, its status, the names of its headers and the paths of all keys
of its body. We may say more than was recorded (newer api-versions do), never less.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.arm_clients import GROUP, POLICY, Azure, azure, cluster_path, web_rules

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("arm_recorded.json").read_text())
FOUR_MINUTES = timedelta(minutes=4)
NETWORK = "/providers/Microsoft.Network"
NAT = f"/resourceGroups/rg-aks-usernat{NETWORK}/natGateways"
LEGACY = f"/resourceGroups/rg-legacy{NETWORK}/azureFirewalls/legacy-firewall"
ABSENT = {
    "properties.agentPoolProfiles[].nodeLabels",
    # Kubenet is gone from new clusters, and what a rule or firewall has none of is left out.
    "properties.networkProfile.podCidr",
    "zones",
    "tags",
    "tags.foo",
    "tags.CreatedAt",
    "properties.publicIpPrefixes",
    "properties.publicIpPrefixes[].id",
    "properties.dnsSettings",
    "properties.dnsSettings.servers",
    "properties.dnsSettings.enableProxy",
    "error",
    "error.code",
    "error.message",
}


def paths(value: Any, prefix: str = "") -> set[str]:
    """The paths of all keys in a JSON value."""
    if isinstance(value, list):
        return {path for child in value for path in paths(child, f"{prefix[:-1]}[].")}
    if not isinstance(value, dict):
        return set()
    return {f"{prefix}{key}" for key in value} | {
        p for key, child in value.items() for p in paths(child, f"{prefix}{key}.")
    }


def full_group() -> dict[str, Any]:
    """A group with one network rule and two NAT rules, as recorded."""
    network = {
        "ruleType": "NetworkRule",
        "name": "n",
        "description": "test",
        "ipProtocols": ["TCP"],
        "sourceAddresses": ["10.0.0.0/8"],
        "destinationFqdns": ["www.example.com"],
        "destinationPorts": ["12003"],
    }
    nat = {
        "ruleType": "NatRule",
        "description": "test",
        "ipProtocols": ["TCP"],
        "sourceAddresses": ["*"],
        "destinationAddresses": ["192.0.2.1"],
        "destinationPorts": ["80"],
        "translatedPort": "8080",
    }
    nats = [
        {**nat, "name": "a", "translatedAddress": "10.0.0.9"},
        {**nat, "name": "b", "translatedFqdn": "in.example.com"},
    ]
    filters = {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": "f",
        "priority": 200,
        "rules": [network],
    }
    dnat = {"ruleCollectionType": "FirewallPolicyNatRuleCollection", "name": "d", "priority": 100, "rules": nats}
    collections = [{**filters, "action": {"type": "Allow"}}, {**dnat, "action": {"type": "DNAT"}}]
    return {"properties": {"priority": 900, "ruleCollections": collections}}


def put_group(tenant: Azure) -> Any:
    """Update a rule collection group."""
    tenant.call("PUT", GROUP, full_group())
    tenant.clock.advance(FOUR_MINUTES)
    return tenant.call("PUT", GROUP, full_group())


def poll(response: Any, tenant: Azure) -> Any:
    """Look at an operation once."""
    return tenant.call("GET", response.headers["azure-asyncoperation"])


def new_nat(tenant: Azure) -> Any:
    """Create a NAT gateway over an address that nothing else uses."""
    path = f"/resourceGroups/rg-aks-lb-own{NETWORK}/publicIPAddresses/spare-ip"
    address = tenant.call("PUT", path, {"location": "westeurope", "sku": {"name": "Standard"}, "properties": {}}).body[
        "id"
    ]
    tenant.clock.advance(timedelta(minutes=1))
    body = {
        "location": "westeurope",
        "sku": {"name": "Standard"},
        "properties": {"publicIpAddresses": [{"id": address}]},
    }
    return tenant.call("PUT", f"{NAT}/fresh", body)


def deleted_nat(tenant: Azure) -> Any:
    """Delete a NAT gateway that no subnet uses."""
    new_nat(tenant)
    tenant.clock.advance(timedelta(minutes=1))
    return tenant.call("DELETE", f"{NAT}/fresh")


def busy_reference(tenant: Azure) -> Any:
    """Use an address that is still being made."""
    path = f"/resourceGroups/rg-aks-usernat{NETWORK}/publicIPAddresses/new-ip"
    made = tenant.call("PUT", path, {"location": "westeurope", "sku": {"name": "Standard"}})
    body = {"location": "westeurope", "properties": {"publicIpAddresses": [{"id": made.body["id"]}]}}
    return tenant.call("PUT", f"{NAT}/hasty", body)


def again(tenant: Azure, path: str) -> Any:
    """PUT what a GET returned."""
    return tenant.call("PUT", path, tenant.call("GET", path).body)


def second_writer(tenant: Azure) -> Any:
    """Write to a policy tree that is being written to."""
    tenant.call("PUT", GROUP, web_rules("example.com"))
    return tenant.call("PUT", f"{POLICY}/base-policy/ruleCollectionGroups/rcg-base", web_rules("example.com"))


def lost_reference(tenant: Azure) -> Any:
    """Refer to something that is not there."""
    missing = f"/subscriptions/s/resourceGroups/g{NETWORK}/publicIPAddresses/none"
    return tenant.call("PUT", f"{NAT}/lost", {"properties": {"publicIpAddresses": [{"id": missing}]}})


def deleted_while_busy(tenant: Azure) -> Any:
    """Delete a cluster that is being updated."""
    again(tenant, cluster_path("aks-lb"))
    return tenant.call("DELETE", cluster_path("aks-lb"))


def finished(tenant: Azure) -> Any:
    """The operation of a cluster update after its end."""
    update = again(tenant, cluster_path("aks-lb"))
    tenant.clock.advance(FOUR_MINUTES)
    return poll(update, tenant)


EXCHANGES: dict[str, Callable[[Azure], Any]] = {
    "rule collection group, PUT": put_group,
    "rule collection group, poll": lambda tenant: poll(put_group(tenant), tenant),
    "rule collection group, GET": lambda tenant: (put_group(tenant), tenant.call("GET", GROUP))[1],
    "firewall policy, GET": lambda tenant: tenant.call("GET", f"{POLICY}/hub-policy"),
    "IP group, GET": lambda tenant: tenant.call("GET", f"/resourceGroups/rg-hub{NETWORK}/ipGroups/ipg-build-agents"),
    "classic firewall, PUT": lambda tenant: again(tenant, LEGACY),
    "classic firewall, GET": lambda tenant: tenant.call("GET", LEGACY),
    "cluster, PUT": lambda tenant: again(tenant, cluster_path("aks-lb")),
    "cluster, GET": lambda tenant: tenant.call("GET", cluster_path("aks-lb")),
    "cluster, poll": finished,
    "NAT gateway, PUT": new_nat,
    "NAT gateway, poll": lambda tenant: poll(new_nat(tenant), tenant),
    "NAT gateway, DELETE": deleted_nat,
    "NAT gateway, GET": lambda tenant: tenant.call("GET", f"{NAT}/nat-work"),
    "public IP, GET": lambda tenant: tenant.call(
        "GET", f"/resourceGroups/rg-aks-lb-own{NETWORK}/publicIPAddresses/egress-ip-1"
    ),
    "resource group, GET": lambda tenant: tenant.call("GET", "/resourceGroups/rg-hub"),
    "not found": lambda tenant: tenant.call("GET", f"{NAT}/none"),
    "referenced resource busy": busy_reference,
    "error AnotherOperationInProgress": second_writer,
    "error InvalidResourceReference": lost_reference,
    "error EtagMismatch": deleted_while_busy,
}
"""How each recorded exchange is brought about here."""


@pytest.mark.parametrize("name", EXCHANGES)
def test_shape(name: str) -> None:
    """Status, headers and keys are at least those that the real service sent."""
    response, recorded = EXCHANGES[name](azure()), RECORDED[name]
    assert response.status == recorded["status"]
    assert set(recorded["headers"]) - set(response.headers) == set()
    missing = set(recorded["body"] or ()) - paths(response.body) - ABSENT
    assert {path for path in missing if "natRuleCollections" not in path and "IpGroups" not in path} == set()


def test_not_found_in_azures_words() -> None:
    """People search for this text."""
    response = azure().call("GET", cluster_path("nobody").replace("rg-nobody", "rg-aks-lb"))
    assert response.body["error"]["message"] == (
        "The Resource 'Microsoft.ContainerService/managedClusters/nobody' under resource group 'rg-aks-lb' "
        "was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )


@pytest.mark.parametrize(
    ("url", "headers", "status", "code"),
    [
        ("/subscriptions?api-version=1", {}, 401, "AuthenticationFailed"),
        ("/subscriptions", {"authorization": "Bearer x"}, 400, "MissingApiVersionParameter"),
        (
            "/subscriptions/nobody/resourceGroups/x?api-version=1",
            {"authorization": "Bearer x"},
            404,
            "SubscriptionNotFound",
        ),
        ("/nothing?api-version=1", {"authorization": "Bearer x"}, 404, "InvalidResourceType"),
    ],
)
def test_front_door(url: str, headers: dict[str, str], status: int, code: str) -> None:
    """Whoever has no token, no version or no subscription gets no further."""
    response = azure().arm.handle("GET", url, headers)
    assert (response.status, response.body["error"]["code"]) == (status, code)
