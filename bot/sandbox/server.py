"""Both simulators on their ports, composed for ``python -m bot sandbox`` and for tests."""

import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette

from bot.sandbox import arm_http, info
from bot.sandbox.arm import ArmSubscription
from bot.sandbox.clock import SandboxClock
from bot.sandbox.control import Conditions, Control
from bot.sandbox.journal import Journal
from bot.sandbox.serving import HOST, ServedApp
from bot.sandbox.slack import Installation, SlackWorkspace
from bot.sandbox.slack_http import slack_control_routes, slack_routes

BOT_TOKEN = "xoxb-sandbox"
APP_TOKEN = "xapp-sandbox"
SIGNING_SECRET = "sandbox-signing-secret"

IsQuiet = Callable[[], bool]
Wake = Callable[[], None]


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How the sandbox runs.

    Args:
        data: Folder for the simulators' state and ``ca.pem``; made if it is not there.
        port: Workspace, Web API, page and control routes; 0 for any free port.
        arm_port: ARM over TLS; 0 for any free port.
        fleet: Number of generated clusters in addition to the fixed ones.
        speed: Every simulated Azure duration is divided by this; 1 is Azure's own pace.
        delivery: ``http`` or ``socket``.
        database: What the page says about the product's database.
        is_without_bot: Whether the simulators stand alone, for any other client.
    """

    data: Path
    port: int = 8700
    arm_port: int = 8701
    fleet: int = 0
    speed: float = 60.0
    delivery: str = "http"
    database: str = "SQLite"
    is_without_bot: bool = False


@dataclass(frozen=True, slots=True)
class _Bot:
    url: str | None
    is_quiet: IsQuiet
    wake: Wake


class Sandbox:
    """The simulated workspace and the simulated subscription.

    Args:
        options: How it runs.

    Attributes:
        slack: The workspace.
        arm: The subscription.
        clock: The time that both see, and the product with them.
        ca_file: Certificate authority of ``arm_url``.
    """

    bot_token = BOT_TOKEN
    app_token = APP_TOKEN
    signing_secret = SIGNING_SECRET

    def __init__(self, options: SandboxOptions) -> None:
        self.options = options
        options.data.mkdir(parents=True, exist_ok=True)
        self._journal = Journal(options.data / "simulators.sqlite")
        self.clock = SandboxClock(offset=timedelta(seconds=self._journal.load("clock").get("offset_s", 0)))
        self.clock.watch(self._keep_offset)
        self.slack = SlackWorkspace(self.clock, self._journal, installation=self._installation())
        self.arm = ArmSubscription(self.clock, self._journal, speed=options.speed, fleet=options.fleet)
        self._certificate, self._key, self.ca_file = arm_http.make_ca(options.data)
        self._control = Control(
            self.clock,
            {"slack": self.slack, "arm": self.arm},
            Conditions(self._moving, self.is_ready, self._wake, self._info),
        )
        self._bot: _Bot | None = None
        self._served: list[ServedApp] = []

    @property
    def url(self) -> str:
        """The page and the control routes; known after ``start``."""
        return f"http://{HOST}:{self._served[0].port}"

    @property
    def slack_api_url(self) -> str:
        """The base URL for ``WebClient(base_url=…)``."""
        return f"{self.url}/api/"

    @property
    def credentials(self) -> dict[str, str]:
        """The tokens and the signing secret of the installed application, which are no secrets here."""
        return {"bot token": BOT_TOKEN, "app token": APP_TOKEN, "signing secret": SIGNING_SECRET}

    @property
    def arm_url(self) -> str:
        """The endpoint for Azure's SDK."""
        return f"https://{HOST}:{self._served[1].port}"

    def start(self) -> None:
        """Bind both ports and answer.

        Raises:
            PortTaken: With a sentence that names the port.
        """
        driven = slack_control_routes(self.slack, is_open=self.options.is_without_bot)
        routes = [*self._control.routes(), *driven, *arm_http.control_routes(self.arm)]
        front = ServedApp(Starlette(routes=[*routes, *slack_routes(self.slack)]), self.options.port)
        with contextlib.ExitStack() as undo:
            undo.callback(front.stop)
            arm = arm_http.arm_app(self.arm)
            certificate = (self._certificate, self._key)
            self._served = [front, ServedApp(arm, self.options.arm_port, certificate=certificate)]
            undo.pop_all()
        self.slack.base_url = self.url
        for served in self._served:
            served.start()

    def attach(self, bot_url: str | None, is_quiet: IsQuiet, wake: Wake) -> None:
        """Introduce the product.

        Args:
            bot_url: Its request URL, such as ``http://127.0.0.1:3000/slack/events``; None in Socket Mode.
            is_quiet: Whether it has nothing due, running or waiting to be said.
            wake: Makes it look for due work now, because time has moved.
        """
        self._bot = _Bot(bot_url, is_quiet, wake)
        self.slack.connect(bot_url)

    def is_ready(self) -> bool:
        """Return whether a bot is attached and answers, or none is wanted."""
        if self.options.is_without_bot:
            return True
        if self._bot is None or not self.slack.is_connected:
            return False
        return self._bot.url is None or _listens(self._bot.url)

    def stop(self) -> None:
        """Close ports, sockets and the journal; what was answered is kept."""
        self._control.stop()
        self.slack.close()
        for served in self._served:
            served.stop()
        self._journal.close()

    def _installation(self) -> Installation:
        return Installation(SIGNING_SECRET, BOT_TOKEN, APP_TOKEN, delivery=self.options.delivery)

    def _keep_offset(self, offset: timedelta) -> None:
        self._journal.put("clock", "offset_s", offset.total_seconds())

    def _wake(self) -> None:
        if self._bot is not None:
            self._bot.wake()

    def _moving(self) -> list[str]:
        checks = {
            "a delivery to the bot awaits its ack": self.slack.deliveries_in_flight > 0,
            "the bot has work that is due or notices that wait": self._bot is not None and not self._bot.is_quiet(),
            "an Azure operation runs": self.arm.has_running_operations(),
        }
        return [words for words, is_so in checks.items() if is_so]

    def _info(self) -> dict[str, Any]:
        return {
            "commands": info.commands(),
            "shortcuts": list(info.SHORTCUTS),
            "users": info.people(self.slack.snapshot()["users"]),
            "speed": self.options.speed,
            "delivery": self.options.delivery,
            "database": self.options.database,
            "arm_url": self.arm_url,
        }


def _listens(url: str) -> bool:
    target = urlsplit(url)
    with contextlib.suppress(OSError), socket.create_connection((target.hostname or HOST, target.port or 80), 1):
        return True
    return False
