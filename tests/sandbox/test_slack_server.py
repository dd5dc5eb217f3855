"""Both simulators composed: ports, readiness, time, quiet, the page."""

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from slack_sdk import WebClient

from bot.sandbox.server import Sandbox, SandboxOptions
from bot.sandbox.serving import PortTaken


class Product:
    """Stands in for the product's composition root."""

    def __init__(self) -> None:
        self.is_busy = False
        self.wakes = 0

    def is_quiet(self) -> bool:
        """Nothing is due unless a test says so."""
        return not self.is_busy

    def wake(self) -> None:
        """Counts."""
        self.wakes += 1


def started(folder: Path, **changes: Any) -> Sandbox:
    """A sandbox on free ports."""
    sandbox = Sandbox(SandboxOptions(folder, port=0, arm_port=0, **changes))
    sandbox.start()
    return sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox without a bot."""
    sandbox = started(tmp_path, is_without_bot=True)
    yield sandbox
    sandbox.stop()


def call(sandbox: Sandbox, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Call a control route."""
    port = int(sandbox.url.rpartition(":")[2])
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, f"/_sandbox/{path}", None if body is None else json.dumps(body))
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def test_everything_is_served(sandbox: Sandbox) -> None:
    """Health, info, both states, the Web API, ARM over TLS with the CA file."""
    assert call(sandbox, "GET", "health") == (200, {"ready": True})
    info = call(sandbox, "GET", "info")[1]
    assert {user["id"]: user["role"] for user in info["users"]}["UAPP0001"] == "approver"
    assert (info["speed"], info["delivery"], info["arm_url"]) == (60.0, "http", sandbox.arm_url)
    assert call(sandbox, "GET", "slack")[1]["messages"] == []
    assert call(sandbox, "GET", "arm")[1]["resources"]
    assert WebClient(sandbox.bot_token, base_url=sandbox.slack_api_url).auth_test()["ok"]
    trust = ssl.create_default_context(cafile=str(sandbox.ca_file))
    with urlopen(f"{sandbox.arm_url}/metadata/endpoints?api-version=2022-09-01", context=trust) as response:
        assert response.status == 200


def test_ready_means_that_a_bot_answers(tmp_path: Path) -> None:
    """Attached is not enough: somebody must listen."""
    sandbox, product = started(tmp_path), Product()
    assert not sandbox.is_ready()
    sandbox.attach("http://127.0.0.1:9/slack/events", product.is_quiet, product.wake)
    assert not sandbox.is_ready()
    sandbox.attach(f"{sandbox.url}/slack/events", product.is_quiet, product.wake)
    assert sandbox.is_ready()
    sandbox.stop()


def test_time_moves_forward_and_is_kept(tmp_path: Path) -> None:
    """The offset survives a restart, the product is woken, and time never goes back."""
    sandbox, product = started(tmp_path), Product()
    sandbox.attach(None, product.is_quiet, product.wake)
    assert call(sandbox, "POST", "clock", {"advance_s": 90})[1]["offset_s"] == 90
    assert product.wakes == 1
    wrong: tuple[Any, ...] = ({"advance_s": -1}, {"advance_s": "x"}, {}, [])
    assert [call(sandbox, "POST", "clock", body)[0] for body in wrong] == [400] * 4
    sandbox.stop()
    again = started(tmp_path)
    assert call(again, "POST", "clock", {"advance_s": 0.5})[1]["offset_s"] == 90.5
    again.stop()


def test_settling_says_what_still_moves(tmp_path: Path) -> None:
    """Work that is due is named; then all is quiet."""
    sandbox, product = started(tmp_path), Product()
    sandbox.attach(None, product.is_quiet, product.wake)
    product.is_busy = True
    status, answer = call(sandbox, "POST", "settle", {"timeout_s": 0.05})
    assert (status, "the bot has work that is due" in answer["error"]) == (409, True)
    product.is_busy = False
    assert call(sandbox, "POST", "settle", {"timeout_s": 5}) == (200, {"settled": True})
    assert call(sandbox, "POST", "settle", {})[0] == 400
    sandbox.stop()


def test_the_page_hears_of_changes(sandbox: Sandbox) -> None:
    """One event at first, another after a message."""
    with urlopen(Request(f"{sandbox.url}/_sandbox/events"), timeout=5) as stream:
        first = json.loads(stream.readline().removeprefix(b"data: "))
        stream.readline()
        assert first.keys() == {"slack", "arm", "clock"}
        body = {"user": "UDEV0001", "channel": "CEGRESS01", "text": "hi"}
        assert call(sandbox, "POST", "slack/message", body)[0] == 200
        second = json.loads(stream.readline().removeprefix(b"data: "))
        assert second["slack"] > first["slack"]
        assert second["arm"] == first["arm"]


def test_the_page_is_served(sandbox: Sandbox) -> None:
    """At the root, with its files beside it."""
    with urlopen(f"{sandbox.url}/") as response:
        assert b"<!doctype html>" in response.read().lower()
    with urlopen(f"{sandbox.url}/page/app.js") as response:
        assert response.headers["content-type"].startswith("text/javascript")


def test_a_used_port_is_said_plainly(sandbox: Sandbox, tmp_path: Path) -> None:
    """One sentence, with the port."""
    port = int(sandbox.url.rpartition(":")[2])
    other = Sandbox(SandboxOptions(tmp_path / "other", port=port, arm_port=0))
    with pytest.raises(PortTaken, match=f"Port {port} on 127.0.0.1 is not free"):
        other.start()
    other.stop()
    third = Sandbox(SandboxOptions(tmp_path / "third", port=0, arm_port=port))
    with pytest.raises(PortTaken, match="is not free"):
        third.start()
    third.stop()
