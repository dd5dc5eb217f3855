"""Reads for one cluster: nothing twice, nothing for ever, and no more than the budget."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain.egress import NodePool
from bot.domain.egress.facts import AzureNetwork, ClusterFacts
from bot.domain.egress.needs import Need, ResourceKind, missing
from tests.domain.egress_facts import (
    FW_IP,
    GATEWAY,
    HUB,
    NODE_PREFIX,
    NODES,
    OTHER_IP,
    PODS,
    SPOKE,
    SUBNET,
    SUBSCRIPTION,
    TABLE,
    VHUB,
    cluster,
    firewall,
    network,
    via,
)

Read = Callable[[Need], AzureNetwork]


def everything(world: AzureNetwork) -> Read:
    """A reader that has all of a world."""

    def read(need: Need) -> AzureNetwork:
        field = {
            ResourceKind.ADDRESSES: "addresses",
            ResourceKind.PREFIXES: "prefixes",
            ResourceKind.VNETS: "vnets",
            ResourceKind.ROUTE_TABLES: "route_tables",
            ResourceKind.NAT_GATEWAYS: "nat_gateways",
            ResourceKind.FIREWALLS: "firewalls",
            ResourceKind.LOAD_BALANCERS: "load_balancers",
            ResourceKind.HUBS: "hubs",
        }[need.kind]
        found = {id_: item for id_, item in getattr(world, field).items() if id_.startswith(need.scope)}
        return AzureNetwork(**{field: found})

    return read


def rounds(facts: ClusterFacts, read: Read) -> list[frozenset[Need]]:
    """The rounds of reading until nothing is missing."""
    known, asked = AzureNetwork(), frozenset[Need]()
    found: list[frozenset[Need]] = []
    while needs := missing(facts, known, asked):
        assert len(found) < 7, "reading does not end"
        assert not needs & asked
        found.append(needs)
        asked |= needs
        for need in needs:
            known = known.merged(read(need))
    return found


def asked_for(facts: ClusterFacts, world: AzureNetwork) -> set[tuple[str, str]]:
    """Everything that was read, as kind and scope."""
    return {(need.kind, need.scope) for needs in rounds(facts, everything(world)) for need in needs}


ROUTED = network(route=via("10.0.0.4"), firewalls=(firewall(),))


def test_a_managed_vnet_needs_no_network() -> None:
    """Addresses and load balancers of the node resource group, in one round."""
    found = rounds(cluster(pools=(NodePool("np", count=3),)), everything(network()))

    assert found == [frozenset({Need(ResourceKind.ADDRESSES, NODES), Need(ResourceKind.LOAD_BALANCERS, NODES)})]


def test_a_routed_cluster() -> None:
    """Lists of the subscription, its route table and the firewalls: four requests beside the cluster."""
    assert asked_for(cluster("userDefinedRouting"), ROUTED) == {
        ("publicIPAddresses", SUBSCRIPTION),
        ("virtualNetworks", SUBSCRIPTION),
        ("routeTables", TABLE),
        ("azureFirewalls", SUBSCRIPTION),
    }


def test_a_hub_in_another_subscription() -> None:
    """Its VNet and its addresses are looked up where it is."""
    away = HUB.replace("/subscriptions/s1", "/subscriptions/s2")
    address = replace(FW_IP, id=FW_IP.id.replace("/subscriptions/s1", "/subscriptions/s2"))
    holder = firewall(away, ip=address)
    world = network(route=via("10.0.0.4"), peers=(away,))
    hub = replace(world.vnets[HUB], id=away, subnets=())
    world = replace(
        world,
        vnets={SPOKE: world.vnets[SPOKE], away: hub},
        firewalls={holder.id.replace("/subscriptions/s1", "/subscriptions/s2"): holder},
        addresses={address.id: address},
    )

    found = asked_for(cluster("userDefinedRouting"), world)
    assert ("azureFirewalls", "/subscriptions/s2") in found
    assert ("virtualNetworks", away) in found
    assert ("publicIPAddresses", "/subscriptions/s2/resourcegroups/rg") in found


def test_user_assigned_nat_gateways() -> None:
    """Each subnet's gateway is read once, however many pools are on it."""
    facts = cluster("userAssignedNATGateway", pools=tuple(NodePool(f"np{n}", SUBNET, count=1) for n in range(5)))

    assert asked_for(facts, network(nat=GATEWAY)) == {
        ("publicIPAddresses", SUBSCRIPTION),
        ("virtualNetworks", SPOKE),
        ("routeTables", TABLE),
        ("natGateways", GATEWAY),
    }


def test_own_addresses_and_prefixes() -> None:
    """Own addresses elsewhere: one list of the subscription, and the prefix."""
    own = (OTHER_IP.id, NODE_PREFIX.id)
    found = asked_for(cluster(pools=(NodePool("np", count=3),), effective=own, own=own), network())

    assert found == {
        ("publicIPAddresses", SUBSCRIPTION),
        ("loadBalancers", NODES),
        ("publicIPPrefixes", NODE_PREFIX.id),
    }


def test_a_virtual_hub_is_asked_only_when_peerings_do_not_tell() -> None:
    """A hub firewall has the address, and nothing says that the VNet is connected: the hub knows."""
    holder = replace(firewall(), subnet=None, hub=VHUB)
    found = asked_for(cluster("userDefinedRouting"), network(route=via("10.0.0.4"), firewalls=(holder,), peers=()))

    assert ("virtualHubs", VHUB) in found


@pytest.mark.parametrize(
    "declared", ["loadBalancer", "userDefinedRouting", "userAssignedNATGateway", "none", "block", "new"]
)
@pytest.mark.parametrize("pools", [(), (NodePool("np", SUBNET, PODS, count=1),)])
def test_reading_ends_when_nothing_can_be_read(declared: str, pools: tuple[NodePool, ...]) -> None:
    """Every need is asked once: an identity without rights costs a handful of requests, not a loop."""
    found = rounds(cluster(declared, pools=pools), lambda _need: AzureNetwork())

    assert 1 <= sum(len(needs) for needs in found) <= 5
