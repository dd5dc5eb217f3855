"""Metrics on the wire: the ARM form of one resource, and the batch form of up to fifty.

Sources (read 2026-11): https://learn.microsoft.com/rest/api/monitor/metrics/list,
https://learn.microsoft.com/azure/azure-monitor/metrics/migrate-to-batch-api.
"""

from typing import Any

from bot.sandbox.arm.ids import ResourceId, parse_id
from bot.sandbox.arm.metrics.query import Query, query_from, refused
from bot.sandbox.arm.metrics.series import metric_body
from bot.sandbox.arm.tokens import METRICS_AUDIENCES, audience_of
from bot.sandbox.arm.wire import ArmError, ArmRequest, Json
from bot.sandbox.arm.world import World

MOST_IDS = 50
"""Resources of one batch; source as above."""


def metrics(world: World, request: ArmRequest, rid: ResourceId) -> Json:
    """Answer ``providers/Microsoft.Insights/metrics`` of one resource.

    Raises:
        ArmError: 400 for what the resource does not have.
    """
    query = query_from(rid.type_key, request.query, world.now)
    body = world.view(rid) or {}
    span = f"{_stamp(query.since)}/{_stamp(query.until)}"
    return {"cost": 0, "timespan": span, **_answer(world, rid, body, query)}


def batch(world: World, request: ArmRequest, subscription: str) -> Json:
    """Answer ``metrics:getBatch``: the same for each of the resources in the body.

    Raises:
        ArmError: 401 for another audience, 400 for more than fifty resources, or for several types, regions or
            subscriptions.
    """
    _require_audience(request)
    found = _resources(world, request.body, subscription)
    namespace = request.query.get("metricnamespace", "").lower()
    if any(rid.type_key != namespace for rid, _ in found):
        raise refused(f"All resources must be of the type of the metric namespace {namespace}.")
    if len({body.get("location", "") for _, body in found}) > 1:
        raise refused("All resources must be in the same region.")
    query = query_from(namespace, request.query, world.now)
    times = {"starttime": _stamp(query.since), "endtime": _stamp(query.until)}
    answers = ({"resourceid": rid.text, **_answer(world, rid, body, query)} for rid, body in found)
    return {"values": [{"cost": 0, **times, **answer} for answer in answers]}


def _answer(world: World, rid: ResourceId, body: Json, query: Query) -> Json:
    return {
        "interval": query.interval,
        "namespace": "/".join((rid.provider, *rid.types)),
        "resourceregion": body.get("location", ""),
        "value": [metric_body(world, rid, metric, query) for metric in query.metrics],
    }


def _resources(world: World, body: Any, subscription: str) -> list[tuple[ResourceId, Json]]:
    ids = body.get("resourceids") if isinstance(body, dict) else None
    if not isinstance(ids, list) or not ids:
        raise refused("The request body must name resourceids.")
    if len(ids) > MOST_IDS:
        raise refused(f"The number of resource ids must not exceed {MOST_IDS}.")
    parsed = [parse_id(str(one)) for one in ids]
    if any(rid is None or rid.subscription.lower() != subscription.lower() for rid in parsed):
        raise refused(f"All resources must be in the subscription {subscription}.")
    return [(rid, view) for rid in parsed if rid is not None and (view := world.view(rid)) is not None]


def _require_audience(request: ArmRequest) -> None:
    """Un-enveloped, as the data plane answers."""
    if audience_of(request.headers) not in METRICS_AUDIENCES:
        raise ArmError(401, {"code": "InvalidAuthenticationToken", "message": "The access token has a wrong audience."})


def _stamp(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
