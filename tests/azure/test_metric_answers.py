"""Answers of Azure Monitor in the shape that was recorded of it, and what is missing in them."""

from datetime import UTC, datetime
from typing import Any

from bot.azure.metrics.answers import part_from_json
from bot.domain.measured import MetricQuestion

QUESTION = MetricQuestion({"UsedSnatPorts": "maximum", "AllocatedSnatPorts": "maximum"}, "BackendIPAddress eq '*'")


def metric(name: str, *points: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A metric as https://github.com/Azure/azure-cli recorded it (test_monitor_metrics_scenario.yaml, read 2026-11)."""
    label = {"name": {"value": "backendipaddress", "localizedValue": "backendipaddress"}, "value": "10.0.0.4"}
    series = [{"metadatavalues": [label], "data": list(points)}] if points else []
    return {
        "id": f"/subscriptions/s/providers/Microsoft.Insights/metrics/{name}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": name, "localizedValue": name},
        "displayDescription": "",
        "unit": "Count",
        "timeseries": series,
        "errorCode": "Success",
        **more,
    }


def test_a_minute_without_a_value_is_none() -> None:
    """It has only its time; text and booleans are no values either; oldest first."""
    late, early = "2026-11-28T12:10:00Z", "2026-11-28T12:05:00Z"
    points = (
        {"timeStamp": late, "maximum": 7},
        {"timeStamp": "2026-11-28T12:15:00Z"},
        {"timeStamp": early, "maximum": 3.5},
    )
    part = part_from_json([metric("usedsnatports", *points), metric("AllocatedSnatPorts")], QUESTION)
    (series,) = part.series
    assert (series.metric, dict(series.labels)) == ("UsedSnatPorts", {"backendipaddress": "10.0.0.4"})
    assert series.points == (
        (datetime(2026, 11, 28, 12, 5, tzinfo=UTC), 3.5),
        (datetime(2026, 11, 28, 12, 10, tzinfo=UTC), 7.0),
    )
    assert part.gaps == {}


def test_an_error_of_one_metric_is_a_gap_not_a_zero() -> None:
    """A 200 may say for a single metric that it has none; what the answer leaves out is a gap, too."""
    broken = metric("UsedSnatPorts", errorCode="InternalError", errorMessage="Try later.")
    assert part_from_json([broken], QUESTION).gaps == {
        "UsedSnatPorts": "InternalError: Try later.",
        "AllocatedSnatPorts": "Azure Monitor's answer lacks it.",
    }
    assert part_from_json([{"name": None, "timeseries": 3}], QUESTION).series == ()
