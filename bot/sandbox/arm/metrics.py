"""SNAT metrics of load balancers and NAT gateways, made up but steady.

Names: https://learn.microsoft.com/en-us/azure/load-balancer/load-balancer-standard-diagnostics (read 2026-11).
"""

import hashlib
from datetime import timedelta
from typing import Any

from bot.sandbox.arm.ids import ResourceId
from bot.sandbox.arm.wire import ArmRequest, Json, network_error
from bot.sandbox.arm.world import World

PORTS_PER_NODE = 1024
_POINTS = 12
_STEP = timedelta(minutes=5)


def metrics(world: World, request: ArmRequest, rid: ResourceId) -> Json:
    """Answer ``providers/Microsoft.Insights/metrics``: one series of twelve points, five minutes apart, for each name.

    Raises:
        ArmError: 400 for a metric that the resource does not have.
    """
    names = [name for name in request.query.get("metricnames", "").split(",") if name]
    known = _known(world, rid)
    if missing := [name for name in names if name not in known]:
        raise network_error(400, "BadRequest", f"Failed to find metric configuration for metric: {missing[0]}.")
    start = world.now - _POINTS * _STEP
    return {
        "cost": 0,
        "timespan": request.query.get("timespan") or f"{start.isoformat()}/{world.now.isoformat()}",
        "interval": "PT5M",
        "namespace": "/".join((rid.provider, *rid.types)),
        "resourceregion": (world.view(rid) or {}).get("location", ""),
        "value": [_metric(world, rid, name, known[name]) for name in names or known],
    }


def _known(world: World, rid: ResourceId) -> dict[str, float]:
    body = world.view(rid) or {"properties": {}}
    rules = body["properties"].get("outboundRules") or [{}]
    frontends = sum(len(rule.get("properties", {}).get("frontendIPConfigurations", [])) for rule in rules)
    allocated = float(
        (rules[0].get("properties", {}).get("allocatedOutboundPorts") or PORTS_PER_NODE) * max(1, frontends)
    )
    share = int(hashlib.sha256(rid.key.encode()).hexdigest()[:2], 16) / 255
    used = round(allocated * (0.1 + 0.8 * share))
    return {
        "UsedSnatPorts": used,
        "AllocatedSnatPorts": allocated,
        "SnatConnectionCount": used * 3,
        "SNATConnectionCount": used * 3,
        "TotalConnectionCount": used * 4,
        "PacketDropCount": 0,
        "SNATPortUtilization": round(100 * used / allocated, 1),
        "FirewallHealth": 100,
    }


def _metric(world: World, rid: ResourceId, name: str, value: float) -> Json:
    stamps = [(world.now - step * _STEP).isoformat() for step in range(_POINTS, 0, -1)]
    data: list[Any] = [{"timeStamp": stamp, "average": value, "maximum": value, "total": value} for stamp in stamps]
    return {
        "id": f"{rid.text}/providers/Microsoft.Insights/metrics/{name}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": name, "localizedValue": name},
        "displayDescription": name,
        "unit": "Count",
        "timeseries": [{"metadatavalues": [], "data": data}],
        "errorCode": "Success",
    }
