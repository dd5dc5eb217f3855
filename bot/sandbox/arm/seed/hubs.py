"""The hubs: firewalls with policies, with classic rules, in a virtual hub, and one that only looks alike."""

from dataclasses import dataclass

from bot.sandbox.arm import rules
from bot.sandbox.arm.ids import KINDS, NETWORK, ResourceId
from bot.sandbox.arm.seed.kit import Tenant, collection, network_rule, web_rule
from bot.sandbox.arm.wire import Json

FIREWALL_IP = "13.95.91.166"
PRIVATE = "10.0.0.4"
"""Both hub-firewall and the firewall of the hub that nobody is peered with have this private address."""
LEGACY_PRIVATE = "10.1.0.4"
VWAN_PRIVATE = "10.100.0.132"
HUB_NETWORK = (
    "/subscriptions/00000000-0000-0000-0000-00000000e001/resourceGroups/RG_hub-weu_5a1f/providers/Microsoft.Network/"
    "virtualNetworks/HV_hub-weu_5a1f"
)
"""The network of the virtual hub: in a subscription of Microsoft's that nobody else can read."""
DOCKER_HUB = (
    "hub.docker.com",
    "registry-1.docker.io",
    "production.cloudflare.docker.com",
    "auth.docker.io",
    "cdn.auth0.com",
    "login.docker.com",
    "ifconfig.me",
)
"""The hosts of an image pull from Docker Hub."""
TAG = "AzureKubernetesService"


@dataclass(frozen=True, slots=True)
class Hubs:
    """Ids of the networks that clusters are peered with."""

    hub: str
    legacy: str
    appliance: str
    virtual_hub: str


def build(tenant: Tenant, spokes: dict[str, str]) -> Hubs:
    """Add all hubs; ``spokes`` are the ids of the networks that hang on each, by the names of ``Hubs``' fields."""
    hub = tenant.rid("rg-hub", "virtualNetworks", "hub-vnet").text
    _hub_network(tenant, "rg-hub", "hub-vnet", "10.0", spokes["hub"].split())
    _policies(tenant)
    addresses = [
        tenant.public_ip("rg-hub", "firewall-publicip", FIREWALL_IP),
        tenant.public_ip("rg-hub", "firewall-publicip-2", "13.95.91.170"),
    ]
    policy = {"firewallPolicy": {"id": tenant.rid("rg-hub", "firewallPolicies", "hub-policy").text}}
    firewall = tenant.firewall(
        "rg-hub", "hub-firewall", PRIVATE, f"{hub}/subnets/AzureFirewallSubnet", addresses, **policy
    )
    tenant.logged(firewall, tenant.workspace("rg-hub", "law-hub"), destination="Dedicated")
    legacy = _legacy(tenant, spokes["legacy"].split())
    _lookalike(tenant)
    nva = {"nva": {"addressPrefix": "10.99.0.0/24"}}
    appliance = tenant.vnet("rg-nva", "nva-vnet", "10.99.0.0/16", nva, spokes["appliance"].split())
    return Hubs(hub, legacy, appliance, _virtual_hub(tenant, spokes["virtual_hub"].split()))


def _hub_network(tenant: Tenant, group: str, name: str, start: str, peers: list[str]) -> str:
    subnets: dict[str, Json] = {"AzureFirewallSubnet": {"addressPrefix": f"{start}.0.0/26"}}
    return tenant.vnet(group, name, f"{start}.0.0/16", subnets, peers)


