"""Generated clusters beside the fixed ones: always the same, spread over subscriptions and outbound types."""

from bot.sandbox.arm import etags
from bot.sandbox.arm.seed import aks
from bot.sandbox.arm.seed.aks import Plan, Pool
from bot.sandbox.arm.seed.kit import Tenant, collection, web_rule
from bot.sandbox.arm.wire import Json

PER_SUBSCRIPTION = 250
_PRIVATE = "10.0.0.4"
_TEAMS = ("shop", "payments", "data", "partners", "research")


ROUTED = 4
"""Of five clusters in a row, the one that leaves through the hub's firewall."""


def build(count: int) -> dict[str, Json]:
    """``count`` clusters named ``fleet-0001`` and so on, by lower-case id of their resources."""
    resources: dict[str, Json] = {}
    for first in range(0, count, PER_SUBSCRIPTION):
        tenant = Tenant(f"00000000-0000-0000-0000-0000000f{first // PER_SUBSCRIPTION + 1:04d}", resources=resources)
        numbers = range(first, min(count, first + PER_SUBSCRIPTION))
        _hub(tenant, first // PER_SUBSCRIPTION, [_name(index) for index in numbers if index % 5 == ROUTED])
        for index in numbers:
            _cluster(tenant, index)
    return resources


def _name(index: int) -> str:
    return f"fleet-{index + 1:04d}"


def _cluster(tenant: Tenant, index: int) -> None:
    name = _name(index)
    tags = {"environment": "production" if index % 3 else "test", "team": _TEAMS[index % len(_TEAMS)]}
    kind = index % 5
    if kind < 2:
        managed = _addresses(name, index, 1 + index % 3)
        outbound = "loadBalancer" if kind == 0 else "managedNATGateway"
        aks.build(tenant, Plan(name, outbound, managed=managed, pools=[Pool(most=index % 40 + 3)], tags=tags))
    elif kind == 2:
        own = [tenant.public_ip(f"rg-{name}", f"{name}-ip", _address(index, 0))]
        aks.build(tenant, Plan(name, "loadBalancer", own=own, tags=tags))
    else:
        _own_network(tenant, name, index, tags)


def _own_network(tenant: Tenant, name: str, index: int, tags: dict[str, str]) -> None:
    group = f"rg-{name}"
    space = f"10.{16 + index // 250 % 200}.{index % 250}"
    hub = tenant.rid("rg-hub", "virtualNetworks", "hub-vnet").text
    if index % 5 == 3:
        gateway = tenant.nat_gateway(group, f"{name}-nat", [tenant.public_ip(group, f"{name}-ip", _address(index, 0))])
        subnet, outbound, peers = {"natGateway": gateway}, "userAssignedNATGateway", []
    else:
        table = tenant.route_table(group, f"{name}-routes", {"0.0.0.0/0": ("VirtualAppliance", _PRIVATE)})
        subnet, outbound, peers = {"routeTable": table}, "userDefinedRouting", [hub]
    inner: Json = {"addressPrefix": f"{space}.0/25", **subnet}
    vnet = tenant.vnet(group, f"{name}-vnet", f"{space}.0/24", {"aks-subnet": inner}, peers)
    aks.build(tenant, Plan(name, outbound, pools=[Pool(subnet=f"{vnet}/subnets/aks-subnet")], tags=tags))


def _hub(tenant: Tenant, number: int, spokes: list[str]) -> None:
    subnets: dict[str, Json] = {"AzureFirewallSubnet": {"addressPrefix": "10.0.0.0/26"}}
    peers = [tenant.rid(f"rg-{name}", "virtualNetworks", f"{name}-vnet").text for name in spokes]
    vnet = tenant.vnet("rg-hub", "hub-vnet", "10.0.0.0/16", subnets, peers)
    address = tenant.public_ip("rg-hub", "hub-ip", f"51.105.{number // 250}.{number % 250 + 1}")
    policy = tenant.policy("rg-hub", "hub-policy")
    rule = web_rule("fqdn", ["*"], tag="AzureKubernetesService", http=True)
    tenant.rule_collection_group(policy, "rcg-aks", 200, [collection("aksfwar", 100, [rule])])
    reference = {"firewallPolicy": {"id": policy}}
    tenant.firewall("rg-hub", "hub-firewall", _PRIVATE, f"{vnet}/subnets/AzureFirewallSubnet", [address], **reference)


def _addresses(name: str, index: int, count: int) -> list[tuple[str, str]]:
    return [(etags.guid_of(name, number), _address(index, number)) for number in range(count)]


def _address(index: int, number: int) -> str:
    """Four addresses are set aside for each cluster, in 52.136.0.0/13."""
    position = index * 4 + number
    return f"52.{136 + position // 65536 % 8}.{position // 256 % 256}.{position % 256}"
