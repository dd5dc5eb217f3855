"""The product, assembled from its parts, for production or the sandbox."""

import gc
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from bot import inventory
from bot.azure import AzureArm
from bot.domain.allowance import Allowance
from bot.domain.chain import AuditKey
from bot.domain.configuration import Configuration
from bot.domain.scale_proposal import next_scale, scale_key
from bot.domain.step_up.settings import PLACE as STEP_UP
from bot.domain.work import WorkKind
from bot.errors import EgressError, StoreUnavailable
from bot.metrics import Facts, scrape
from bot.ports import AllowanceFilter, Clock, Context, NoLogs, NoResolver, Pace, Store
from bot.readiness import Part, readiness
from bot.reconciler import Reconciler
from bot.reconciler.guard import guarded
from bot.store import SqlStore
from bot.wiring.dryrun import require_known
from bot.wiring.resolver import SystemResolver
from bot.wiring.running import Running
from bot.wiring.version import own_version
from handlers.api.feed import PLACE, EgressIpFront
from handlers.api.front import ApiFront
from handlers.app import SlackSettings, directory, notifier
from handlers.blocks.delivery import refusal_sentence
from handlers.http import API, Application, Route
from handlers.step_up import StepUpFront
from handlers.webhooks import Messenger, WebhookNotifier

log = structlog.get_logger(__name__)


FIRST_READING_S = 5.0
"""Seconds that the start waits for the fleet; what is asked before it is read is answered from what was known."""


@dataclass(frozen=True, slots=True)
class World:
    """The parts that differ between production and the sandbox.

    Args:
        keys: Reads what webhooks get is signed with, by their names.
        audit_key: Signs checkpoints of the audit log.
        client_secret: Reads the bot's secret at the identity provider.
    """

    store: SqlStore
    arm: AzureArm
    clock: Clock
    config: Configuration
    slack: SlackSettings
    pace: Pace
    keys: Mapping[str, Callable[[], bytes]] = field(default_factory=dict, repr=False)
    audit_key: Callable[[], AuditKey] | None = field(default=None, repr=False)
    client_secret: Callable[[], str] = field(default=str, repr=False)


@dataclass(frozen=True, slots=True)
class Product:
    """The product, put together but not yet running."""

    world: World
    ctx: Context
    reconciler: Reconciler


def assemble(world: World) -> Product:
    """Every part of the product, in the world that it is given."""
    ctx = Context(
        clusters=world.arm,
        targets=world.arm,
        operations=world.arm,
        store=world.store,
        directory=directory(world.slack, world.config, world.clock),
        clock=world.clock,
        config=world.config,
        pace=world.pace,
        resolver=SystemResolver() if world.config.names.resolve else NoResolver(),
        audit_key=world.audit_key,
        metrics=world.arm.metrics if world.config.metrics.enabled else None,
        logs=world.arm.firewall_logs(world.config.logs) if world.config.logs.enabled else NoLogs(),
    )
    slack = notifier(world.slack, world.store, world.config)
    hooks = WebhookNotifier(world.store, world.config, world.keys)
    return Product(world, ctx, Reconciler(ctx, Messenger(slack, hooks)))


def work(running: Running, product: Product) -> None:
    """Start the workers on what waits, then read the fleet, so that nobody is answered from an empty one.

    Before that every open allowance is read once, and the rules of those that are wanted are worked out: with 20,000,
    half of them wanted, that takes about a second, for which nobody waits later.

    Raises:
        BadConfiguration: A dry run is wanted for a firewall that is not known.
        StoreUnavailable: The database went away before the workers were started.
    """
    world = product.world
    require_known(world.config.dry_run, world.store, world.arm)
    if world.config.dry_run.words:
        log.warning("dry_run", scope=world.config.dry_run.words)
    schedule_waiting(world.store, world.clock, resync=world.pace.resync)
    read_open(world.store, product.reconciler.prepare)
    product.reconciler.start()
    running.first_stop(product.reconciler.stop, within_s=4.0)  # other replicas go on with its work right away
    reading = threading.Thread(target=_read_fleet, args=(product.ctx,), name="first-reading", daemon=True)
    reading.start()
    reading.join(FIRST_READING_S)
    if reading.is_alive():
        log.warning("started_without_azure", waited_s=FIRST_READING_S)
    _look_around(world.store, world.config)


