"""The bot with the real Slack and the real Azure, and its errands at a terminal."""

import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from bot import inventory
from bot.azure import AzureArm
from bot.azure.clouds import NAMED, cloud_of_authority
from bot.azure.identity import own_credential
from bot.azure.settings import ArmSettings
from bot.config import Settings, checked_configuration, configuration_from, variable
from bot.domain.api_token import Token, token_line
from bot.domain.configuration import Configuration
from bot.domain.dry_run import DryRun
from bot.domain.people import AccountStatus, Identity, Person, Role
from bot.errors import BadConfiguration
from bot.http_client import unusable_proxies
from bot.ports import Caller, Context, Pace
from bot.readiness import Part
from bot.store import SqlStore
from bot.tracing import trace_to
from bot.wiring.opening import Opening, store_at
from bot.wiring.product import Product, World, applications, assemble, routes, sign_in, work
from bot.wiring.running import Running, starting
from bot.wiring.secret_files import SecretFile
from bot.wiring.signing import audit_key, client_secret, signing_keys
from bot.wiring.version import own_version
from handlers.app import SlackSettings, build_app, serve_routes
from handlers.http import Application, Route, require_free
from handlers.secret_values import Secret
from handlers.sockets import ENDS_WITHIN_S

log = structlog.get_logger(__name__)


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)


def serve(settings: Settings, *, is_dry: bool = False) -> Running:
    """The whole bot.

    Args:
        settings: The environment.
        is_dry: Write nothing to Azure, whatever the configuration says.

    Raises:
        BadConfiguration: If a setting is missing or wrong.
    """
    _require_slack(settings)
    _require_free(settings)
    with starting() as running:
        product, own = _at_work(running, settings, is_dry=is_dry)
        app = build_app(product.ctx, product.world.slack)
        others = {**applications(product), **_sign_in(running, settings, product)}
        if settings.slack_mode == "http":
            shared = _health(running, settings, routes(product, *own))
            front = app.serve_http(settings.listen, shared, others)
            running.then_stop(front.stop)
            running.then_linger(front.announce_end)
        else:
            socket = app.serve_socket()
            running.then_stop(socket.stop, within_s=ENDS_WITHIN_S)
            shared = _health(running, settings, routes(product, *own, Part("slack", socket.problem)))
            if shared or others:
                running.then_stop(serve_routes(settings.listen, shared, others).stop)
    log.info("ready", mode=settings.slack_mode, listen=settings.listen)
    return running


def _require_free(settings: Settings) -> None:
    require_free(settings.listen)
    if settings.health_listen:
        require_free(settings.health_listen, "EGRESS_HEALTH_LISTEN")
    if settings.step_up_listen:
        require_free(settings.step_up_listen, "EGRESS_STEP_UP_LISTEN")


def _sign_in(running: Running, settings: Settings, product: Product) -> dict[str, Application]:
    """Serve the pages of step-up on their own address; where they have none they are left for the common one."""
    pages = sign_in(product)
    if settings.step_up_listen is None or not pages:
        return pages
    running.then_stop(serve_routes(settings.step_up_listen, {}, pages).stop)
    return {}


def _health(running: Running, settings: Settings, own: dict[str, Route]) -> dict[str, Route]:
    """Serve the health routes on their own address; those that have none are left for the common one."""
    if settings.health_listen is None:
        return own
    running.then_stop(serve_routes(settings.health_listen, own).stop)
    return {}


def reconcile(settings: Settings, *, is_dry: bool = False) -> Running:
    """The writers alone, with their health routes.

    Args:
        settings: The environment.
        is_dry: Write nothing to Azure, whatever the configuration says.

    Raises:
        BadConfiguration: If a setting is missing or wrong.
    """
    listen = settings.health_listen or settings.listen
    require_free(listen, "EGRESS_HEALTH_LISTEN" if settings.health_listen else "EGRESS_LISTEN")
    with starting() as running:
        product, own = _at_work(running, settings, is_dry=is_dry)
        running.then_stop(serve_routes(listen, routes(product, *own)).stop)
    log.info("ready", mode="reconcile", listen=listen)
    return running


def migrate(settings: Settings) -> None:
    """Bring the database to this version's schema."""
    with opened_store(settings) as store:
        store.migrate()


def create_token(settings: Settings, account: str, draft: inventory.TokenDraft) -> tuple[Token, str]:
    """Make an API token; with its secret."""
    with opened_store(settings) as store:
        store.require_migrated()
        return inventory.create_token(*at_the_terminal(settings, store, account), draft)


def list_tokens(settings: Settings, account: str) -> list[str]:
    """A line for each API token."""
    with opened_store(settings) as store:
        store.require_migrated()
        ctx, caller = at_the_terminal(settings, store, account)
        return [token_line(one, ctx.clock.now()) for one in inventory.list_tokens(ctx, caller)]


def revoke_token(settings: Settings, account: str, name: str) -> None:
    """Revoke an API token."""
    with opened_store(settings) as store:
        store.require_migrated()
        inventory.revoke_token(*at_the_terminal(settings, store, account), name)


