"""Says what is missing before production does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bot.azure import AzureArm
from bot.config import Settings, checked_configuration, configuration_from
from bot.domain.egress import ClusterEgress, Fleet
from bot.domain.rights import CLUSTER_READ, CLUSTER_WRITE, lacking, target_write
from bot.domain.snat import possible_counts
from bot.domain.target import Target
from bot.errors import ArmForbidden, BadConfiguration, EgressError, NotScalable
from bot.store import SqlStore
from bot.wiring.dryrun import require_among
from bot.wiring.production import azure_from, slack_from
from bot.wiring.signing import signing_keys
from handlers.app import web_client
from handlers.slack_checks import slack_checks, socket_check


@dataclass(frozen=True, slots=True)
class DoctorResult:
    """The result of one check.

    Args:
        what: The thing.
        is_ok: Whether the check passed.
        sentence: What was found, or what to do.
    """

    what: str
    is_ok: bool
    sentence: str


Look = tuple[str, Callable[[], str]]


def examine(settings: Settings, *, arm: AzureArm | None = None) -> list[DoctorResult]:
    """Look at everything that the bot needs; one thing that is missing does not hide the others.

    Args:
        settings: The environment.
        arm: Azure, in place of the one that the settings lead to.
    """
    return [_looked_at(what, look) for what, look in (*_own_looks(settings), *_slack(settings))] + _azure(settings, arm)


def _own_looks(settings: Settings) -> Iterator[Look]:
    yield "configuration", lambda: look_at_configuration(settings.config)
    yield "database", lambda: _database(settings)
    yield "webhooks", lambda: _webhooks(settings)


def _webhooks(settings: Settings) -> str:
    """The secrets of the webhooks: whether anybody listens is known once something is sent."""
    book = checked_configuration(configuration_from(settings.config))
    signing_keys(book, settings.webhook_secret.get_secret_value())
    return f"{len(book.webhooks)} configured, each with its secret."


def _looked_at(what: str, look: Callable[[], str]) -> DoctorResult:
    try:
        return DoctorResult(what, is_ok=True, sentence=look())
    except EgressError as error:
        return DoctorResult(what, is_ok=False, sentence=error.sentence)


def look_at_configuration(file: Path) -> str:
    """The checks of a configuration file.

    Raises:
        BadConfiguration: Everything that is wrong with it.
    """
    book = checked_configuration(configuration_from(file))
    return f"{len(book.groups)} groups, {len(book.scopes)} cluster entries, {len(book.policy.rules)} policy rules."


def _database(settings: Settings) -> str:
    store = SqlStore(settings.database_url)
    try:
        store.require_migrated()
        with store.read() as tx:
            seq, _ = tx.audit.head()
    finally:
        store.close()
    return f"reachable, schema up to date; {seq} audit events."


def _slack(settings: Settings) -> Iterator[Look]:
    """Nothing about the workspace where the configuration does not say which: its own line says that."""
    slack = slack_from(settings)
    if settings.slack_mode == "socket":
        yield socket_check(web_client(replace(slack, bot_token=slack.app_token)))
    else:
        yield "Slack signing secret", lambda: _signing_secret(settings)
    try:
        book = checked_configuration(configuration_from(settings.config))
    except BadConfiguration:
        return
    yield from slack_checks(web_client(slack), book)


def _signing_secret(settings: Settings) -> str:
    if not settings.slack_signing_secret.get_secret_value():
        raise BadConfiguration(
            "EGRESS_SLACK_SIGNING_SECRET is missing; http mode needs it to verify requests from Slack."
        )
    return "present."


def _azure(settings: Settings, arm: AzureArm | None) -> list[DoctorResult]:
    try:
        azure = arm or azure_from(settings, configuration_from(settings.config))
        fleet = azure.read_fleet()
    except EgressError as error:
        return [DoctorResult("Azure", is_ok=False, sentence=error.sentence)]
    read = DoctorResult("Azure", not fleet.gaps, " ".join((f"{len(fleet.entries)} clusters.", *fleet.gaps)))
    writer = _looked_at("writer", lambda: _writer(settings, fleet))
    return [read, writer, *(_looked_at(what, look) for what, look in _rights(azure, fleet))]


def _targets(fleet: Fleet) -> set[Target]:
    return {path.target for entry in fleet.entries for path in entry.egress.paths if path.target is not None}


def _writer(settings: Settings, fleet: Fleet) -> str:
    """Whether it writes; a firewall that it is told not to write must be one that there is."""
    dry_run = checked_configuration(configuration_from(settings.config)).dry_run
    require_among(dry_run, _targets(fleet))
    return dry_run.words or "what is approved is written."


def _rights(azure: AzureArm, fleet: Fleet) -> Iterator[Look]:
    """A look at each thing that the bot writes: firewall policies, classic firewalls, clusters."""
    targets = _targets(fleet)
    for target in sorted(targets):
        yield f"Azure rights on {target.name}", partial(_allowed, azure, target.id, target_write(target))
    for entry in fleet.entries:
        needed = CLUSTER_WRITE if _is_scalable(entry.egress) else CLUSTER_READ
        yield f"Azure rights on {entry.ref.name}", partial(_allowed, azure, entry.ref.id, needed)


def _is_scalable(egress: ClusterEgress) -> bool:
    try:
        possible_counts(egress)
    except NotScalable:
        return False
    return True


def _allowed(azure: AzureArm, resource_id: str, needed: tuple[str, ...]) -> str:
    missing = lacking(azure.read_grants(resource_id), needed)
    if missing:
        raise ArmForbidden(f"The bot's identity lacks {', '.join(missing)}; assign a role from deploy/roles there.")
    return f"{needed[-1].rsplit('/', 1)[-1]} is allowed."
