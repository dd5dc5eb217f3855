"""Small values for tests of the domain."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.allowance import Allowance, Ask, Scope
from bot.domain.approval import Quorum, Verdict, VerdictKind
from bot.domain.fqdn import parse_destination
from bot.domain.people import Identity
from bot.domain.risk import Level, Risk
from bot.domain.target import Target, TargetKind

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DEV, APPROVER, APPROVER2 = (Identity("T1", user) for user in ("UDEV", "UAPP1", "UAPP2"))
TARGET = Target(
    TargetKind.POLICY, "/subscriptions/s/resourcegroups/rg/providers/microsoft.network/firewallpolicies/hub"
)
SCOPE = Scope("/subscriptions/s/resourcegroups/rg/c/aks", "aks", "rg", "test", TARGET, ("10.1.0.0/16",))
HOUR = timedelta(hours=1)


def asked(*quorums: tuple[tuple[str, ...], int]) -> Verdict:
    """A verdict that asks so many people of each of these groups."""
    asks = tuple(Quorum(groups, needed, "default", "people decide") for groups, needed in quorums)
    return Verdict(VerdictKind.ASK, "people decide", "default", asks)


def an_allowance(*hosts: str, duration: timedelta | None = 8 * HOUR, needed: int = 1, number: int = 0) -> Allowance:
    """A waiting request."""
    destinations = tuple(sorted(parse_destination(host) for host in hosts or ("example.com",)))
    return Allowance(
        id=f"a0000000{number:02d}",
        version=1,
        scope=SCOPE,
        ask=Ask(destinations, duration, "why"),
        requester=DEV,
        requested_at=NOW,
        lapses_at=NOW + timedelta(days=3),
        verdict=asked((("platform",), needed)),
        risk=Risk(0, Level.LOW, ()),
    )


def a_live_allowance(*hosts: str, duration: timedelta | None = 8 * HOUR, number: int = 0) -> Allowance:
    """One that was approved and seen live at ``NOW``."""
    waiting = an_allowance(*hosts, duration=duration, number=number)
    expires = NOW + duration if duration else None
    return replace(waiting, approved_at=NOW, applying_at=NOW, live_at=NOW, expires_at=expires)
