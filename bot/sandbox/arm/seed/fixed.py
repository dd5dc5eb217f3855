"""The fixed inhabitants: one cluster for each way out of Azure."""

from bot.sandbox.arm.seed import aks, hubs
from bot.sandbox.arm.seed.aks import Plan, Pool
from bot.sandbox.arm.seed.kit import Tenant
from bot.sandbox.arm.wire import Json

SUBSCRIPTION = "00000000-0000-0000-0000-00000000a001"
_PRODUCTION = {"environment": "production"}
_TEST = {"environment": "test"}


def build() -> dict[str, Json]:
    """All fixed inhabitants, by lower-case id."""
    tenant = Tenant(SUBSCRIPTION)
    hubs.fqdn_tags(tenant)
    _load_balancers(tenant)
    _nat_gateways(tenant)
    _user_nat(tenant)
    _routed(tenant)
    for name, outbound in (("aks-none", "none"), ("aks-block", "block")):
        aks.build(tenant, Plan(name, outbound, tags={**_TEST, "team": "research"}))
    return tenant.resources


def _load_balancers(tenant: Tenant) -> None:
    service = ("aac992f090b494020b524bc822198883", "20.31.208.171")
    aks.build(
        tenant,
        Plan(
            "aks-lb",
            "loadBalancer",
            managed=[("8534b07e-079c-4fc1-b55e-35368d7d0a86", "20.126.14.246")],
            services=[service],
            pools=[Pool(most=10)],
            tags={**_PRODUCTION, "team": "shop"},
        ),
    )
    own = [
        tenant.public_ip("rg-aks-lb-own", "egress-ip-1", "20.101.33.10"),
        tenant.public_ip("rg-aks-lb-own", "egress-ip-2", "20.101.33.11"),
        tenant.prefix("rg-aks-lb-own", "egress-prefix", "20.105.64.16/30"),
    ]
    tenant.public_ip("rg-aks-lb-own", "egress-spare-ip", "20.101.33.12")
    tenant.prefix("rg-aks-lb-own", "egress-spare-prefix", "20.105.64.32/31")
    ports = {"allocatedOutboundPorts": 8000, "idleTimeoutInMinutes": 15}
    plan = Plan("aks-lb-own", "loadBalancer", own=own, profile=ports, tags={**_PRODUCTION, "team": "partners"})
    aks.build(tenant, plan)
    dual = [
        ("3377d7da-14ee-4577-a270-66848b970169", "20.126.15.20"),
        ("cadb05d3-b851-4b33-b142-223c32ade963-ipv6", "2603:1020:206:9::14"),
        ("ea94c62d-f14b-4e77-a613-65805a744aa5-ipv6", "2603:1020:206:9::15"),
    ]
    aks.build(tenant, Plan("aks-lb-dual", "loadBalancer", managed=dual, dual=True, tags={**_TEST, "team": "shop"}))


def _nat_gateways(tenant: Tenant) -> None:
    first = [
        ("1bc3bbf9-fe79-4e2b-88b9-28acf4281173", "20.23.10.61"),
        ("5fe812e7-ade8-43e6-9ad8-df77abf8490f", "20.23.10.62"),
    ]
    service = ("a6b87fb73400d4bfa9b909fe214b346c", "20.61.131.120")
    tags = {**_PRODUCTION, "team": "payments"}
    aks.build(tenant, Plan("aks-natgateway", "managedNATGateway", managed=first, services=[service], tags=tags))
    second = [("9f0c3d0e-55f4-4d2b-8e70-1b1d4c5a7e02", "20.23.11.80")]
    v2 = {"sku": "StandardV2"}
    aks.build(
        tenant,
        Plan("aks-natgateway-v2", "managedNATGateway", managed=second, profile=v2, tags={**_TEST, "team": "payments"}),
    )


def _user_nat(tenant: Tenant) -> None:
    group = "rg-aks-usernat"
    one = tenant.nat_gateway(group, "nat-system", [tenant.public_ip(group, "nat-system-ip", "20.93.7.5")])
    prefix = tenant.prefix(group, "nat-work-prefix", "20.93.9.32/30")
    two = tenant.nat_gateway(
        group, "nat-work", [tenant.public_ip(group, "nat-work-ip", "20.93.7.6")], prefixes=[prefix], idle=10
    )
    vnet = tenant.vnet(
        group,
        "usernat-vnet",
        "10.15.0.0/16",
        {
            "system": {"addressPrefix": "10.15.0.0/22", "natGateway": one},
            "work": {"addressPrefix": "10.15.4.0/22", "natGateway": two},
        },
    )
    pools = [Pool("system", 3, subnet=f"{vnet}/subnets/system"), Pool("work", 5, 20, f"{vnet}/subnets/work", "User")]
    aks.build(tenant, Plan("aks-usernat", "userAssignedNATGateway", pools=pools, tags={**_PRODUCTION, "team": "data"}))


