"""Loads settings: secrets and endpoints from the environment, everything else from one TOML file.

Both are read once and checked as a whole; what is wrong is said in one sentence that names the setting.
"""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, FilePath, SecretStr, ValidationError

from bot.domain.approval import ApprovalPolicy, PolicyRule, VerdictKind
from bot.domain.duration import duration_from_text
from bot.domain.fqdn import parse_destination
from bot.domain.people import Role
from bot.domain.place import Home
from bot.domain.plan import Limits
from bot.domain.risk import Level, extended
from bot.domain.rulecheck import problems_of
from bot.domain.settings import Bundle, ClusterScope, Durations, Group, Rulebook
from bot.errors import BadConfiguration, UserError


def _as_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"“{value}” is not a valid URL: write https://host/…")
    return value


def _as_listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"“{value}” is not a valid listen address: write 0.0.0.0:8080")
    return value


Listen = Annotated[str, AfterValidator(_as_listen)]
"""``host:port``; port 0 takes a free one."""

Address = Annotated[str, AfterValidator(_as_address)]
"""``http://…`` or ``https://…`` with a host."""


class Settings(BaseModel):
    """The environment. Every variable begins with ``EGRESS_``."""

    model_config = ConfigDict(frozen=True)

    config: Path = Field(Path("egress.toml"), description="The configuration file (TOML).")
    database_url: str = Field(
        "sqlite:///egress.sqlite3", description="sqlite:///FILE for one replica, postgresql+psycopg://… for several."
    )
    slack_mode: Literal["socket", "http"] = Field(
        "socket", description="socket: nothing is exposed; http: Slack calls /slack/events."
    )
    slack_bot_token: SecretStr = Field(SecretStr(""), description="xoxb-…, of the app in manifest.json.")
    slack_app_token: SecretStr = Field(SecretStr(""), description="xapp-…, with connections:write; Socket Mode only.")
    slack_signing_secret: SecretStr = Field(SecretStr(""), description="Of the app; HTTP mode only.")
    slack_api_url: Address = Field("https://slack.com/api/", description="Slack's Web API.")
    arm_endpoint: Address = Field("https://management.azure.com", description="Azure Resource Manager.")
    arm_ca_file: FilePath | None = Field(None, description="CA certificates to trust for it, in place of the system's.")
    listen: Listen = Field("0.0.0.0:8080", description="host:port of /healthz, /readyz, /metrics and /slack/events.")
    log_format: Literal["json", "text"] = Field("json", description="How log lines are written.")


def settings_from(variables: Mapping[str, str]) -> Settings:
    """The settings in an environment.

    Raises:
        BadConfiguration: With one sentence for each wrong variable.
    """
    known = {f"EGRESS_{name.upper()}": name for name in Settings.model_fields}
    given = {known[name]: value for name, value in variables.items() if name in known and value != ""}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        problems = (
            f"EGRESS_{str(each['loc'][0]).upper()}: {each['msg'].removeprefix('Value error, ')}."
            for each in error.errors()
        )
        raise BadConfiguration(" ".join(problems)) from error


def _as_duration(value: object) -> timedelta | None:
    if not isinstance(value, str):
        raise TypeError("write a duration as text: 30m, 8h, 7d, 2w or no end")
    try:
        return duration_from_text(value)
    except UserError as error:
        raise ValueError(error.sentence) from error


