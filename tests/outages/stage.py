"""Replicas of ``serve`` as real processes beside the simulators, and a balancer as a cluster has one."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.driver import START_S, SandboxProcess, wait_for
from tests.processes.stage import BotProcess
from tests.rules.tree import ROOT
from tests.silence import Proxy

PROBE_S = 0.5
"""Seconds between two looks of the balancer at ``/readyz``: ten times as often as ours in Kubernetes."""


class Balancer(contextlib.AbstractContextManager["Balancer"]):
    """Hands each connection to one of the replicas that were ready at the last look; it never tries another one.

    Each has a look of its own: one that is slow to answer keeps no other in service that ends.
    """

    def __init__(self) -> None:
        self.replicas: list[BotProcess] = []
        self._ready: dict[BotProcess, bool] = {}
        self._turn = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._is_over = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def add(self, replica: BotProcess) -> None:
        """Hand connections to one more, while it is ready."""
        self.replicas.append(replica)
        threading.Thread(target=self._look, args=(replica,), daemon=True).start()

    def knows(self, replica: BotProcess) -> bool:
        """Whether it hands connections to a replica."""
        return self._ready.get(replica, False)

    def __exit__(self, *_error: object) -> None:
        """Balance no more."""
        self._is_over.set()
        self._listener.close()

    def _look(self, replica: BotProcess) -> None:
        while replica in self.replicas and not self._is_over.wait(PROBE_S):
            is_ready = False
            with contextlib.suppress(AssertionError):  # it has just ended
                is_ready = replica.ready()[0] == HTTPStatus.OK
            self._ready[replica] = is_ready

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._turn += 1
        ready = [one for one in list(self.replicas) if self.knows(one)]
        if not ready:
            client.close()
            return
        chosen = ("127.0.0.1", ready[self._turn % len(ready)].port)
        with client, contextlib.suppress(OSError), socket.create_connection(chosen, 3) as server:
            threading.Thread(target=_pass_on, args=(client, server), daemon=True).start()
            _pass_on(server, client)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Cluster(contextlib.ExitStack):
    """The simulators, and replicas of the bot.

    Args:
        folder: Where everything is kept.
        database: A database URL.
        mode: ``socket`` or ``http``.
        options: Further options of the simulators.
    """

    def __init__(self, folder: Path, database: str, mode: str, *options: str) -> None:
        super().__init__()
        self._folder, self.mode = folder, mode
        self.sandbox = SandboxProcess(folder / "simulators", "--no-bot", f"--{mode}", *options)
        self.sandbox.start()
        self.callback(self.sandbox.kill)
        self.balancer = self.enter_context(Balancer())
        url = f"http://127.0.0.1:{self.balancer.port}/slack/events"
        self.app = self.sandbox.post("slack/app", manifest=_manifest(mode), request_url=url)
        self.settings = self._settings(database)
        self._count = 0
        self.proxy: Proxy | None = None

    @property
    def replicas(self) -> list[BotProcess]:
        """Those that run, the oldest first."""
        return self.balancer.replicas

    def begin(self, **settings: str) -> BotProcess:
        """Start a replica."""
        self._count += 1
        folder = self._folder / f"replica-{self._count}"
        folder.mkdir()
        bot = self.enter_context(BotProcess(folder, "serve", **{**self.settings, **settings}))
        self.balancer.add(bot)
        return bot

    def start(self, **settings: str) -> BotProcess:
        """Start a replica and wait until it is ready."""
        bot = self.begin(**settings)
        wait_for(lambda: self.balancer.knows(bot), "It did not become ready", START_S)
        return bot

    def restart(self) -> float:
        """Start one and end the oldest in good order, as a rolling update does; seconds that the end took."""
        self.start()
        time.sleep(2 * PROBE_S)
        began = time.monotonic()
        oldest = self.replicas[0]
        assert oldest.end() == 0, oldest.log()
        took = time.monotonic() - began
        self.replicas.remove(oldest)
        assert "part_not_stopped" not in oldest.log()
        return took

    def _settings(self, database: str) -> dict[str, str]:
        data = self._folder / "simulators"
        return {
            "EGRESS_DATABASE_URL": database,
            "PYTHONOPTIMIZE": "2",  # as in the image
            "EGRESS_SLACK_MODE": self.mode,
            "EGRESS_SLACK_API_URL": f"{self.sandbox.url}api/",
            "EGRESS_SLACK_BOT_TOKEN": self.app["bot_token"],
            "EGRESS_SLACK_APP_TOKEN": self.app["app_token"],
            "EGRESS_SLACK_SIGNING_SECRET": self.app["signing_secret"],
            "EGRESS_ARM_ENDPOINT": self.sandbox.arm_url,
            "EGRESS_ARM_CA_FILE": str(data / "ca.pem"),
            "REQUESTS_CA_BUNDLE": str(data / "ca.pem"),
            "IDENTITY_ENDPOINT": f"{self.sandbox.arm_url}/metadata/identity/oauth2/token",
        }


def _manifest(mode: str) -> Any:
    """The app's own, for one of both modes."""
    manifest = json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))
    manifest["settings"]["socket_mode_enabled"] = mode == "socket"
    return manifest


class Clicks:
    """People who click at a steady pace, in threads of their own, whatever became of the click before.

    Attributes:
        said: What the person of each click saw, by what it was about: the ack, or an error of Slack.
        failed: Those for which Slack showed an error.
    """

    def __init__(self, sandbox: SandboxProcess, per_second: float) -> None:
        self._sandbox = sandbox
        self._pause_s = 1 / per_second
        self._is_over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.said: dict[str, str] = {}
        self.failed: set[str] = set()

    @contextlib.contextmanager
    def going_on(self, count: int) -> Iterator[None]:
        """Click as often as that at least, and as long as the block lasts."""
        clicking = threading.Thread(target=self._go_on, args=(count,))
        clicking.start()
        try:
            yield
        finally:
            self._is_over.set()
            clicking.join()
            for each in self._threads:
                each.join()

    def _go_on(self, count: int) -> None:
        while len(self._threads) < count or not self._is_over.is_set():
            self._threads.append(threading.Thread(target=self._click, args=(len(self._threads),)))
            self._threads[-1].start()
            time.sleep(self._pause_s)

    def _click(self, number: int) -> None:
        """Deny what is not there, each time something else."""
        subject = f"n{number}"
        answer: Any = self._sandbox.type("UAPP0001", f"deny {subject} because")
        self.said[subject] = str(answer)
        if "error" in answer or answer["status"] != HTTPStatus.OK:
            self.failed.add(subject)