_ROUTED = {
    "aks-udr": ("10.10", hubs.PRIVATE, "hub", {**_TEST, "team": "shop"}),
    "aks-udr-agic": ("10.11", hubs.PRIVATE, "hub", {**_PRODUCTION, "team": "shop"}),
    "aks-udr-classic": ("10.12", hubs.LEGACY_PRIVATE, "legacy", {**_PRODUCTION, "team": "backoffice"}),
    "aks-udr-nva": ("10.13", "10.99.0.4", "appliance", {**_PRODUCTION, "team": "mainframe"}),
    "aks-vwan": ("10.14", hubs.VWAN_PRIVATE, "virtual_hub", {**_PRODUCTION, "team": "branches"}),
}
"""Cluster to the start of its address space, its next hop, its hub and its tags."""


def _routed(tenant: Tenant) -> None:
    vnets = {name: tenant.rid(f"rg-{name}", "virtualNetworks", f"{name}-vnet").text for name in _ROUTED}
    spokes = {
        hub: " ".join(vnets[name] for name, row in _ROUTED.items() if row[2] == hub)
        for hub in ("hub", "legacy", "appliance", "virtual_hub")
    }
    built = hubs.build(tenant, spokes)
    peers = {
        "hub": [built.hub],
        "legacy": [built.legacy],
        "appliance": [built.appliance],
        "virtual_hub": [hubs.HUB_NETWORK],
    }
    for name, (start, hop, hub, tags) in _ROUTED.items():
        vnet = _spoke(tenant, name, (start, hop), peers[hub])
        services = [("b1f6c0ffee7e4d0c9a1e5d2c3b4a5968", "20.54.120.9")] if name == "aks-udr" else []
        extra = _gateway(tenant, vnet) if name == "aks-udr-agic" else {}
        pools = [Pool(subnet=f"{vnet}/subnets/aks-subnet")]
        aks.build(tenant, Plan(name, "userDefinedRouting", services=services, pools=pools, tags=tags, extra=extra))


def _spoke(tenant: Tenant, name: str, route: tuple[str, str], peers: list[str]) -> str:
    start, hop = route
    group = f"rg-{name}"
    routes: dict[str, tuple[str, str | None]] = {"0.0.0.0/0": ("VirtualAppliance", hop)}
    if hop == hubs.PRIVATE:
        routes[f"{hubs.FIREWALL_IP}/32"] = ("Internet", None)
    table = tenant.route_table(group, f"{name}-routetable", routes)
    subnets: dict[str, Json] = {"aks-subnet": {"addressPrefix": f"{start}.0.0/22", "routeTable": table}}
    if name == "aks-udr-agic":
        subnets["appgw-subnet"] = {"addressPrefix": f"{start}.8.0/24"}
    return tenant.vnet(group, f"{name}-vnet", f"{start}.0.0/16", subnets, peers)


def _gateway(tenant: Tenant, vnet: str) -> Json:
    """The Application Gateway of AGIC; returns the cluster's add-on profile."""
    group = "rg-aks-udr-agic"
    address = tenant.public_ip(group, "agw-publicip", "20.86.200.31")
    subnet = {"id": f"{vnet}/subnets/appgw-subnet"}
    frontend = {"privateIPAllocationMethod": "Dynamic", "publicIPAddress": {"id": address}}
    rid = tenant.rid(group, "applicationGateways", "agw-aks-udr-agic")
    public = f"{rid.text}/frontendIPConfigurations/public"
    gateway = tenant.add(
        rid,
        {
            "sku": {"name": "Standard_v2", "tier": "Standard_v2", "family": "Generation_1"},
            "operationalState": "Running",
            "gatewayIPConfigurations": [{"name": "gateway", "properties": {"subnet": subnet}}],
            "frontendIPConfigurations": [{"name": "public", "id": public, "properties": frontend}],
            "frontendPorts": [{"name": "http", "properties": {"port": 80}}],
            "autoscaleConfiguration": {"minCapacity": 1, "maxCapacity": 4},
        },
        tags={"managed-by-k8s-ingress": "1.8.1"},
    )
    config = {"applicationGatewayId": gateway, "effectiveApplicationGatewayId": gateway}
    return {"addonProfiles": {"ingressApplicationGateway": {"enabled": True, "config": config}}}
