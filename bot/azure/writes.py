"""The only writes to Azure: our own rules, and managed outbound IP counts. None of them waits for the end."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from azure.core import MatchConditions
from azure.core.pipeline import PipelineResponse
from azure.mgmt.containerservice.models import ManagedCluster

from bot.azure.clients import Clients, Json, segment_after, subscription_id
from bot.azure.faults import retry_after, translated
from bot.azure.rules import OUR_KINDS, digest, is_ours, without_ours
from bot.azure.settings import ArmSettings
from bot.azure.translate.ours import classic_json_from_collection, json_from_collection
from bot.azure.translate.rules import OUR_ARRAYS
from bot.azure.translate.shapes import dig, items
from bot.domain.firewall import RuleCollection
from bot.domain.snat import ScalePlan
from bot.domain.target import Target, TargetKind
from bot.errors import StalePlan, UnknownShape, UnsafePlan
from bot.ports import ObservedTarget, Operation, OperationState

READ_ONLY = frozenset({"id", "name", "type", "etag", "location"})
"""Fields of a rule collection group that Azure fills in itself."""


WITHIN: Mapping[str, Any] = {"connection_timeout": 5, "read_timeout": 15}
"""Seconds after which a write is given up. Shorter than the reconciler's lease: a write never outlives it."""


class Accepted:
    """Catches where an accepted write can be watched, from the answer that the SDK keeps to itself."""

    def __init__(self) -> None:
        self.headers: Mapping[str, str] = {}
        self.url = ""

    def __call__(self, response: PipelineResponse[Any, Any]) -> None:
        """The SDK's ``raw_response_hook``."""
        self.headers = response.http_response.headers
        self.url = self.headers.get("Azure-AsyncOperation") or self.url or str(response.http_request.url)

    def operation(self, settings: ArmSettings) -> Operation:
        """The accepted operation; a write that Azure finished at once is watched at the resource itself."""
        return Operation(self.url, look_after(self.headers, settings))


def look_after(headers: Mapping[str, str], settings: ArmSettings) -> timedelta:
    """The delay before the next status read: as Azure asks, otherwise the default scaled to Azure's pace."""
    return retry_after(headers) or timedelta(seconds=settings.look_after_s) / settings.pace


def begin_write(
    clients: Clients, target: Target, collections: Sequence[RuleCollection], seen: ObservedTarget
) -> Operation:
    """Replace our own part of a target."""
    write = _write_classic if target.kind is TargetKind.CLASSIC else _write_group
    return write(clients, target, collections, seen)


def _write_group(
    clients: Clients, target: Target, collections: Sequence[RuleCollection], seen: ObservedTarget
) -> Operation:
    from azure.mgmt.network.models import FirewallPolicyRuleCollectionGroup

    accepted, settings = Accepted(), clients.settings
    network = clients.network(_subscription(target.id))
    body = group_body(seen, collections, settings)
    _require_untouched([c for c in items(body, "properties", "ruleCollections") if not is_ours(c, settings)], seen)
    with translated():
        network.firewall_policy_rule_collection_groups.begin_create_or_update(
            segment_after(target.id, "resourceGroups"),
            segment_after(target.id, "firewallPolicies"),
            settings.group,
            FirewallPolicyRuleCollectionGroup(body),
            **_once(accepted, seen),
        )
    return accepted.operation(settings)


def _require_untouched(foreign: object, seen: ObservedTarget) -> None:
    """Refuse to send anything in which what is not ours differs from what was read."""
    if digest(foreign) != seen.foreign:
        raise UnsafePlan("The write would have changed something the bot does not own; nothing was sent.")


def group_body(seen: ObservedTarget, collections: Sequence[RuleCollection], settings: ArmSettings) -> Json:
    """The body of our group: what others put into it stays, and so does every field that we do not know."""
    body: Json = json.loads(seen.raw) if seen.raw else {"properties": {}}
    foreign = [c for c in items(body, "properties", "ruleCollections") if not is_ours(c, settings)]
    ours = [json_from_collection(collection) for collection in collections]
    properties = {key: value for key, value in body["properties"].items() if key not in ("provisioningState", "size")}
    kept = {key: value for key, value in body.items() if key not in READ_ONLY}
    properties |= {"priority": seen.priority or settings.group_priority, "ruleCollections": [*foreign, *ours]}
    return {**kept, "properties": properties}


