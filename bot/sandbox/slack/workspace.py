"""The simulated workspace: everything in it, behind one lock."""

import secrets
import threading
from dataclasses import replace
from typing import Any

from bot.sandbox.clock import SandboxClock
from bot.sandbox.journal import Journal
from bot.sandbox.slack.delivery import Courier, Retries, Transport
from bot.sandbox.slack.directory import Directory
from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.files import Files
from bot.sandbox.slack.http_transport import HttpTransport
from bot.sandbox.slack.installation import APP_ID, Addresses, Installation
from bot.sandbox.slack.ledger import Ledger
from bot.sandbox.slack.limits import Limits
from bot.sandbox.slack.manifest import installed
from bot.sandbox.slack.messages import Message, Messages
from bot.sandbox.slack.record import Record
from bot.sandbox.slack.sockets import SocketTransport
from bot.sandbox.slack.stamps import Stamps
from bot.sandbox.slack.tickets import Tickets
from bot.sandbox.slack.views import Views


class SlackWorkspace:
    """State of the workspace and the way to the bot.

    ``WebApi`` is what the bot does with it, ``People`` what its members do.

    Args:
        clock: The simulated time.
        journal: Keeps everything through kill -9.
        installation: The installed application: secrets, delivery, manifest.
        bot_url: Where signed HTTP deliveries go, if it is known already.
    """

    def __init__(
        self, clock: SandboxClock, journal: Journal, *, installation: Installation, bot_url: str | None = None
    ) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.installation = installation
        self.base_url = "http://127.0.0.1"
        self._ledger = Ledger(journal)
        self.directory = Directory(self._ledger, installation.bot_name)
        self.stamps = Stamps(clock, max(self._ledger.load("slack.message"), default="0.0"))
        self.messages = Messages(self._ledger, self.stamps)
        self.views = Views(self._ledger, self.stamps)
        self.files = Files(self._ledger, self.stamps)
        self.tickets = Tickets(clock, self._ledger, self.stamps)
        self.record = Record(self._ledger)
        self.takes_charts = True
        self.faults = Faults()
        self.limits = Limits(clock.now)
        self.sockets = SocketTransport()
        self.http = HttpTransport(installation.signing_secret, installation.verification_token)
        self.courier = Courier(self._transport(), self.faults, self.record)
        self.events = Retries(self.courier, clock.now)
        self.events.start()
        clock.watch(lambda _: self.events.wake())
        self.connect(bot_url)
        for kept in self._ledger.load("slack.app").values():
            self._put_in(installed(kept["manifest"], kept["request_url"], installation))

    def connect(self, bot_url: str | None) -> None:
        """Deliver everything to this URL from now on; None leaves Socket Mode, or nobody."""
        commands = dict.fromkeys(self.installation.commands, bot_url or "")
        self.http.addresses = Addresses(commands, bot_url, bot_url, bot_url) if bot_url else None

    def install(self, manifest: Any, request_url: str | None = None) -> Installation:
        """Put another application in the place of the one that is installed; its tokens stay the same.

        Args:
            manifest: Its manifest, as JSON.
            request_url: Where everything goes for which the manifest names no address.

        Raises:
            SlackError: ``invalid_manifest``.
        """
        made = installed(manifest, request_url, self.installation)
        self._put_in(made)
        self._ledger.put("slack.app", APP_ID, {"manifest": manifest, "request_url": request_url})
        return made

    def renew_secrets(self) -> Installation:
        """Make every secret of the app anew, as its owner can: the old ones are void; open sockets stay open."""
        new = secrets.token_hex(16)
        app = replace(self.installation, signing_secret=new, bot_token=f"xoxb-{new}", app_token=f"xapp-{new}")
        with self.lock:
            self.installation = app
            self.http.sign_with(new)
        return app

    def _put_in(self, made: Installation) -> None:
        with self.lock:
            self.installation = made
            self.directory.rename_bot(made.bot_name)
            self.http.addresses = made.addresses if made.delivery == "http" else None
            self.courier.transport = self._transport()

    @property
    def revision(self) -> int:
        """Grows with every change."""
        return self._ledger.revision

    @property
    def deliveries_in_flight(self) -> int:
        """Deliveries that await their ack."""
        return self.courier.in_flight

    @property
    def is_connected(self) -> bool:
        """Whether there is a bot to deliver to."""
        return self.courier.transport.is_connected()

    def close(self) -> None:
        """Stop background work and cut the sockets."""
        self.events.close()
        self.courier.drain()
        self.sockets.disconnect(is_hard=True)

    def snapshot(self) -> dict[str, Any]:
        """The whole workspace, as ``GET /_sandbox/slack`` returns it."""
        with self.lock:
            return {
                "messages": [message.shown() | {"files": self._files_of(message)} for message in self.messages],
                "views": {user: [view.shown() for view in stack] for user, stack in self.views.stacks.items() if stack},
                "home": {user: view.shown() for user, view in self.views.home.items()},
                "users": [_plain(user) for user in self.directory.users.values()],
                "usergroups": [_plain(group) for group in self.directory.user_groups.values()],
                "channels": [_plain(channel) for channel in self.directory.channels.values()],
                "files": [file.shown(self.base_url) for file in self.files.shared()],
                "deliveries": [_plain(delivered) for delivered in self.record.deliveries],
                "calls": [_plain(call) for call in self.record.calls],
            }

    def _files_of(self, message: Message) -> list[dict[str, Any]]:
        return [file.shown(self.base_url) for file in self.files.shared() if file.id in message.files]

    def _transport(self) -> Transport:
        return self.sockets if self.installation.delivery == "socket" else self.http


def _plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}
