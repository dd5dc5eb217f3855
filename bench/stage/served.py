"""One real process of the bot under load, on its own database, beside the simulated Slack and Azure."""

import itertools
import subprocess
import tempfile
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.replicas import Farm, free_port, migrated
from bench.stage.traffic import SECRET, Act, command, press, submit
from bot import allowances
from bot.allowances import Draft
from bot.domain.allowance import Allowance
from bot.domain.fqdn import parse_destination
from tests.build import DEV
from tests.driver import wait_for

PEOPLE, APPROVERS = 100, 20
"""Who types and submits, and who approves: each person may only look up so much in a minute."""


SAID: list[str] = []
"""Everything that was answered after an ack."""


class _Yes(BaseHTTPRequestHandler):
    """A response URL that takes everything."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take it."""
        SAID.append(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_anything: object) -> None:
        """Say nothing."""


class Served(Farm):
    """A farm with one whole bot.

    Args:
        folder: Where logs and the simulators' state go.
        database: A database URL, migrated.
    """

    def __init__(self, folder: Path, database: str) -> None:
        super().__init__(folder, database)
        self.port = free_port()
        self._yes = ThreadingHTTPServer(("127.0.0.1", 0), _Yes)
        threading.Thread(target=self._yes.serve_forever, daemon=True).start()
        self.respond = f"http://127.0.0.1:{self._yes.server_port}/"
        for number in range(PEOPLE):
            self.sandbox.post("slack/people", user=f"ULOAD{number:03}")
        for number in range(APPROVERS):
            self.sandbox.post("slack/people", user=f"UYES{number:03}", usergroups=["SAPPROVE1"])
        self._drafts = itertools.count()
        self.template = allowances.request(self.ctx, DEV, self.draft())

    def draft(self) -> Draft:
        """One more request, for a host that nobody asked for."""
        host = parse_destination(f"draft{next(self._drafts)}.example.com")
        return Draft("aks-udr", (host,), "benchmark", timedelta(days=30))

    def serve(self) -> subprocess.Popen[bytes]:
        """Start the bot, and wait until it is ready."""
        process = self.start(
            "serve",
            EGRESS_LISTEN=f"127.0.0.1:{self.port}",
            EGRESS_SLACK_MODE="http",
            EGRESS_SLACK_SIGNING_SECRET=SECRET,
            EGRESS_LOG_LEVEL="warning",
        )
        wait_for(self._is_ready, "The bot did not become ready", 60)
        return process

    def read(self, path: str) -> str:
        """One of the bot's own routes."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return str(answer.read().decode())

    def close(self) -> None:
        """End everything that was started."""
        self._yes.shutdown()
        super().close()

    def _is_ready(self) -> bool:
        try:
            return "ok" in self.read("/healthz")
        except OSError:
            return False

    def helps(self, count: int) -> list[Act]:
        """People who ask for help."""
        return [command(self._person(n), "help", self.respond, name="help") for n in range(count)]

    def told(self, words: str) -> int:
        """How many people read these words in an answer after the ack, since the last time."""
        found = sum(words in said for said in SAID)
        SAID.clear()
        return found

    def lists(self, count: int) -> list[Act]:
        """People who look at their own requests: read from the database before the ack."""
        return [command(self._person(n), "requests mine", self.respond, name="list") for n in range(count)]

    def audits(self, count: int) -> list[Act]:
        """People who look at the last page of the audit log: acked at once, answered later."""
        return [command(self._person(n), "audit", self.respond, name="audit") for n in range(count)]

    def submits(self, count: int, *, first: int = 0) -> list[Act]:
        """People who send the request form, each for a host that nobody asked for."""
        form = {"cluster": "aks-udr", "reason": "benchmark", "duration": "8h"}
        hosts = (f"new{first + n}.example.org" for n in range(count))
        return [submit(self._person(n), {**form, "destinations": host}) for n, host in enumerate(hosts)]

    def approvals(self, waiting: Sequence[Allowance]) -> list[Act]:
        """People who approve what waits, once each."""
        return [
            press(f"UYES{n % APPROVERS:03}", "approve", {"id": one.id, "digest": one.digest}, self.respond)
            for n, one in enumerate(waiting)
        ]

    def mixed(self, count: int, waiting: Sequence[Allowance], *, first: int = 0) -> list[Act]:
        """A quarter of each, in turn."""
        each = count // 4
        kinds = (self.helps(each), self.audits(each), self.submits(each, first=first), self.approvals(waiting[:each]))
        return [act for four in zip(*kinds, strict=True) for act in four]

    def _person(self, number: int) -> str:
        return f"ULOAD{number % PEOPLE:03}"


@contextmanager
def served(url: str) -> Iterator[Served]:
    """A bot on a database that is still empty; it is not started yet."""
    with tempfile.TemporaryDirectory() as name:
        made = Served(Path(name), migrated(url))
        try:
            yield made
        finally:
            made.close()
