"""Says what is missing before production does, and what to do about each."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from math import ceil
from pathlib import Path
from time import time

from bot.azure import AzureArm
from bot.config import Settings, checked_configuration, configuration_from
from bot.doctor.azure import look_at_azure
from bot.doctor.reading import readable_configuration
from bot.doctor.results import UNASKED, UNMIGRATED, DoctorResult, Look, json_of, looked_at, table_of
from bot.domain.clocks import skew_sentence
from bot.domain.phrases import counted
from bot.errors import BadConfiguration
from bot.wiring.production import opened_store, slack_from
from bot.wiring.signing import client_secret, signing_keys
from handlers.app import web_client
from handlers.slack_checks import slack_checks, slack_time_s, socket_check

__all__ = ["UNASKED", "DoctorResult", "examine", "json_of", "look_at_configuration", "table_of"]


def examine(settings: Settings, *, arm: AzureArm | None = None, sends_writes: bool = False) -> list[DoctorResult]:
    """Look at everything that the bot needs; one thing that is missing does not hide the others.

    Args:
        settings: The environment.
        arm: Azure, in place of the one that the settings lead to.
        sends_writes: Also find out whether Azure refuses a write that names another state; see ``look_at_conditions``.
    """
    looks = (*_own_looks(settings), *_slack(settings))
    return [*(looked_at(what, look) for what, look in looks), *look_at_azure(settings, arm, sends_writes=sends_writes)]


def _own_looks(settings: Settings) -> Iterator[Look]:
    yield "configuration", partial(look_at_configuration, settings.config)
    yield "database", partial(_database, settings)
    yield "database clock", partial(_database_clock, settings)
    yield "audit triggers", partial(_audit_triggers, settings)
    yield "webhooks", partial(_webhooks, settings)
    yield "identity provider", partial(_identity_provider, settings)


def _webhooks(settings: Settings) -> str:
    """The secrets of the webhooks: whether anybody listens is known once something is sent."""
    book = readable_configuration(settings)
    signing_keys(book, settings.webhook_secret.get_secret_value())
    return f"{len(book.webhooks)} configured, each with its secret."


def _identity_provider(settings: Settings) -> str:
    """Whether it is the configured one, and the client secret is there; whether it is right, only a sign-in tells."""
    book = readable_configuration(settings)
    provider = book.step_up
    if not provider.is_on:
        return "none is configured, and no rule needs one."
    from handlers.oidc import OidcProvider

    secret = client_secret(book, settings.step_up_client_secret.get_secret_value())
    OidcProvider(provider, secret).metadata()
    kind = "confidential" if secret() else "public"
    return f"{provider.issuer} answers; {kind} client; redirect URI {provider.redirect_uri}."


def look_at_configuration(file: Path) -> str:
    """The checks of a configuration file.

    Raises:
        BadConfiguration: Everything that is wrong with it.
    """
    book = checked_configuration(configuration_from(file))
    scopes = "1 cluster entry" if len(book.scopes) == 1 else f"{len(book.scopes)} cluster entries"
    return f"{counted(len(book.groups), 'group')}, {scopes}, {counted(len(book.policy.rules), 'policy rule')}."


def _database(settings: Settings) -> str:
    with opened_store(settings) as store:
        store.require_migrated()
        with store.read() as tx:
            seq, _ = tx.audit.head()
    return f"reachable, schema up to date; {counted(seq, 'audit event')}."


def _audit_triggers(settings: Settings) -> str:
    with opened_store(settings) as store:
        try:
            store.require_migrated()
        except BadConfiguration as error:
            raise BadConfiguration(UNMIGRATED) from error
        missing = store.missing_guards()
    if missing:
        raise BadConfiguration(f"The audit log can be changed: {', '.join(missing)} is not there or switched off.")
    return "the audit log refuses changes."


def _database_clock(settings: Settings) -> str:
    with opened_store(settings) as store:
        return _agreeing("the database's", store.now_s())


def _agreeing(whose: str, their_s: float) -> str:
    skew_s = time() - their_s
    if problem := skew_sentence(skew_s, whose):
        raise BadConfiguration(problem)
    return f"within {max(1, ceil(abs(skew_s)))} s of {whose}."


def _slack(settings: Settings) -> Iterator[Look]:
    """What can be said without the configuration is said, whatever is wrong with that."""
    try:
        slack = slack_from(settings)
    except BadConfiguration:
        yield "Slack secrets", lambda: str(slack_from(settings))
        return
    if settings.slack_mode == "socket":
        yield socket_check(web_client(replace(slack, bot_token=slack.app_token)))
    else:
        yield "Slack signing secret", lambda: _signing_secret(settings)
    yield "clock", lambda: _agreeing("Slack's", slack_time_s(web_client(slack)))
    try:
        book = readable_configuration(settings)
    except BadConfiguration:
        yield "Slack channel, scopes and groups", lambda: str(readable_configuration(settings))
        return
    yield from slack_checks(web_client(slack), book)


def _signing_secret(settings: Settings) -> str:
    if not slack_from(settings).signing_secret:
        raise BadConfiguration(
            "EGRESS_SLACK_SIGNING_SECRET is missing; http mode needs it to verify requests from Slack."
        )
    return "present."
