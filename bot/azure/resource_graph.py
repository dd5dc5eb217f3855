"""The whole fleet through Azure Resource Graph: plain queries, joined in Python by the same rules as one cluster."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import reduce
from typing import Any

from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.transport import HttpTransport
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

from bot.azure.clients import AKS_API, LONGEST_LIST, SUBSCRIPTIONS_API, Clients, Json, subscription_id
from bot.azure.cluster_reads import fetch
from bot.azure.faults import translated
from bot.azure.translate.cluster import cluster_from_json, ref_from_json
from bot.azure.translate.network import READERS
from bot.domain.egress import ClusterEgress, ClusterRef, Fleet
from bot.domain.egress.facts import AzureNetwork, ClusterFacts
from bot.domain.egress.needs import Need, ResourceKind, missing
from bot.domain.egress.resolve import resolve
from bot.errors import ArmForbidden, ArmNotFound, UnknownShape

ROWS_PER_PAGE = 1000
"""Rows that one answer of Resource Graph holds at most.

Source: https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data, read 2026-11.
"""

CLUSTERS = "microsoft.containerservice/managedclusters"
"""The type of a managed cluster."""

TYPES: dict[str, ResourceKind] = {
    f"microsoft.network/{kind.lower()}": kind for kind in ResourceKind if kind is not ResourceKind.HUBS
}
"""Resource types that are read for the fleet."""


def read_fleet(clients: Clients, now: Callable[[], datetime]) -> Fleet:
    """All clusters of the configured subscriptions that can be read.

    Args:
        clients: Where to ask.
        now: The time, UTC.
    """
    began = now()
    readable = readable_subscriptions(clients)
    gaps = [s for s in clients.settings.subscriptions if s.lower() not in readable]
    types = (CLUSTERS, *TYPES) if readable else ()
    tables = dict(zip(types, clients.in_parallel(lambda t: list(_rows(clients, t, readable)), types), strict=True))
    parts = (READERS[kind](tables.get(type_, [])) for type_, kind in TYPES.items())
    clusters = [cluster_from_json(row) for row in tables.get(CLUSTERS, []) if str(row.get("id", "")).count("/") >= 8]
    found = _resolved(clients, clusters, reduce(AzureNetwork.merged, parts, AzureNetwork()))
    return Fleet(
        clusters=tuple(sorted(found, key=lambda egress: (egress.ref.name.lower(), egress.ref.id))),
        read_at=began,
        gaps=tuple(f"Could not read subscription {gap}: the bot's identity has no permission." for gap in gaps),
        unread=frozenset(gap.lower() for gap in gaps),
    )


_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")
"""Valid cluster names; source: https://learn.microsoft.com/azure/azure-resource-manager/management/
resource-name-rules#microsoftcontainerservice, read 2026-11."""


def find_clusters(clients: Clients, name: str) -> tuple[ClusterRef, ...]:
    """The clusters of a name or ARM id, from ARM itself: Resource Graph shows a new one only after a while.

    Each subscription takes a request, and one more for each thousand clusters or so; none is left out, because a name
    that was not asked about everywhere is not unknown.

    Args:
        clients: Where to ask.
        name: As it was typed; what can be no cluster's name is not asked for.
    """
    wanted = name.strip().rstrip("/").lower()
    configured = [subscription.lower() for subscription in clients.settings.subscriptions]
    if subscription_id(wanted) is None and not _NAME.fullmatch(wanted):
        return ()
    asked = [one for one in configured if subscription_id(wanted) in (None, one)]
    listed = clients.in_parallel(lambda one: _listed(clients, one), asked)
    return tuple(ref for refs in listed for ref in refs if wanted in (ref.name.lower(), ref.id))


def _listed(clients: Clients, subscription: str) -> list[ClusterRef]:
    """The clusters of a subscription; none where the bot has no right to it, as the fleet's gaps say."""
    path = f"/subscriptions/{subscription}/providers/Microsoft.ContainerService/managedClusters"
    try:
        return [ref_from_json(row) for row in clients.list_all(path, AKS_API)]
    except (ArmForbidden, ArmNotFound):
        return []


def _resolved(clients: Clients, clusters: list[ClusterFacts], network: AzureNetwork) -> Iterator[ClusterEgress]:
    """Every cluster, with the routes of its virtual hub where they decide: Resource Graph does not have those."""
    wanted = [_hubs_of(cluster, network) for cluster in clusters]
    needs = sorted({need for each in wanted for need in each})
    parts = dict(zip(needs, clients.in_parallel(lambda need: fetch(clients, need), needs), strict=True))
    known = {frozenset[Need](): network}
    for cluster, hubs in zip(clusters, wanted, strict=True):
        if hubs not in known:
            known[hubs] = reduce(AzureNetwork.merged, (parts[need] for need in sorted(hubs)), network)
        yield resolve(cluster, known[hubs])


def _hubs_of(cluster: ClusterFacts, network: AzureNetwork) -> frozenset[Need]:
    return frozenset(need for need in missing(cluster, network, frozenset()) if need.kind is ResourceKind.HUBS)


def readable_subscriptions(clients: Clients) -> list[str]:
    """The configured subscriptions that the bot's identity may see, in lower case.

    Read from ARM, because Resource Graph silently leaves the others out.
    """
    listed = {
        str(row.get("subscriptionId", "")).lower() for row in clients.list_all("/subscriptions", SUBSCRIPTIONS_API)
    }
    return [subscription for s in clients.settings.subscriptions if (subscription := s.lower()) in listed]


def _rows(clients: Clients, type_: str, subscriptions: list[str]) -> Iterator[Json]:
    query = f"resources | where type =~ '{type_}' | project id, name, location, tags, sku, properties | order by id asc"
    token: str | None = None
    for _ in range(LONGEST_LIST):
        options = QueryRequestOptions(top=ROWS_PER_PAGE, skip_token=token)
        with translated():
            answer = clients.graph.resources(
                QueryRequest(query=query, subscriptions=subscriptions, options=options),
                raw_response_hook=_respect_quota,
            )
        if not isinstance(answer.data, list):
            raise UnknownShape("Azure Resource Graph did not return a list of objects.")
        yield from answer.data
        token = answer.skip_token
        if not token:
            return
    raise UnknownShape("Azure Resource Graph's paging does not end.")


def _respect_quota(response: PipelineResponse[Any, Any]) -> None:
    """Wait where the quota is used up, so that the next query is not refused.

    Source: https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests,
    read 2026-11.
    """
    headers = response.http_response.headers
    if headers.get("x-ms-user-quota-remaining") != "0":
        return
    wait = quota_wait(headers.get("x-ms-user-quota-resets-after"))
    if wait and isinstance(response.context.transport, HttpTransport):
        response.context.transport.sleep(wait.total_seconds())


LONGEST_QUOTA_WAIT = timedelta(seconds=10)
"""The quota is counted in windows of five seconds; anything much longer is not a quota."""


def quota_wait(text: str | None) -> timedelta:
    """Parse ``hh:mm:ss``, capped at ``LONGEST_QUOTA_WAIT``; zero if it has another format."""
    parts = (text or "").split(":")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        return timedelta()
    hours, minutes, seconds = map(int, parts)
    return min(timedelta(hours=hours, minutes=minutes, seconds=seconds), LONGEST_QUOTA_WAIT)