def _write_classic(
    clients: Clients, target: Target, collections: Sequence[RuleCollection], seen: ObservedTarget
) -> Operation:
    from azure.mgmt.network.models import AzureFirewall

    accepted = Accepted()
    network = clients.network(_subscription(target.id))
    body = classic_body(seen.raw, collections, clients.settings)
    _require_untouched(without_ours(body, clients.settings), seen)
    with translated():
        network.azure_firewalls.begin_create_or_update(
            segment_after(target.id, "resourceGroups"),
            segment_after(target.id, "azureFirewalls"),
            AzureFirewall(body),
            **_once(accepted, seen),
        )
    return accepted.operation(clients.settings)


def classic_body(raw: str | None, collections: Sequence[RuleCollection], settings: ArmSettings) -> Json:
    """The body of the whole firewall: everything as it was read, but for our own rule collections.

    Raises:
        UnknownShape: There is no body to start from: a firewall is never created by us.
    """
    if raw is None:
        raise UnknownShape("A classic firewall can only be written based on a previous read.")
    body = without_ours(json.loads(raw), settings)
    properties = {key: value for key, value in body["properties"].items() if key != "provisioningState"}
    for key, kind in zip(OUR_ARRAYS, OUR_KINDS, strict=True):
        ours = [classic_json_from_collection(collection) for collection in collections if collection.kind is kind]
        if ours or key in properties:
            properties[key] = [*(properties.get(key) or ()), *ours]
    return {**{key: value for key, value in body.items() if key != "etag"}, "properties": properties}


def _once(accepted: Accepted, seen: ObservedTarget) -> dict[str, Any]:
    """Options of a write: never repeated by the SDK, never waited for, and on what was seen.

    The firewall provider declares no ``If-Match``; whether it honours one is not certain, so the caller reads back.
    """
    condition = {"If-Match": _quoted(seen.etag)} if seen.etag else {"If-None-Match": "*"}
    return {"headers": condition, "polling": False, "raw_response_hook": accepted, "retry_total": 0, **WITHIN}


def _quoted(etag: str) -> str:
    """An etag as a header takes it; bodies of firewall policies show it without quotes."""
    return etag if etag.startswith(('"', "W/")) else f'"{etag}"'


def _subscription(id_: str) -> str:
    return subscription_id(id_) or ""


def begin_scale(clients: Clients, plan: ScalePlan) -> Operation:
    """Set the managed outbound IP count of a plan: a read-modify-write of the whole cluster.

    Raises:
        StalePlan: The cluster no longer matches what the plan was computed from.
    """
    managed = clients.aks(_subscription(plan.cluster_id)).managed_clusters
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
        managed.begin_create_or_update(
            group, name, cluster, polling=False, raw_response_hook=accepted, retry_total=0, **WITHIN, **condition
        )
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


def look(clients: Clients, operation: Operation) -> OperationState:
    """Read the status of an operation once."""
    body, headers = clients.follow(operation.url, _path_of(operation.url))
    status = dig(body, "status") or dig(body, "properties", "provisioningState")
    if not isinstance(status, str):
        raise UnknownShape("Azure's answer does not include the operation's status.")
    state = OperationState(_STATUSES.get(status.lower(), "InProgress"), look_after(headers, clients.settings))
    if state.status not in ("Failed", "Canceled"):
        return state
    code, message = dig(body, "error", "code"), dig(body, "error", "message")
    return OperationState(state.status, timedelta(), code, message)


_STATUSES = {"succeeded": "Succeeded", "failed": "Failed", "canceled": "Canceled", "cancelled": "Canceled"}
"""Final states; every other word means that Azure is still at it.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations, read 2026-11.
"""


def _path_of(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2]
