"""Shared by tests of a changing Azure: firewalls, routes, ranges and clusters that become others."""

import json
from datetime import timedelta
from typing import Any

from bot.domain.allowance import Allowance
from tests.build import World
from tests.flows.writer_stage import Json, by_hand, resource
from tests.histories.mortal import rules_in

HUB = "/azurefirewalls/hub-firewall"
UDR = "/managedclusters/aks-udr"
ROUTES = "/aks-udr-routetable"
VNET = "/virtualnetworks/aks-udr-vnet"
RESYNC = timedelta(minutes=13)
"""Longer than the resync period: every target and the fleet are looked at in it."""


def resync(world: World) -> None:
    """Let the fleet be read and every target be compared, and everything settle."""
    with world.store.write() as tx:
        tx.work.schedule("fleet", within=timedelta())
    world.tick(RESYNC)
    world.settle()
    world.tick(RESYNC)
    world.settle()


def new_policy(world: World, name: str = "other-policy") -> str:
    """One more firewall policy; its id as Azure spells it."""
    id_ = resource(world, "/firewallpolicies/base-policy")["id"].replace("base-policy", name)
    world.arm.put_resource(id_, {"location": "westeurope", "properties": {"sku": {"tier": "Standard"}}})
    return str(id_)


def give_policy(world: World, policy: str, firewall: str = HUB) -> None:
    """``az network firewall update --firewall-policy``."""
    by_hand(world, firewall, firewallPolicy={"id": policy}, provisioningState="Succeeded")


def new_firewall(world: World, policy: str, address: str = "10.0.0.5") -> None:
    """One more firewall in the hub's network."""
    body = resource(world, HUB)
    configuration = json.loads(json.dumps(body["properties"]["ipConfigurations"][:1]))
    configuration[0]["properties"]["privateIPAddress"] = address
    properties = {**body["properties"], "ipConfigurations": configuration, "firewallPolicy": {"id": policy}}
    world.arm.put_resource(f"{body['id']}-2", {**body, "id": f"{body['id']}-2", "properties": properties})


def route_to(world: World, hop: str, table: str = ROUTES, kind: str = "VirtualAppliance") -> None:
    """``az network route-table route update --next-hop-ip-address``."""
    routes = resource(world, table)["properties"]["routes"]
    for route in routes:
        if route["properties"]["addressPrefix"] == "0.0.0.0/0":
            route["properties"] |= {"nextHopIpAddress": hop, "nextHopType": kind}
    by_hand(world, table, routes=routes)


def give_ranges(world: World, *ranges: str, vnet: str = VNET) -> None:
    """The cluster's subnet gets other ranges."""
    subnets = resource(world, vnet)["properties"]["subnets"]
    for subnet in subnets:
        if subnet["name"] == "aks-subnet":
            subnet["properties"].pop("addressPrefix", None)
            subnet["properties"]["addressPrefixes"] = list(ranges)
    by_hand(world, vnet, subnets=subnets)


def delete(world: World, ending: str) -> Json:
    """Delete a resource by hand; how it was."""
    body = resource(world, ending)
    world.arm.delete_resource(body["id"])
    return body


def rules_of_policy(world: World, name: str) -> dict[str, list[str]]:
    """Our rules in one firewall policy: their source ranges by name."""
    part = f"/firewallpolicies/{name}/rulecollectiongroups/rcg-aks-egress"
    bodies = [body for key, body in world.arm.state()["resources"].items() if key.endswith(part)]
    found: list[Any] = [rule for body in bodies for each in body["properties"]["ruleCollections"]
                        for rule in rules_in(each)]  # fmt: skip
    return {rule["name"]: rule["sourceAddresses"] for rule in found}


def direct(world: World, allowance: Allowance, event: str) -> set[str]:
    """Return who was told something directly."""
    said = world.said.notices
    return {n.recipient for n in said if (n.kind, n.subject, n.body.get("event")) == ("direct", allowance.id, event)}
