"""The product, put together from its parts, whatever world it stands in."""

import fcntl
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import handlers
from bot import inventory
from bot.allowances import TIMERS
from bot.domain.settings import Rulebook
from bot.errors import BadConfiguration, EgressError
from bot.inventory import ENDPOINTS, FLEET
from bot.ports import NOTICES, Arm, Clock, Context, NoResolver, Pace
from bot.reconciler import Reconciler
from bot.store import SqlStore
from bot.wiring.metrics import Facts, scrape
from bot.wiring.resolver import SystemResolver
from bot.wiring.running import Running
from handlers.blocks.delivery import refusal_sentence

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class World:
    """What differs between production and the sandbox."""

    store: SqlStore
    arm: Arm
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
    path = Path(f"{url.partition('///')[2].partition('?')[0]}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise BadConfiguration(
            f"Another process works with {path.with_suffix('')}; several need PostgreSQL."
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
    running.then_stop(product.reconciler.stop)
    try:
        inventory.refresh(product.ctx)
    except EgressError as error:
        log.warning("the fleet could not be read yet: %s", error)
    with product.world.store.write() as tx:
        tx.work.schedule(FLEET, within=product.world.pace.resync)
        tx.work.schedule(ENDPOINTS, within=timedelta())


def always() -> bool:
    """Where there is no socket that could be dead."""
    return True


def routes(product: Product, is_connected: Callable[[], bool]) -> dict[str, handlers.Route]:
    """``/healthz``: the process lives; ``/readyz``: it can record; ``/metrics``: for Prometheus.

    What Slack refuses until somebody acts is a line of ``/readyz`` and does not make it red: the process still records
    what people do, and taking it out of service would heal nothing.
    """
    facts = Facts(product.world.store, product.world.clock)
    return {
        "/healthz": lambda: (200, "text/plain; charset=utf-8", "ok\n"),
        "/readyz": lambda: _readiness(product.world.store, is_connected),
        "/metrics": lambda: scrape(facts),
    }


def _readiness(store: SqlStore, is_connected: Callable[[], bool]) -> tuple[int, str, str]:
    try:
        with store.read() as tx:
            refusals = [f"slack delivery: {refusal_sentence(pause)}" for pause in tx.outbox.refusals()]
    except EgressError as error:
        return 503, "text/plain; charset=utf-8", f"{error.sentence}\n"
    if not is_connected():
        return 503, "text/plain; charset=utf-8", "Slack does not answer on the socket.\n"
    return 200, "text/plain; charset=utf-8", "\n".join(["ready", *refusals, ""])