def schedule_waiting(store: Store, clock: Clock, *, resync: timedelta) -> None:
    """Have everything looked at now that waits for somebody to do it: what a dry run left, too."""
    with store.write() as tx:
        due = [one for one in tx.scales.find() if next_scale((one,), clock.now()) is not None]
        scales = sorted({scale_key(one.plan.cluster_id) for one in due})
        targets = [target.key for target in tx.allowances.targets()]
        for key in (WorkKind.TIMERS, WorkKind.NOTICES, *targets, *scales):
            tx.work.schedule(key, within=timedelta())
        tx.work.schedule(WorkKind.FLEET, within=resync)
        tx.work.schedule(WorkKind.BLOCKED, within=resync)


def read_open(store: Store, prepare: Callable[[Sequence[Allowance]], None]) -> None:
    """Parse what is open, for the first look and the first round; who needs a row that cannot be read says so.

    All of that stays until it changes, so the garbage collector need not look through it again.

    Args:
        store: Where it is.
        prepare: Works out more from what is open, for the first round.
    """

    def read() -> None:
        with store.read() as tx:
            rows = tx.allowances.find(AllowanceFilter(only_open=True))
        prepare(rows)

    error = guarded("reading the open allowances", read)
    gc.freeze()
    if error is not None:
        log.warning("open_allowances_unread", error=str(error))


def _look_around(store: Store, config: Configuration) -> None:
    """Have the endpoints and ports of the clusters read, once these are known, and the audit log checked."""
    try:
        with store.write() as tx:
            for kind in (WorkKind.ENDPOINTS, WorkKind.AUDIT):
                tx.work.schedule(kind, within=timedelta())
            if config.metrics.enabled and config.metrics.watch:
                tx.work.schedule(WorkKind.PORTS, within=timedelta())
            if config.logs.enabled:
                tx.work.schedule(WorkKind.LAST_USE, within=timedelta())
    except StoreUnavailable as error:  # each has a time of its own, at which it happens
        log.warning("not_looked_around", error=str(error))


def _read_fleet(ctx: Context) -> None:
    try:
        inventory.refresh(ctx)
    except EgressError as error:
        log.warning("fleet_unread", error=str(error))


def applications(product: Product) -> dict[str, Application]:
    """The API for pipelines and the list of egress IPs, where the configuration has them."""
    config = product.world.config
    served: dict[str, Application] = {}
    if config.api.enabled:
        served[API] = ApiFront(product.ctx)
    if config.egress_ips.enabled:
        served[PLACE] = EgressIpFront(product.ctx)
    return served


def sign_in(product: Product) -> dict[str, Application]:
    """The pages of step-up, where the configuration has an identity provider."""
    config = product.world.config.step_up
    if not config.is_on:
        return {}
    from handlers.oidc import OidcProvider  # brings libraries that nobody needs without step-up

    return {STEP_UP: StepUpFront(product.ctx, OidcProvider(config, product.world.client_secret))}


def routes(product: Product, *others: Part) -> dict[str, Route]:
    """``/healthz``: the process lives, as which version; ``/readyz``: it can record, and hears Slack; ``/metrics``.

    What Slack refuses until somebody acts is a line of ``/readyz`` and does not make it red: the process still records
    what people do, and taking it out of service would heal nothing.

    Args:
        product: The product.
        others: What this process depends on beside the database, for example Slack's socket.
    """
    world = product.world
    facts = Facts(world.store, world.clock, world.config.dry_run)
    parts = (
        Part("database", world.store.problem),
        *others,
        Part("slack delivery", lambda: _refused(world.store), is_vital=False),
        Part("azure", world.arm.problem, is_vital=False),
        Part("clock", world.arm.clock_problem, is_vital=False),
        Part("audit log", lambda: _damaged(world.store), is_vital=False),
        *((Part("writer", lambda: world.config.dry_run.words, is_vital=False),) if world.config.dry_run.words else ()),
    )
    return {
        "/healthz": lambda: (200, "text/plain; charset=utf-8", f"ok\nversion: {own_version()}\n"),
        "/readyz": lambda: readiness(parts),
        "/metrics": lambda: scrape(facts),
    }


def _damaged(store: SqlStore) -> str | None:
    with store.read() as tx:
        found = tx.audit.damage()
    return found[0].event.reason if found else None


def _refused(store: SqlStore) -> str | None:
    with store.read() as tx:
        return " ".join(refusal_sentence(pause) for pause in tx.outbox.refusals()) or None
