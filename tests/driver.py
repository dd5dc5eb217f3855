"""Drives ``python -m bot sandbox`` as a stranger would: a process, and its control routes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

START_S = 120.0
"""How long the sandbox or a bot may take to become ready; a machine that runs other tests beside it is slow."""


class SandboxProcess:
    """One sandbox process on ports of its own.

    Args:
        data: Its folder; kept across restarts.
        options: Further command line options.
        code: The folder whose code is run: another version, or this one.
        environment: Variables beside those of this process.
    """

    def __init__(
        self,
        data: Path,
        *options: str,
        code: Path | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._code = code
        self._environment = environment
        self._port, self._arm_port = _free_ports(2)
        self._command = [sys.executable, "-m", "bot", "sandbox", "--data", str(data), *options]
        self._command += ["--port", str(self._port), "--arm-port", str(self._arm_port)]
        self._log = data.parent / f"{data.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The page."""
        return f"http://127.0.0.1:{self._port}/"

    @property
    def arm_url(self) -> str:
        """The simulated Azure Resource Manager."""
        return f"https://127.0.0.1:{self._arm_port}"

    def send_signal(self, number: int) -> None:
        """To the running process."""
        assert self._process is not None
        self._process.send_signal(number)

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env={**os.environ, **self._environment}, cwd=self._code
            )
        wait_for(self._is_ready, "The sandbox did not become ready", START_S)

    def kill(self) -> None:
        """Kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, which it does in good order."""
        self._end(signal.SIGTERM)
        assert self._process is None or self._process.returncode == 0, self.log()[-3000:]

    def post(self, path: str, /, **body: Any) -> Any:
        """POST to a control route; the answer's JSON, whatever its status."""
        return self._ask("POST", path, json.dumps(body).encode())

    def put(self, path: str, **body: Any) -> Any:
        """PUT to a control route; the answer's JSON, whatever its status."""
        return self._ask("PUT", path, json.dumps(body).encode())

    def forget(self, path: str) -> Any:
        """DELETE a control route: faults that still wait."""
        return self._ask("DELETE", path, None)

    def get(self, path: str) -> Any:
        """GET a control route."""
        return self._ask("GET", path, None)

    def type(self, user: str, text: str) -> Any:
        """Type ``/egress text`` in the channel."""
        return self.post("slack/command", user=user, channel="CEGRESS01", text=text)

    def settle(self, timeout_s: float = 60) -> None:
        """Wait until nothing moves."""
        answer = self.post("settle", timeout_s=timeout_s)
        assert answer == {"settled": True}, f"{answer}\n{self.log()[-3000:]}"

    def request(self, user: str, cluster: str, destinations: str, **form: str) -> Any:
        """Fill in and submit the request form; the answer of the submit."""
        self.type(user, f"request {cluster} {destinations}")
        wait_for(lambda: self.views(user), "No form was opened", 10)
        return self.submit(user, **form)

    def submit(self, user: str, **form: str) -> Any:
        """Fill in and submit the form that is open; the answer."""
        values = {"reason": "Package mirror", "duration": "8h", **form}
        view_id = self.views(user)[-1]["id"]
        filled = {block: {block: value} for block, value in values.items()}
        return self.post("slack/submit", user=user, view_id=view_id, values=filled)

    def press(self, user: str, action_id: str, message: Any) -> Any:
        """Press a button of a message."""
        where = {"channel": message["channel"], "message_ts": message["ts"]}
        return self.post("slack/action", user=user, action_id=action_id, **where)

    def views(self, user: str) -> list[Any]:
        """The open forms of a person."""
        found: list[Any] = self.get("slack")["views"].get(user, [])
        return found

    def messages(self, channel: str = "CEGRESS01", user: str | None = None) -> list[Any]:
        """Messages of a channel, ephemerals only of the named person."""
        found = self.get("slack")["messages"]
        return [m for m in found if m["channel"] == channel and m["ephemeral_for"] in (None, user)]

    def check(self, words: str, user: str = "UDEV0001") -> Any:
        """Type a check, and read the answer."""
        seen = len(self.messages(user=user))
        assert self.type(user, f"check {words}")["status"] == 200
        wait_for(lambda: len(self.messages(user=user)) > seen, "No answer", 30)
        return self.messages(user=user)[-1]

    def cards(self) -> list[Any]:
        """Messages of the channel that are not replies in a thread and for everybody."""
        return [m for m in self.messages() if m["thread_ts"] is None and m["ephemeral_for"] is None]

    def reread(self, message: Any) -> Any:
        """The same message of the channel as it is now."""
        (found,) = [each for each in self.messages() if each["ts"] == message["ts"]]
        return found

    def our_rules(self) -> dict[str, Any]:
        """The names that our rules let through, by rule name."""
        groups = [b for k, b in self.get("arm")["resources"].items() if k.endswith("/rcg-aks-egress")]
        collections = [each for group in groups for each in group["properties"]["ruleCollections"]]
        names = ("targetFqdns", "destinationFqdns")
        return {
            rule["name"]: next(rule[n] for n in names if rule.get(n)) for each in collections for rule in each["rules"]
        }

    def log(self) -> str:
        """Everything that it wrote."""
        return self._log.read_text()

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        url = f"http://127.0.0.1:{self._port}/_sandbox/{path}"
        asked = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()[-3000:]
        try:
            return bool(self.get("health")["ready"])
        except (OSError, ValueError):  # not there yet, or whoever had the port before
            return False

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)


def wait_for(is_so: Callable[[], Any], otherwise: str, seconds: float) -> None:
    """Wait until something holds.

    Raises:
        AssertionError: If it does not hold in time.
    """
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, otherwise
        time.sleep(0.2)  # whoever is asked needs the processor, too


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
