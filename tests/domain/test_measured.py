"""What metrics mean: shares, the fullest node, warnings with hysteresis, and what would have been enough."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.egress.resolve import resolve
from bot.domain.measured import (
    PortLevel,
    Reading,
    Series,
    SnatUse,
    Source,
    SourceKind,
    TimeSpan,
    grain_for,
    level_of,
    measured_sentence,
    next_level,
    under_sixty,
    use_from,
    why,
)
from bot.domain.measured.advice import peak_of_node
from bot.domain.measured.questions import GRAINS, MOST_POINTS
from bot.domain.snat import least_ips
from tests.domain.egress_facts import cluster, network

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPAN = TimeSpan(NOW - 24 * HOUR, NOW)
ID = "/subscriptions/s1/resourcegroups/mc/providers/microsoft.network/"


def source(kind: SourceKind) -> Source:
    """A source of a kind."""
    return Source(f"{ID}{kind.rpartition('/')[2].lower()}/one", kind, "westeurope")


def series(metric: str, *values: float | None, **labels: str) -> Series:
    """Values at one hour after the other, the last of them an hour ago; None is an hour without a value."""
    first = NOW - len(values) * HOUR
    points = tuple((first + at * HOUR, value) for at, value in enumerate(values) if value is not None)
    return Series(metric, labels, points)


def ports(node: str, used: tuple[float | None, ...], allocated: float = 1024, ip: str = "20.0.0.1") -> list[Series]:
    """Used and allocated ports of a node on an IP."""
    where = {"backendipaddress": node, "frontendipaddress": ip, "protocoltype": "Tcp"}
    full = tuple(allocated for _ in used)
    return [series("UsedSnatPorts", *used, **where), series("AllocatedSnatPorts", *full, **where)]


def balancer(*found: Series, unread: frozenset[str] = frozenset()) -> SnatUse:
    """What these series of a load balancer mean."""
    reading = Reading(source(SourceKind.LOAD_BALANCER), SPAN, HOUR, found, ("why",) if unread else (), unread)
    return use_from(reading)


def test_the_fullest_node_comes_first() -> None:
    """By its highest share, not by its ports; an hour without a value counts as no port in use."""
    use = balancer(*ports("10.0.0.4", (100, 512, None)), *ports("10.0.0.5", (90, 20, 8), allocated=100))
    assert [(one.node, one.share, one.peak, one.used) for one in use.ports] == [
        ("10.0.0.5", 0.9, 90, 8),
        ("10.0.0.4", 0.5, 512, 0),
    ]
    assert [round(share) for _, share in use.curve] == [90, 50, 8]
    assert use.ports[0].peak_at == NOW - 3 * HOUR


def test_a_share_is_of_what_was_allocated_then() -> None:
    """After more ports were allocated the peak before still counts as what it was."""
    where = {"backendipaddress": "10.0.0.4", "frontendipaddress": "20.0.0.1", "protocoltype": "TCP"}
    use = balancer(series("UsedSnatPorts", 900, 1000, **where), series("AllocatedSnatPorts", 1000, 4000, **where))
    assert (use.ports[0].share, use.ports[0].peak, use.ports[0].allocated) == (0.9, 900, 4000)


def test_what_was_not_read_is_not_zero() -> None:
    """Without an answer about failures nobody says that none failed; with one, no series means none."""
    read = ports("10.0.0.4", (10, 10))
    assert balancer(*read).failed == 0
    assert balancer(*read, unread=frozenset({"SnatConnectionCount"})).failed is None
    assert not balancer(unread=frozenset({"UsedSnatPorts"})).is_known


def test_a_gateway_is_averaged_over_its_intervals() -> None:
    """Connections by the minute, the worst availability, what was dropped."""
    found = (
        series("TotalConnectionCount", 6_000, 120_000, protocol="6"),
        series("PacketDropCount", 0, 7),
        series("DatapathAvailability", 100, 80),
        series("SNATConnectionCount", 0, 3, connectionstate="Failed"),
    )
    use = use_from(Reading(source(SourceKind.NAT_GATEWAY), SPAN, HOUR, found))
    assert (use.connections, use.dropped, use.availability, use.failed, use.share) == (2_000, 7, 80, 3, None)
    assert level_of(use) is PortLevel.EXHAUSTED
    assert "3 connections failed for want of a port. It dropped 7 packets." in why(use)


@pytest.mark.parametrize(
    ("utilization", "health", "level"),
    [(40, 100, PortLevel.CALM), (76, 100, PortLevel.HIGH), (96, 50, PortLevel.EXHAUSTED)],
)
def test_a_firewall_says_why_it_is_unwell(utilization: float, health: float, level: PortLevel) -> None:
    """Above 95 % it is degraded."""
    reason = "SNAT port" if health < 100 else ""
    found = (
        series("SNATPortUtilization", utilization, protocol="TCP"),
        series("FirewallHealth", health, reason=reason),
    )
    use = use_from(Reading(source(SourceKind.FIREWALL), SPAN, HOUR, found))
    assert (level_of(use), use.reason) == (level, reason)


def test_a_warning_is_given_once_and_ends_below_sixty() -> None:
    """It rises at once, stays between 60 and 75 %, and what nobody knows changes nothing."""
    level, said = PortLevel.CALM, []
    for share in (0.5, 0.76, 0.7, 0.74, 0.9, 1.0, 0.8, 0.61, 0.59, 0.7, 0.76):
        level = next_level(level, balancer(*ports("10.0.0.4", (1024 * share,))))
        said.append(level.name)
    assert said == ["CALM", *["HIGH"] * 4, *["EXHAUSTED"] * 3, "CALM", "CALM", "HIGH"]
    unknown = balancer(unread=frozenset({"UsedSnatPorts", "AllocatedSnatPorts", "SnatConnectionCount"}))
    assert next_level(PortLevel.HIGH, unknown) is PortLevel.HIGH


def test_one_node_draws_from_all_its_ips() -> None:
    """Its peak is that of all outbound IPs together, for the fullest protocol."""
    use = balancer(*ports("10.0.0.4", (900,)), *ports("10.0.0.4", (300,), ip="20.0.0.2"), *ports("10.0.0.5", (800,)))
    assert peak_of_node(use) == 1200


def test_a_share_of_one_of_several_ips_is_not_said_of_all() -> None:
    """A node that is nearly full on one of its IPs has ports left on the other."""
    egress = resolve(cluster(), network())
    said = measured_sentence(egress, [balancer(*ports("10.0.0.4", (900,)), *ports("10.0.0.4", (9,), ip="20.0.0.2"))])
    assert "peak 88% of node 10.0.0.4's ports on 20.0.0.1" in said
    said = measured_sentence(egress, [balancer(*ports("10.0.0.4", (500,)))])
    assert said == "Measured in the last day: peak 49% of node 10.0.0.4's ports."


@given(peak=st.floats(0, 80_000), nodes=st.integers(1, 2_000))
def test_what_is_advised_is_enough_and_no_more(peak: float, nodes: int) -> None:
    """Below sixty percent, within what Azure accepts; half the ports would not have done."""
    found = under_sixty(peak, nodes)
    if found is None:
        assert peak >= 64_000 * 0.6 or least_ips(1024, nodes, 64_000) > 100 or nodes > 100
        return
    assert peak < 0.6 * found.ports
    assert found.ports == 1024 or peak >= 0.6 * found.ports / 2
    assert found.ports * nodes <= found.ips * 64_000
    assert found.ports % 8 == 0
    assert 1 <= found.ips <= 100


@given(count=st.integers(1, 50_000), hours=st.integers(1, 24))
def test_answers_stay_small(count: int, hours: int) -> None:
    """The finest interval that fits, or the coarsest there is."""
    length = hours * HOUR
    name = grain_for(count, length)
    points = count * -(-length // GRAINS[name])
    assert points <= MOST_POINTS or name == "P1D"
