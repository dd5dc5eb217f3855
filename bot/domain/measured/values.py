"""What is measured, and what an answer of Azure Monitor holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class SourceKind(StrEnum):
    """The resource that gives out the ports; its value is Azure's metric namespace."""

    LOAD_BALANCER = "Microsoft.Network/loadBalancers"
    NAT_GATEWAY = "Microsoft.Network/natGateways"
    FIREWALL = "Microsoft.Network/azureFirewalls"


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A resource whose metrics are read.

    Args:
        id: Lower-case ARM id.
        kind: Its type.
        region: The region of the cluster, without blanks: it is the resource's as a rule.
        series: How many series one of its metrics has at most: nodes times outbound IPs times two protocols.
    """

    id: str
    kind: SourceKind
    region: str
    series: int = 2

    @property
    def subscription(self) -> str:
        """The subscription id."""
        return self.id.split("/")[2]

    @property
    def name(self) -> str:
        """The last part of the id."""
        return self.id.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """The time that is asked about, UTC."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.until - self.since


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one metric for one combination of its dimensions.

    Args:
        metric: As the REST API spells it.
        labels: The values of the dimensions, by their lower-case names.
        points: Beginning of each interval and its value, oldest first; intervals without a value are left out.
    """

    metric: str
    labels: Mapping[str, str]
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What Azure Monitor said of one source.

    Args:
        source: Which.
        span: The time that was asked about.
        grain: The length of each interval.
        series: All of them; a metric without traffic has none.
        gaps: A sentence for everything that could not be read.
        unread: The metrics that these are about: what has no series then is unknown, not zero.
        is_forbidden: Whether the bot may not read it.
    """

    source: Source
    span: TimeSpan
    grain: timedelta
    series: tuple[Series, ...] = ()
    gaps: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()
    is_forbidden: bool = False

    def of(self, metric: str) -> tuple[Series, ...]:
        """The series of one metric."""
        return tuple(one for one in self.series if one.metric == metric)


@dataclass(frozen=True, slots=True, order=True)
class PortUse:
    """The ports of one node on one outbound IP.

    Args:
        node: The private address of the node.
        frontend: The outbound IP.
        protocol: ``TCP`` or ``UDP``, each of which has ports of its own.
        allocated: Ports that it may use; 0 where Azure did not say.
        used: Ports in use in the last interval.
        peak: Ports in use in the fullest interval.
        share: The share of the allocated ports that this was, 0 to 1 and above where Azure counts so.
        peak_at: The beginning of that interval; None where nothing was used.
    """

    node: str
    frontend: str
    protocol: str
    allocated: float
    used: float
    peak: float
    share: float
    peak_at: datetime | None = None
