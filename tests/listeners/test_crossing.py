"""An envelope crosses with the end of a socket: Slack says that it failed, and it is done all the same, once."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from bot import allowances
from bot.domain.audit import AuditFilter
from handlers.app import build_app
from handlers.blocks.words import ARRIVED
from handlers.socket_client import GOING_AWAY
from tests.build import DEV
from tests.listeners.test_workspace import CHANNEL, FORM, Town, settled
from tests.sandbox.slack_stage import until
from tests.silence import CHUNK, Proxy


class Network(Proxy):
    """The way of one socket; once told to, it keeps what Slack says until the bot has said goodbye.

    Args:
        port: Slack's.

    Attributes:
        under_way: What Slack has said meanwhile.
    """

    def __init__(self, port: int) -> None:
        self.under_way = b""
        self._is_slow = False
        self._turn = threading.Lock()
        super().__init__(lambda: socket.create_connection(("127.0.0.1", port)))

    def slow_down(self) -> None:
        """From now on."""
        with self._turn:
            self._is_slow = True

    def _pass_on(self, source: socket.socket, sink: socket.socket, talks: threading.Event, *, counts: int = 0) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                talks.wait()
                with self._turn:
                    if counts and data.endswith(GOING_AWAY):
                        source.sendall(self.under_way)
                        self._is_slow = False
                    if self._is_slow and not counts:
                        self.under_way += data
                    else:
                        sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot comes in through Socket Mode."""
    with settled(sqlite_url, delivery="socket") as made:
        yield made


@contextmanager
def served(town: Town) -> Iterator[Callable[[Callable[[], Any]], None]]:
    """Another replica; a function has it leave, and somebody click so that the envelope crosses with that."""
    network = Network(town.stage.served.port)
    with network, ThreadPoolExecutor() as people:
        town.stage.workspace.base_url = f"http://127.0.0.1:{network.port}"  # the socket's, and nothing else's
        front = build_app(town.ctx, town.settings).serve_socket()

        def crossed(click: Callable[[], Any]) -> None:
            network.slow_down()
            clicked = people.submit(click)
            until(lambda: b'"envelope_id"' in network.under_way)
            front.stop()
            assert clicked.result()["error"] == "operation_timeout"

        until(lambda: front.problem() is None)
        town.stage.workspace.base_url = town.stage.url
        yield crossed
        front.stop()


def recorded(town: Town, **wanted: Any) -> int:
    """Events in the audit log."""
    with town.ctx.store.read() as tx:
        return len(tx.audit.find(AuditFilter(**wanted), limit=100))


def test_a_command_is_answered(town: Town) -> None:
    """Where it was typed: that it arrived, and what its ack would have said."""
    with served(town) as crossed:
        crossed(lambda: town.command("UAPP0001", "deny nothing because"))
    arrived, answer = town.whispers("UAPP0001")
    assert arrived == ARRIVED
    assert "does not exist" in answer
    assert recorded(town, outcome="refused") == 1


def test_a_card_is_decided_and_a_second_click_changes_nothing(town: Town) -> None:
    """The person hears both times where they stand."""
    with served(town) as crossed:
        town.ask()
        card = {"channel": CHANNEL, "message_ts": town.cards()[0]["ts"]}
        crossed(lambda: town.stage.do("action", user="UAPP0001", action_id="approve", **card))
    assert ARRIVED in town.whispers("UAPP0001")
    assert allowances.requests(town.ctx, DEV, "mine")[0].approved_at
    with served(town):
        town.stage.do("action", user="UAPP0001", action_id="approve", **card)
        until(lambda: len(town.whispers("UAPP0001")) == 3)
    assert recorded(town, action="allowance:approve") == 1


def test_a_form_is_filed_and_says_so(town: Town) -> None:
    """It is still open, and has nothing left to send."""
    with served(town) as crossed:
        drawn = town.redraws()
        town.command("UDEV0001", "request aks-udr api.example.com")
        until(lambda: town.redraws() > drawn)
        crossed(lambda: town.submit("UDEV0001", **FORM))
    assert len(allowances.requests(town.ctx, DEV, "mine")) == 1
    assert ARRIVED in str(town.view("UDEV0001")["blocks"])
    assert not town.view("UDEV0001").get("submit")


def test_what_is_wrong_in_a_form_is_told(town: Town) -> None:
    """Nothing is recorded, and the form is still there, to be corrected and sent again."""
    with served(town) as crossed:
        drawn = town.redraws()
        town.command("UDEV0001", "request aks-udr")
        until(lambda: town.redraws() > drawn)
        crossed(lambda: town.submit("UDEV0001", **FORM | {"destinations": "*.com"}))
    (told,) = town.direct("UDEV0001")
    assert "nothing was recorded" in told
    assert "*.com" in told
    assert not allowances.requests(town.ctx, DEV, "mine")
    assert town.view("UDEV0001")["submit"]
