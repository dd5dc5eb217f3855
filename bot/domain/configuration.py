"""The configuration file: its tables as the values with which the product works, and their only description.

A new setting is a field here: its annotation says what may be written (``bot.domain.fields``), its default what holds
otherwise, and its line in the docstring what it means; checks, messages and ``docs/configuration.md`` follow from them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from bot.domain.approval import ApprovalPolicy, Reminders, TimeWindow
from bot.domain.audit_settings import AuditSettings
from bot.domain.break_glass import BreakGlass
from bot.domain.bundles import Bundle, BundleRef, BundleTable, bundles_from
from bot.domain.dry_run import NO_DRY_RUN, DryRun
from bot.domain.feature_settings import Logs, MetricsSettings, Migrations, Names, Reviews
from bot.domain.fields import Duration, NotWritten, ReadAs, Span, Text, Unit, matching, named
from bot.domain.fqdn import Destination
from bot.domain.integration import Api, EgressIps, Webhook
from bot.domain.people import Role
from bot.domain.probe import ProbeSettings
from bot.domain.risk import RiskTable
from bot.domain.rule_diff import Limits
from bot.domain.rule_position import GroupSettings
from bot.domain.snat import Prices
from bot.domain.step_up.settings import StepUp
from bot.domain.tickets import Tickets
from bot.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where the bot lives in Slack.

    Args:
        team: Workspace id; people of other workspaces have no access.
        channel: Channel id where cards go; invite the bot.
        lookups_per_minute: How many commands and buttons that read Azure or the audit log a person may use on each
            replica; a minute's worth may come at once.
    """

    team: Annotated[str, matching("T[A-Z0-9]+", "a workspace id such as T0123ABCD")]
    channel: Annotated[str, matching("[CG][A-Z0-9]+", "a channel id such as C0123ABCD")]
    lookups_per_minute: Annotated[int, Field(ge=1, le=6_000), Unit("lookups")] = 120


