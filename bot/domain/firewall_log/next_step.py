"""What it would take to open something that was denied."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.domain.allowance import Allowance, Status, status
from bot.domain.approval import Ending
from bot.domain.dates import time_text
from bot.domain.firewall_log.denied import Denied
from bot.domain.firewall_log.values import LogKind
from bot.domain.fqdn import Destination


class StepKind(StrEnum):
    """What to do next."""

    REQUEST = "request"
    WAITING = "waiting"
    COMING = "coming"
    OPEN = "open"
    HELD = "held"
    DECIDED = "decided"
    NO_ALLOWANCE = "no-allowance"

    @property
    def may_be_requested(self) -> bool:
        """Whether a request is the thing to do."""
        return self is StepKind.REQUEST


@dataclass(frozen=True, slots=True)
class NextStep:
    """What it would take.

    Args:
        kind: What to do.
        sentence: The same for people.
    """

    kind: StepKind
    sentence: str


REQUEST = NextStep(StepKind.REQUEST, "Can be requested.")

_ON_ITS_WAY: Mapping[Status, tuple[StepKind, str]] = MappingProxyType(
    {
        Status.WAITING: (StepKind.WAITING, "Already waiting as {id}."),
        Status.APPROVED: (StepKind.COMING, "Approved as {id}; Azure has not taken it yet."),
        Status.APPLYING: (StepKind.COMING, "Approved as {id}; Azure is applying it."),
        Status.SUSPENDED: (StepKind.HELD, "Allowed as {id}, which opens nothing for now."),
        Status.FAILED: (StepKind.HELD, "Approved as {id}, which Azure refused."),
    }
)
_LIVE = (Status.LIVE, Status.EXPIRING)


def without_rule(denied: Denied) -> NextStep | None:
    """Say why no allowance helps, whatever the rules are; None if one may."""
    if denied.destination is not None:
        return None
    if denied.kind is LogKind.APPLICATION and not denied.host:
        text = "No allowance helps: the client must name the host in TLS (SNI), instead of an address."
    elif denied.host:
        text = "No allowance helps: a rule cannot hold this name."
    else:
        text = _by_address(denied)
    return NextStep(StepKind.NO_ALLOWANCE, text)


def _by_address(denied: Denied) -> str:
    if denied.is_by_rule:
        return "No allowance helps as long as that rule denies it: ask its owner."
    if denied.protocol not in ("tcp", "udp"):
        return "No allowance helps: the bot opens TCP and UDP by name only."
    return (
        f"Allowances are by name: find the name behind this address and request {denied.protocol}:HOST:{denied.port}."
    )


class AskedBefore:
    """Allowances of a cluster, found by what they open: there may be ten thousand.

    Args:
        rows: The newest first.
    """

    def __init__(self, rows: Iterable[Allowance]) -> None:
        self._by_name = dict[tuple[str, int, str], list[tuple[int, Allowance]]]()
        for place, row in enumerate(rows):
            for one in row.destinations:
                self._by_name.setdefault((one.protocol, one.port, one.fqdn), []).append((place, row))

    def opening(self, destination: Destination) -> list[Allowance]:
        """Those that open a destination as well, the newest first."""
        name = destination.fqdn.removeprefix("*")
        patterns = {destination.fqdn, *(f"*{name[at:]}" for at in range(len(name) + 1))}
        way = destination.protocol, destination.port
        found = {place: row for each in patterns for place, row in self._by_name.get((*way, each), ())}
        return [found[place] for place in sorted(found)]


def from_allowances(denied: Denied, asked: AskedBefore, now: datetime) -> NextStep | None:
    """What has been asked already, the newest first; None if nothing stands.

    Args:
        denied: What was denied, with a destination.
        asked: Allowances of the cluster.
        now: The time.
    """
    if denied.destination is None:
        return None
    covering = asked.opening(denied.destination)
    for one in covering:
        state = status(one, now)
        if state in _ON_ITS_WAY:
            kind, words = _ON_ITS_WAY[state]
            return NextStep(kind, words.format(id=one.id))
        if state in _LIVE:
            return _open(one, denied)
    return next((_decided(one, one.denied) for one in covering if one.denied is not None), None)


def _decided(one: Allowance, ending: Ending) -> NextStep:
    reason = f": {ending.reason}" if ending.reason else ""
    return NextStep(StepKind.DECIDED, f"Decided against as {one.id}{reason.rstrip('.')}.")


def is_denied_despite(allowance: Allowance, denied: Denied) -> bool:
    """Whether something was denied after an allowance for it was live: something else is in the way."""
    return allowance.live_at is not None and denied.last > allowance.live_at + SETTLES


SETTLES = timedelta(minutes=2)
"""How long after an allowance is live a denial may still be of the rules before: clocks differ, retries are late."""


def _open(one: Allowance, denied: Denied) -> NextStep:
    since = f" since {time_text(one.live_at)}" if one.live_at else ""
    if is_denied_despite(one, denied):
        return NextStep(StepKind.OPEN, f"{one.id} is live{since}, and yet it was denied: {denied.why}.")
    return NextStep(StepKind.OPEN, f"Allowed now: {one.id} is live{since}.")
