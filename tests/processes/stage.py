"""The bot as a process of its own, with an environment as an operator would give it."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from urllib.parse import urlencode

import structlog
from click.testing import CliRunner
from slack_sdk.signature import SignatureVerifier

from bot.command_line import main
from tests.build import CONFIG

SETTINGS = {
    "EGRESS_CONFIG": str(CONFIG),
    "EGRESS_SLACK_BOT_TOKEN": "xoxb-sandbox",
    "EGRESS_SLACK_APP_TOKEN": "xapp-sandbox",
    "EGRESS_SLACK_SIGNING_SECRET": "a-signing-secret",
    "EGRESS_SLACK_API_URL": "http://127.0.0.1:9/api/",
    "EGRESS_ARM_ENDPOINT": "https://127.0.0.1:9",
    "EGRESS_LOG_FORMAT": "text",
    "IDENTITY_ENDPOINT": "http://127.0.0.1:9/token",
    "IDENTITY_HEADER": "sandbox",
}
"""Everything that the product needs; nobody is behind any of it."""


SECRETS = ("EGRESS_SLACK_BOT_TOKEN", "EGRESS_SLACK_APP_TOKEN", "EGRESS_SLACK_SIGNING_SECRET")


def without_secrets(said: str) -> str:
    """The same text, if it holds none of the secrets that every process of these tests is given.

    Raises:
        AssertionError: It does.
    """
    assert [name for name in SECRETS if SETTINGS[name] in said] == [], said
    return said


def free_port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def run(*command: str, **settings: str) -> tuple[int, str]:
    """Run ``python -m bot …`` to its end: exit status, and what it wrote to standard error."""
    done = ended(*command, **settings)
    return done.returncode, done.stderr


def run_here(*command: str, **settings: str | None) -> tuple[int, str]:
    """Run a command that ends by itself in this process, which is ten times faster: exit status, and what it said.

    Variables that are None are not there.
    """
    root = logging.getLogger()
    before, hooks = (root.handlers[:], root.level), (sys.excepthook, threading.excepthook)
    try:
        done = CliRunner().invoke(main, command, env={**SETTINGS, "EGRESS_LISTEN": "127.0.0.1:0", **settings})
    finally:
        root.handlers[:], root.level = before
        sys.excepthook, threading.excepthook = hooks
        structlog.reset_defaults()
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, without_secrets(done.output)


def ended(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m bot …`` to its end."""
    environment = {**os.environ, **SETTINGS, **settings}
    done = subprocess.run(
        [sys.executable, "-m", "bot", *command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    without_secrets(done.stdout + done.stderr)
    return done


class BotProcess(AbstractContextManager["BotProcess"]):
    """``python -m bot COMMAND`` until it is told to end.

    Args:
        folder: Where its log goes.
        command: What it is to do.
        settings: The environment, beside ``SETTINGS``; what is None is not there.
    """

    def __init__(self, folder: Path, *command: str, **settings: str | None) -> None:
        self.port = free_port()
        self._log = folder / "bot.log"
        given = {**os.environ, **SETTINGS, "EGRESS_LISTEN": f"127.0.0.1:{self.port}", **settings}
        environment = {name: value for name, value in given.items() if value is not None}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", *command], env=environment, stdout=log, stderr=log
            )

    def ready(self) -> tuple[int, str]:
        """The answer of ``/readyz``; 0 while nobody listens."""
        return self.get("/readyz")

    def get(self, path: str, *, port: int | None = None) -> tuple[int, str]:
        """The answer of a route, perhaps at another port; 0 while nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port or self.port}{path}", timeout=10) as answer:
                return answer.status, without_secrets(answer.read().decode())
        except urllib.error.HTTPError as error:
            return error.code, without_secrets(error.read().decode())
        except OSError:
            assert self._process.poll() is None, self.log()
            return 0, ""

    def type(self, user: str, text: str) -> tuple[int, str]:
        """Type ``/egress text``, as Slack passes it on over HTTP: the status and the text of the ack."""
        words = {"command": "/egress", "text": text, "user_id": user, "team_id": "TSANDBOX1", "trigger_id": "1.2.3"}
        body = urlencode({**words, "channel_id": "CEGRESS01", "response_url": f"{SETTINGS['EGRESS_SLACK_API_URL']}r"})
        stamp = str(int(time.time()))
        sign = SignatureVerifier(SETTINGS["EGRESS_SLACK_SIGNING_SECRET"]).generate_signature(timestamp=stamp, body=body)
        headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(sign)}
        url = f"http://127.0.0.1:{self.port}/slack/events"
        with urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers), timeout=10) as answer:
            return answer.status, without_secrets(answer.read().decode())

    def end(self) -> int:
        """Tell it to end, and kill it after an orchestrator's ten seconds of grace; its exit status."""
        self._process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(10)
        self._process.kill()
        return self._process.wait()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def send_signal(self, number: int) -> None:
        """SIGKILL, SIGSTOP or the like."""
        self._process.send_signal(number)

    def log(self) -> str:
        """Everything that it wrote."""
        return without_secrets(self._log.read_text())

    def __exit__(self, *_error: object) -> None:
        """Leave nothing behind."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self.log()
