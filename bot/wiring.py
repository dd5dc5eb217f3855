"""The composition root: the only module that knows every concrete class."""

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import handlers
from bot import auditing, inventory
from bot.azure import AzureArm
from bot.azure.settings import ArmSettings
from bot.config import ConfigurationFile, Settings, configuration_from, rulebook_from
from bot.domain.audit import AuditFilter
from bot.domain.people import Identity, Person, Role
from bot.domain.settings import Rulebook
from bot.errors import BadConfiguration, EgressError
from bot.inventory import FLEET
from bot.ports import NOTICES, Arm, Caller, Clock, Context, Pace
from bot.reconciler import Reconciler
from bot.store import SqlStore

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
class _Surroundings:
    """What differs between production and the sandbox."""

    store: SqlStore
    arm: Arm
    clock: Clock
    rulebook: Rulebook
    pace: Pace
    slack: handlers.SlackSettings


@dataclass(frozen=True, slots=True)
class _Parts:
    """The product, put together."""

    ctx: Context
    store: SqlStore
    app: handlers.SlackApp
    reconciler: Reconciler


def serve(settings: Settings) -> Running:
    """The whole bot.

    Raises:
        BadConfiguration: If a setting is missing or wrong.
    """
    running = Running()
    parts = _assemble(_production(settings))
    _start(running, parts)
    routes = _routes(parts)
    if settings.slack_mode == "socket":
        running.then_stop(parts.app.serve_routes(settings.listen, routes).stop)
        socket = parts.app.serve_socket()
        running.then_stop(socket.stop)
        running.watch(socket.check)
    else:
        running.then_stop(parts.app.serve_http(settings.listen, routes).stop)
    log.info("ready: %s, %s", settings.slack_mode, settings.listen)
    return running


def reconcile(settings: Settings) -> Running:
    """The writers alone, with their health routes."""
    running = Running()
    parts = _assemble(_production(settings))
    _start(running, parts)
    running.then_stop(parts.app.serve_routes(settings.listen, _routes(parts)).stop)
    return running


def migrate(settings: Settings) -> None:
    """Bring the database to this version's schema."""
    store = SqlStore(settings.database_url)
    store.migrate()
    store.close()


def sandbox(choice: SandboxChoice, say: Callable[[str], object]) -> Running:
    """The bot beside both simulators."""
    from bot.sandbox.server import Sandbox, SandboxOptions

    url = choice.database or f"sqlite:///{choice.data.absolute() / 'egress.sqlite3'}"
    simulated = Sandbox(
        SandboxOptions(
            data=choice.data,
            port=choice.port,
            arm_port=choice.arm_port,
            fleet=choice.fleet,
            speed=choice.speed,
            delivery=choice.delivery,
            database="PostgreSQL" if url.startswith("postgresql") else "SQLite",
            is_without_bot=choice.no_bot,
        )
    )
    running = Running()
    simulated.start()
    running.then_stop(simulated.stop)
    if not choice.no_bot:
        _attach(running, simulated, _assemble(_simulated(simulated, url, choice.speed)))
    say(_welcome(simulated.url, is_alone=choice.no_bot))
    return running
