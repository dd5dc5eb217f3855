"""Routes as Azure resolves them: longest prefix, what is behind a firewall, what a hub pushes, what nobody can see."""

from dataclasses import replace

import pytest

from bot.domain.egress import ClusterEgress, NodePool, PathKind
from bot.domain.egress.facts import AzureNetwork, Firewall, Hub, Route, RouteTable, SubnetFacts, Vnet
from bot.domain.egress.resolve import resolve
from bot.domain.egress_filter import FilterKind, egress_filter
from bot.domain.snat import capacity
from tests.domain.egress_facts import (
    FW_IP,
    GATEWAY,
    HIDDEN,
    HUB,
    LB_IP,
    NETWORK,
    PODS,
    POLICY,
    SPOKE,
    SUBNET,
    TABLE,
    VHUB,
    cluster,
    codes,
    firewall,
    ips,
    network,
    via,
)

FIREWALL_HOP = ("10.0.0.4",)
BEYOND = f"{NETWORK}/routetables/beyond"


def routed(*routes: Route, declared: str = "userDefinedRouting", learns: bool = True) -> ClusterEgress:
    """A cluster whose subnet has these routes, beside a firewall at 10.0.0.4."""
    facts = network(firewalls=(firewall(),))
    return resolve(cluster(declared), replace(facts, route_tables={TABLE: RouteTable(TABLE, routes, learns=learns)}))


def to(prefix: str, *hops: str, kind: str = "VirtualAppliance") -> Route:
    """A route."""
    return Route(prefix, kind, hops)


@pytest.mark.parametrize(
    "prefixes",
    [
        ("0.0.0.0/0",),
        ("0.0.0.0/1", "128.0.0.0/1"),
        ("0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"),
        ("0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"),
    ],
)
def test_halves_are_a_default_route(prefixes: tuple[str, ...]) -> None:
    """Whatever covers the internet carries it, and beats a plain default route to somewhere else."""
    halves = [to(prefix, *FIREWALL_HOP) for prefix in prefixes]
    beaten = [] if "0.0.0.0/0" in prefixes else [to("0.0.0.0/0", kind="Internet")]

    egress = routed(*beaten, *halves)

    assert (egress.effective, ips(egress)) == ((PathKind.FIREWALL,), [FW_IP.address])
    assert [path.destinations for path in egress.paths] == [()]


def test_half_of_the_internet_another_way() -> None:
    """Both ways are shown, each with what it carries; a rule would work for half of it only, and that is said."""
    egress = routed(to("0.0.0.0/1", *FIREWALL_HOP), declared="loadBalancer")

    assert {path.kind: path.destinations for path in egress.paths} == {
        PathKind.FIREWALL: ("0.0.0.0/1",),
        PathKind.LOAD_BALANCER: ("everything else",),
    }
    assert ips(egress) == [LB_IP.address, FW_IP.address]
    assert (egress.target(), "split-routes" in codes(egress)) == (None, True)
    way = egress_filter(egress)
    assert way.barrier is FilterKind.MIXED
    assert "depends on the destination" in way.sentence


@pytest.mark.parametrize(
    ("route", "code", "words"),
    [
        (to("203.0.114.0/24", "10.9.9.9"), "detour", "to 203.0.114.0/24 goes to 10.9.9.9 instead"),
        (to("AzureActiveDirectory", "10.9.9.9"), "detour", "to AzureActiveDirectory goes to 10.9.9.9"),
        (to("203.0.114.0/24", kind="VirtualNetworkGateway"), "detour", "goes to VirtualNetworkGateway"),
        (to("203.0.114.0/24", kind="None"), "dropped", "to 203.0.114.0/24 is dropped by a route"),
        (to("AzureMonitor", kind="Internet"), "bypass", "AzureMonitor bypasses the firewall"),
        (to("203.0.114.0/24", kind="Internet"), "bypass", "203.0.114.0/24 bypasses the firewall"),
    ],
)
def test_longer_routes_are_named(route: Route, code: str, words: str) -> None:
    """A route to some addresses or a service tag changes nothing but what it is for."""
    egress = routed(via("10.0.0.4"), route)

    assert egress.effective == (PathKind.FIREWALL,)
    (warning,) = egress.warnings
    assert warning.code == code
    assert words in warning.sentence


