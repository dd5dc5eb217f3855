"""Changes of the outbound type: Azure's tables, what must hold first, what happens, and the texts handed out."""

import re
import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.egress import ClusterEgress, NodePool, OutboundType
from bot.domain.egress.facts import AzureNetwork
from bot.domain.egress.resolve import resolve
from bot.domain.outbound_migration import (
    NetworkKind,
    Standing,
    bicep,
    commands,
    network_kind,
    outbound_type_from_text,
    plan_migration,
    proposal_of,
    terraform,
    transition,
    transitions_from,
)
from bot.errors import InvalidInput, NotScalable
from tests.domain.egress_facts import FIREWALL, GATEWAY, LB_IP, SUBNET, TABLE, cluster, firewall, network, via

LB, NAT, NAT_V2 = OutboundType.LOAD_BALANCER, OutboundType.MANAGED_NAT_GATEWAY, OutboundType.MANAGED_NAT_GATEWAY_V2
OWN_NAT, UDR = OutboundType.USER_ASSIGNED_NAT_GATEWAY, OutboundType.USER_DEFINED_ROUTING
NONE, BLOCK = OutboundType.NONE, OutboundType.BLOCK
IN_MANAGED = (NodePool("np", count=3),)

PUBLISHED = {
    NetworkKind.MANAGED: {
        LB: {NAT_V2, NAT, NONE, BLOCK},
        NAT: {NAT_V2, NONE, BLOCK},
        NAT_V2: set(),
        NONE: {LB, NAT, NAT_V2, BLOCK},
        BLOCK: {LB, NAT, NAT_V2, NONE},
    },
    NetworkKind.OWN: {
        LB: {OWN_NAT, UDR, NONE},
        OWN_NAT: {LB, UDR, NONE},
        UDR: {LB, OWN_NAT, NONE},
        NONE: {LB, OWN_NAT, UDR},
    },
}
"""Azure's own tables: https://learn.microsoft.com/azure/aks/egress-outboundtype of 2026-08-05, read 2026-11."""


def managed(declared: str = "loadBalancer", **changes: Any) -> ClusterEgress:
    """A cluster in a network that AKS made."""
    facts = cluster(declared, **{"pools": IN_MANAGED, **changes})
    return resolve(facts, AzureNetwork(addresses={LB_IP.id: LB_IP}))


@pytest.mark.parametrize("kind", PUBLISHED)
def test_the_published_tables(kind: NetworkKind) -> None:
    """Every cell: what the tables permit is permitted, and nothing else is."""
    for before in OutboundType:
        found = {one.after: one.standing for one in transitions_from(kind, before)}
        assert set(found) == set(OutboundType) - {before}
        permitted = {after for after, standing in found.items() if standing is Standing.PERMITTED}
        assert permitted == PUBLISHED[kind].get(before, set())


def test_contradictions_are_named() -> None:
    """The page describes the way back from a NAT gateway that its own table does not permit."""
    back = transition(NetworkKind.MANAGED, NAT, LB)
    assert (back.standing, "the same page" in back.note) == (Standing.CONTRADICTED, True)
    assert transition(NetworkKind.MANAGED, NAT_V2, BLOCK).standing is Standing.CONTRADICTED
    assert transition(NetworkKind.OWN, NAT, LB).standing is Standing.NOT_PERMITTED


def test_a_refusal_says_what_would_do_it() -> None:
    """In a network of one's own AKS puts no NAT gateway; in its own network there is no subnet to route."""
    own = resolve(cluster(), network())
    with pytest.raises(NotScalable, match=r"change to userAssignedNATGateway.* Permitted from loadBalancer"):
        plan_migration(own, NAT)
    with pytest.raises(NotScalable, match="takes a new cluster"):
        plan_migration(managed(), UDR)
    with pytest.raises(InvalidInput, match="already has"):
        plan_migration(managed(), LB)
    mixed = resolve(cluster(pools=(NodePool("a", SUBNET, count=1), NodePool("b", count=1))), network())
    assert network_kind(mixed) is NetworkKind.MIXED
    with pytest.raises(NotScalable, match="Some of its node pools"):
        plan_migration(mixed, NONE)