Duration = Annotated[timedelta | None, BeforeValidator(_as_duration)]
"""``30m``, ``8h``, ``7d``, ``2w`` or ``no end``."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlackSection(_Section):
    """``[slack]``: where the bot lives."""

    team: str = Field(pattern="^T[A-Z0-9]+$", description="Workspace id; people from other workspaces have no access.")
    channel: str = Field(pattern="^[CG][A-Z0-9]+$", description="Id of the channel for cards.")


class AzureSection(_Section):
    """``[azure]``: what the bot looks at."""

    subscriptions: tuple[str, ...] = Field(min_length=1, description="Ids of the subscriptions that hold the clusters.")


class GroupSection(_Section):
    """``[groups.NAME]``: some people under one name; an empty group means nobody."""

    usergroup: str | None = Field(None, pattern="^S[A-Z0-9]+$", description="Slack user group id.")
    users: frozenset[str] = Field(frozenset(), description="Slack user ids.")
    roles: frozenset[Role] = Field(frozenset(), description="approver, auditor, operator.")


class ClustersSection(_Section):
    """``[[clusters]]``: what is true of some clusters; the first that fits counts, and none means nobody."""

    match: tuple[str, ...] = Field(min_length=1, description="Names or ARM ids, * and ? allowed.")
    environment: str = Field("tag:environment", description="A word, or tag:NAME to take it from the cluster's tag.")
    developers: tuple[str, ...] = Field(
        (), description="Groups that can see the clusters and request access; everyone means every full member."
    )


class RuleSection(_Section):
    """``[[approval.rules]]``: every condition that is written must hold."""

    name: str = Field(min_length=1, description="Shown on cards and in the audit log.")
    then: VerdictKind = Field(
        description="grant, ask or refuse; refuse wins over ask, ask over grant, and each ask counts."
    )
    reason: str = Field(min_length=1, description="A sentence for people.")
    subjects: frozenset[Literal["allowance", "scale"]] = Field(
        frozenset({"allowance", "scale"}), description="What it is about."
    )
    environments: frozenset[str] = Field(frozenset(), description="Environments.")
    clusters: tuple[str, ...] = Field((), description="Cluster names, * and ? allowed.")
    risks: frozenset[Level] = Field(frozenset(), description="low, medium, high, critical.")
    bundles: frozenset[str] = Field(frozenset(), description="Bundles by name: holds for what they contain.")
    longer_than: Duration = Field(None, description="Holds for durations above this, and for no end.")
    approvers: tuple[str, ...] = Field((), description="Groups that may approve; default_approvers if empty.")
    needed: int = Field(1, ge=1, le=10, description="How many different people.")


class ApprovalSection(_Section):
    """``[approval]``: who must say yes to what."""

    default_approvers: tuple[str, ...] = Field((), description="Groups that decide where no rule applies.")
    rules: tuple[RuleSection, ...] = Field((), description="The rules.")


class FirewallSection(_Section):
    """``[firewall]``: how the bot writes."""

    group: str = Field(
        "rcg-aks-egress", pattern=r"^[A-Za-z0-9][\w.-]{0,78}\w$", description="The bot's rule collection group."
    )
    priority: int = Field(
        300, ge=100, le=65_000, description="Its priority where it has to be created; the next free one if taken."
    )
    drift: Literal["heal", "adopt", "report"] = Field(
        "heal", description="What to do when someone changes the bot's rules by hand."
    )
    max_removed_share: float = Field(
        0.5, ge=0, le=1, description="Share of the bot's rules that one update may remove although nobody ended them."
    )


class DurationSection(_Section):
    """``[durations]``: how long allowances last."""

    offered: tuple[Duration, ...] = Field(Durations().offered, min_length=1, max_length=20, description="Choices.")
    longest: Duration = Field(Durations().longest, description="Longest duration that can be requested.")
    lapse_after: Duration = Field(Durations().lapse_after, description="How long a request waits for a decision.")


class BundleSection(_Section):
    """``[bundles.NAME]``: several destinations that are asked for as one."""

    title: str = Field(min_length=1, max_length=60, description="What people read.")
    destinations: tuple[str, ...] = Field(min_length=1, max_length=100, description="host, *.host, http:host, …")
    source: str = Field("", description="Where their owner documents them.")


class NamesSection(_Section):
    """``[names]``: what the bot does with the names that are asked for."""

    resolve: bool = Field(
        False,
        description="Resolve them in the bot's own DNS: for checks against rules with addresses, and to rate private "
        "addresses as a risk.",
    )


class ConfigurationFile(_Section):
    """The whole file."""

    slack: SlackSection
    azure: AzureSection
    groups: dict[str, GroupSection] = Field({}, description="People by name.")
    clusters: tuple[ClustersSection, ...] = Field((), description="In order; the first match applies.")
    approval: ApprovalSection = ApprovalSection()
    firewall: FirewallSection = FirewallSection()
    durations: DurationSection = DurationSection()
    bundles: dict[str, BundleSection] = Field({}, description="By name.")
    names: NamesSection = NamesSection()
    risk: dict[str, Any] = Field({}, description="Extends the risk table; see bot/domain/risk.")


def configuration_from(path: Path) -> ConfigurationFile:
    """Read and check the configuration file.

    Raises:
        BadConfiguration: If it is missing, no TOML, or says something that cannot be; the sentence says where.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadConfiguration(
            f"Configuration file {path} not found. Set EGRESS_CONFIG, or copy bot/sandbox/egress.toml and edit it."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"Cannot read configuration file {path}: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfiguration(f"{path} is not valid TOML: {error}.") from error
    try:
        return ConfigurationFile.model_validate(content)
    except ValidationError as error:
        raise BadConfiguration(f"{path}: {' '.join(_problem(each) for each in error.errors())}") from error


def _problem(found: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in found["loc"])
    if found["type"] == "extra_forbidden":
        return f"{where} is not a known setting in this version."
    if found["type"] == "missing":
        return f"{where} is missing."
    return f"{where}: {found['msg'].removeprefix('Value error, ')}."


def rulebook_from(file: ConfigurationFile) -> Rulebook:
    """The configuration as the product sees it.

    Raises:
        BadConfiguration: If parts of it do not fit each other; one sentence for each, with its place in the file.
    """
    bundles = {name: _bundle(name, section) for name, section in file.bundles.items()}
    book = Rulebook(
        channel=file.slack.channel,
        team=file.slack.team,
        groups=MappingProxyType({name: _group(name, section) for name, section in file.groups.items()}),
        scopes=tuple(ClusterScope(c.match, c.environment, c.developers) for c in file.clusters),
        policy=ApprovalPolicy(
            tuple(_rule(section) for section in file.approval.rules),
            file.approval.default_approvers,
            MappingProxyType({name: frozenset(bundle.destinations) for name, bundle in bundles.items()}),
        ),
        bundles=MappingProxyType(bundles),
        durations=_durations(file.durations),
        limits=Limits(max_removed_share=file.firewall.max_removed_share),
        risk=extended(file.risk),
        drift=file.firewall.drift,
        resolves_names=file.names.resolve,
        home=Home(file.firewall.group, file.firewall.priority),
    )
    if problems := problems_of(book):
        raise BadConfiguration(" ".join(problems))
    return book


def _rule(section: RuleSection) -> PolicyRule:
    if "longer_than" in section.model_fields_set and section.longer_than is None:
        raise BadConfiguration(
            f"approval.rules ({section.name}): longer_than needs a duration; nothing is longer than “no end”."
        )
    environments = frozenset(name.lower() for name in section.environments)
    return PolicyRule(**section.model_dump() | {"environments": environments})


def _durations(section: DurationSection) -> Durations:
    """Default to those of the usual choices that do not exceed the longest duration."""
    longest, lapse_after = section.longest, section.lapse_after
    if lapse_after is None:
        raise BadConfiguration("durations.lapse_after needs a duration: a request cannot wait forever.")
    if "offered" in section.model_fields_set or longest is None:
        return Durations(section.offered, longest, lapse_after)
    fitting = tuple(one for one in section.offered if one is not None and one <= longest)
    return Durations(fitting or (longest,), longest, lapse_after)


def _group(name: str, section: GroupSection) -> Group:
    return Group(name, section.usergroup, section.users, section.roles)


def _bundle(name: str, section: BundleSection) -> Bundle:
    try:
        destinations = tuple(sorted({parse_destination(text) for text in section.destinations}))
    except UserError as error:
        raise BadConfiguration(f"bundles.{name}.destinations: {error.sentence}") from error
    return Bundle(name, section.title, destinations, section.source)