@pytest.mark.parametrize("declared", ["loadBalancer", "userAssignedNATGateway"])
def test_longer_routes_without_a_default_route(declared: str) -> None:
    """They are named where the rest leaves directly, too."""
    egress = routed(to("AzureActiveDirectory", "10.9.9.9"), to("198.51.101.0/24", kind="None"), declared=declared)

    assert {"detour", "dropped"} <= set(codes(egress))


@pytest.mark.parametrize("prefix", ["10.0.0.0/8", "172.16.0.0/12", "192.168.7.0/24", "100.64.0.0/10", "fd00::/8"])
def test_private_routes_are_no_way_out(prefix: str) -> None:
    """They say nothing of the internet."""
    egress = routed(via("10.0.0.4"), to(prefix, "10.9.9.9"))

    assert (egress.effective, codes(egress)) == ((PathKind.FIREWALL,), [])


def test_equal_cost_next_hops_by_halves() -> None:
    """Several next hops work in a half as they do in a default route."""
    second = replace(firewall(name="second"), private_addresses=("10.0.0.5",))
    halves = [to(p, "10.0.0.4", "10.0.0.5", kind="VirtualApplianceEcmp") for p in ("0.0.0.0/1", "128.0.0.0/1")]
    facts = replace(network(firewalls=(firewall(), second)), route_tables={TABLE: RouteTable(TABLE, tuple(halves))})

    assert resolve(cluster("userDefinedRouting"), facts).effective == (PathKind.FIREWALL,)


@pytest.mark.parametrize(
    ("routes", "is_routed"),
    [
        ((), False),
        ((to("::/0", "fd00::4"),), True),
        ((to("2000::/3", "fd00::4"),), True),
        ((to("::/1", "fd00::4"), to("8000::/1", "fd00::4")), True),
        ((to("2000::/4", "fd00::4"), to("3000::/4", "fd00::4")), True),
        ((to("2000::/4", "fd00::4"),), False),
    ],
)
def test_ipv6_is_routed_by_whatever_covers_it(routes: tuple[Route, ...], is_routed: bool) -> None:
    """All of the IPv6 internet is 2000::/3."""
    table = RouteTable(TABLE, (via("10.0.0.4"), *routes))
    facts = replace(network(firewalls=(firewall(),)), route_tables={TABLE: table})
    egress = resolve(cluster("userDefinedRouting", ip_families=("IPv4", "IPv6")), facts)

    assert ("ipv6-not-routed" in codes(egress)) is not is_routed


@pytest.mark.parametrize("declared", ["none", "userAssignedNATGateway", "managedNATGateway", "userDefinedRouting"])
@pytest.mark.parametrize("allowed", [None, True, False])
def test_default_outbound_access(declared: str, allowed: bool | None) -> None:
    """Where nothing carries traffic out Azure may do it; only a private subnet keeps everything in."""
    facts = network()
    subnet = replace(facts.vnets[SPOKE].subnets[0], default_outbound=allowed)
    egress = resolve(cluster(declared), replace(facts, vnets={SPOKE: Vnet(SPOKE, (subnet,))}))

    is_closed = allowed is False
    assert egress.effective == ((PathKind.NONE if is_closed else PathKind.DEFAULT_OUTBOUND),)
    assert ("default-outbound" in codes(egress)) is not is_closed
    assert ("address that Azure chooses" in egress.paths[0].why) is not is_closed
    assert egress_filter(egress).barrier is (FilterKind.CLOSED if is_closed else FilterKind.OPEN)
    assert ("nothing leaves" in egress.paths[0].why) is is_closed


@pytest.mark.parametrize(
    ("route", "behind"),
    [
        (via(kind="VirtualNetworkGateway"), "a virtual network gateway"),
        (via("10.8.8.8"), "10.8.8.8"),
        (via(kind="None"), "nothing (next hop None)"),
        (via(kind="Internet"), ""),
    ],
)
@pytest.mark.parametrize("nat", [None, GATEWAY])
def test_forced_tunnelling(route: Route, behind: str, nat: str | None) -> None:
    """A route table on the firewall's subnet: its public IP is not the egress IP, but its rules still count."""
    facts = network(route=via("10.0.0.4"), firewalls=(firewall(),))
    home = SubnetFacts(f"{HUB}/subnets/azurefirewallsubnet", route_table=BEYOND, nat_gateway=nat)
    facts = replace(facts, vnets={**facts.vnets, HUB: Vnet(HUB, (home,))})
    facts = replace(facts, route_tables={**facts.route_tables, BEYOND: RouteTable(BEYOND, (route,))})

    egress = resolve(cluster("userDefinedRouting"), facts)

    direct = ["20.0.0.2"] if nat else [FW_IP.address]
    assert (egress.effective, ips(egress)) == ((PathKind.FIREWALL,), [] if behind else direct)
    assert egress.target() is not None
    assert egress.paths[0].behind == behind
    assert codes(egress) == (["unknown-next-hop"] if behind else [])
    assert ("Enough" in capacity(egress).advice) is not bool(behind)


