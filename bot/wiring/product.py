"""The product, assembled from its parts, for production or the sandbox."""

import fcntl
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import handlers
from bot import inventory
from bot.allowances import TIMERS
from bot.azure import AzureArm
from bot.domain.settings import Rulebook
from bot.errors import BadConfiguration, EgressError
from bot.inventory import ENDPOINTS, FLEET
from bot.ports import NOTICES, Clock, Context, NoResolver, Pace
from bot.reconciler import Reconciler
from bot.store import SqlStore
from bot.wiring.metrics import Facts, scrape
from bot.wiring.readiness import Part, readiness
from bot.wiring.resolver import SystemResolver
from bot.wiring.running import Running
from handlers.blocks.delivery import refusal_sentence
from handlers.fronts import Route

log = logging.getLogger(__name__)


FIRST_READING_S = 5.0
"""Seconds that the start waits for the fleet; what is asked before it is read is answered from what was known."""


@dataclass(frozen=True, slots=True)
class World:
    """The parts that differ between production and the sandbox."""

    store: SqlStore
    arm: AzureArm
    clock: Clock
    rulebook: Rulebook
    slack: handlers.SlackSettings
    pace: Pace


@dataclass(frozen=True, slots=True)
class Product:
    """The product, put together but not yet running."""

    world: World
    ctx: Context
    reconciler: Reconciler


def opened(running: Running, url: str, *, offset_s: Callable[[], float] = float) -> SqlStore:
    """A migrated store that this process may work with; on SQLite it is the only one that does."""
    store = SqlStore(url, offset_s=offset_s)
    running.then_stop(store.close)
    running.then_stop(_alone_on(url))
    store.migrate()
    store.take_over()
    return store


def _alone_on(url: str) -> Callable[[], None]:
    """Hold the lock file of a SQLite database; several processes there would not see each other's leases.

    Raises:
        BadConfiguration: If another process holds it.
    """
    if not url.startswith("sqlite"):
        return lambda: None
    path = Path(f"{url.partition('///')[2].partition('?')[0].removeprefix('file:')}.lock")
    try:
        file = path.open("w")
    except OSError as error:
        raise BadConfiguration(f"Cannot write to the database folder: {path}: {error.strerror}.") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise BadConfiguration(
            f"Another process is using {path.with_suffix('')}; use PostgreSQL for several processes."
        ) from error
    return file.close


def assemble(world: World) -> Product:
    """Every part of the product, in the world that it is given."""
    directory = handlers.directory(world.slack, world.rulebook, world.clock)
    ctx = Context(
        world.arm,
        world.store,
        directory,
        world.clock,
        world.rulebook,
        world.pace,
        resolver=SystemResolver() if world.rulebook.resolves_names else NoResolver(),
    )
    return Product(world, ctx, Reconciler(ctx, handlers.notifier(world.slack, world.store, world.rulebook)))


def work(running: Running, product: Product) -> None:
    """Start the workers on what waits, then read the fleet, so that nobody is answered from an empty one."""
    with product.world.store.write() as tx:
        for key in (TIMERS, NOTICES, *(target.key for target in tx.allowances.targets())):
            tx.work.schedule(key, within=timedelta())
    product.reconciler.start()
    running.then_stop(product.reconciler.stop, within_s=4.0)
    reading = threading.Thread(target=_read_fleet, args=(product.ctx,), name="first-reading", daemon=True)
    reading.start()
    reading.join(FIRST_READING_S)
    if reading.is_alive():
        log.warning("Azure has not responded after %.0f seconds; starting without it", FIRST_READING_S)
    with product.world.store.write() as tx:
        tx.work.schedule(FLEET, within=product.world.pace.resync)
        tx.work.schedule(ENDPOINTS, within=timedelta())


def _read_fleet(ctx: Context) -> None:
    try:
        inventory.refresh(ctx)
    except EgressError as error:
        log.warning("could not read the fleet yet: %s", error)


def routes(product: Product, *others: Part) -> dict[str, Route]:
    """``/healthz``: the process lives; ``/readyz``: it can record, and hears Slack; ``/metrics``: for Prometheus.

    What Slack refuses until somebody acts is a line of ``/readyz`` and does not make it red: the process still records
    what people do, and taking it out of service would heal nothing.

    Args:
        product: The product.
        others: What this process depends on beside the database, for example Slack's socket.
    """
    facts = Facts(product.world.store, product.world.clock)
    world = product.world
    parts = (
        Part("database", world.store.trouble),
        *others,
        Part("slack delivery", lambda: _refused(world.store), is_vital=False),
        Part("azure", world.arm.trouble, is_vital=False),
    )
    return {
        "/healthz": lambda: (200, "text/plain; charset=utf-8", "ok\n"),
        "/readyz": lambda: readiness(parts),
        "/metrics": lambda: scrape(facts),
    }


def _refused(store: SqlStore) -> str | None:
    with store.read() as tx:
        return " ".join(refusal_sentence(pause) for pause in tx.outbox.refusals()) or None
