"""Which way out: Azure's precedence, firewalls that are really reached, and what is warned about."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.egress import NodePool, PathKind
from bot.domain.egress.facts import (
    AzureNetwork,
    Firewall,
    Frontend,
    Hub,
    LoadBalancer,
    Route,
    SubnetFacts,
    Vnet,
)
from bot.domain.egress.resolve import resolve
from bot.domain.target import Target, TargetKind
from tests.domain.egress_facts import (
    FAR,
    FW_IP,
    GATEWAY,
    HIDDEN,
    HUB,
    LB_IP,
    NODE_PREFIX,
    NODES,
    OTHER_IP,
    PODS,
    POLICY,
    SPOKE,
    SUBNET,
    VHUB,
    cluster,
    codes,
    firewall,
    ips,
    network,
    via,
)

ROUTES: list[tuple[Route | None, PathKind | None]] = [
    (None, None),
    (via("10.0.0.4"), PathKind.FIREWALL),
    (via("10.9.9.9"), PathKind.APPLIANCE),
    (via(kind="VirtualNetworkGateway"), PathKind.VNET_GATEWAY),
    (via(kind="None"), PathKind.NONE),
    (via(kind="Internet"), None),
    (via(kind="Wormhole"), PathKind.UNKNOWN),
    (via("10.0.0.4", kind="virtualAPPLIANCE"), PathKind.FIREWALL),
    (Route("10.0.0.0/8", "VirtualAppliance", ("10.0.0.4",)), None),
]


@given(
    row=st.sampled_from(ROUTES),
    nat=st.booleans(),
    instance=st.booleans(),
    declared=st.sampled_from(["loadBalancer", "userDefinedRouting", "userAssignedNATGateway", "none", "block"]),
)
def test_precedence(row: tuple[Route | None, PathKind | None], nat: bool, instance: bool, declared: str) -> None:
    """Block, the default route, NAT gateway, node addresses, the load balancer, then default outbound access."""
    route, routed = row
    facts = cluster(declared, pools=(NodePool("np", SUBNET, count=3, node_public_ip=instance),))
    egress = resolve(facts, network(route=route, nat=GATEWAY if nat else None, firewalls=(firewall(),)))

    rest = [
        (declared == "block", PathKind.BLOCKED),
        (routed is not None, routed),
        (nat, PathKind.NAT_GATEWAY),
        (instance, PathKind.INSTANCE),
        (declared == "loadBalancer", PathKind.LOAD_BALANCER),
        (True, PathKind.DEFAULT_OUTBOUND),
    ]
    assert egress.effective == (next(kind for applies, kind in rest if applies),)
    assert all(path.why.endswith(".") for path in egress.paths)


def test_addresses_collide_across_hubs() -> None:
    """Two firewalls have 10.0.0.4; only the one in the peered hub counts."""
    near, far = firewall(), firewall(FAR, name="far", ip=OTHER_IP)
    for order in ((near, far), (far, near)):
        egress = resolve(cluster("userDefinedRouting"), network(route=via("10.0.0.4"), firewalls=order))
        assert (ips(egress), egress.paths[0].firewall) == ([FW_IP.address], near.id)


def test_a_firewall_that_is_not_reached_is_no_firewall_of_ours() -> None:
    """The same address in a network that is not connected: an unknown appliance, and the namesake is mentioned."""
    facts = network(route=via("10.0.0.4"), firewalls=(firewall(FAR, name="far"),))
    egress = resolve(cluster("userDefinedRouting"), facts)

    assert (egress.effective, ips(egress), egress.target()) == ((PathKind.APPLIANCE,), [], None)
    assert "far has the same address" in egress.paths[0].why
    assert codes(egress) == ["unknown-next-hop"]


def test_a_firewall_in_the_clusters_own_vnet() -> None:
    """No peering is needed to reach one's own network."""
    egress = resolve(
        cluster("userDefinedRouting"), network(route=via("10.0.0.4"), firewalls=(firewall(SPOKE),), peers=())
    )

    assert egress.effective == (PathKind.FIREWALL,)