def test_a_stopped_firewall() -> None:
    """It shows neither an address nor a network, so the route leads nowhere; the firewall is named."""
    stopped = Firewall(firewall().id, policy=POLICY)
    facts = network(route=via("10.0.0.4"), firewalls=(stopped,))
    home = SubnetFacts(f"{HUB}/subnets/azurefirewallsubnet", ("10.0.0.0/26",))
    egress = resolve(cluster("userDefinedRouting"), replace(facts, vnets={**facts.vnets, HUB: Vnet(HUB, (home,))}))

    assert egress.effective == (PathKind.NONE,)
    assert "firewall is stopped, so nothing leaves" in egress.paths[0].why
    assert "is stopped" in egress_filter(egress).sentence


HUB_FIREWALL = Firewall(
    f"{NETWORK}/azurefirewalls/vwan", ("10.0.0.4",), hub=VHUB, policy=POLICY, hub_addresses=("20.9.0.1",)
)
DEFAULT_TABLE = f"{VHUB}/hubroutetables/defaultroutetable"
OTHER_TABLE = f"{VHUB}/hubroutetables/other"


@pytest.mark.parametrize(
    ("hub", "kind"),
    [
        (Hub(VHUB, (SPOKE,), internet_next_hop=HUB_FIREWALL.id), PathKind.HUB_FIREWALL),
        (Hub(VHUB, (SPOKE,), static_hops=((DEFAULT_TABLE, HUB_FIREWALL.id),)), PathKind.HUB_FIREWALL),
        (Hub(VHUB, (SPOKE,), static_hops=((OTHER_TABLE, HUB_FIREWALL.id),)), PathKind.LOAD_BALANCER),
        (
            Hub(VHUB, (SPOKE,), static_hops=((OTHER_TABLE, HUB_FIREWALL.id),), tables=((SPOKE, OTHER_TABLE),)),
            PathKind.HUB_FIREWALL,
        ),
        (Hub(VHUB, (SPOKE,), internet_next_hop=HUB_FIREWALL.id, unsecured=(SPOKE,)), PathKind.LOAD_BALANCER),
        (
            Hub(VHUB, (SPOKE,), static_hops=((DEFAULT_TABLE, f"{VHUB}/hubvirtualnetworkconnections/nva"),)),
            PathKind.APPLIANCE,
        ),
        (Hub(VHUB, (SPOKE,)), PathKind.LOAD_BALANCER),
    ],
)
def test_what_a_hub_pushes(hub: Hub, kind: PathKind) -> None:
    """Routing intent, a static route in the table of the connection, and whether the connection takes it."""
    facts = replace(network(firewalls=(HUB_FIREWALL,), peers=(HIDDEN,)), hubs={VHUB: hub})

    assert resolve(cluster(), facts).effective == (kind,)


def test_a_route_of_ones_own_beats_the_hub() -> None:
    """A default route to the internet on the subnet goes past whatever the hub pushes."""
    hub = Hub(VHUB, (SPOKE,), internet_next_hop=HUB_FIREWALL.id)
    facts = network(route=via(kind="Internet"), firewalls=(HUB_FIREWALL,), peers=(HIDDEN,))

    assert resolve(cluster(), replace(facts, hubs={VHUB: hub})).effective == (PathKind.LOAD_BALANCER,)


def test_a_hub_that_could_not_be_read() -> None:
    """It may send traffic another way, and that is said."""
    egress = resolve(cluster(), network(peers=(HIDDEN,)))

    assert (egress.effective, codes(egress)) == ((PathKind.LOAD_BALANCER,), ["hub-routes"])


