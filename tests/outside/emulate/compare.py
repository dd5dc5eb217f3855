"""Our workspace and ``emulate``'s, asked the same: status, ``ok``, error code, and keys that only theirs has.

``recorded.json`` holds calls of the product, ``strange.json`` calls that are wrong in every way. Keys that only ours
has are no difference: Slack's own types are asked about those (``shapes``).
"""

import json
import os
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode

from tests.driver import SandboxProcess, wait_for
from tests.outside.emulate.record import PEOPLE, at
from tests.outside.provision import node, node_packages
from tests.outside.report import Found
from tests.processes.stage import free_port

HERE = Path(__file__).parent
LOOKED_INTO = ("message", "view", "user", "channel", "team", "bot", "profile", "file")
"""Keys of answers whose own keys are compared, too."""

SCOPES = [
    "app_mentions:read",
    "channels:history",
    "channels:join",
    "channels:manage",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "im:read",
    "im:write",
    "mpim:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users.profile:read",
    "users:read",
    "users:read.email",
]
TOKEN = "xoxb-outside"


@dataclass
class Side:
    """One workspace.

    Args:
        url: Its base URL.
        token: The bot token.
        names: What the names of the calls stand for; grows.
    """

    url: str
    token: str
    names: dict[str, str] = field(default_factory=dict)

    def trigger(self) -> str:
        """A fresh trigger id."""
        raise NotImplementedError

    def call(self, call: Mapping[str, Any]) -> tuple[int, Any]:
        """Make one call; status and body."""
        text = json.dumps(call["args"])
        if "{trigger}" in text:
            text = text.replace("{trigger}", self.trigger())
        args = json.loads(self._meant(text))
        token = self._meant(call.get("token", self.token))
        status, body = self.ask(call["method"], args, is_form=call["form"], token=token)
        if call["method"] == "files.getUploadURLExternal" and isinstance(body, dict) and body.get("ok"):
            self._send_file(body["upload_url"], int(args["length"]))
        self.names |= {name: str(at(body, path) or "none") for name, path in call.get("save", {}).items()}
        return status, body

    def ask(self, method: str, args: Mapping[str, Any], *, is_form: bool, token: str) -> tuple[int, Any]:
        """Ask a Web API method."""
        flat = {k: v if isinstance(v, str) else json.dumps(v) for k, v in args.items()}
        raw = urlencode(flat).encode() if is_form else json.dumps(args).encode()
        kind = "application/x-www-form-urlencoded" if is_form else "application/json; charset=utf-8"
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {token}"} if token else {})
        return _answer(urllib.request.Request(f"{self.url}/api/{method}", raw, headers, method="POST"))

    def _meant(self, text: str) -> str:
        for name, value in self.names.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def _send_file(self, url: str, length: int) -> None:
        asked = urllib.request.Request(url, b"x" * length, {"Content-Type": "application/octet-stream"}, method="POST")
        assert _answer(asked)[0] == 200, url


def _answer(asked: urllib.request.Request) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            status, raw = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, raw = error.code, error.read()
    try:
        return status, json.loads(raw)
    except ValueError:
        return status, raw.decode("utf-8", "replace")


class Ours(Side):
    """Our workspace; a small application of our own hears the shortcut that gives trigger ids."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        super().__init__(sandbox.url.rstrip("/"), "xoxb-sandbox")
        self._sandbox = sandbox
        self._triggers: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._listener())
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self._install(SCOPES)
        self.names |= PEOPLE | {"channel": "CEGRESS01", "other_channel": "CGENERAL1", "channel_name": "egress"}
        self.names |= {"group": "SAPPROVE1", "bot": "BBOT0001"}

    def trigger(self) -> str:
        """From a shortcut that somebody uses."""
        self._sandbox.post("slack/shortcut", user="UDEV0001", callback_id="go")
        return self._triggers[-1]

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()

    def _install(self, scopes: list[str]) -> None:
        shortcut = {"name": "Go", "type": "global", "callback_id": "go", "description": "Go"}
        features = {"shortcuts": [shortcut], "app_home": {"home_tab_enabled": True}}
        features |= {"bot_user": {"display_name": "egress"}}
        manifest = {
            "display_information": {"name": "Outside"},
            "features": features,
            "oauth_config": {"scopes": {"bot": scopes}},
            "settings": {"interactivity": {"is_enabled": True}},
        }
        url = f"http://127.0.0.1:{self._server.server_port}/"
        made = self._sandbox.post("slack/app", manifest=manifest, request_url=url)
        assert "error" not in made, made

    def _listener(self) -> type[BaseHTTPRequestHandler]:
        triggers = self._triggers

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
                triggers.append(json.loads(parse_qs(raw)["payload"][0])["trigger_id"])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


class Theirs(Side):
    """``emulate``'s workspace."""

    def __init__(self, url: str) -> None:
        super().__init__(url, TOKEN)
        people = self._listed("users.list", "members")
        channels = self._listed("conversations.list", "channels")
        self.names |= {name: people[name] for name in PEOPLE} | {"channel": channels["egress"]}
        self.names |= {"other_channel": channels["random"], "channel_name": "egress", "group": "SAPPROVE1"}
        self.names |= {"bot": "B0OUTSIDE0"}
        joined = self.ask("conversations.join", {"channel": channels["egress"]}, is_form=False, token=TOKEN)
        assert joined[1]["ok"], joined

    def trigger(self) -> str:
        """From its own helper."""
        args = {"user_id": self.names["user"]}
        return str(self.ask("views.generateTriggerId", args, is_form=False, token=TOKEN)[1]["trigger_id"])

    def _listed(self, method: str, key: str) -> dict[str, str]:
        body = self.ask(method, {}, is_form=False, token=TOKEN)[1]
        return {each["name"]: each["id"] for each in body[key]}


