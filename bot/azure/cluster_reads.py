"""Live reads of one cluster: what is missing is fetched in parallel, round by round."""

from bot.azure.clients import AKS_API, FIREWALL_API, NETWORK_API, Clients, Json
from bot.azure.translate.cluster import cluster_from_json, endpoints_from_json
from bot.azure.translate.network import READERS, hub_from_json
from bot.domain.egress import ClusterEgress, RequiredEndpoint
from bot.domain.egress.facts import DELETED, AzureNetwork, ClusterFacts
from bot.domain.egress.needs import Need, ResourceKind, missing
from bot.domain.egress.resolve import resolve
from bot.domain.rights import Grant
from bot.errors import ArmForbidden, ArmNotFound

MOST_ROUNDS = 6
"""Cluster, VNet, route table, firewall, the firewall's VNet, its NAT gateway: no path is longer."""

RIGHTS_API = "2022-04-01"
"""API version of permissions (https://learn.microsoft.com/rest/api/authorization/permissions, read 2026-11)."""

_VERSIONS = {ResourceKind.FIREWALLS: FIREWALL_API}


def read_egress(clients: Clients, cluster_id: str) -> ClusterEgress:
    """One cluster as it is now."""
    cluster = cluster_from_json(clients.get(cluster_id, AKS_API))
    return resolve(cluster, read_network(clients, cluster))


def read_network(clients: Clients, cluster: ClusterFacts) -> AzureNetwork:
    """Read every network resource that the cluster's egress depends on."""
    network, asked = AzureNetwork(), frozenset[Need]()
    for _ in range(MOST_ROUNDS):
        needs = missing(cluster, network, asked)
        if not needs:
            break
        asked |= needs
        for part in clients.in_parallel(lambda need: fetch(clients, need), sorted(needs)):
            network = network.merged(part)
    return network


def fetch(clients: Clients, need: Need) -> AzureNetwork:
    """One need; what may not be read, or is gone, is said in the result."""
    try:
        return _fetch(clients, need)
    except (ArmForbidden, ArmNotFound) as error:
        reason = "no permission" if isinstance(error, ArmForbidden) else DELETED
        return AzureNetwork(unreadable={_words(need): reason})


def _fetch(clients: Clients, need: Need) -> AzureNetwork:
    version = _VERSIONS.get(need.kind, NETWORK_API)
    if need.kind is ResourceKind.HUBS:
        return _fetch_hub(clients, need.scope)
    if need.is_list:
        rows = list(clients.list_all(f"{need.scope}/providers/Microsoft.Network/{need.kind}", version))
        return READERS[need.kind](rows)
    return READERS[need.kind]([clients.get(need.scope, version)])


def _fetch_hub(clients: Clients, hub_id: str) -> AzureNetwork:
    kinds = ("hubVirtualNetworkConnections", "routingIntent", "hubRouteTables")
    parts = [list(clients.list_all(f"{hub_id}/{kind}", NETWORK_API)) for kind in kinds]
    return AzureNetwork(hubs={hub_id: hub_from_json(hub_id, *parts)})


def _words(need: Need) -> str:
    name = need.scope.rsplit("/", 1)[-1]
    return f"{need.kind} of {name}" if need.is_list else f"{need.kind} {name}"


def read_required_endpoints(clients: Clients, cluster_id: str) -> tuple[RequiredEndpoint, ...]:
    """The cluster's published outbound dependencies."""
    rows: list[Json] = list(clients.list_all(f"{cluster_id}/outboundNetworkDependenciesEndpoints", AKS_API))
    return endpoints_from_json(rows)


def read_grants(clients: Clients, resource_id: str) -> tuple[Grant, ...]:
    """Read the permissions of the bot's identity on one resource."""
    rows = clients.list_all(f"{resource_id}/providers/Microsoft.Authorization/permissions", RIGHTS_API)
    return tuple(Grant(tuple(row.get("actions") or ()), tuple(row.get("notActions") or ())) for row in rows)