def _policies(tenant: Tenant) -> None:
    base = tenant.policy("rg-hub", "base-policy")
    dns = {"servers": [], "enableProxy": True}
    policy = tenant.policy("rg-hub", "hub-policy", basePolicy={"id": base}, dnsSettings=dns)
    agents = tenant.rid("rg-hub", "ipGroups", "ipg-build-agents")
    tenant.add(agents, {"ipAddresses": ["10.20.0.0/24", "10.20.1.7"]})
    any_address = {"destinationAddresses": ["*"]}
    ubuntu = web_rule("ubuntu", ["*"], ["*.ubuntu.com"], http=True)
    smtp = network_rule("smtp", ["*"], any_address, "25", "TCP")
    tenant.rule_collection_group(
        base,
        "rcg-base",
        100,
        [collection("deny-mail", 100, [smtp], deny=True), collection("allow-updates", 200, [ubuntu])],
    )
    spokes = ["10.10.0.0/16", "10.11.0.0/16"]
    tenant.rule_collection_group(
        policy,
        "rcg-aks",
        200,
        [
            collection("aksfwnr", 100, _aks_network_rules(spokes)),
            collection("aksfwar", 110, [web_rule("fqdn", spokes, tag=TAG, http=True)]),
        ],
    )
    build_rule = {**web_rule("agents", [], ["pypi.org", "files.pythonhosted.org"]), "sourceIpGroups": [agents.text]}
    database = network_rule("ledger", spokes, {"destinationAddresses": ["20.50.2.10"]}, "5432", "TCP")
    tenant.rule_collection_group(
        policy,
        "rcg-platform",
        300,
        [
            collection("databases", 100, [database]),
            collection("tools", 200, [web_rule("github", spokes, ["api.github.com", "github.com"]), build_rule]),
        ],
    )


def _aks_network_rules(sources: list[str]) -> list[Json]:
    cloud = {"destinationAddresses": ["AzureCloud.westeurope"]}
    return [
        network_rule("apitcp", sources, cloud, "9000", "TCP"),
        network_rule("apiudp", sources, cloud, "1194", "UDP"),
        network_rule("time", sources, {"destinationFqdns": ["ntp.ubuntu.com"]}, "123", "UDP"),
    ]


def _legacy(tenant: Tenant, peers: list[str]) -> str:
    vnet = _hub_network(tenant, "rg-legacy", "legacy-vnet", "10.1", peers)
    address = tenant.public_ip("rg-legacy", "legacy-publicip", "20.73.44.12")
    sources = ["10.12.0.0/16"]
    allow = {"type": "Allow"}
    tag_rule = web_rule("fqdn", ["*"], tag=TAG, http=True)
    docker_rule = web_rule("docker-hub", sources, DOCKER_HUB, http=True)
    classic = {
        # Its network rules name ntp.ubuntu.com, which Azure takes without the DNS proxy only with this.
        "additionalProperties": {"Network.DNS.RequireProxyForNetworkRules": "false"},
        "applicationRuleCollections": [
            {"name": "aksfwar", "properties": {"priority": 100, "action": allow, "rules": [tag_rule]}},
            {"name": "docker", "properties": {"priority": 200, "action": allow, "rules": [docker_rule]}},
        ],
        "networkRuleCollections": [
            {
                "name": "aksfwnr",
                "properties": {"priority": 100, "action": allow, "rules": _classic_network_rules(sources)},
            }
        ],
    }
    subnet = f"{vnet}/subnets/AzureFirewallSubnet"
    firewall = tenant.firewall("rg-legacy", "legacy-firewall", LEGACY_PRIVATE, subnet, [address], **classic)
    tenant.logged(firewall, tenant.workspace("rg-legacy", "law-legacy"))
    return vnet


def _classic_network_rules(sources: list[str]) -> list[Json]:
    return [{**rule, "protocols": rule["ipProtocols"]} for rule in _aks_network_rules(sources)]


def _lookalike(tenant: Tenant) -> None:
    vnet = _hub_network(tenant, "rg-hub-acquired", "acquired-vnet", "10.0", [])
    address = tenant.public_ip("rg-hub-acquired", "acquired-publicip", "20.82.17.3")
    policy = tenant.policy("rg-hub-acquired", "acquired-policy")
    everything = web_rule("everything", ["*"], ["*"], http=True)
    tenant.rule_collection_group(policy, "rcg-open", 200, [collection("open", 200, [everything])])
    subnet = f"{vnet}/subnets/AzureFirewallSubnet"
    reference = {"firewallPolicy": {"id": policy}}
    tenant.firewall("rg-hub-acquired", "acquired-firewall", PRIVATE, subnet, [address], **reference)


