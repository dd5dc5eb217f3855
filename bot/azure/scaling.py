"""The write that changes a cluster's number of managed outbound IPs."""

from typing import Any

from azure.core import MatchConditions
from azure.mgmt.containerservice.models import ManagedCluster

from bot.azure.clients import Clients, segment_after
from bot.azure.faults import translated
from bot.azure.operations import Accepted, unrepeated
from bot.domain.snat import ScalePlan
from bot.errors import StalePlan
from bot.ports import Operation


def begin_scale(clients: Clients, plan: ScalePlan) -> Operation:
    """Set the managed outbound IP count of a plan: a read-modify-write of the whole cluster.

    Raises:
        StalePlan: The cluster no longer matches what the plan was computed from.
    """
    managed = clients.aks(segment_after(plan.cluster_id, "subscriptions")).managed_clusters
    group, name = segment_after(plan.cluster_id, "resourceGroups"), segment_after(plan.cluster_id, "managedClusters")
    accepted = Accepted()
    with translated():
        cluster = managed.get(group, name)
    _refuse_stale(cluster, plan)
    _set_count(cluster, plan)
    condition: dict[str, Any] = {}
    if plan.etag:
        condition = {"etag": plan.etag, "match_condition": MatchConditions.IfNotModified}
    with translated():
        managed.begin_create_or_update(group, name, cluster, **unrepeated(accepted), **condition)
    return accepted.operation(clients.settings)


_PROFILES = {
    "loadBalancer": ("loadBalancerProfile", "managedOutboundIPs"),
    "managedNATGateway": ("natGatewayProfile", "managedOutboundIPProfile"),
}


def _refuse_stale(cluster: ManagedCluster, plan: ScalePlan) -> None:
    if cluster.e_tag != plan.etag:
        raise StalePlan(f"{plan.cluster_name} changed in Azure after the plan was made. Propose the change again.")
    if _count(cluster, plan) != plan.before:
        raise StalePlan(
            f"{plan.cluster_name} is no longer set to {plan.before} outbound IPs. Propose the change again."
        )


def _managed_ips(cluster: ManagedCluster, plan: ScalePlan) -> Any:
    profile, managed = _PROFILES[plan.kind]
    network = cluster["properties"]["networkProfile"]
    return (network.get(profile) or {}).get(managed)


def _count(cluster: ManagedCluster, plan: ScalePlan) -> int | None:
    managed = _managed_ips(cluster, plan)
    return managed.get(_count_key(plan)) if managed else None


def _count_key(plan: ScalePlan) -> str:
    return "countIPv6" if plan.ipv6 else "count"


def _set_count(cluster: ManagedCluster, plan: ScalePlan) -> None:
    _managed_ips(cluster, plan)[_count_key(plan)] = plan.after
