"""A stage for the page: the simulated workspace and subscription on one port, with a tiny bot beside them."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from slack_bolt import App
from slack_bolt.request import BoltRequest
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

import bot.sandbox
from bot.sandbox.arm import SUBSCRIPTION, ArmSubscription
from bot.sandbox.clock import SandboxClock
from bot.sandbox.journal import Journal
from bot.sandbox.serving import ServedApp
from bot.sandbox.slack import Installation, SlackWorkspace
from bot.sandbox.slack_http import slack_control_routes, slack_routes
from tests.browser.tiny_bot import wire_up

TOKEN, SECRET = "xoxb-sandbox", "sandbox-signing-secret"
PAGE = Path(bot.sandbox.__file__).parent / "page"
GROUP = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-hub/providers/Microsoft.Network"
    "/firewallPolicies/hub-policy/ruleCollectionGroups/rcg-aks-egress"
)
SPEED = 240
COMMANDS = [
    {"text": "/egress show aks-udr", "hint": "how a cluster leaves Azure"},
    {"text": "/egress request aks-udr docker.io", "hint": "ask for an allowance"},
    {"text": "/egress requests pending", "hint": "what waits for a decision"},
]


class PageStage:
    """Everything on one port; ``url`` is the page's."""

    def __init__(self) -> None:
        self.clock = SandboxClock()
        self.arm = ArmSubscription(self.clock, Journal(), speed=SPEED)
        self.slack = SlackWorkspace(self.clock, Journal(), installation=Installation(SECRET, TOKEN, "xapp-sandbox"))
        routes = [*self._own_routes(), *slack_control_routes(self.slack), *slack_routes(self.slack)]
        self._served = ServedApp(Starlette(routes=routes), 0)
        self.url = f"http://127.0.0.1:{self._served.port}"
        self.slack.base_url = self.url
        self._served.start()
        self._bot = self._start_bot()

    def open_rule(self, host: str) -> None:
        """Write a group with one application rule, as the reconciler would."""
        rule: dict[str, Any] = {
            "ruleType": "ApplicationRule",
            "name": f"allow-{host}",
            "targetFqdns": [host],
            "sourceAddresses": ["10.240.0.0/16"],
        }
        rule |= {"protocols": [{"protocolType": "Https", "port": 443}]}
        collection: dict[str, Any] = {
            "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
            "name": "allow",
            "priority": 1000,
        }
        collection |= {"action": {"type": "Allow"}, "rules": [rule]}
        headers = {"Authorization": f"Bearer {self.arm.issue_token('https://management.azure.com')}"}
        body = {"properties": {"priority": 30000, "ruleCollections": [collection]}}
        answer = self.arm.handle("PUT", f"{GROUP}?api-version=2025-01-01", headers, body)
        assert answer.status < 300, answer

    def _start_bot(self) -> ThreadingHTTPServer:
        app = App(
            client=WebClient(TOKEN, base_url=f"{self.url}/api/"),
            token=TOKEN,
            signing_secret=SECRET,
            process_before_response=True,
        )
        wire_up(app, self.open_rule)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _listener(app))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.slack.connect(f"http://127.0.0.1:{server.server_port}/")
        return server

    def _own_routes(self) -> list[BaseRoute]:
        return [
            Route("/", self._index),
            Mount("/page", StaticFiles(directory=PAGE)),
            Route("/_sandbox/arm", self._arm),
            Route("/_sandbox/info", self._info),
            Route("/_sandbox/clock", self._advance, methods=["POST"]),
            Route("/_sandbox/events", self._events),
        ]

    async def _index(self, _request: Request) -> Response:
        return FileResponse(PAGE / "index.html")

    async def _arm(self, _request: Request) -> Response:
        return JSONResponse(self.arm.state())

    async def _info(self, _request: Request) -> Response:
        return JSONResponse(
            {"commands": COMMANDS, "users": [], "speed": SPEED, "delivery": "http", "database": "sqlite"}
        )

    async def _advance(self, request: Request) -> Response:
        self.clock.advance(timedelta(seconds=(await request.json())["advance_s"]))
        return JSONResponse({"now": self.clock.now().isoformat()})

    async def _events(self, _request: Request) -> Response:
        return StreamingResponse(self._news(), media_type="text/event-stream")

    async def _news(self) -> AsyncIterator[str]:
        told: tuple[int, int, timedelta] | None = None
        while True:
            now = (self.slack.revision, self.arm.revision, self.clock.offset)
            if now != told:
                told = now
                yield f"data: {json.dumps({'slack': now[0], 'arm': now[1], 'clock': _iso(self.clock.now())})}\n\n"
            await asyncio.sleep(0.05)

    def stop(self) -> None:
        """Take everything down."""
        self._bot.shutdown()
        self._bot.server_close()
        self.slack.close()
        self._served.stop()


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def _listener(app: App) -> type[BaseHTTPRequestHandler]:
    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = app.dispatch(BoltRequest(body=raw, headers={key: [value] for key, value in self.headers.items()}))
            body = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.first_headers().get("content-type", "text/plain"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    return Listener