@dataclass(frozen=True, slots=True)
class AzureScope:
    """The part of Azure that the bot looks at.

    Args:
        subscriptions: Ids of the subscriptions that hold the clusters.
    """

    subscriptions: Annotated[tuple[Text, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Group:
    """Some people under one name; an empty group has no members.

    Args:
        name: What the configuration calls it.
        usergroup: A Slack user group id, resolved again at each act.
        users: Slack user ids.
        roles: What belonging to it lets people do.
    """

    name: Annotated[str, NotWritten()]
    usergroup: Annotated[str, matching("S[A-Z0-9]+", "a user group id such as S0123ABCD")] | None = None
    users: frozenset[Annotated[str, matching("[UW][A-Z0-9]+", "a user id such as U0123ABCD")]] = frozenset()
    roles: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class ClusterScope:
    """The attributes of some clusters; the first entry that fits a cluster counts, and none means nobody.

    Args:
        match: Cluster names or ARM ids, ``*`` and ``?`` allowed.
        environment: A fixed word, or ``tag:NAME`` to take it from a tag of the cluster.
        developers: Groups that may see it and ask for it; ``everyone`` means each member of the workspace.
    """

    match: Annotated[tuple[str, ...], Field(min_length=1)]
    environment: Annotated[str, matching(r"(?!tag:\s*$).*\S.*", "a word, or tag:NAME")] = "tag:environment"
    developers: tuple[str, ...] = ()

    def fits(self, name: str, cluster_id: str) -> bool:
        """Whether this scope is about the cluster."""
        return any(fnmatchcase(text, pattern.lower()) for pattern in self.match for text in (name.lower(), cluster_id))


@dataclass(frozen=True, slots=True)
class FirewallSettings(Limits):
    """How the bot writes to a firewall.

    Args:
        max_removed_share: Share of our rules that one update may remove although nobody ended them.
        group: Name of our own rule collection group, and what the names of further ones begin with (``NAME-2``,
            ``NAME-3``) where one is full; nothing else in a firewall policy is ever touched.
        priority: The priority of one that has to be created; the next free one if that is taken.
        drift: What follows a change by hand to our rules: ``heal`` puts them back, ``adopt`` revokes what was removed,
            ``report`` only says so.
    """

    group: Annotated[
        str,
        matching(
            r"[A-Za-z0-9][\w.-]{0,78}\w",
            "a name of 2 to 80 letters, digits, dots, hyphens and underscores",
        ),
    ] = "rcg-aks-egress"
    priority: Annotated[int, Field(ge=100, le=65_000)] = 300
    drift: Annotated[str, ReadAs(Literal["heal", "adopt", "report"], str)] = "heal"


_USUAL = (timedelta(hours=8), timedelta(days=1), timedelta(days=7), timedelta(days=30), timedelta(days=90))


@dataclass(frozen=True, slots=True)
class Durations:
    """The limits on the duration of allowances.

    Args:
        offered: The choices in the form; unless they are written, as much of the usual ones as the longest leaves.
        longest: The most that may be asked.
        lapse_after: How long an undecided request waits.
    """

    offered: Annotated[tuple[Duration, ...], Field(min_length=1, max_length=20)] = _USUAL
    longest: Duration = timedelta(days=365)
    lapse_after: Span = timedelta(days=3)

    def fitted(self) -> "Durations":
        """With choices that may be asked, where none were written: those would be another object."""
        longest = self.longest
        if self.offered is not _USUAL or longest is None:
            return self
        return replace(self, offered=tuple(one for one in _USUAL if one <= longest) or (longest,))


@dataclass(frozen=True, slots=True)
class Configuration:
    """The whole configuration file.

    Args:
        slack: Where the bot lives.
        azure: What it looks at.
        groups: People by name.
        scopes: Clusters, in the order of the file.
        policy: Who must say yes.
        firewall: How the bot writes.
        durations: How long.
        reminders: When people are reminded of what waits for them.
        break_glass: The limits on what is opened without an approval.
        writer: Whether it writes.
        bundles: Destinations by name.
        windows: Time windows by name.
        tickets: How tickets are written, and where they are found.
        reviews: How review campaigns go on.
        migrate: Changes of the outbound type.
        prices: What Azure's outbound resources cost.
        metrics: Whether Azure Monitor is asked how full the SNAT ports are.
        names: Whether names are looked up.
        probe: Whether hosts are tried from inside clusters.
        logs: Whether the firewalls' logs are read.
        risk: How risk is weighed.
        api: The API for pipelines.
        egress_ips: The list of egress IPs for partners and pipelines.
        webhooks: Receivers of events by name.
        audit: How the audit log is proven.
        step_up: The identity provider that confirms approvals.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    slack: Workspace
    azure: AzureScope
    groups: Annotated[Mapping[str, Group], ReadAs(Mapping[str, Group], named)] = field(
        default_factory=lambda: MappingProxyType({})
    )
    scopes: Annotated[tuple[ClusterScope, ...], Field(alias="clusters")] = ()
    policy: Annotated[ApprovalPolicy, Field(alias="approval")] = field(default_factory=ApprovalPolicy)
    firewall: FirewallSettings = field(default_factory=FirewallSettings)
    durations: Durations = field(default_factory=Durations)
    reminders: Reminders = field(default_factory=Reminders)
    break_glass: BreakGlass = field(default_factory=BreakGlass)
    writer: DryRun = NO_DRY_RUN
    bundles: Annotated[Mapping[str, Bundle], ReadAs(Mapping[str, BundleTable], bundles_from)] = field(
        default_factory=lambda: MappingProxyType({})
    )
    windows: Annotated[Mapping[str, TimeWindow], ReadAs(Mapping[str, TimeWindow], named)] = field(
        default_factory=lambda: MappingProxyType({})
    )
    tickets: Tickets = field(default_factory=Tickets)
    reviews: Reviews = field(default_factory=Reviews)
    migrate: Migrations = field(default_factory=Migrations)
    prices: Prices = field(default_factory=Prices)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    names: Names = field(default_factory=Names)
    probe: ProbeSettings = field(default_factory=ProbeSettings)
    logs: Logs = field(default_factory=Logs)
    risk: RiskTable = field(default_factory=RiskTable)
    api: Api = field(default_factory=Api)
    egress_ips: EgressIps = field(default_factory=EgressIps)
    webhooks: Annotated[Mapping[str, Webhook], ReadAs(Mapping[str, Webhook], named)] = field(
        default_factory=lambda: MappingProxyType({})
    )
    audit: AuditSettings = field(default_factory=AuditSettings)
    step_up: StepUp = field(default_factory=StepUp)

    @property
    def audit_channel(self) -> str:
        """Slack channel id where checkpoints and alarms of the audit log go."""
        return self.audit.channel or self.slack.channel

    @property
    def channel(self) -> str:
        """Slack channel id where cards go."""
        return self.slack.channel

    @property
    def dry_run(self) -> DryRun:
        """Where nothing is written."""
        return self.writer

    @property
    def team(self) -> str:
        """Slack team id; people of other teams have no access."""
        return self.slack.team

    @property
    def home(self) -> GroupSettings:
        """Our rule collection groups."""
        return GroupSettings(self.firewall.group, self.firewall.priority, self.firewall.max_bytes)

    def joined(self) -> "Configuration":
        """With what its tables say of each other: the policy's bundles and windows, and durations that may be asked."""
        contents = {name: frozenset(bundle.destinations) for name, bundle in self.bundles.items()}
        open_ = {name: bundle for name, bundle in self.bundles.items() if bundle.templates}
        policy = replace(
            self.policy,
            bundles=MappingProxyType(contents),
            templates=MappingProxyType(open_),
            windows=self.windows,
        )
        reminders = replace(self.reminders, hours=self.windows.get(self.reminders.window))
        return replace(self, policy=policy, durations=self.durations.fitted(), reminders=reminders)

    def fill_bundle(self, asked: str, location: str = "") -> Bundle:
        """A bundle as somebody asks for it, with its values filled in.

        Args:
            asked: Its name, with values where it has parameters.
            location: The cluster's region, for parameters that are taken from there.

        Raises:
            InvalidInput: No such bundle, or a value is wrong; with the field of the form.
        """
        ref = BundleRef(asked) if asked in self.bundles else BundleRef.parse(asked)
        bundle = self.bundles.get(ref.name)
        if bundle is None:
            known = ", ".join(sorted(self.bundles)) or "none"
            raise InvalidInput(f"Unknown bundle {ref.name}. Configured: {known}.", field="bundle")
        return bundle.fill(ref, location)

    def bundle_of(self, asked: str | None) -> Bundle | None:
        """The bundle that a request names, by what is configured now; None where it names none, or it is gone."""
        try:
            return self.fill_bundle(asked) if asked else None
        except InvalidInput:
            return None

    def is_one_bundle(self, destinations: Iterable[Destination], asked: str | None) -> bool:
        """Whether one bundle contains all of it: the one that is asked for, or any without parameters."""
        named = self.bundle_of(asked)
        bundles = (*self.bundles.values(), *([named] if named else []))
        return any(set(destinations) <= set(one.destinations) for one in bundles)

    def filled(self, asked: str | None) -> Mapping[str, frozenset[Destination]]:
        """What the asked bundle contains with its values, by its name in the file; nothing for one without values."""
        bundle, name = self.bundle_of(asked), BundleRef.parse(asked or "").name
        has_values = name in self.bundles and bool(self.bundles[name].parameters)
        return {name: frozenset(bundle.destinations)} if bundle and has_values else {}

    def beyond(self, bundle: str | None, destinations: Iterable[Destination]) -> tuple[Destination, ...]:
        """The destinations outside a bundle as currently configured; all if there is no bundle."""
        configured = self.bundle_of(bundle)
        contents = frozenset(configured.destinations) if configured else frozenset[Destination]()
        return tuple(one for one in destinations if one not in contents)

    def hooks_for(self, event: str) -> tuple[Webhook, ...]:
        """The webhooks that want an event."""
        return tuple(hook for hook in self.webhooks.values() if event in hook.events)

    def scope_of(self, name: str, cluster_id: str) -> ClusterScope | None:
        """The scope that is about a cluster; None means that nobody may do anything with it."""
        return next((scope for scope in self.scopes if scope.fits(name, cluster_id)), None)
