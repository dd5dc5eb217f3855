"""One scripted flow: what a pod asks for, how often, from when and until when."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address
from typing import Any

PROTOCOLS = ("https", "http", "mssql", "tcp", "udp")
PORTS = {443: "https", 80: "http", 1433: "mssql"}
"""The protocol of a port, if a flow names none."""
FIELDS = (
    "cluster",
    "host",
    "port",
    "protocol",
    "rate_per_minute",
    "from",
    "until",
    "for_s",
    "sni",
    "address",
    "node",
    "log_delay_s",
)
MOST_PER_MINUTE = 10_000
LOG_DELAY_S = (180, 600)
"""Resource logs can be queried 3 to 10 minutes after the event.

https://learn.microsoft.com/azure/azure-monitor/logs/data-ingestion-time (read 2026-11).
"""


@dataclass(frozen=True, slots=True)
class Flow:
    """Requests of one pod, evenly spread over time.

    Args:
        id: Its id, by which it is stopped.
        cluster: The cluster's id, in lower case.
        host: The name, or the address where a pod asks for an address.
        port: Destination port.
        protocol: One of ``PROTOCOLS``.
        rate_per_minute: Requests per minute.
        start: The time of the first request.
        until: No request from then on; None goes on.
        has_sni: Whether TLS names the host; False as with requests to an address.
        address: The address that the name resolves to.
        node: The node that the pod runs on, from 0.
        log_delay_s: Seconds from a request to its log record, at Azure's own pace.
    """

    id: str
    cluster: str
    host: str
    port: int
    protocol: str
    rate_per_minute: float
    start: datetime
    until: datetime | None
    has_sni: bool
    address: str
    node: int
    log_delay_s: float

    @classmethod
    def parse(cls, body: Mapping[str, Any], cluster: str, now: datetime, number: int) -> "Flow":
        """Read a flow from JSON.

        Raises:
            ValueError: With a sentence that says what is wrong.
        """
        if unknown := sorted(set(body) - set(FIELDS)):
            raise ValueError(f"Traffic has no field {', '.join(unknown)}; it has {', '.join(FIELDS)}.")
        host, port = str(body.get("host") or "").lower().rstrip("."), body.get("port", 443)
        if not host or not isinstance(port, int) or not 1 <= port <= 65535:
            raise ValueError("Traffic needs a host and a port from 1 to 65535.")
        protocol = str(body.get("protocol") or PORTS.get(port, "tcp")).lower()
        if protocol not in PROTOCOLS:
            raise ValueError(f"protocol is one of {', '.join(PROTOCOLS)}.")
        start, until = _times(body, now)
        low, high = LOG_DELAY_S
        return cls(
            f"flow-{number}",
            cluster,
            host,
            port,
            protocol,
            _number(body, "rate_per_minute", 1, 0.001, MOST_PER_MINUTE),
            start,
            until,
            bool(body.get("sni", protocol == "https")) and not is_address(host),
            str(body.get("address") or address_of(host)),
            int(_number(body, "node", number, 0, 10_000)),
            _number(body, "log_delay_s", low + _hash(f"{cluster} {host} {number}") % (high - low), 0, 86_400),
        )

    @property
    def period(self) -> timedelta:
        """The time from one request to the next."""
        return timedelta(minutes=1 / self.rate_per_minute)

    def asked(self, since: datetime, until: datetime) -> tuple[int, datetime, datetime] | None:
        """How many requests there are from ``since`` to before ``until``, the first and the last; None if none."""
        end = until if self.until is None else min(until, self.until)
        first = max(0, math.ceil((since - self.start) / self.period))
        after = max(0, math.ceil((end - self.start) / self.period))
        if after <= first:
            return None
        return after - first, self.start + first * self.period, self.start + (after - 1) * self.period


def address_of(host: str) -> str:
    """The address that the simulated Internet's DNS gives a name: always the same one, in 198.18.0.0/15."""
    return host if is_address(host) else str(IPv4Address(int(IPv4Address("198.18.0.0")) + _hash(host) % 0x1FFFF))


def is_address(host: str) -> bool:
    """Return whether a host is an address rather than a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _times(body: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime | None]:
    start = _time(body, "from") or now
    until = _time(body, "until")
    if "for_s" in body:
        until = start + timedelta(seconds=_number(body, "for_s", 0, 0.001, 366 * 86_400))
    if until is not None and until <= start:
        raise ValueError("Traffic must end after it begins.")
    return start, until


def _time(body: Mapping[str, Any], name: str) -> datetime | None:
    if body.get(name) is None:
        return None
    try:
        found = datetime.fromisoformat(str(body[name]))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError(f"{name} is a time with its offset, such as 2026-11-02T09:00:00+00:00.")
    return found


def _number(body: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = body.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name} is a number from {low:g} to {high:g}.")
    return value


def _hash(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)
