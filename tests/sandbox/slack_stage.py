"""A stage for the tests of the simulated workspace: the workspace on a port, a real Bolt application beside it."""

import contextlib
import http.client
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_bolt.request import BoltRequest
from slack_sdk import WebClient
from starlette.applications import Starlette

from bot.sandbox.clock import SandboxClock
from bot.sandbox.journal import Journal
from bot.sandbox.serving import ServedApp
from bot.sandbox.slack import Installation, SlackWorkspace
from bot.sandbox.slack_http import slack_control_routes, slack_routes

BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-sandbox", "xapp-sandbox", "sandbox-signing-secret"


def installed(**changes: Any) -> Installation:
    """The installation that the tests use."""
    return Installation(signing_secret=SECRET, bot_token=BOT_TOKEN, app_token=APP_TOKEN, **changes)


class Stage:
    """A workspace on a port."""

    def __init__(self, installation: Installation, *, clock: SandboxClock | None = None) -> None:
        self.journal = Journal()
        self.clock = clock or SandboxClock()
        self.workspace = SlackWorkspace(self.clock, self.journal, installation=installation)
        self.served = ServedApp(
            Starlette(routes=[*slack_control_routes(self.workspace), *slack_routes(self.workspace)]), 0
        )
        self.url = f"http://127.0.0.1:{self.served.port}"
        self.workspace.base_url = self.url
        self.served.start()
        self.client = WebClient(token=BOT_TOKEN, base_url=f"{self.url}/api/")
        self._stops: list[Callable[[], object]] = []

    def bolt(self) -> App:
        """A Bolt application that knows this workspace."""
        logging.getLogger("slack_bolt").setLevel(logging.CRITICAL)
        return App(client=self.client, token=BOT_TOKEN, signing_secret=SECRET, process_before_response=True)

    def serve_http(self, app: App) -> None:
        """Let the workspace deliver signed HTTP to this application."""
        server = _Server(("127.0.0.1", 0), _bolt_server(app))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self._stops += [server.shutdown, server.server_close]
        self.workspace.connect(f"http://127.0.0.1:{server.server_port}/slack/events")

    def serve_socket(self, app: App) -> SocketModeHandler:
        """Let the application come in through Socket Mode."""
        web_client = WebClient(token=APP_TOKEN, base_url=f"{self.url}/api/")
        handler = SocketModeHandler(app, APP_TOKEN, web_client=web_client, ping_interval=0.3)
        handler.client.connect()
        self._stops += [lambda: self._part_from(handler), handler.close]
        until(lambda: self.workspace.is_connected)
        return handler

    def _part_from(self, handler: SocketModeHandler) -> None:
        """Cut the sockets first: the client would wait three seconds for a last frame."""
        handler.client.auto_reconnect_enabled = False
        self.workspace.sockets.disconnect(is_hard=True)
        until(lambda: not handler.client.is_connected())

    def post(self, path: str, **body: Any) -> tuple[int, Any]:
        """Call a control route."""
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=10)
        connection.request("POST", f"/_sandbox/slack/{path}", json.dumps(body), {"Content-Type": "application/json"})
        with contextlib.closing(connection):
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def do(self, path: str, **body: Any) -> Any:
        """Call a control route that must succeed."""
        status, answer = self.post(path, **body)
        assert status == 200, answer
        return answer

    @property
    def state(self) -> dict[str, Any]:
        """The whole workspace."""
        return self.workspace.snapshot()

    def stop(self) -> None:
        """Take everything down."""
        for stop in self._stops:
            stop()
        self.workspace.close()
        threading.Thread(target=self.served.stop).start()  # takes 0.2 s, in which the next test may run
        self.journal.close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128


def until(is_so: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def _bolt_server(app: App) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers: dict[str, str | Sequence[str]] = dict(self.headers.items())
            answer = app.dispatch(BoltRequest(body=raw, headers=headers))
            body = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.first_headers().get("content-type", "text/plain"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


def plain(text: str) -> dict[str, str]:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A modal with a submit button."""
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("T"),
        "submit": plain("Go"),
        "blocks": list(blocks),
    } | more


def text_input(block_id: str, **element: Any) -> dict[str, Any]:
    """An input block with a text field ``value``."""
    field = {"type": "plain_text_input", "action_id": "value"} | element
    return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": field}


def button(action_id: str, value: str = "v") -> dict[str, Any]:
    """A button."""
    return {"type": "button", "action_id": action_id, "text": plain(action_id), "value": value}


def actions(*elements: dict[str, Any], block_id: str = "acts") -> dict[str, Any]:
    """An actions block."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}