def _virtual_hub(tenant: Tenant, spokes: list[str]) -> str:
    wan_id = tenant.rid("rg-vwan", "virtualWans", "wan-corp")
    hub_id = tenant.rid("rg-vwan", "virtualHubs", "hub-weu")
    firewall_id = tenant.rid("rg-vwan", "azureFirewalls", "vwan-firewall")
    policy = tenant.policy("rg-vwan", "vwan-policy")
    sources = ["10.14.0.0/16"]
    rules = [
        collection("aksfwnr", 100, _aks_network_rules(sources)),
        collection("aksfwar", 110, [web_rule("fqdn", sources, tag=TAG, http=True)]),
    ]
    tenant.rule_collection_group(policy, "rcg-aks", 200, rules)
    tenant.add(wan_id, {"type": "Standard", "allowBranchToBranchTraffic": True, "virtualHubs": [{"id": hub_id.text}]})
    table = _default_route_table(tenant, hub_id)
    connections = [_connection(tenant, hub_id, spoke, table) for spoke in spokes]
    tenant.add(hub_id, _hub_properties(wan_id.text, firewall_id.text, connections))
    public = {"addresses": [{"address": "20.103.8.41"}, {"address": "20.103.8.42"}], "count": 2}
    firewall = {
        "sku": {"name": "AZFW_Hub", "tier": "Standard"},
        "threatIntelMode": "Alert",
        "virtualHub": {"id": hub_id.text},
        "firewallPolicy": {"id": policy},
        "hubIPAddresses": {"publicIPs": public, "privateIPAddress": VWAN_PRIVATE},
        "ipGroups": [],
        "additionalProperties": {},
    }
    tenant.add(firewall_id, firewall)
    return hub_id.text


def _default_route_table(tenant: Tenant, hub: ResourceId) -> str:
    types = ("virtualHubs", "hubRouteTables")
    rid = ResourceId(hub.subscription, hub.group, NETWORK, types, (hub.name, "defaultRouteTable"))
    return tenant.add(rid, {"routes": [], "labels": ["default"], "associatedConnections": []})


def _connection(tenant: Tenant, hub: ResourceId, spoke: str, table: str) -> str:
    types = ("virtualHubs", "hubVirtualNetworkConnections")
    rid = ResourceId(hub.subscription, hub.group, NETWORK, types, (hub.name, f"to-{spoke.rsplit('/', 1)[-1]}"))
    inner = {
        "remoteVirtualNetwork": {"id": spoke},
        "enableInternetSecurity": True,
        "connectivityStatus": "Connected",
        "routingConfiguration": {"associatedRouteTable": {"id": table}},
    }
    return tenant.add(rid, inner)


def _hub_properties(wan: str, firewall: str, connections: list[str]) -> Json:
    return {
        "addressPrefix": "10.100.0.0/23",
        "sku": "Standard",
        "virtualWan": {"id": wan},
        "azureFirewall": {"id": firewall},
        "virtualNetworkConnections": [{"id": connection} for connection in connections],
        "routingState": "Provisioned",
    }


def fqdn_tags(tenant: Tenant) -> None:
    """The FQDN tags that Azure Firewall knows, in its subscription-wide list."""
    kind = KINDS["microsoft.network/azurefirewallfqdntags"]
    for name in rules.FQDN_TAGS:
        rid = ResourceId(tenant.subscription, "", NETWORK, ("azureFirewallFqdnTags",), (name,))
        body = {"name": name, "id": rid.text, "type": kind.shown, "properties": {"fqdnTagName": name}}
        tenant.resources[rid.key] = body