@pytest.mark.parametrize(("policy", "kind"), [(POLICY, TargetKind.POLICY), (None, TargetKind.CLASSIC)])
def test_where_rules_are_written(policy: str | None, kind: TargetKind) -> None:
    """To the policy if the firewall has one, else to the firewall itself."""
    found = firewall(policy=policy)
    egress = resolve(cluster("userDefinedRouting"), network(route=via("10.0.0.4"), firewalls=(found,)))

    assert egress.target() == Target(kind, policy or found.id)


def test_ecmp_to_two_firewalls() -> None:
    """Addresses of both; one target if they share a policy, none if one hop is unknown."""
    second = replace(firewall(name="second", ip=OTHER_IP), private_addresses=("10.0.0.5",))
    both = network(route=via("10.0.0.4", "10.0.0.5", kind="VirtualApplianceEcmp"), firewalls=(firewall(), second))
    one = network(route=via("10.0.0.4", "10.9.9.9", kind="VirtualApplianceEcmp"), firewalls=(firewall(), second))

    shared, split = resolve(cluster("userDefinedRouting"), both), resolve(cluster("userDefinedRouting"), one)
    assert (ips(shared), shared.target()) == ([FW_IP.address, OTHER_IP.address], Target(TargetKind.POLICY, POLICY))
    assert (split.effective, split.target()) == ((PathKind.APPLIANCE,), None)


HUB_FIREWALL = Firewall("vwan", ("10.0.0.4",), hub=VHUB, policy=POLICY, hub_addresses=("20.9.0.1",))


@pytest.mark.parametrize(
    ("peers", "hubs", "kind"),
    [
        ((HIDDEN,), {}, PathKind.HUB_FIREWALL),
        ((), {VHUB: Hub(VHUB, (SPOKE,))}, PathKind.HUB_FIREWALL),
        ((), {VHUB: Hub(VHUB, (FAR,))}, PathKind.APPLIANCE),
        ((), {}, PathKind.APPLIANCE),
    ],
)
def test_a_secured_hub_is_reached_by_peering_or_connection(
    peers: tuple[str, ...], hubs: dict[str, Hub], kind: PathKind
) -> None:
    """Its addresses are strings without a resource."""
    facts = replace(network(route=via("10.0.0.4"), firewalls=(HUB_FIREWALL,), peers=peers), hubs=hubs)
    egress = resolve(cluster("userDefinedRouting"), facts)

    assert egress.effective == (kind,)
    assert ips(egress) == (["20.9.0.1"] if kind is PathKind.HUB_FIREWALL else [])


def test_routing_intent_needs_no_route() -> None:
    """The hub pushes the default route: nothing on the subnet shows it."""
    hub = Hub(VHUB, (SPOKE,), internet_next_hop=HUB_FIREWALL.id)
    facts = replace(network(firewalls=(HUB_FIREWALL,), peers=(HIDDEN,)), hubs={VHUB: hub})

    egress = resolve(cluster("userDefinedRouting"), facts)
    assert (egress.effective, egress.target()) == ((PathKind.HUB_FIREWALL,), Target(TargetKind.POLICY, POLICY))


def test_a_nat_gateway_on_the_firewalls_subnet() -> None:
    """Then traffic leaves with the gateway's addresses."""
    facts = network(route=via("10.0.0.4"), firewalls=(firewall(),))
    hub = Vnet(HUB, (SubnetFacts(f"{HUB}/subnets/azurefirewallsubnet", nat_gateway=GATEWAY),))
    egress = resolve(cluster("userDefinedRouting"), replace(facts, vnets={**facts.vnets, HUB: hub}))

    assert (ips(egress), egress.paths[0].nat_gateway) == (["20.0.0.2"], GATEWAY)


