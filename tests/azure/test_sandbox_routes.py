"""Routes over Azure's wire: what is read, where it is read only when a route needs it, live and as a fleet."""

from dataclasses import replace
from typing import Any

import pytest

from bot.allowances import scope_of
from bot.domain.egress import PathKind, check_required
from bot.domain.scope_drift import DriftKind, scope_drift
from bot.sandbox.arm import SUBSCRIPTION
from tests.azure.stage import HUB_POLICY, LEGACY, Stage, both, cluster_id, stage
from tests.build import config

GROUPS = f"/subscriptions/{SUBSCRIPTION}/resourcegroups"
SPOKE = f"{GROUPS}/rg-aks-udr/providers/microsoft.network/virtualnetworks/aks-udr-vnet"
TABLE = f"{GROUPS}/rg-aks-udr/providers/microsoft.network/routetables/aks-udr-routetable"
HUB = f"{GROUPS}/rg-hub/providers/microsoft.network/virtualnetworks/hub-vnet"
FIREWALL = f"{GROUPS}/rg-hub/providers/microsoft.network/azurefirewalls/hub-firewall"
BEYOND = f"{GROUPS}/rg-hub/providers/Microsoft.Network/routeTables/beyond"
VHUB = f"{GROUPS}/rg-vwan/providers/Microsoft.Network/virtualHubs/hub-weu"
VWAN_FIREWALL = f"{GROUPS}/rg-vwan/providers/Microsoft.Network/azureFirewalls/vwan-firewall"
VWAN_TABLE = f"{GROUPS}/rg-aks-vwan/providers/microsoft.network/routetables/aks-vwan-routetable"


@pytest.fixture
def azure() -> Stage:
    """A fresh simulated tenant."""
    return stage()


def change(azure: Stage, id_: str, **properties: Any) -> None:
    """Change properties of a resource by hand; None takes one away."""
    body = azure.resource(id_)
    body["properties"] |= properties
    body["properties"] = {name: value for name, value in body["properties"].items() if value is not None}
    azure.azure.put_resource(id_, body)


def route(prefix: str, kind: str, hop: str | None = None) -> dict[str, Any]:
    """A route as Azure keeps it."""
    inner = {"addressPrefix": prefix, "nextHopType": kind, **({"nextHopIpAddress": hop} if hop else {})}
    return {"name": prefix.replace("/", "-").replace(":", ""), "properties": inner}


def change_subnet(azure: Stage, vnet: str, name: str, **properties: Any) -> None:
    """Change properties of a subnet by hand."""
    subnets = azure.resource(vnet)["properties"]["subnets"]
    for subnet in subnets:
        if subnet["name"] == name:
            subnet["properties"] |= properties
    change(azure, vnet, subnets=subnets)


def test_two_halves(azure: Stage) -> None:
    """0.0.0.0/1 and 128.0.0.0/1 to the firewall are its default route, at no further request."""
    halves = [route(prefix, "VirtualAppliance", "10.0.0.4") for prefix in ("0.0.0.0/1", "128.0.0.0/1")]
    change(azure, TABLE, routes=halves)

    egress = azure.arm.read_egress(cluster_id("aks-udr"))

    assert len(azure.requests()) <= 5, azure.requests()
    assert (egress.effective, egress.target()) == ((PathKind.FIREWALL,), HUB_POLICY)
    both(azure, "aks-udr")


def test_a_private_subnet(azure: Stage) -> None:
    """``defaultOutboundAccess`` is read: without it Azure may choose an address, with false nothing leaves."""
    change(azure, TABLE, routes=[])
    assert both(azure, "aks-udr").effective == (PathKind.DEFAULT_OUTBOUND,)

    change_subnet(azure, SPOKE, "aks-subnet", defaultOutboundAccess=False)
    assert both(azure, "aks-udr").effective == (PathKind.NONE,)


def test_a_private_subnet_that_aks_made(azure: Stage) -> None:
    """Outbound type none: the network in the node resource group tells."""
    assert both(azure, "aks-none").effective == (PathKind.DEFAULT_OUTBOUND,)
    vnet = next(
        id_ for id_ in azure.azure.state()["resources"] if "/virtualnetworks/" in id_ and "mc_rg-aks-none" in id_
    )
    change_subnet(azure, vnet, "aks-subnet", defaultOutboundAccess=False)

    assert both(azure, "aks-none").effective == (PathKind.NONE,)


def test_forced_tunnelling(azure: Stage) -> None:
    """The route table of AzureFirewallSubnet is read; the management address is nobody's egress IP."""
    table = {"location": "westeurope", "properties": {"routes": [route("0.0.0.0/0", "VirtualNetworkGateway")]}}
    azure.azure.put_resource(BEYOND, table)
    change_subnet(azure, HUB, "AzureFirewallSubnet", routeTable={"id": BEYOND})
    address = azure.resource(FIREWALL)["properties"]["ipConfigurations"][1]["properties"]["publicIPAddress"]
    management = {"name": "mgmt", "properties": {"publicIPAddress": address}}
    kept = azure.resource(FIREWALL)["properties"]["ipConfigurations"][:1]
    change(azure, FIREWALL, ipConfigurations=kept, managementIpConfiguration=management)

    egress = both(azure, "aks-udr")
    assert (egress.ips, egress.target()) == ((), HUB_POLICY)
    assert "forced tunnelling" in egress.paths[0].why

    change_subnet(azure, HUB, "AzureFirewallSubnet", routeTable=None)
    assert [ip.address for ip in both(azure, "aks-udr").ips] == ["13.95.91.166"]


