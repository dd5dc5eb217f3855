"""The whole product between two recorders: what it sends to Slack, and what Slack sends to it, on the wire.

The simulators run without their bot; the product runs as ``python -m bot serve`` over HTTP, registered by its own
manifest. One long story is played through the control routes, and everything that passed is kept.
"""

import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from tests.build import CONFIG
from tests.driver import SandboxProcess, wait_for
from tests.processes.stage import SETTINGS, BotProcess, free_port

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Exchange:
    """A request and its answer.

    Args:
        path: Without the host.
        sent: The body: arguments of a call, payload of a delivery.
        is_form: Whether the body was a form.
        body: The answer, parsed if it is JSON.
    """

    path: str
    sent: Any
    is_form: bool
    status: int
    body: Any


class Recorder:
    """Forwards to another server and keeps what passes.

    Args:
        target: The base URL behind it.
    """

    def __init__(self, target: str) -> None:
        self.seen: list[Exchange] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                recorder.forward(self, target)

            def do_GET(self) -> None:
                recorder.forward(self, target)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def forward(self, asked: BaseHTTPRequestHandler, target: str) -> None:
        """Pass one request on, and its answer back."""
        raw = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        headers = {key: value for key, value in asked.headers.items() if key.lower() not in {"host", "connection"}}
        request = urllib.request.Request(target + asked.path, raw or None, headers, method=asked.command)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, kind, body = answer.status, answer.headers.get("Content-Type", ""), answer.read()
        except urllib.error.HTTPError as error:
            status, kind, body = error.code, error.headers.get("Content-Type", ""), error.read()
        sent, is_form = _sent(asked.headers.get("Content-Type", ""), raw)
        self.seen.append(Exchange(asked.path, sent, is_form, status, _parsed(body)))
        asked.send_response(status)
        asked.send_header("Content-Type", kind)
        asked.send_header("Content-Length", str(len(body)))
        asked.end_headers()
        asked.wfile.write(body)

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()


def _sent(content_type: str, raw: bytes) -> tuple[Any, bool]:
    if "json" in content_type:
        return _parsed(raw), False
    fields = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    return (json.loads(fields["payload"]) if fields.keys() == {"payload"} else fields), True


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


@dataclass
class Town:
    """What is there while the story is played.

    Args:
        sandbox: The simulators.
        calls: What the product sends to Slack.
        deliveries: What Slack sends to the product.
    """

    sandbox: SandboxProcess
    calls: Recorder
    deliveries: Recorder
    quiet_s: float = 0.3

    def settle(self) -> None:
        """Wait until nothing passes for a while; without its bot the sandbox cannot know what the product waits for."""
        before: tuple[int, ...] = ()

        def is_quiet() -> bool:
            nonlocal before
            now = (len(self.calls.seen), len(self.deliveries.seen), len(self.sandbox.get("arm")["requests"]))
            was, before = before, now
            threading.Event().wait(self.quiet_s)
            return was == now

        self.sandbox.settle()
        wait_for(is_quiet, "The product never became quiet", 120)

    def post(self, path: str, **body: Any) -> Any:
        """Call a control route, and wait for what follows."""
        answer = self.sandbox.post(path, **body)
        self.settle()
        return answer

    def type(self, user: str, text: str) -> None:
        """Type a command, and wait for what follows."""
        self.sandbox.type(user, text)
        self.settle()


def product_manifest(request_url: str | None) -> dict[str, Any]:
    """The product's manifest: Socket Mode as shipped, or HTTP with this address."""
    manifest: dict[str, Any] = json.loads((ROOT / "manifest.json").read_text())
    if request_url is None:
        return manifest
    for command in manifest["features"]["slash_commands"]:
        command["url"] = request_url
    manifest["settings"]["interactivity"]["request_url"] = request_url
    manifest["settings"]["event_subscriptions"]["request_url"] = request_url
    manifest["settings"]["socket_mode_enabled"] = False
    return manifest


@contextmanager
def opened_town(folder: Path) -> Iterator[Town]:
    """The simulators and the product, with more clusters than a list of options holds."""
    with ExitStack() as stack:
        sandbox = SandboxProcess(folder / "data", "--no-bot", "--speed", "1200", "--fleet", "110")
        stack.callback(sandbox.kill)
        sandbox.start()
        calls = Recorder(sandbox.url.rstrip("/"))
        stack.callback(calls.stop)
        port = free_port()
        deliveries = Recorder(f"http://127.0.0.1:{port}")
        stack.callback(deliveries.stop)
        manifest = product_manifest(f"{deliveries.url}/slack/events")
        made = sandbox.post("slack/app", manifest=manifest)
        assert "error" not in made, made
        settings = _settings(sandbox, folder) | {"EGRESS_CONFIG": str(_config(sandbox, folder))}
        settings |= {"EGRESS_SLACK_SIGNING_SECRET": made["signing_secret"]}
        settings |= {"EGRESS_SLACK_API_URL": f"{calls.url}/api/", "EGRESS_LISTEN": f"127.0.0.1:{port}"}
        bot = stack.enter_context(BotProcess(folder, "serve", **settings))
        wait_for(lambda: _answers(port), f"The product did not start:\n{bot.log()[-3000:]}", 60)
        yield Town(sandbox, calls, deliveries)


def _config(sandbox: SandboxProcess, folder: Path) -> Path:
    """The sandbox's configuration, with all subscriptions that hold something."""
    resources = sandbox.get("arm")["resources"]
    ids = sorted({each.split("/")[2] for each in resources if each.startswith("/subscriptions/")})
    listed = "".join(f'    "{each}",\n' for each in ids)
    text = re.sub(r"(?m)^subscriptions = \[.*\n(?:    .*\n)*\]", f"subscriptions = [\n{listed}]", CONFIG.read_text())
    path = folder / "egress.toml"
    path.write_text(text)
    return path


def _settings(sandbox: SandboxProcess, folder: Path) -> dict[str, str]:
    ca = str(folder / "data" / "ca.pem")
    return {
        "EGRESS_DATABASE_URL": f"sqlite:///{folder}/bot.sqlite3",
        "EGRESS_SLACK_MODE": "http",
        "EGRESS_ARM_ENDPOINT": sandbox.arm_url,
        "EGRESS_ARM_CA_FILE": ca,
        "IDENTITY_ENDPOINT": f"{sandbox.arm_url}/msi/token",
        "IDENTITY_HEADER": SETTINGS["IDENTITY_HEADER"],
        "REQUESTS_CA_BUNDLE": ca,
    }


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
