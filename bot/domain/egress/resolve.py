"""From facts to a cluster's egress."""

from collections.abc import Iterator
from dataclasses import fields, replace

from bot.domain.egress.dns import dns_of
from bot.domain.egress.facts import DELETED, AzureNetwork, ClusterFacts
from bot.domain.egress.path_query import questions_of, subnet_ids
from bot.domain.egress.paths import effective_paths, joined
from bot.domain.egress.pools import NodeSubnet
from bot.domain.egress.values import (
    ClusterEgress,
    EgressPath,
    EgressWarning,
    IngressIp,
    ManagedCluster,
    Via,
    is_settling,
)
from bot.domain.egress.warn import warnings_of


def resolve(cluster: ClusterFacts, network: AzureNetwork) -> ClusterEgress:
    """Resolve a cluster's effective egress from the cluster and the network around it."""
    paths = joined(path for question in questions_of(cluster, network) for path in effective_paths(question))
    serving = serving_addresses(cluster, network)
    paths = tuple(replace(_marked(path, set(serving)), dns=dns_of(path, network)) for path in paths)
    leaving = {ip.address for path in paths for ip in path.ips}
    ingress = tuple(replace(ip, serves_egress=ip.address in leaving) for ip in sorted(serving.values()))
    said = {field.name: getattr(cluster, field.name) for field in fields(ManagedCluster)}
    egress = ClusterEgress(
        **said,
        outbound_type=cluster.outbound_type,
        is_converging=is_settling(cluster.state),
        paths=paths,
        ingress=ingress,
        has_own_ips=bool(cluster.own),
        subnets=tuple(_node_subnet(id_, network) for id_ in subnet_ids(cluster)),
    )
    return replace(egress, warnings=(*warnings_of(egress, network), *_missing_ips(cluster, network)))


def _node_subnet(id_: str, network: AzureNetwork) -> NodeSubnet:
    found = network.subnet(id_)
    if found is None:
        return NodeSubnet(id_, has_default_route=None, is_known=False)
    table = network.route_tables.get(found.route_table) if found.route_table else None
    has_default = any(route.prefix == "0.0.0.0/0" for route in table.routes) if table else None
    return NodeSubnet(id_, found.nat_gateway, found.route_table, has_default if found.route_table else False)


def _missing_ips(cluster: ClusterFacts, network: AzureNetwork) -> Iterator[EgressWarning]:
    """Outbound IPs and prefixes that the cluster is set to leave with and that no list has shown."""
    used = dict.fromkeys((*cluster.own, *cluster.effective))
    gone = [id_ for id_ in used if network.public(id_) is None]
    is_told = all(reason == DELETED for reason in network.unreadable.values())
    if gone and is_told and not is_settling(cluster.state):
        named = ", ".join(id_.rsplit("/", 1)[-1] for id_ in gone)
        text = f"The cluster is configured to use {named}, which Azure does not list: it carries no traffic."
        yield EgressWarning("missing-address", text, "Restore it, or give the cluster another outbound IP.")


def serving_addresses(cluster: ClusterFacts, network: AzureNetwork) -> dict[str, IngressIp]:
    """The public addresses at which a cluster is reached, by address.

    If its load balancers were read, use their frontends; otherwise anything attached that is not an egress IP.
    """
    found = [_ingress_of(id_, network, "loadBalancer") for id_ in _load_balanced(cluster, network)]
    if cluster.application_gateway:
        attached = network.attached_to(cluster.application_gateway)
        found += [_ingress_of(address.id, network, "applicationGateway") for address in attached]
    return {ip.address: ip for ip in found if ip}


def _load_balanced(cluster: ClusterFacts, network: AzureNetwork) -> tuple[str, ...]:
    balancers = network.balancers_in(cluster.node_group_id)
    if balancers:
        return tuple(f.address for lb in balancers for f in lb.frontends if f.serves_ingress)
    attached = network.attached_to(f"{cluster.node_group_id}/providers/microsoft.network/loadbalancers")
    return tuple(address.id for address in attached if address.id not in cluster.effective)


def _ingress_of(id_: str, network: AzureNetwork, via: Via) -> IngressIp | None:
    found = network.public(id_)
    return IngressIp(found.address, id_, via, found.name) if found and found.address else None


def _marked(path: EgressPath, serving: set[str]) -> EgressPath:
    return replace(path, ips=tuple(replace(ip, serves_ingress=ip.address in serving) for ip in path.ips))