def test_the_sku_tells_the_gateways_apart() -> None:
    """Azure names both managedNATGateway; the old preview name means the new SKU."""
    assert managed("managedNATGateway", nat_sku="StandardV2").exact_outbound_type is NAT_V2
    assert managed("managedNATGateway", nat_sku="Standard").exact_outbound_type is NAT
    assert managed("managedNATGatewayV2", nat_sku="StandardV2").exact_outbound_type is NAT_V2
    assert outbound_type_from_text(" managednatgateway ") is NAT
    with pytest.raises(InvalidInput, match="Did you mean managedNATGateway"):
        outbound_type_from_text("managedNatGatway")


def test_load_balancer_to_managed_nat_gateway() -> None:
    """Solution 2: possible, all addresses go, Azure chooses new ones, ingress stays."""
    plan = plan_migration(managed(), NAT, count=2)
    assert plan.is_possible
    assert plan.leaving == ("20.0.0.1",)
    said = plan.consequences
    assert "AKS deletes them" in said.addresses[0]
    assert "2 new addresses" in said.addresses[1]
    assert "129,024 SNAT ports" in " ".join(said.kept)
    assert plan_migration(managed(), NAT).settings.ip_count == 1
    for count in (0, 17):
        with pytest.raises(InvalidInput, match="1 to 16"):
            plan_migration(managed(), NAT, count=count)
    with pytest.raises(InvalidInput, match="no number"):
        plan_migration(managed(), NONE, count=2)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"state": "Updating"}, "Azure is updating"),
        ({"state": "Failed"}, "last update did not finish"),
        ({"is_running": False}, "stopped"),
        ({"is_basic": True}, "Basic"),
        ({"pools": (NodePool("old", count=1, is_scale_set=False),)}, "node pool old"),
    ],
)
def test_what_must_hold_first(changes: dict[str, Any], says: str) -> None:
    """Azure would refuse: the plan says so instead of being filed."""
    plan = plan_migration(managed(**changes), NAT)
    assert not plan.is_possible
    assert says in " ".join(one.sentence for one in plan.unmet)
    assert all(one.way_out for one in plan.unmet)


@pytest.mark.parametrize("after", [NONE, BLOCK])
def test_a_public_api_server_needs_a_way_out(after: OutboundType) -> None:
    """Azure would take it, and the nodes would be lost; not where they reach it inside, or a route stays."""
    plan = plan_migration(managed(), after)
    assert [one.is_met for one in plan.unmet] == [False]
    assert "lose it" in plan.unmet[0].sentence
    assert plan_migration(managed(reaches_api_inside=True), after).is_possible
    routed = resolve(cluster("userDefinedRouting"), network(route=via("10.0.0.4"), firewalls=(firewall(),)))
    assert plan_migration(routed, NONE).is_possible


def test_regions_without_the_new_sku() -> None:
    """Six regions lack it, in either spelling of a region."""
    there = managed()
    for region, is_possible in (("westeurope", True), ("Sweden South", False), ("qatarcentral", False)):
        plan = plan_migration(replace(there, ref=replace(there.ref, location=region)), NAT_V2)
        assert plan.is_possible is is_possible


def test_subnets_need_their_way_out_before() -> None:
    """A NAT gateway, or a route table with 0.0.0.0/0, on each subnet; unknown is not yes."""
    bare = resolve(cluster(), network())
    assert "no NAT gateway" in plan_migration(bare, OWN_NAT).unmet[0].sentence
    assert "no route for 0.0.0.0/0" in plan_migration(bare, UDR).unmet[0].sentence
    ready = resolve(cluster(), network(nat=GATEWAY))
    assert plan_migration(ready, OWN_NAT).is_possible
    routed = resolve(cluster("loadBalancer"), network(route=via("10.0.0.4"), firewalls=(firewall(),)))
    plan = plan_migration(routed, UDR)
    assert plan.is_possible
    assert plan.leaving == (), "the route carries the traffic already"
    unread = resolve(cluster(), AzureNetwork(addresses={LB_IP.id: LB_IP}))
    assert [one.is_met for one in plan_migration(unread, OWN_NAT).unmet] == [None]
    blind = replace(network(route=via("10.0.0.4")), route_tables={})
    assert [one.is_met for one in plan_migration(resolve(cluster(), blind), UDR).unmet] == [None]


def test_public_services_behind_a_firewall_break() -> None:
    """Asymmetric routing is said where there is a public service, and only there."""
    there = resolve(cluster("none", effective=()), network())
    assert plan_migration(there, UDR).consequences.ingress == ()
    serving = managed(authorized_ranges=("192.0.2.0/24",))
    assert "admits only 1 range" in " ".join(plan_migration(serving, NAT).consequences.ingress)
    private = managed(authorized_ranges=("192.0.2.0/24",), is_private=True)
    assert "admits only" not in " ".join(plan_migration(private, NAT).consequences.ingress)


