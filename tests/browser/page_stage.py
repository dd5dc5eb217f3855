"""A stage for the page: the simulated workspace and a subscription on one port, with a tiny bot beside them."""

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
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from tests.browser.tiny_bot import wire_up

import bot.sandbox
from bot.sandbox.clock import SandboxClock
from bot.sandbox.journal import Journal
from bot.sandbox.serving import ServedApp
from bot.sandbox.slack import Installation, SlackWorkspace
from bot.sandbox.slack_http import slack_control_routes, slack_routes

TOKEN, SECRET = "xoxb-sandbox", "sandbox-signing-secret"
PAGE = Path(bot.sandbox.__file__).parent / "page"
NETWORK = "/subscriptions/s/resourcegroups/rg/providers/microsoft.network"
POLICY = f"{NETWORK}/firewallpolicies/hub-policy"
GROUP = f"{POLICY}/rulecollectiongroups/rcg-chatops"
COMMANDS = [
    {"text": "show", "hint": "CLUSTER"},
    {"text": "request", "hint": "[CLUSTER HOST…]"},
    {"text": "requests", "hint": "[mine|pending|CLUSTER]"},
]


class Subscription:
    """As much of Azure as the page draws: two clusters, a policy with our group, and its operations."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self.revision = 1
        self.operations: list[dict[str, Any]] = []
        self._rules: list[dict[str, Any]] = []
        address = f"{NETWORK}/publicipaddresses/one"
        balancer = {"effectiveOutboundIPs": [{"id": address}]}
        self.resources: dict[str, dict[str, Any]] = {
            address: {"type": "Microsoft.Network/publicIPAddresses", "name": "one", "properties": {"ipAddress": "20.103.44.8"}},
            POLICY: {"type": "Microsoft.Network/firewallPolicies", "name": "hub-policy", "properties": {}},
            GROUP: _group(self._rules),
        }
        for name, network in {
            "aks-lb": {"outboundType": "loadBalancer", "loadBalancerProfile": balancer},
            "aks-udr": {"outboundType": "userDefinedRouting"},
        }.items():
            body = {"provisioningState": "Succeeded", "networkProfile": network}
            self.resources[f"/mc/{name}"] = {"type": "Microsoft.ContainerService/managedClusters", "name": name, "properties": body}

    def open_rule(self, host: str) -> None:
        """Add an application rule, as an operation that is still running."""
        now = self._clock.now().isoformat()
        self._rules.append({"name": f"allow-{host}", "targetFqdns": [host], "sourceAddresses": ["10.10.0.0/16"], "protocols": [{"protocolType": "Https", "port": 443}]})
        self.operations.append({"id": host, "resource": GROUP, "kind": "PUT rule collection group", "status": "InProgress", "started": now, "ended": None, "error": None})
        self.revision += 1

    def snapshot(self) -> dict[str, Any]:
        """As ``GET /_sandbox/arm`` answers."""
        return {"resources": self.resources, "operations": self.operations, "requests": [], "writers": []}


def _group(rules: list[dict[str, Any]]) -> dict[str, Any]:
    collection = {"name": "allow", "priority": 1000, "action": {"type": "Allow"}, "rules": rules}
    body = {"priority": 1000, "provisioningState": "Succeeded", "ruleCollections": [collection]}
    return {"type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups", "name": "rcg-chatops", "properties": body}


class PageStage:
    """Everything on one port; ``url`` is the page's."""

    def __init__(self) -> None:
        self.clock = SandboxClock()
        self.arm = Subscription(self.clock)
        self.slack = SlackWorkspace(self.clock, Journal(), installation=Installation(SECRET, TOKEN, "xapp-sandbox"))
        own = [
            Route("/", lambda request: FileResponse(PAGE / "index.html")),
            Mount("/page", StaticFiles(directory=PAGE)),
            Route("/_sandbox/arm", lambda request: JSONResponse(self.arm.snapshot())),
            Route("/_sandbox/info", lambda request: JSONResponse({"commands": COMMANDS, "users": [], "speed": 60, "delivery": "http", "database": "sqlite"})),
            Route("/_sandbox/clock", self._advance, methods=["POST"]),
            Route("/_sandbox/events", self._events),
        ]
        self._served = ServedApp(Starlette(routes=[*own, *slack_control_routes(self.slack), *slack_routes(self.slack)]), 0)
        self.url = f"http://127.0.0.1:{self._served.port}"
        self.slack.base_url = self.url
        self._served.start()
        self._bot = self._start_bot()

    def _start_bot(self) -> ThreadingHTTPServer:
        app = App(client=WebClient(TOKEN, base_url=f"{self.url}/api/"), token=TOKEN, signing_secret=SECRET, process_before_response=True)
        wire_up(app, self.arm.open_rule)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _listener(app))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.slack.connect(f"http://127.0.0.1:{server.server_port}/")
        return server

    async def _advance(self, request: Request) -> Response:
        self.clock.advance(timedelta(seconds=(await request.json())["advance_s"]))
        return JSONResponse({"now": self.clock.now().isoformat()})

    async def _events(self, request: Request) -> Response:
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
        def do_POST(self) -> None:  # noqa: N802
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