def test_a_stopped_firewall(azure: Stage) -> None:
    """Its IP configurations are gone: the firewall is named, and nothing leaves."""
    change(azure, FIREWALL, ipConfigurations=[])

    egress = both(azure, "aks-udr")
    assert egress.effective == (PathKind.NONE,)
    assert "hub-firewall is stopped" in egress.paths[0].why


INTENT = f"{VHUB}/routingIntent/intent"
DEFAULT_TABLE = f"{VHUB}/hubRouteTables/defaultRouteTable"
CONNECTION = f"{VHUB}/hubVirtualNetworkConnections/to-aks-vwan-vnet"


def hub_part(azure: Stage, part: str) -> None:
    """Let the hub push a default route one way or another."""
    if part == "intent":
        policy = {"name": "Internet", "destinations": ["Internet"], "nextHop": VWAN_FIREWALL}
        azure.azure.put_resource(INTENT, {"properties": {"routingPolicies": [policy]}})
    elif part == "static":
        everything = {"name": "all", "destinationType": "CIDR", "destinations": ["0.0.0.0/0"]}
        routes = [{**everything, "nextHopType": "ResourceId", "nextHop": VWAN_FIREWALL}]
        change(azure, DEFAULT_TABLE, routes=routes)


@pytest.mark.parametrize(
    ("part", "is_secured", "kind"),
    [
        ("intent", True, PathKind.HUB_FIREWALL),
        ("static", True, PathKind.HUB_FIREWALL),
        ("nothing", True, PathKind.DEFAULT_OUTBOUND),
        ("intent", False, PathKind.DEFAULT_OUTBOUND),
        ("static", False, PathKind.DEFAULT_OUTBOUND),
    ],
)
def test_what_a_virtual_hub_pushes(azure: Stage, part: str, is_secured: bool, kind: PathKind) -> None:
    """Routing intent, a static route, and each connection's own word, live and in the fleet."""
    change(azure, VWAN_TABLE, routes=[])
    hub_part(azure, part)
    change(azure, CONNECTION, enableInternetSecurity=is_secured)

    assert both(azure, "aks-vwan").effective == (kind,)


def test_hubs_are_read_only_where_they_decide(azure: Stage) -> None:
    """A route of the subnet's own decides: no request to the hub, live or for the fleet."""
    both(azure, "aks-vwan")

    assert [path for _, _, path in azure.requests() if "virtualHubs" in path] == []


@pytest.mark.parametrize(
    ("ranges", "found"),
    [
        (["IANAPrivateRanges"], ()),
        (["10.0.0.0/8", "172.16.0.0/12"], ()),
        (["0.0.0.0/0"], ("0.0.0.0/0",)),
        (["255.255.255.255/32"], ()),
        (["IANAPrivateRanges", "20.50.0.0/16"], ("20.50.0.0/16",)),
    ],
)
def test_private_ranges_of_snat(azure: Stage, ranges: list[str], found: tuple[str, ...]) -> None:
    """Public ranges among them are not translated by network rules; policy and classic firewall say it their way."""
    change(azure, HUB_POLICY.id, snat={"privateRanges": ranges})
    settings = azure.resource(LEGACY.id)["properties"]["additionalProperties"]
    change(azure, LEGACY.id, additionalProperties=settings | {"Network.SNAT.PrivateRanges": ", ".join(ranges)})

    for target in (HUB_POLICY, LEGACY):
        assert check_required(azure.arm.open(target).read(), ("10.10.0.0/22",), ()).untranslated == found


def test_pods_and_virtual_nodes_beside_nodes(azure: Stage) -> None:
    """Each has its subnet and way, live and in the fleet."""
    more = {"pods": "10.10.16.0/20", "aci": "10.10.32.0/24"}
    subnets = azure.resource(SPOKE)["properties"]["subnets"]
    subnets += [{"name": name, "properties": {"addressPrefix": range_}} for name, range_ in more.items()]
    change(azure, SPOKE, subnets=subnets)
    pools = azure.resource(cluster_id("aks-udr"))["properties"]["agentPoolProfiles"]
    pools[0]["podSubnetID"] = f"{SPOKE}/subnets/pods"
    addon = {"aciConnectorLinux": {"enabled": True, "config": {"SubnetName": "aci"}}}
    change(azure, cluster_id("aks-udr"), agentPoolProfiles=pools, addonProfiles=addon)

    assert {path.carries: path.kind for path in both(azure, "aks-udr").paths} == {
        "pods": PathKind.DEFAULT_OUTBOUND,
        "nodes": PathKind.FIREWALL,
        "virtualNodes": PathKind.DEFAULT_OUTBOUND,
    }


def test_only_ranges_that_pass_the_firewall_are_asked_for(azure: Stage) -> None:
    """Virtual nodes leave another way: what is filed rests on what there is, and not on their range."""
    subnets = azure.resource(SPOKE)["properties"]["subnets"]
    change(azure, SPOKE, subnets=[*subnets, {"name": "aci", "properties": {"addressPrefix": "10.10.32.0/24"}}])
    addon = {"aciConnectorLinux": {"enabled": True, "config": {"SubnetName": "aci"}}}
    change(azure, cluster_id("aks-udr"), addonProfiles=addon)
    egress = both(azure, "aks-udr")

    scope = scope_of(config(), egress)
    assert "10.10.32.0/24" not in scope.sources
    assert scope_drift(scope, egress).footing is DriftKind.SAME
    gone = scope_drift(replace(scope, pool="gone"), egress)
    assert (gone.footing, gone.sentence) == (DriftKind.NOWHERE, "aks-udr no longer has node pool gone.")
