"""The composition root: the only module that knows every concrete class."""

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

import handlers
from bot import auditing, inventory
from bot.allowances import TIMERS
from bot.azure import AzureArm
from bot.azure.identity import IssuedToken, own_credential
from bot.azure.settings import ArmSettings
from bot.config import ConfigurationFile, Settings, configuration_from, rulebook_from
from bot.domain.audit import AuditFilter
from bot.domain.people import Identity, Person, Role
from bot.domain.settings import Rulebook
from bot.errors import BadConfiguration, EgressError, SlackUnreachable
from bot.inventory import FLEET
from bot.ports import NOTICES, Arm, Caller, Clock, Context, Pace
from bot.reconciler import Reconciler
from bot.sandbox.server import Sandbox, SandboxOptions
from bot.sandbox.serving import PortTaken
from bot.store import SqlStore
from handlers.identity import SlackDirectory
from handlers.notify import SlackNotifier

log = logging.getLogger(__name__)

SANDBOX_CONFIG = Path(__file__).parent / "sandbox" / "egress.toml"
"""The configuration file that the sandbox runs with, and that a team copies."""


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SandboxChoice:
    """What the command line chose for the sandbox.

    Args:
        data: Folder of all state.
        port: Slack, page and control routes; 0 for any free one.
        arm_port: Azure Resource Manager; 0 for any free one.
        fleet: Generated clusters.
        delivery: ``http`` or ``socket``.
        speed: Azure's durations, and our waits for Azure, are divided by it.
        no_bot: The simulators alone.
        database: A database URL, None for SQLite in the data folder.
    """

    data: Path
    port: int
    arm_port: int
    fleet: int
    delivery: str
    speed: float
    no_bot: bool
    database: str | None


class Running:
    """Everything that runs, in the order in which it has to be stopped."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._checks: list[Callable[[], None]] = []

    def then_stop(self, stop: Callable[[], object]) -> None:
        """Stop this too, before everything that was named earlier."""
        self._stack.callback(stop)

    def watch(self, check: Callable[[], None]) -> None:
        """Have this checked every second; it raises where the process should end."""
        self._checks.append(check)

    def check(self) -> None:
        """Raise if a part has died that only a restart brings back."""
        for check in self._checks:
            check()

    def stop(self) -> None:
        """Stop everything, last started first."""
        self._stack.close()


@dataclass(frozen=True, slots=True)
class _World:
    """What differs between production and the sandbox."""

    store: SqlStore
    arm: Arm
    clock: Clock
    rulebook: Rulebook
    slack: handlers.SlackSettings
    pace: Pace = Pace()


@dataclass(frozen=True, slots=True)
class _Product:
    """The product, put together but not yet running."""

    world: _World
    ctx: Context
    reconciler: Reconciler


def serve(settings: Settings) -> Running:
    """The whole bot.

    Raises:
        BadConfiguration: If a setting is missing or wrong.
    """
    _require_slack(settings)
    running = Running()
    with _undone_on_failure(running):
        product = _assemble(_production(running, settings))
        _work(running, product)
        app = handlers.build_app(product.ctx, product.world.slack)
        if settings.slack_mode == "http":
            running.then_stop(handlers.serve_http(app, settings.listen, _routes(product, _always)).stop)
        else:
            socket = handlers.serve_socket(app, product.world.slack)
            running.then_stop(socket.stop)
            running.watch(_death_of(socket))
            running.then_stop(handlers.serve_routes(settings.listen, _routes(product, socket.is_alive)).stop)
    log.info("ready: %s mode, %s", settings.slack_mode, settings.listen)
    return running


def reconcile(settings: Settings) -> Running:
    """The writers alone, with their health routes.

    Raises:
        BadConfiguration: If a setting is missing or wrong.
    """
    running = Running()
    with _undone_on_failure(running):
        product = _assemble(_production(running, settings))
        _work(running, product)
        running.then_stop(handlers.serve_routes(settings.listen, _routes(product, _always)).stop)
    log.info("ready: reconcile, %s", settings.listen)
    return running


def sandbox(choice: SandboxChoice, say: Callable[[str], object]) -> Running:
    """The bot beside both simulators; ``say`` gets the address of the page once it answers.

    Raises:
        BadConfiguration: If a port is taken or the database cannot be used.
    """
    running = Running()
    with _undone_on_failure(running):
        url = choice.database or f"sqlite:///{choice.data.absolute() / 'egress.sqlite3'}"
        simulated = _simulators(choice, url)
        running.then_stop(simulated.stop)
        if not choice.no_bot:
            _join(running, simulated, _assemble(_simulated(running, simulated, url)))
        say(_welcome(simulated))
    return running


def migrate(settings: Settings) -> None:
    """Bring the database to this version's schema."""
    with _store(settings) as store:
        store.migrate()


