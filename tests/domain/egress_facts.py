"""Facts to conclude from: small builders with Azure's ids."""

from dataclasses import replace
from typing import Any

from bot.domain.egress import ClusterEgress, ClusterRef, NodePool
from bot.domain.egress.facts import (
    Address,
    AzureNetwork,
    ClusterFacts,
    Firewall,
    NatGateway,
    Route,
    RouteTable,
    SubnetFacts,
    Vnet,
)

SUBSCRIPTION = "/subscriptions/s1"
GROUP = f"{SUBSCRIPTION}/resourcegroups/rg"
NETWORK = f"{GROUP}/providers/microsoft.network"
NODES = f"{SUBSCRIPTION}/resourcegroups/mc"
SPOKE = f"{NETWORK}/virtualnetworks/spoke"
HUB = f"{NETWORK}/virtualnetworks/hub"
FAR = f"{NETWORK}/virtualnetworks/far"
SUBNET = f"{SPOKE}/subnets/nodes"
PODS = f"{SPOKE}/subnets/pods"
TABLE = f"{NETWORK}/routetables/table"
GATEWAY = f"{NETWORK}/natgateways/nat"
FIREWALL = f"{NETWORK}/azurefirewalls/firewall"
POLICY = f"{NETWORK}/firewallpolicies/policy"
VHUB = f"{NETWORK}/virtualhubs/weu"
HIDDEN = "/subscriptions/ms/resourcegroups/rg/providers/microsoft.network/virtualnetworks/hv_weu_guid"

LB_IP = Address(f"{NODES}/providers/microsoft.network/publicipaddresses/lb", "lb", "20.0.0.1")
NAT_IP = Address(f"{NETWORK}/publicipaddresses/nat", "nat", "20.0.0.2", nat_gateway=GATEWAY)
FW_IP = Address(f"{NETWORK}/publicipaddresses/fw", "fw", "20.0.0.3")
OTHER_IP = Address(f"{NETWORK}/publicipaddresses/other", "other", "20.0.0.4")
NODE_PREFIX = Address(f"{NETWORK}/publicipprefixes/nodes", "nodes", "20.1.0.0/28")

REF = ClusterRef(
    f"{GROUP}/providers/microsoft.containerservice/managedclusters/aks",
    "aks",
    "s1",
    "rg",
    "westeurope",
    (("Env", "prod"),),
)


def cluster(declared: str = "loadBalancer", **changes: Any) -> ClusterFacts:
    """A cluster with one pool of three nodes in ``SUBNET``."""
    whole = ClusterFacts(
        REF,
        declared,
        "Succeeded",
        pools=(NodePool("np", SUBNET, count=3),),
        effective=(LB_IP.id,) if declared == "loadBalancer" else (),
        desired_ip_count=1,
        allocated_ports=0,
        node_resource_group="mc",
    )
    return replace(whole, **changes)


def network(
    *,
    route: Route | None = None,
    nat: str | None = None,
    firewalls: tuple[Firewall, ...] = (),
    peers: tuple[str, ...] = (HUB,),
) -> AzureNetwork:
    """A spoke with one subnet for nodes and one for pods, and a hub."""
    table = RouteTable(TABLE, (route,) if route else ())
    subnets = (SubnetFacts(SUBNET, ("10.1.0.0/24",), TABLE, nat), SubnetFacts(PODS, ("10.2.0.0/16",), None, None))
    return AzureNetwork(
        addresses={address.id: address for address in (LB_IP, NAT_IP, FW_IP, OTHER_IP)},
        prefixes={NODE_PREFIX.id: NODE_PREFIX},
        vnets={
            SPOKE: Vnet(SPOKE, subnets, peers),
            HUB: Vnet(HUB, (SubnetFacts(f"{HUB}/subnets/azurefirewallsubnet"),), (SPOKE,)),
        },
        route_tables={TABLE: table},
        nat_gateways={GATEWAY: NatGateway(GATEWAY, addresses=(NAT_IP.id,))},
        firewalls={firewall.id: firewall for firewall in firewalls},
    )


def firewall(vnet: str = HUB, *, name: str = "firewall", policy: str | None = POLICY, ip: Address = FW_IP) -> Firewall:
    """A firewall at 10.0.0.4 in a VNet."""
    id_ = f"{NETWORK}/azurefirewalls/{name}"
    subnet = f"{vnet}/subnets/azurefirewallsubnet"
    return Firewall(id_, ("10.0.0.4",), subnet=subnet, policy=policy, addresses=(ip.id,))


def via(*hops: str, kind: str = "VirtualAppliance") -> Route:
    """A default route."""
    return Route("0.0.0.0/0", kind, hops)


def ips(egress: ClusterEgress) -> list[str]:
    """The outbound addresses."""
    return [ip.address for ip in egress.ips]


def codes(egress: ClusterEgress) -> list[str]:
    """The codes of the warnings."""
    return [warning.code for warning in egress.warnings]
