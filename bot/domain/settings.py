"""The configuration as values: the only form in which the product sees it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from types import MappingProxyType

from bot.domain.approval import ApprovalPolicy
from bot.domain.fqdn import Destination
from bot.domain.people import Role
from bot.domain.place import Home
from bot.domain.plan import Limits
from bot.domain.risk import DEFAULT_TABLE, RiskTable


@dataclass(frozen=True, slots=True)
class Group:
    """Some people under one name.

    Args:
        name: What the configuration calls it.
        usergroup: A Slack user group id, resolved again at each act.
        users: Slack user ids.
        roles: What belonging to it lets people do.
    """

    name: str
    usergroup: str | None = None
    users: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class ClusterScope:
    """Settings for some clusters; the first scope that matches a cluster applies.

    Args:
        match: Cluster names or lower-case ARM ids, ``*`` and ``?`` allowed.
        environment: A fixed word, or ``tag:NAME`` to take it from a tag of the cluster.
        developers: Groups that may see it and ask for it; ``everyone`` means each member of the workspace.
    """

    match: tuple[str, ...]
    environment: str = "tag:environment"
    developers: tuple[str, ...] = ()

    def fits(self, name: str, cluster_id: str) -> bool:
        """Whether this scope is about the cluster."""
        return any(fnmatchcase(text, pattern.lower()) for pattern in self.match for text in (name.lower(), cluster_id))


@dataclass(frozen=True, slots=True)
class Bundle:
    """Several destinations under one name.

    Args:
        name: What people type.
        title: What people read.
        destinations: All of them.
        source: Where its owner documents them.
    """

    name: str
    title: str
    destinations: tuple[Destination, ...]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Durations:
    """The limits on the duration of allowances.

    Args:
        offered: The choices in the form, shortest first; None means no end.
        longest: The most that may be asked; None for no bound.
        lapse_after: How long a request waits for a decision.
    """

    offered: tuple[timedelta | None, ...] = (
        timedelta(hours=8),
        timedelta(days=1),
        timedelta(days=7),
        timedelta(days=30),
        timedelta(days=90),
    )
    longest: timedelta | None = timedelta(days=365)
    lapse_after: timedelta = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The whole configuration file.

    Args:
        channel: Slack channel id where cards go.
        team: Slack team id; people of other teams are nobody.
        groups: By name.
        scopes: In the order of the file.
        policy: Who must say yes.
        bundles: By name.
        durations: How long.
        limits: What one update may do.
        risk: The risk table.
        drift: ``heal``, ``adopt`` or ``report``.
        home: The bot's rule collection group.
        resolves_names: Whether names are looked up, so that one that lies in private space counts as a risk.
    """

    channel: str
    team: str
    groups: Mapping[str, Group] = field(default_factory=lambda: MappingProxyType({}))
    scopes: tuple[ClusterScope, ...] = ()
    policy: ApprovalPolicy = field(default_factory=ApprovalPolicy)
    bundles: Mapping[str, Bundle] = field(default_factory=lambda: MappingProxyType({}))
    durations: Durations = field(default_factory=Durations)
    limits: Limits = field(default_factory=Limits)
    risk: RiskTable = DEFAULT_TABLE
    drift: str = "heal"
    home: Home = field(default_factory=Home)
    resolves_names: bool = False

    def beyond(self, bundle: str | None, destinations: Iterable[Destination]) -> tuple[Destination, ...]:
        """The destinations outside a bundle as currently configured; all if there is no bundle."""
        configured = self.bundles.get(bundle) if bundle else None
        contents = frozenset(configured.destinations) if configured else frozenset[Destination]()
        return tuple(one for one in destinations if one not in contents)

    def scope_of(self, name: str, cluster_id: str) -> ClusterScope | None:
        """The scope that is about a cluster; None means that nobody may do anything with it."""
        return next((scope for scope in self.scopes if scope.fits(name, cluster_id)), None)