SEED = {
    "slack": {
        "team": {"name": "Sandbox", "domain": "sandbox"},
        "users": [{"name": name, "email": f"{name}@sandbox.example"} for name in (*PEOPLE, "dana")],
        "channels": [{"name": "egress"}],
        "strict_scopes": True,
        "oauth_apps": [
            {
                "client_id": "1.2",
                "client_secret": "none",
                "app_id": "A0OUTSIDE0",
                "name": "Outside",
                "redirect_uris": [],
                "scopes": SCOPES,
                "bot_id": "B0OUTSIDE0",
                "bot_user_id": "U0OUTSIDE0",
                "bot_name": "egress",
            }
        ],
        "tokens": [
            {
                "token": TOKEN,
                "type": "bot",
                "user": "U0OUTSIDE0",
                "user_id": "U0OUTSIDE0",
                "scopes": SCOPES,
                "app_id": "A0OUTSIDE0",
                "bot_id": "B0OUTSIDE0",
                "bot_user_id": "U0OUTSIDE0",
            }
        ],
    }
}


@contextmanager
def emulated(folder: Path) -> Iterator[Theirs]:
    """``emulate`` on a port of its own."""
    seed = folder / "seed.json"
    seed.write_text(json.dumps(SEED))
    port = free_port()
    program = node_packages("emulate") / "node_modules" / "emulate" / "dist" / "index.js"
    command = [str(node()), str(program), "start", "--service", "slack", "--port", str(port), "--seed", str(seed)]
    with (folder / "emulate.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=dict(os.environ))
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: _is_up(url), "emulate did not start", 60)
        yield Theirs(url)
    finally:
        process.kill()
        process.wait()


def _is_up(url: str) -> bool:
    try:
        return _answer(urllib.request.Request(f"{url}/api/auth.test", b"", method="POST"))[0] < 600
    except OSError:
        return False


def compare(found: Found) -> None:
    """Play all calls on both sides."""
    calls = [*json.loads((HERE / "strange.json").read_text()), *json.loads((HERE / "recorded.json").read_text())]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outside-")))
        theirs = stack.enter_context(emulated(folder))
        sandbox = SandboxProcess(folder / "data", "--no-bot")
        stack.callback(sandbox.kill)
        sandbox.start()
        ours = Ours(sandbox)
        stack.callback(ours.stop)
        for call in calls:
            found.compared += 1
            _judge(found, call, ours.call(call), theirs.call(call))


def _judge(found: Found, call: Mapping[str, Any], ours: tuple[int, Any], theirs: tuple[int, Any]) -> None:
    shown = json.dumps({k: v if len(str(v)) < 60 else "…" for k, v in call["args"].items()}, ensure_ascii=False)
    where = f"{call['method']} {shown}" + (" (token)" if "token" in call else "")
    if _said(ours) != _said(theirs):
        wrong = [f"ours {_said(ours)}, theirs {_said(theirs)}"]
    else:
        wrong = [f"only theirs: {key}" for key in sorted(_keys(theirs[1]) - _keys(ours[1]))]
    found.check(where, wrong)
    found.compared -= 1


def _said(answer: tuple[int, Any]) -> str:
    status, body = answer
    if not isinstance(body, dict):
        return f"{status} {str(body)[:40]}"
    return f"{status} {'ok' if body.get('ok') else body.get('error')}"


def _keys(body: Any) -> set[str]:
    if not isinstance(body, dict):
        return set()
    inner = {f"{name}.{key}" for name in LOOKED_INTO if isinstance(body.get(name), dict) for key in body[name]}
    return {*body, *inner}
