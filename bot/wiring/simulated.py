"""The bot beside a simulated Slack and a simulated Azure."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from bot.azure import AzureArm
from bot.azure.identity import IssuedToken
from bot.azure.settings import ArmSettings
from bot.config import checked_configuration, configuration_from
from bot.errors import BadConfiguration
from bot.ports import Pace
from bot.sandbox.server import Sandbox, SandboxOptions
from bot.sandbox.serving import PortTaken
from bot.wiring.demo_token import DEMO, DEMO_SECRET, keep_demo_token
from bot.wiring.opening import store_at
from bot.wiring.product import Product, World, applications, assemble, routes, sign_in, work
from bot.wiring.running import Running, starting
from bot.wiring.signing import audit_key, client_secret, signing_keys
from handlers.api.openapi import BASE
from handlers.app import SlackSettings, build_app, serve_routes
from handlers.sockets import ENDS_WITHIN_S

SANDBOX_CONFIG = Path(__file__).parents[1] / "sandbox" / "egress.toml"
"""The configuration file that the sandbox runs with, and that a team copies."""


@dataclass(frozen=True, slots=True)
class SandboxChoice:
    """The sandbox options from the command line.

    Args:
        data: Folder of all state.
        port: Slack, page and control routes; 0 for any free one.
        arm_port: Azure Resource Manager; 0 for any free one.
        fleet: Generated clusters.
        delivery: ``http`` or ``socket``.
        speed: Azure's durations, and our waits for Azure, are divided by it.
        no_bot: The simulators alone.
        database: A database URL, None for SQLite in the data folder.
        config: The configuration file, None for the shipped one.
    """

    data: Path
    port: int
    arm_port: int
    fleet: int
    delivery: str
    speed: float
    no_bot: bool
    database: str | None
    config: Path | None = None


def sandbox(choice: SandboxChoice, say: Callable[[str], object]) -> Running:
    """The bot beside both simulators; ``say`` gets the address of the page once it answers.

    Raises:
        BadConfiguration: If a port is taken or the database cannot be used.
    """
    with starting() as running:
        url = choice.database or f"sqlite:///{choice.data.absolute() / 'egress.sqlite3'}"
        simulated = _simulators(choice, url)
        running.then_stop(simulated.stop, within_s=8.0)
        if choice.no_bot:
            say(_welcome(simulated))
        else:
            product = assemble(_simulated(running, simulated, url, choice.config))
            port = _join(running, simulated, product)
            keep_demo_token(product.ctx)
            say(_welcome(simulated))
            say(f"API: http://127.0.0.1:{port}{BASE} with the token {DEMO_SECRET} of {DEMO.owner}")
    return running


def _simulated(running: Running, simulated: Sandbox, url: str, config: Path | None) -> World:
    file = configuration_from(config or SANDBOX_CONFIG)
    clock, speed = simulated.clock, simulated.options.speed
    store = store_at(running, url, offset_s=clock.ahead_s)
    store.open()
    arm = AzureArm(
        IssuedToken(simulated.arm.issue_token),
        ArmSettings(
            subscriptions=tuple(simulated.arm.subscriptions()),
            endpoint=simulated.arm_url,
            ca_file=str(simulated.ca_file),
            group=file.firewall.group,
            group_priority=file.firewall.priority,
        ),
        now=clock.now,
    )
    slack = SlackSettings(
        bot_token=simulated.bot_token,
        signing_secret=simulated.signing_secret,
        app_token=simulated.app_token,
        api_url=simulated.slack_api_url,
    )
    book = checked_configuration(file)
    lookups = round(book.slack.lookups_per_minute * speed)
    ips = replace(book.egress_ips, enabled=True)
    settings = replace(book.slack, lookups_per_minute=lookups)
    api, logs = replace(book.api, enabled=True), replace(book.logs, enabled=True, uses_every=timedelta(minutes=10))
    book = replace(book, api=api, egress_ips=ips, slack=settings, logs=logs)
    keys = signing_keys(book, DEMO_SECRET)
    secret = client_secret(book, DEMO_SECRET)
    return World(store, arm, clock, book, slack, Pace().faster(speed), keys, audit_key(book), secret)


def _simulators(choice: SandboxChoice, url: str) -> Sandbox:
    options = SandboxOptions(
        data=choice.data,
        port=choice.port,
        arm_port=choice.arm_port,
        fleet=choice.fleet,
        speed=choice.speed,
        delivery=choice.delivery,
        database="PostgreSQL" if url.startswith("postgresql") else "SQLite",
        is_without_bot=choice.no_bot,
    )
    try:
        simulated = Sandbox(options)
    except (OSError, sqlite3.Error) as error:
        raise BadConfiguration(f"Cannot use the data folder {choice.data}: {error}.") from error
    try:
        simulated.start()
    except PortTaken as error:
        raise BadConfiguration(str(error)) from error
    return simulated


def _join(running: Running, simulated: Sandbox, product: Product) -> int:
    """Start the bot and introduce it to the simulators; the port of its own routes."""
    store = product.world.store
    app = build_app(product.ctx, product.world.slack)

    def is_quiet() -> bool:
        return app.is_idle() and store.is_quiet()

    work(running, product)
    if pages := sign_in(product):
        running.then_stop(serve_routes(_netloc(product), {}, pages).stop)
    if simulated.options.delivery == "socket":
        running.then_stop(app.serve_socket().stop, within_s=ENDS_WITHIN_S)
        front = serve_routes("127.0.0.1:0", routes(product), applications(product))
        running.then_stop(front.stop)
        simulated.attach(None, is_quiet, store.ring)
    else:
        front = app.serve_http("127.0.0.1:0", routes(product), applications(product))
        running.then_stop(front.stop)
        simulated.attach(f"http://127.0.0.1:{front.port}/slack/events", is_quiet, store.ring)
    return front.port


def _netloc(product: Product) -> str:
    """Where browsers are sent: the sandbox listens there itself."""
    parts = urlsplit(product.world.config.step_up.public_url or "")
    if parts.scheme != "http" or parts.port is None:
        raise BadConfiguration("In the sandbox step_up.public_url must be like http://127.0.0.1:8702.")
    return f"127.0.0.1:{parts.port}"


def _welcome(simulated: Sandbox) -> str:
    if simulated.options.is_without_bot:
        known = ", ".join(f"{name} {value}" for name, value in simulated.credentials.items())
        return (
            f"No bot; the page is {simulated.url}. Slack: {simulated.slack_api_url} ({known}). "
            f"Azure: {simulated.arm_url} (CA: {simulated.ca_file})."
        )
    return (
        f"Open {simulated.url} and try: /egress show aks-udr, then /egress request aks-udr example.com, "
        "then act as the approver and click Approve."
    )
