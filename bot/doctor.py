"""Says what is missing before production does, and what to do about each."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path
from time import time

from bot.azure import AzureArm
from bot.config import Settings, checked_configuration, configuration_from
from bot.domain.egress import ClusterEgress, Fleet
from bot.domain.rights import CLUSTER_READ, CLUSTER_WRITE, lacking, target_write
from bot.domain.snat import possible_goals
from bot.errors import (
    ArmForbidden,
    ArmThrottled,
    ArmUnreachable,
    BadConfiguration,
    EgressError,
    MembershipUnknown,
    NotScalable,
    SlackThrottled,
    SlackUnreachable,
)
from bot.wiring.dryrun import require_among
from bot.wiring.evidence_checks import evidence_looks
from bot.wiring.production import azure_from, opened_store, slack_from
from bot.wiring.signing import signing_keys
from handlers.app import web_client
from handlers.slack_checks import slack_checks, slack_time_s, socket_check


@dataclass(frozen=True, slots=True)
class DoctorResult:
    """The result of one check.

    Args:
        what: The thing.
        is_ok: Whether the check passed.
        sentence: What was found.
        is_unasked: Nobody answered: it may be in place or not.
    """

    what: str
    is_ok: bool
    sentence: str
    is_unasked: bool = False

    @property
    def remedy(self) -> str:
        """What to do about it; empty where there is nothing to do."""
        if self.is_unasked:
            return UNASKED
        return "" if self.is_ok else next(said for prefix, said in REMEDIES if self.what.startswith(prefix))


UNASKED = "It could not be asked: check the way there (DNS, proxy, firewall), then run this again."

REMEDIES = (
    ("configuration", "Correct the file; python -m bot config check FILE names every problem."),
    ("database clock", "Turn on time synchronisation (NTP) on this machine and on the database's."),
    ("audit triggers", "Find out who removed them, run python -m bot audit verify, and restore the database."),
    ("database", "Check EGRESS_DATABASE_URL and the way to the server, then run python -m bot migrate."),
    ("webhooks", "Set EGRESS_WEBHOOK_SECRET, or the secret_file of each webhook."),
    ("clock", "Turn on time synchronisation (NTP) on this machine."),
    ("Slack token", "Install the app in the workspace and set EGRESS_SLACK_BOT_TOKEN to its bot token."),
    ("Slack scopes", "Bring the app up to manifest.json and install it again."),
    ("Slack socket", "Turn on Socket Mode and set EGRESS_SLACK_APP_TOKEN to a token with connections:write."),
    ("Slack signing secret", "Set EGRESS_SLACK_SIGNING_SECRET to the one under Basic Information."),
    ("Slack channel", "Invite the bot with /invite @egress, or correct slack.channel."),
    ("group", "Add people to the group, or correct its usergroup."),
    ("approval rule", "Add people to the groups of the rule, or ask for fewer approvals."),
    ("writer", "Correct writer.dry_run_targets."),
    ("Azure subscription", "Assign deploy/roles/reader.json on it, or take it out of azure.subscriptions."),
    ("Azure rights on", "Assign the role that deploy/roles/README.md names for it; it counts after some minutes."),
    ("Azure probes", "Assign deploy/roles/prober.json on the clusters that may be probed, or take [probe] out."),
    ("firewall log", "Assign log-reader.json, and send both rule categories of the firewall to a workspace."),
    ("Azure calls left", "Find out who else calls Azure as this identity; the bot waits as long as Azure says."),
    ("Azure metrics", "Assign deploy/roles/metrics-reader.json on the subscriptions, or switch off metrics.enabled."),
    ("Azure", "Check the identity (AZURE_CLIENT_ID), EGRESS_ARM_ENDPOINT and the way to both."),
)
"""What to do, by how the name of a check begins; the first that fits."""

SKEW_S = 30
"""Seconds that clocks may differ. Slack's signatures count for 300; expiries go by the database's clock."""

FULL = {
    "subscription-reads": 250,
    "subscription-writes": 200,
    "subscription-global-reads": 3750,
    "subscription-global-writes": 3000,
}
"""Calls that a full bucket of Azure has, by kind of limit.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling, read 2026-11.
"""

LEAST_SHARE = 0.1
"""The share of a bucket under which it is red."""


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
    yield "database clock", partial(_database_clock, settings)
    yield "audit triggers", partial(_audit_triggers, settings)
    yield "webhooks", partial(_webhooks, settings)


def _webhooks(settings: Settings) -> str:
    """The secrets of the webhooks: whether anybody listens is known once something is sent."""
    book = checked_configuration(configuration_from(settings.config))
    signing_keys(book, settings.webhook_secret.get_secret_value())
    return f"{len(book.webhooks)} configured, each with its secret."


_RESULTS = {(True, False): "ok", (False, False): "MISSING", (False, True): "UNKNOWN"}


def table_of(results: Sequence[DoctorResult]) -> str:
    """The results as a table, what to do below each red line."""
    width = max(len("CHECK"), *(len(one.what) for one in results))
    rows = [
        ("RESULT", "CHECK", "FOUND"),
        *((_RESULTS[one.is_ok, one.is_unasked], one.what, one.sentence) for one in results),
    ]
    lines = [f"{result:8} {what:{width}}  {said}" for result, what, said in rows]
    for at, one in reversed(list(enumerate(results, 1))):
        if one.remedy:
            lines.insert(at + 1, f"{'':8} {'':{width}}  -> {one.remedy}")
    missing = sum(not one.is_ok for one in results)
    return "\n".join((*lines, f"{missing} of {len(results)} checks failed." if missing else "All is in place."))


def json_of(results: Sequence[DoctorResult]) -> str:
    """The results as JSON: ``ok``, and each check with what was found and what to do."""
    checks = [
        {
            "check": one.what,
            "ok": one.is_ok,
            "unknown": one.is_unasked,
            "found": one.sentence,
            "remedy": one.remedy,
        }
        for one in results
    ]
    return json.dumps({"ok": all(one.is_ok for one in results), "checks": checks}, indent=2, ensure_ascii=False)


def _looked_at(what: str, look: Callable[[], str]) -> DoctorResult:
    try:
        return DoctorResult(what, is_ok=True, sentence=look())
    except EgressError as error:
        return _red(what, error)


def _red(what: str, error: EgressError) -> DoctorResult:
    is_unasked = isinstance(error, SlackUnreachable | SlackThrottled | ArmUnreachable | MembershipUnknown)
    return DoctorResult(what, is_ok=False, sentence=error.sentence, is_unasked=is_unasked)


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


def _audit_triggers(settings: Settings) -> str:
    with opened_store(settings) as store:
        store.require_migrated()
        missing = store.missing_guards()
    if missing:
        raise BadConfiguration(f"The audit log can be changed: {', '.join(missing)} is not there or switched off.")
    return "the audit log refuses changes."


def _database_clock(settings: Settings) -> str:
    with opened_store(settings) as store:
        return _agreeing("the database's", store.now_s())


def _agreeing(whose: str, their_s: float) -> str:
    skew_s = time() - their_s
    if abs(skew_s) > SKEW_S:
        raise BadConfiguration(f"This machine's clock is {skew_s:+.0f} s from {whose}; {SKEW_S} s are tolerated.")
    return f"within {max(1, ceil(abs(skew_s)))} s of {whose}."


def _slack(settings: Settings) -> Iterator[Look]:
    """Nothing about the workspace where the configuration does not say which: its own line says that."""
    slack = slack_from(settings)
    if settings.slack_mode == "socket":
        yield socket_check(web_client(replace(slack, bot_token=slack.app_token)))
    else:
        yield "Slack signing secret", lambda: _signing_secret(settings)
    yield "clock", lambda: _agreeing("Slack's", slack_time_s(web_client(slack)))
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
        return [_red("Azure", error)]
    read = DoctorResult("Azure", is_ok=True, sentence=f"{len(fleet.clusters)} clusters.")
    subscriptions = [_subscription(fleet, one) for one in azure.subscriptions]
    writer = _looked_at("writer", lambda: _writer(settings, fleet))
    rights = [_looked_at(what, look) for what, look in _rights(azure, fleet)]
    left = _looked_at("Azure calls left", lambda: _calls_left(azure))
    return [read, *subscriptions, writer, *rights, *_evidence(settings, azure, fleet), left]


def _evidence(settings: Settings, azure: AzureArm, fleet: Fleet) -> list[DoctorResult]:
    """What evidence from Azure brings; nothing where the configuration cannot be read, which has a line of its own."""
    try:
        book = checked_configuration(configuration_from(settings.config))
    except BadConfiguration:
        return []
    return [_looked_at(what, look) for what, look in evidence_looks(azure, book, fleet)]


def _subscription(fleet: Fleet, subscription: str) -> DoctorResult:
    what, count = f"Azure subscription {subscription}", sum(subscription in one.ref.id for one in fleet.clusters)
    if subscription in fleet.unread:
        return DoctorResult(what, is_ok=False, sentence="The bot's identity may not read it.")
    return DoctorResult(what, is_ok=True, sentence=f"{count} clusters can be read.")


def _calls_left(azure: AzureArm) -> str:
    left = {kind: count for kind, count in azure.calls_left().items() if kind in FULL}
    said = ", ".join(f"{count} {kind.removeprefix('subscription-')}" for kind, count in sorted(left.items()))
    if any(count < FULL[kind] * LEAST_SHARE for kind, count in left.items()):
        raise ArmThrottled(f"Azure has almost no calls left for this identity: {said}.")
    return f"{said}." if left else "Azure did not say, so it does not throttle."


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
        possible_goals(egress)
    except NotScalable:
        return False
    return True


def _allowed(azure: AzureArm, resource_id: str, needed: tuple[str, ...]) -> str:
    missing = lacking(azure.read_grants(resource_id), needed)
    if missing:
        raise ArmForbidden(f"The bot's identity lacks {', '.join(missing)}.")
    return f"{needed[-1].rsplit('/', 1)[-1]} is allowed."