def verify_audit(settings: Settings, account: str) -> int:
    """Prove the audit chain from the command line; returns how many events there are."""
    with _store(settings) as store:
        return auditing.prove(*_at_the_terminal(settings, store, account))


def export_audit(settings: Settings, account: str, form: str) -> str:
    """Every audit event, from the command line."""
    with _store(settings) as store:
        return auditing.export(*_at_the_terminal(settings, store, account), AuditFilter(), form)


# What the world is made of.


def _production(running: Running, settings: Settings) -> _World:
    file = configuration_from(settings.config)
    rulebook = rulebook_from(file)
    store = _opened(running, settings.database_url)
    return _World(store, _azure(settings, file), SystemClock(), rulebook, _slack(settings))


def _simulated(running: Running, simulated: Sandbox, url: str) -> _World:
    file = configuration_from(SANDBOX_CONFIG)
    clock, speed = simulated.clock, simulated.options.speed
    store = _opened(running, url, offset_s=lambda: (clock.now() - datetime.now(UTC)).total_seconds())
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
    slack = handlers.SlackSettings(
        bot_token=simulated.bot_token,
        signing_secret=simulated.signing_secret,
        app_token=simulated.app_token,
        api_url=simulated.slack_api_url,
    )
    return _World(store, arm, clock, rulebook_from(file), slack, Pace().faster(speed))


def _opened(running: Running, url: str, *, offset_s: Callable[[], float] = float) -> SqlStore:
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


def _azure(settings: Settings, file: ConfigurationFile) -> AzureArm:
    return AzureArm(
        own_credential(),
        ArmSettings(
            subscriptions=file.azure.subscriptions,
            endpoint=settings.arm_endpoint,
            ca_file=str(settings.arm_ca_file) if settings.arm_ca_file else None,
            group=file.firewall.group,
            group_priority=file.firewall.priority,
        ),
    )


def _slack(settings: Settings) -> handlers.SlackSettings:
    return handlers.SlackSettings(
        bot_token=settings.slack_bot_token.get_secret_value(),
        signing_secret=settings.slack_signing_secret.get_secret_value(),
        app_token=settings.slack_app_token.get_secret_value(),
        api_url=settings.slack_api_url,
    )


