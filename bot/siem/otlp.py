"""Audit events as OTLP log records in JSON, for collectors and SIEMs that speak OpenTelemetry.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp and
https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto, read 2026-11:
names in lowerCamelCase, 64-bit numbers as text; an answer of 200 may name records that were rejected for good.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import from_json, to_json

from bot.domain.audit_schema import VERSION

SERVICE = "aks-egress-bot"
SEVERITY = 9
"""INFO."""

ATTRIBUTES = ("action", "team", "actor", "via", "correlation", "subject", "cluster", "hash")
"""Columns that are attributes as well; the body of a record is the whole event, as it is exported."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def request_of(lines: Iterable[str]) -> bytes:
    """The body of a request to ``/v1/logs``.

    Args:
        lines: Events as lines of JSON.
    """
    resource = {"attributes": [_attribute("service.name", SERVICE)]}
    scope = {"name": "egress.audit", "version": str(VERSION)}
    logs = [{"scope": scope, "logRecords": [_record(line) for line in lines]}]
    return to_json({"resourceLogs": [{"resource": resource, "scopeLogs": logs}]})


def rejected_in(answer: bytes) -> int:
    """How many records of a request were rejected although it was accepted."""
    try:
        said = from_json(answer or b"{}")
        return int(said.get("partialSuccess", {}).get("rejectedLogRecords", 0))
    except (ValueError, TypeError, AttributeError):
        return 0  # a receiver may answer with anything: 200 alone says that it has them


def _record(line: str) -> dict[str, Any]:
    event = from_json(line)
    at = str((datetime.fromisoformat(event["at"]) - _EPOCH) // timedelta(microseconds=1) * 1000)
    named = [_attribute(f"egress.{name}", event[name]) for name in ATTRIBUTES if event[name]]
    number = {"key": "egress.seq", "value": {"intValue": str(event["seq"])}}
    return {
        "timeUnixNano": at,
        "observedTimeUnixNano": at,
        "severityNumber": SEVERITY,
        "severityText": "INFO",
        "eventName": event["action"],
        "body": {"stringValue": line},
        "attributes": [number, *named],
    }


def _attribute(name: str, text: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": text}}