def test_commands_for_solution_two() -> None:
    """The command of the published how-to, with this cluster's names."""
    text = commands(plan_migration(managed(), NAT, count=2))
    update = text[text.index("az aks update") : text.index("# Read it back")]
    assert " ".join(shlex.split(update.replace("\\\n", " "))) == (
        "az aks update --subscription s1 --resource-group rg --name aks --outbound-type managedNATGateway "
        "--nat-gateway-managed-outbound-ip-count 2 --nat-gateway-idle-timeout 4"
    )
    again = commands(plan_migration(managed(), NAT_V2))
    assert "--outbound-type managedNATGateway " in again, "the service refuses the old preview name"
    assert "--outbound-type-sku StandardV2" in again


def test_commands_attach_what_is_missing() -> None:
    """What has to be there first stands first, with the ids that are known."""
    bare = resolve(cluster(), network())
    attach = commands(plan_migration(bare, OWN_NAT))
    assert attach.index(f'az network vnet subnet update --ids {SUBNET} --nat-gateway "$NAT_') < attach.index(
        "az aks up"
    )
    route = commands(plan_migration(bare, UDR))
    assert f"--resource-group rg --route-table-name {TABLE.rsplit('/', 1)[-1]}" in route
    assert "load-balancer" not in route.split("# Read it back")[0]


def test_terraform_and_bicep() -> None:
    """Arguments of one's own resource, of the profile that belongs to the type."""
    plan = plan_migration(managed(), NAT, count=2)
    assert (
        "  network_profile {\n"
        '    outbound_type = "managedNATGateway"\n'
        "\n"
        "    nat_gateway_profile {\n"
        "      managed_outbound_ip_count = 2\n"
        "      idle_timeout_in_minutes   = 4\n"
        "    }\n"
        "  }\n"
    ) in terraform(plan)
    assert bicep(plan).endswith(
        "var networkProfile = {\n"
        "  outboundType: 'managedNATGateway'\n"
        "  natGatewayProfile: {\n"
        "    managedOutboundIPProfile: {\n"
        "      count: 2\n"
        "    }\n"
        "    idleTimeoutInMinutes: 4\n"
        "  }\n"
        "}\n"
    )
    with pytest.raises(NotScalable, match="azurerm"):
        terraform(plan_migration(managed(), NONE))
    assert "sku: 'StandardV2'" in bicep(plan_migration(managed(), NAT_V2))


@given(name=st.text(min_size=1, max_size=20), before=st.sampled_from(list(PUBLISHED[NetworkKind.MANAGED])))
def test_nothing_in_a_name_breaks_out(name: str, before: OutboundType) -> None:
    """Whatever Azure calls a cluster, it is one word of the command, and comments stay comments."""
    egress = managed(str(before))
    odd = replace(egress, ref=replace(egress.ref, name=name.replace("\n", "").replace("\r", "").replace("\0", "")))
    for one in transitions_from(NetworkKind.MANAGED, odd.exact_outbound_type or LB):
        if one.standing is Standing.NOT_PERMITTED:
            continue
        text = commands(plan_migration(odd, one.after))
        update = text[text.rindex("az aks update") : text.rindex("# Read it back")]
        assert shlex.split(update.replace("\\\n", " "))[8] == odd.ref.name
        code = bicep(plan_migration(odd, one.after)).split("var networkProfile", 1)[-1]
        assert code.count("{") == code.count("}")
        assert not re.search(r"\S*\$\{", code)


def test_facts_of_the_firewall_are_not_needed() -> None:
    """The prerequisite is the route, whatever it leads to."""
    there = resolve(cluster(), network(route=via("10.9.9.9")))
    assert plan_migration(there, UDR).is_possible
    assert FIREWALL not in str(plan_migration(there, UDR))


def test_what_stays_or_gets_better_is_no_warning() -> None:
    """A card puts a warning sign on what needs care only."""
    egress = managed()
    plan = proposal_of(plan_migration(egress, NAT), egress)
    assert any("on demand" in note for note in plan.notes)
    assert not any("on demand" in warning or "keep" in warning for warning in plan.warnings)
    assert any("stop being used" in warning for warning in plan.warnings)