def _require_slack(settings: Settings) -> None:
    needed = {
        "EGRESS_SLACK_BOT_TOKEN": settings.slack_bot_token,
        "EGRESS_SLACK_APP_TOKEN": settings.slack_app_token if settings.slack_mode == "socket" else True,
        "EGRESS_SLACK_SIGNING_SECRET": settings.slack_signing_secret if settings.slack_mode == "http" else True,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise BadConfiguration(f"{settings.slack_mode} mode needs {' and '.join(missing)}; README says where they are.")


# How it is put together and started.


def _assemble(world: _World) -> _Product:
    client = handlers.web_client(world.slack)
    directory = SlackDirectory(
        handlers.web_client(world.slack, timeout=handlers.DIRECTORY_TIMEOUT), world.rulebook, world.clock
    )
    ctx = Context(world.arm, world.store, directory, world.clock, world.rulebook, world.pace)
    return _Product(world, ctx, Reconciler(ctx, SlackNotifier(client, world.store, world.rulebook)))


def _work(running: Running, product: _Product) -> None:
    """Read the fleet once, schedule what runs by itself, and start the workers."""
    try:
        inventory.refresh(product.ctx)
    except EgressError as error:
        log.warning("the fleet could not be read yet: %s", error)
    with product.world.store.write() as tx:
        for key in (FLEET, TIMERS, NOTICES, *(target.key for target in tx.allowances.targets())):
            tx.work.schedule(key, within=timedelta())
    product.reconciler.start()
    running.then_stop(product.reconciler.stop)


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
    simulated = Sandbox(options)
    try:
        simulated.start()
    except PortTaken as error:
        raise BadConfiguration(str(error)) from error
    return simulated


def _join(running: Running, simulated: Sandbox, product: _Product) -> None:
    """Start the bot and introduce it to the simulators."""
    store = product.world.store
    app = handlers.build_app(product.ctx, product.world.slack)
    _work(running, product)
    if simulated.options.delivery == "socket":
        socket = handlers.serve_socket(app, product.world.slack)
        running.then_stop(socket.stop)
        simulated.attach(None, store.is_quiet, store.ring)
    else:
        front = handlers.serve_http(app, "127.0.0.1:0", _routes(product, _always))
        running.then_stop(front.stop)
        simulated.attach(f"http://127.0.0.1:{front.port}/slack/events", store.is_quiet, store.ring)


def _welcome(simulated: Sandbox) -> str:
    if simulated.options.is_without_bot:
        return f"Slack: {simulated.slack_api_url}  Azure: {simulated.arm_url}  (no bot)"
    return (
        f"Open {simulated.url} and try: /egress show aks-udr, then /egress request aks-udr example.com, "
        "then act as the approver and click Approve."
    )


def _death_of(socket: handlers.SocketFront) -> Callable[[], None]:
    """A check that ends the process when the socket stays dead, so that it is started anew."""
    dead_since: list[float] = []

    def check() -> None:
        if socket.is_alive():
            dead_since.clear()
            return
        dead_since.append(monotonic())
        if dead_since[-1] - dead_since[0] > SOCKET_PATIENCE.total_seconds():
            raise SlackUnreachable("The socket to Slack stays dead; ending, to be started anew.")

    return check


SOCKET_PATIENCE = timedelta(seconds=60)
"""How long a dead socket may try to come back before the process ends."""


@contextmanager
def _undone_on_failure(running: Running) -> Iterator[None]:
    try:
        yield
    except BaseException:
        running.stop()
        raise


# Health and the command line.


def _always() -> bool:
    return True


def _routes(product: _Product, is_connected: Callable[[], bool]) -> dict[str, handlers.Route]:
    """``/healthz``: the process lives; ``/readyz``: it can record; ``/metrics``: for Prometheus."""
    return {
        "/healthz": lambda: (200, "text/plain; charset=utf-8", "ok\n"),
        "/readyz": lambda: _readiness(product.world.store, is_connected),
        "/metrics": lambda: (200, CONTENT_TYPE_LATEST, generate_latest().decode()),
    }


def _readiness(store: SqlStore, is_connected: Callable[[], bool]) -> tuple[int, str, str]:
    try:
        store.now_s()
    except EgressError as error:
        return 503, "text/plain; charset=utf-8", f"{error.sentence}\n"
    if not is_connected():
        return 503, "text/plain; charset=utf-8", "Slack does not answer on the socket.\n"
    return 200, "text/plain; charset=utf-8", "ready\n"


@contextmanager
def _store(settings: Settings) -> Iterator[SqlStore]:
    store = SqlStore(settings.database_url)
    try:
        yield store
    finally:
        store.close()


class _Terminal:
    """The directory at a terminal: whoever can read the database is an operator."""

    def person(self, identity: Identity, *, is_fresh: bool = False) -> Person:  # noqa: ARG002 - nothing is cached
        """An operator."""
        return Person(identity, frozenset({Role.OPERATOR}))

    def members(self, _group: str) -> tuple[Identity, ...]:
        """Nobody is asked at a terminal."""
        return ()


def _at_the_terminal(settings: Settings, store: SqlStore, account: str) -> tuple[Context, Caller]:
    file = configuration_from(settings.config)
    rulebook = rulebook_from(file)
    ctx = Context(_azure(settings, file), store, _Terminal(), SystemClock(), rulebook)
    return ctx, Caller(Identity(rulebook.team, f"cli:{account}"), "cli")