def _at_work(running: Running, settings: Settings, *, is_dry: bool) -> tuple[Product, tuple[Part, ...]]:
    if settings.otlp_endpoint:
        running.then_stop(trace_to(settings.otlp_endpoint, own_version()))
    file = configuration_from(settings.config)
    config = checked_configuration(file)
    if is_dry:
        config = replace(config, writer=DryRun(dry_run=True))
    store = store_at(running, settings.database_url)
    keys = signing_keys(config, settings.webhook_secret.get_secret_value())
    slack, key = slack_from(settings), audit_key(config)
    secret = client_secret(config, settings.step_up_client_secret.get_secret_value())
    world = World(store, azure_from(settings, file), SystemClock(), config, slack, Pace(), keys, key, secret)
    product = assemble(world)
    opening = Opening(store, lambda: work(running, product))
    running.then_stop(opening.stop)
    opening.start()
    return product, (Part("process", running.problem), Part("work", opening.problem))


def azure_from(settings: Settings, file: Configuration) -> AzureArm:
    """The real Azure, as whoever the environment says that we are."""
    cloud = NAMED[settings.azure_cloud]
    return AzureArm(
        own_credential(None if settings.azure_cloud == "public" else cloud.authority),
        ArmSettings(
            subscriptions=file.azure.subscriptions,
            endpoint=settings.arm_endpoint or cloud.endpoint,
            credential_scopes=() if settings.arm_endpoint else (f"{cloud.audience}/.default",),
            ca_file=str(settings.arm_ca_file) if settings.arm_ca_file else None,
            group=file.firewall.group,
            group_priority=file.firewall.priority,
        ),
    )


def require_one_cloud(settings: Settings, variables: Mapping[str, str]) -> None:
    """The webhook of workload identity names the sign-in of the cloud in which the cluster is.

    Raises:
        BadConfiguration: That is another one than the bot's.
    """
    named = cloud_of_authority(variables.get("AZURE_AUTHORITY_HOST", ""))
    if named not in (None, settings.azure_cloud) and not settings.arm_endpoint:
        raise BadConfiguration(
            f"AZURE_AUTHORITY_HOST is that of {named}, but EGRESS_AZURE_CLOUD is {settings.azure_cloud}: "
            f"set EGRESS_AZURE_CLOUD={named}, or take AZURE_AUTHORITY_HOST out."
        )


def require_usable_proxies(variables: Mapping[str, str]) -> None:
    """The proxies of the environment are what every client here can use.

    Raises:
        BadConfiguration: With one sentence for each that is not.
    """
    if problems := unusable_proxies(variables):
        raise BadConfiguration(" ".join(problems))


def slack_from(settings: Settings) -> SlackSettings:
    """How to reach the real Slack.

    Raises:
        BadConfiguration: A file with a secret cannot be read, or a secret is given twice.
    """
    return SlackSettings(
        bot_token=_secret(settings, "slack_bot_token"),
        signing_secret=_secret(settings, "slack_signing_secret"),
        app_token=_secret(settings, "slack_app_token"),
        api_url=settings.slack_api_url,
    )


def _secret(settings: Settings, name: str) -> Secret:
    given: str = getattr(settings, name).get_secret_value()
    path: Path | None = getattr(settings, f"{name}_file")
    if path is None:
        return given
    place = variable(f"{name}_file")
    if given:
        raise BadConfiguration(f"Set {variable(name)} or {place}, not both.")
    return SecretFile(path, place)


def _require_slack(settings: Settings) -> None:
    slack = slack_from(settings)
    other = ("EGRESS_SLACK_APP_TOKEN", slack.app_token)
    if settings.slack_mode == "http":
        other = ("EGRESS_SLACK_SIGNING_SECRET", slack.signing_secret)
    missing = [name for name, value in (("EGRESS_SLACK_BOT_TOKEN", slack.bot_token), other) if not value]
    if missing:
        raise BadConfiguration(
            f"{settings.slack_mode} mode needs {' and '.join(missing)}; the README says where to find them."
        )


@contextmanager
def opened_store(settings: Settings) -> Iterator[SqlStore]:
    """The database of the settings, as long as the block runs; it may never have been migrated."""
    store = SqlStore(settings.database_url)
    try:
        yield store
    finally:
        store.close()


class _Terminal:
    """The directory for the command line: anyone who can read the database is an operator."""

    def resolve(self, identity: Identity) -> Identity:
        """Treat anyone as an operator."""
        return identity

    def person(self, identity: Identity, **_options: object) -> Person:
        """An operator."""
        return Person(identity, frozenset({Role.OPERATOR}))

    def zone(self, _identity: Identity) -> str:
        """A terminal reads and writes UTC."""
        return "UTC"

    def name(self, _identity: Identity) -> str:
        """The account is the name already."""
        return ""

    def email(self, _identity: Identity) -> str:
        """Slack is not asked."""
        return ""

    def standings(self, people: Collection[Identity]) -> Mapping[Identity, AccountStatus]:
        """Slack is not asked."""
        return dict.fromkeys(people, AccountStatus.UNKNOWN)

    def members(self, _group: str) -> tuple[Identity, ...]:
        """Nobody is asked at a terminal."""
        return ()


def at_the_terminal(
    settings: Settings, store: SqlStore, account: str, *, arm: AzureArm | None = None
) -> tuple[Context, Caller]:
    """The parts of the product that a command at a terminal needs.

    Args:
        settings: The environment.
        store: The database.
        account: Whose terminal it is.
        arm: Azure, in place of the one that the settings lead to.
    """
    file = configuration_from(settings.config)
    config = checked_configuration(file)
    azure = arm or azure_from(settings, file)
    clock, key = SystemClock(), audit_key(config)
    ctx = Context(azure, azure, azure, store, _Terminal(), clock, config, audit_key=key)
    return ctx, Caller(Identity(config.team, f"cli:{account}"), "cli", secrets.token_hex(4))
