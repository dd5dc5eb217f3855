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
from bot.errors import ArmForbidden, BadConfiguration, EgressError, NotScalable
from bot.wiring.dryrun import require_among
from bot.wiring.production import azure_from, opened_store, slack_from
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
    yield "configuration", partial(look_at_configuration, settings.config)
    yield "database", partial(_database, settings)
    yield "webhooks", partial(_webhooks, settings)


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
    with opened_store(settings) as store:
        store.require_migrated()
        with store.read() as tx:
            seq, _ = tx.audit.head()
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
    read = DoctorResult("Azure", not fleet.gaps, " ".join((f"{len(fleet.clusters)} clusters.", *fleet.gaps)))
    writer = _looked_at("writer", lambda: _writer(settings, fleet))
    return [read, writer, *(_looked_at(what, look) for what, look in _rights(azure, fleet))]


def _writer(settings: Settings, fleet: Fleet) -> str:
    """Whether it writes; a firewall that it is told not to write must be one that there is."""
    dry_run = checked_configuration(configuration_from(settings.config)).dry_run
    require_among(dry_run, fleet.targets)
    return dry_run.words or "what is approved is written."


def _rights(azure: AzureArm, fleet: Fleet) -> Iterator[Look]:
    """A look at each thing that the bot writes: firewall policies, classic firewalls, clusters."""
    for target in sorted(fleet.targets):
        yield f"Azure rights on {target.name}", partial(_allowed, azure, target.id, target_write(target))
    for egress in fleet.clusters:
        needed = CLUSTER_WRITE if _is_scalable(egress) else CLUSTER_READ
        yield f"Azure rights on {egress.ref.name}", partial(_allowed, azure, egress.ref.id, needed)


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