@pytest.mark.parametrize(
    ("own", "uses", "learns", "route", "words"),
    [
        (True, False, True, None, "a default route among them would take this traffic"),
        (False, True, True, None, "a default route among them would take this traffic"),
        (False, True, True, via("10.0.0.4"), "those that are longer"),
        (False, True, False, via("10.0.0.4"), ""),
        (False, False, True, None, ""),
    ],
)
def test_routes_learned_by_bgp_are_unknown(
    own: bool, uses: bool, learns: bool, route: Route | None, words: str
) -> None:
    """A gateway in the network, or of a peer that it uses, may bring routes; the table says whether they count."""
    facts = network(firewalls=(firewall(),))
    subnets = facts.vnets[SPOKE].subnets + ((SubnetFacts(f"{SPOKE}/subnets/gatewaysubnet"),) if own else ())
    spoke = Vnet(SPOKE, subnets, (HUB,), uses_remote_gateway=uses)
    table = RouteTable(TABLE, (route,) if route else (), learns=learns)
    facts = replace(facts, vnets={**facts.vnets, SPOKE: spoke}, route_tables={TABLE: table})

    found = [w.sentence for w in resolve(cluster(), facts).warnings if w.code == "bgp-routes"]
    assert bool(found) is bool(words)
    assert all(words in sentence for sentence in found)


def test_pods_and_nodes_that_leave_alike_are_one_path() -> None:
    """Two subnets, one way: nothing is said twice, and the firewall sees both ranges."""
    facts = network(route=via("10.0.0.4"), firewalls=(firewall(),))
    nodes, pods = facts.vnets[SPOKE].subnets
    spoke = Vnet(SPOKE, (nodes, replace(pods, route_table=TABLE)), (HUB,))
    egress = resolve(
        cluster("userDefinedRouting", pools=(NodePool("np", SUBNET, PODS, count=3),)),
        replace(facts, vnets={**facts.vnets, SPOKE: spoke}),
    )

    (path,) = egress.paths
    assert (path.carries, path.sources) == ("all", ("10.1.0.0/24", "10.2.0.0/16"))


def test_rules_are_about_pods() -> None:
    """Pods by the firewall, nodes past it: a request is about the pods."""
    facts = network(firewalls=(firewall(),), nat=GATEWAY)
    nodes, pods = facts.vnets[SPOKE].subnets
    spoke = Vnet(SPOKE, (replace(nodes, route_table=None), replace(pods, route_table=TABLE)), (HUB,))
    facts = replace(
        facts, vnets={**facts.vnets, SPOKE: spoke}, route_tables={TABLE: RouteTable(TABLE, (via("10.0.0.4"),))}
    )
    egress = resolve(cluster("userDefinedRouting", pools=(NodePool("np", SUBNET, PODS, count=3),)), facts)

    assert {path.carries: path.kind for path in egress.paths} == {
        "pods": PathKind.FIREWALL,
        "nodes": PathKind.NAT_GATEWAY,
    }
    assert (egress.target() is not None, egress_filter(egress).barrier) == (True, FilterKind.FIREWALL)
    assert "split" not in codes(egress)


def test_virtual_nodes_have_a_subnet_of_their_own() -> None:
    """Container instances leave by their subnet: a load balancer of the nodes is none of theirs."""
    facts = network()
    spoke = Vnet(SPOKE, (*facts.vnets[SPOKE].subnets, SubnetFacts(f"{SPOKE}/subnets/aci", ("10.3.0.0/24",))), (HUB,))
    egress = resolve(cluster(virtual_nodes="aci"), replace(facts, vnets={**facts.vnets, SPOKE: spoke}))

    assert {path.carries: path.kind for path in egress.paths} == {
        "all": PathKind.LOAD_BALANCER,
        "virtualNodes": PathKind.DEFAULT_OUTBOUND,
    }


@pytest.mark.parametrize(
    ("declared", "kind"), [("userDefinedRouting", PathKind.UNKNOWN), ("loadBalancer", PathKind.LOAD_BALANCER)]
)
def test_a_cluster_without_visible_pools(declared: str, kind: PathKind) -> None:
    """Hosted system pools: what hangs on a subnet is unknown, what AKS says itself is not."""
    egress = resolve(cluster(declared, pools=()), AzureNetwork(addresses={LB_IP.id: LB_IP}))

    assert egress.effective == (kind,)
