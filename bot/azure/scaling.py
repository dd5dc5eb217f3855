"""The write that changes a cluster's number of managed outbound IPs."""

from functools import partial
from typing import Any

from azure.core import MatchConditions
from azure.mgmt.containerservice.models import ManagedCluster

from bot.azure.clients import Clients, segment_after
from bot.azure.faults import translated
from bot.azure.operations import begin
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
    with translated():
        cluster = managed.get(group, name)
    key = "countIPv6" if plan.ipv6 else "count"
    _planned_counts(cluster, plan, key)[key] = plan.after
    unchanged = {"etag": plan.etag, "match_condition": MatchConditions.IfNotModified} if plan.etag else {}
    return begin(partial(managed.begin_create_or_update, group, name, cluster, **unchanged), clients.settings)


_PROFILES = {
    "loadBalancer": ("loadBalancerProfile", "managedOutboundIPs"),
    "managedNATGateway": ("natGatewayProfile", "managedOutboundIPProfile"),
}


def _planned_counts(cluster: ManagedCluster, plan: ScalePlan, key: str) -> Any:
    """The part of a cluster that holds the counts, if it still is what the plan was computed from."""
    if cluster.e_tag != plan.etag:
        raise StalePlan(f"{plan.cluster_name} changed in Azure after the plan was made. Propose the change again.")
    profile, managed = _PROFILES[plan.kind]
    counts = (cluster["properties"]["networkProfile"].get(profile) or {}).get(managed) or {}
    if counts.get(key) != plan.before:
        raise StalePlan(
            f"{plan.cluster_name} is no longer set to {plan.before} outbound IPs. Propose the change again."
        )
    return counts