def test_pods_leave_from_their_own_subnet() -> None:
    """Pods go the pod subnet's way and their nodes their own: both are shown, and a firewall sees both ranges."""
    facts = cluster(pools=(NodePool("np", SUBNET, PODS, count=3), NodePool("old", SUBNET, count=1)))
    egress = resolve(facts, network(nat=GATEWAY))

    assert {(path.pools, path.carries): path.kind for path in egress.paths} == {
        (("np",), "pods"): PathKind.LOAD_BALANCER,
        (("np",), "nodes"): PathKind.NAT_GATEWAY,
        (("old",), "all"): PathKind.NAT_GATEWAY,
    }
    assert egress.sources("np") == ("10.1.0.0/24", "10.2.0.0/16")
    assert egress.sources("old") == ("10.1.0.0/24",)


def test_nodes_with_public_addresses_go_their_own_way() -> None:
    """Two pools on one subnet: one leaves with node addresses of a prefix, the other by the load balancer."""
    own = NodePool("own", SUBNET, count=2, node_public_ip=True, node_ip_prefix_id=NODE_PREFIX.id)
    egress = resolve(cluster(pools=(NodePool("np", SUBNET, count=3), own)), network())

    assert {path.pools: [ip.address for ip in path.ips] for path in egress.paths} == {
        ("np",): [LB_IP.address],
        ("own",): [NODE_PREFIX.address],
    }
    assert {"mismatch", "node-public-ips"} <= set(codes(egress))


def test_declared_and_effective_differ() -> None:
    """A load balancer cluster in a subnet with a NAT gateway leaves by the gateway, and that is said."""
    egress = resolve(cluster(), network(nat=GATEWAY))

    assert (egress.effective, ips(egress)) == ((PathKind.NAT_GATEWAY,), ["20.0.0.2"])
    (warning,) = egress.warnings
    assert warning.code == "mismatch"
    assert warning.sentence.startswith("Declared loadBalancer, but node pool np actually leaves by natGateway.")


@pytest.mark.parametrize("declared", ["managedNATGateway", "managedNATGatewayV2"])
def test_managed_nat_in_a_managed_vnet(declared: str) -> None:
    """No subnet to look at: AKS says the addresses, and the addresses say the gateway."""
    address = replace(NODE_IP, nat_gateway="/managed/nat")
    facts = cluster(declared, pools=(NodePool("np", count=3),), effective=(address.id,))
    egress = resolve(facts, AzureNetwork(addresses={address.id: address}))

    assert (egress.effective, ips(egress), egress.paths[0].nat_gateway) == (
        (PathKind.NAT_GATEWAY,),
        [LB_IP.address],
        "/managed/nat",
    )


NODE_IP = LB_IP


def balanced(*frontends: Frontend) -> AzureNetwork:
    """A network with the cluster's load balancer."""
    id_ = f"{NODES}/providers/microsoft.network/loadbalancers/kubernetes"
    return replace(network(), load_balancers={id_: LoadBalancer(id_, frontends)})


def test_an_address_that_serves_both() -> None:
    """It is egress and ingress, and marked on both sides."""
    egress = resolve(cluster(), balanced(Frontend(LB_IP.id, serves_ingress=True, serves_egress=True)))

    assert [(ip.address, ip.serves_ingress) for ip in egress.ips] == [(LB_IP.address, True)]
    assert [(ip.address, ip.serves_egress) for ip in egress.ingress] == [(LB_IP.address, True)]


def test_a_service_address_is_no_egress() -> None:
    """The other frontends of the same load balancer are ingress."""
    egress = resolve(
        cluster(),
        balanced(
            Frontend(LB_IP.id, serves_ingress=False, serves_egress=True),
            Frontend(OTHER_IP.id, serves_ingress=True, serves_egress=False),
        ),
    )

    assert (ips(egress), [ip.address for ip in egress.ingress]) == ([LB_IP.address], [OTHER_IP.address])
