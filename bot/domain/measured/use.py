"""What an answer of Azure Monitor means: who uses how many ports, and what failed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.measured.values import PortUse, Reading, Series, Source, SourceKind, TimeSpan

Curve = tuple[tuple[datetime, float], ...]

SLOW = timedelta(minutes=15)
"""How long a NAT gateway's availability is averaged: shorter spells are noise.

Source: https://learn.microsoft.com/azure/nat-gateway/nat-metrics, read 2026-11.
"""


@dataclass(frozen=True, slots=True)
class SnatUse:
    """How one resource's SNAT ports were used in a span of time. What nobody knows is None.

    Args:
        source: Which.
        span: The time, UTC.
        grain: The length of each interval.
        ports: Of a load balancer, the ports of each node and outbound IP, the fullest first.
        failed: Connections that failed for want of a port.
        failed_by_node: The same by node, where Azure tells them apart.
        connections: Of a NAT gateway, the most connections a minute, averaged over an interval.
        dropped: Of a NAT gateway, packets that it dropped.
        availability: Of a NAT gateway, its lowest availability in percent, averaged over fifteen minutes or more.
        utilization: Of a firewall, the highest share of its ports in use, in percent.
        health: Of a firewall, its lowest health in percent.
        reason: Why it was not healthy, in Azure's words; empty where it was.
        curve: The course of the fullest node's or firewall's share in percent, or of a gateway's connections a minute.
        gaps: A sentence for everything that could not be read.
    """

    source: Source
    span: TimeSpan
    grain: timedelta
    ports: tuple[PortUse, ...] = ()
    failed: int | None = None
    failed_by_node: Mapping[str, int] = field(default_factory=dict)
    connections: float | None = None
    dropped: int | None = None
    availability: float | None = None
    utilization: float | None = None
    health: float | None = None
    reason: str = ""
    curve: Curve = ()
    gaps: tuple[str, ...] = ()

    @property
    def share(self) -> float | None:
        """The highest share of ports in use, 0 to 1; None where nobody knows, and for NAT gateways."""
        if self.ports:
            return self.ports[0].share
        return None if self.utilization is None else self.utilization / 100

    @property
    def worst(self) -> PortUse | None:
        """The fullest node of a load balancer."""
        return self.ports[0] if self.ports else None

    @property
    def is_known(self) -> bool:
        """Whether Azure said anything about its ports."""
        return bool(self.ports) or self.connections is not None or self.utilization is not None


def use_from(reading: Reading) -> SnatUse:
    """What a reading means."""
    made = SnatUse(reading.source, reading.span, reading.grain, gaps=reading.gaps)
    return _READERS[reading.source.kind](made, reading)


def _balancer(made: SnatUse, reading: Reading) -> SnatUse:
    used = {_place(one): dict(one.points) for one in reading.of("UsedSnatPorts")}
    allocated = {_place(one): dict(one.points) for one in reading.of("AllocatedSnatPorts")}
    ports = sorted((_port_use(place, used.get(place, {}), allocated[place]) for place in allocated), key=_fullest)
    failed = _totals(reading.of("SnatConnectionCount"), "backendipaddress")
    return SnatUse(
        made.source,
        made.span,
        made.grain,
        ports=tuple(ports),
        failed=_failed(reading, "SnatConnectionCount", failed),
        failed_by_node=failed,
        curve=_highest(_shares(used.get(place, {}), allocated[place]) for place in allocated),
        gaps=made.gaps,
    )


Place = tuple[str, str, str]
Values = Mapping[datetime, float]


def _place(series: Series) -> Place:
    found = (series.labels.get(name, "") for name in ("backendipaddress", "frontendipaddress", "protocoltype"))
    node, frontend, protocol = found
    return node, frontend, protocol.upper()


def _port_use(place: Place, used: Values, allocated: Values) -> PortUse:
    """A port that is not used has no value; what has none at all was never used."""
    shares = dict(_shares(used, allocated))
    at = max(shares, key=lambda time: shares[time], default=None)
    last = max(allocated, default=None)
    return PortUse(
        *place,
        allocated=allocated[last] if last else 0,
        used=used.get(last, 0) if last else 0,
        peak=used.get(at, 0) if at else 0,
        share=shares[at] if at else 0,
        peak_at=at if at in used else None,
    )


def _shares(used: Values, allocated: Values) -> Curve:
    return tuple((at, used.get(at, 0) / most) for at, most in sorted(allocated.items()) if most)


def _fullest(one: PortUse) -> tuple[float, float, str, str, str]:
    return -one.share, -one.used, one.node, one.frontend, one.protocol


def _highest(curves: Iterable[Curve]) -> Curve:
    """The highest share of any node in each interval, in percent."""
    found: dict[datetime, float] = defaultdict(float)
    for curve in curves:
        for at, share in curve:
            found[at] = max(found[at], 100 * share)
    return tuple(sorted(found.items()))


def _gateway(made: SnatUse, reading: Reading) -> SnatUse:
    minutes = max(1.0, reading.grain / timedelta(minutes=1))
    curve = tuple((at, value / minutes) for at, value in _added(reading.of("TotalConnectionCount")))
    available = _added(reading.of("DatapathAvailability"))
    failed = _totals(reading.of("SNATConnectionCount"), "connectionstate")
    dropped = _added(reading.of("PacketDropCount"))
    return SnatUse(
        made.source,
        made.span,
        made.grain,
        failed=_failed(reading, "SNATConnectionCount", failed),
        connections=max((value for _, value in curve), default=None),
        dropped=round(sum(value for _, value in dropped)) if dropped else None,
        availability=_lowest(available, reading.grain),
        curve=curve,
        gaps=made.gaps,
    )


def _lowest(curve: Curve, grain: timedelta) -> float | None:
    """The lowest average of any fifteen minutes in a row."""
    several = max(1, round(SLOW / grain))
    values = [value for _, value in curve]
    windows = (values[at : at + several] for at in range(max(1, len(values) - several + 1)))
    return min((sum(one) / len(one) for one in windows if one), default=None)


def _firewall(made: SnatUse, reading: Reading) -> SnatUse:
    used = [one for series in reading.of("SNATPortUtilization") for one in series.points]
    health = [(value, series) for series in reading.of("FirewallHealth") for _, value in series.points]
    lowest = min(health, key=lambda one: one[0], default=None)
    return SnatUse(
        made.source,
        made.span,
        made.grain,
        utilization=max((value for _, value in used), default=None),
        health=lowest[0] if lowest else None,
        reason=lowest[1].labels.get("reason", "") if lowest and lowest[0] < 100 else "",
        curve=_highest(_as_shares(one) for one in reading.of("SNATPortUtilization")),
        gaps=made.gaps,
    )


def _as_shares(series: Series) -> Curve:
    return tuple((at, value / 100) for at, value in series.points)


def _failed(reading: Reading, metric: str, by: Mapping[str, int]) -> int | None:
    """None failed where there is no series of failures, as long as Azure answered."""
    return None if metric in reading.unread else sum(by.values())


def _totals(series: Iterable[Series], label: str) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for one in series:
        found[one.labels.get(label, "")] += round(sum(value for _, value in one.points))
    return {name: count for name, count in found.items() if count}


def _added(series: Iterable[Series]) -> Curve:
    found: dict[datetime, float] = defaultdict(float)
    for one in series:
        for at, value in one.points:
            found[at] += value
    return tuple(sorted(found.items()))


_READERS = {
    SourceKind.LOAD_BALANCER: _balancer,
    SourceKind.NAT_GATEWAY: _gateway,
    SourceKind.FIREWALL: _firewall,
}
