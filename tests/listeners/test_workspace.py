"""Our Slack against the simulated workspace: real Bolt, signed HTTP and Socket Mode, real Web API calls."""

import http.client
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from bot import allowances
from bot.domain.configuration import Configuration
from bot.domain.people import Identity, Role
from bot.errors import SlackRefused, SlackThrottled, SlackUnreachable
from bot.ports import Context, Notice, NoticeKind
from bot.reconciler import Reconciler
from handlers.app import SlackApp, SlackSettings, build_app, directory, notifier
from handlers.identity import FRESH, KEEP
from tests.build import DEV, World, make_world
from tests.sandbox.slack_stage import APP_TOKEN, BOT_TOKEN, SECRET, Stage, installed, until

CHANNEL = "CEGRESS01"
FORM = {"cluster": "aks-udr", "destinations": "api.example.com", "reason": "billing", "duration": "8h"}


def buttons(card: dict[str, Any]) -> list[str]:
    """The action ids that a card offers."""
    rows = [block["elements"] for block in card["blocks"] if block["type"] == "actions"]
    return [element["action_id"] for row in rows for element in row]


@dataclass
class Town:
    """The bot and everybody in the workspace."""

    stage: Stage
    world: World
    ctx: Context
    settings: SlackSettings
    app: SlackApp
    database: str

    def command(self, user: str, text: str) -> Any:
        """Types ``/egress text`` in the channel."""
        return self.stage.do("command", user=user, channel=CHANNEL, text=text)

    def whispers(self, user: str) -> list[str]:
        """The ephemeral messages for a person."""
        return [m["text"] for m in self.stage.state["messages"] if m["ephemeral_for"] == user]

    def direct(self, user: str) -> list[str]:
        """The bot's direct messages to a person."""
        channels = {c["id"] for c in self.stage.state["channels"] if c.get("user") == user}
        return [m["text"] for m in self.stage.state["messages"] if m["channel"] in channels]

    def cards(self) -> list[dict[str, Any]]:
        """The cards in the channel."""
        shown = [m for m in self.stage.state["messages"] if m["channel"] == CHANNEL and not m["ephemeral_for"]]
        return [m for m in shown if m["thread_ts"] is None]

    def thread(self) -> list[str]:
        """The threads under the cards."""
        return [m["text"] for m in self.stage.state["messages"] if m["thread_ts"] is not None]

    def view(self, user: str) -> dict[str, Any]:
        """The modal that the person sees, once it is there."""
        until(lambda: self.stage.state["views"].get(user))
        found: dict[str, Any] = self.stage.state["views"][user][-1]
        return found

    def submit(self, user: str, **values: str) -> Any:
        """Fills in and sends the person's modal."""
        form = {name: {name: value} for name, value in values.items()}
        return self.stage.do("submit", user=user, view_id=self.view(user)["id"], values=form)

    def press(self, user: str, action: str, card: int = 0) -> None:
        """Presses a button of a card."""
        self.stage.do("action", user=user, action_id=action, channel=CHANNEL, message_ts=self.cards()[card]["ts"])

    def redraws(self) -> int:
        """Return how often the bot has drawn a modal again."""
        return [call["method"] for call in self.stage.state["calls"]].count("views.update")

    def ask(self) -> str:
        """Files a request by hand and draws its card; gives its id."""
        drawn = self.redraws()
        self.command("UDEV0001", "request aks-udr api.example.com")
        # with what the firewall's rules say; a redraw of a form that was sent is refused
        until(lambda: self.redraws() > drawn)
        assert not self.submit("UDEV0001", **FORM)["errors"]
        until(self.app.is_idle)  # the answer, before the card: both may meet what Slack refuses
        self.world.settle()
        return allowances.requests(self.ctx, DEV, "mine")[0].id


@contextmanager
def settled(database_url: str, *, book: Configuration | None = None, **installation: str) -> Iterator[Town]:
    """Everybody at rest; nobody delivers to the bot yet."""
    logging.getLogger("slack_bolt").setLevel(logging.CRITICAL)
    stage, world = Stage(installed(**installation)), make_world(database_url, book=book)
    settings = SlackSettings(BOT_TOKEN, SECRET, APP_TOKEN, f"{stage.url}/api/", timedelta(seconds=2))
    ctx = replace(world.ctx, directory=directory(settings, world.ctx.config, world.clock))
    world.reconciler = Reconciler(ctx, notifier(settings, ctx.store, ctx.config), workers=0)
    app = build_app(ctx, settings)
    yield Town(stage, world, ctx, settings, app, database_url.removeprefix("sqlite:///"))
    app.drain()
    stage.stop()
    world.store.close()


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The bot is reached through signed HTTP."""
    with settled(sqlite_url) as made:
        made.stage.serve_http(made.app.bolt)
        yield made


def test_a_request_lives_on_its_card(town: Town) -> None:
    """Asked in a form, decided on the card, live when Azure has it: one message, and a thread that tells the rest."""
    town.ask()
    (card,) = town.cards()
    assert card["text"].startswith("Waiting for a decision")
    town.press("UAPP0001", "approve")
    until(lambda: any("Approved" in text for text in town.whispers("UAPP0001")))
    town.world.settle()
    (card,) = town.cards()
    assert card["text"].startswith("Live")
    assert buttons(card) == ["renew", "revoke", "probe", "details", "story"]
    assert next(iter(town.thread())).startswith("Approved by <@UAPP0001>")
    assert any(text.startswith("Live") for text in town.direct("UDEV0001"))
    assert not [call for call in town.stage.state["calls"] if not call["ok"]]


def test_a_stale_click_is_answered(town: Town) -> None:
    """Who, what and when; and the refused click is on record."""
    town.ask()
    town.press("UAPP0001", "approve")
    stale = town.cards()[0]["ts"]
    town.stage.do("action", user="UAPP0002", action_id="approve", channel=CHANNEL, message_ts=stale)
    until(lambda: any("already approved (<@UAPP0001>" in text for text in town.whispers("UAPP0002")))
    town.command("UAUD0001", "audit action:act")
    until(lambda: any("1 audit event" in text for text in town.whispers("UAUD0001")))


def test_a_denial_after_a_decision_closes_its_form(town: Town) -> None:
    """Two approvers at once: the slower one's form says so instead of a field error."""
    town.ask()
    town.press("UAPP0002", "deny")
    town.view("UAPP0002")
    town.press("UAPP0001", "approve")
    town.submit("UAPP0002", reason="too wide")
    assert "already approved" in str(town.view("UAPP0002")["blocks"])


def test_field_errors_keep_the_form_open(town: Town) -> None:
    """The sentence is at its field, without markup."""
    town.command("UDEV0001", "request")
    answer = town.submit("UDEV0001", **FORM | {"destinations": "bad_host"})
    assert "underscore" in answer["errors"]["destinations"]
    again = town.submit("UDEV0001", **FORM)
    assert not again["errors"]


def test_the_form_is_drawn_again_with_who_decides(town: Town) -> None:
    """The cluster was not known; choosing one keeps the hosts and tells who decides."""
    town.command("UDEV0001", "request nowhere api.example.com")
    assert "There is no cluster nowhere" in str(town.view("UDEV0001")["blocks"])
    view = town.view("UDEV0001")
    town.stage.do("action", user="UDEV0001", action_id="cluster", view_id=view["id"], value="aks-udr")
    until(lambda: "must approve" in str(town.view("UDEV0001")["blocks"]))
    assert "api.example.com" in str(town.view("UDEV0001"))


def test_a_slow_answer_comes_after_the_ack(town: Town) -> None:
    """``show`` is acked empty and answered through the response URL."""
    acked = town.command("UDEV0001", "show aks-lb")
    assert not acked["body"]
    until(lambda: any("aks-lb leaves through" in text for text in town.whispers("UDEV0001")))


def test_late_errors_are_said(town: Town) -> None:
    """An error after the ack reaches the person too, for commands and for forms."""
    town.command("UDEV0001", "show nowhere")
    until(lambda: any("There is no cluster nowhere" in text for text in town.whispers("UDEV0001")))
    town.command("UDEV0001", "scale aks-lb")
    until(lambda: any(text.startswith("Outbound IPs") for text in town.whispers("UDEV0001")))
    shown = next(m for m in town.stage.state["messages"] if m["text"].startswith("Outbound IPs"))
    town.stage.do("action", user="UDEV0001", action_id="propose", channel=CHANNEL, message_ts=shown["ts"])
    town.command("UDEV0001", "scale aks-lb 3 because")
    until(lambda: any(text.startswith("Proposed") for text in town.whispers("UDEV0001")))
    town.submit("UDEV0001", count="4", reason="because")
    until(lambda: any("is still open" in text for text in town.whispers("UDEV0001")))


def test_a_form_that_does_not_open_is_said(town: Town) -> None:
    """A trigger that came too late: the person is told to try again, instead of nothing."""
    town.stage.post("fault", method="views.open", times=1, error="expired_trigger_id")
    town.command("UDEV0001", "request")
    until(lambda: any("try again" in text for text in town.whispers("UDEV0001")))


def test_a_redraw_that_comes_too_late_is_not_news(town: Town) -> None:
    """The form was sent before the firewall's rules had been read: the person hears nothing of it."""
    town.stage.post("fault", method="views.update", times=1, error="not_found")
    town.command("UDEV0001", "request aks-udr api.example.com")
    until(lambda: any(c["method"] == "views.update" for c in town.stage.state["calls"]))
    until(town.app.is_idle)
    assert town.whispers("UDEV0001") == []


def test_a_defect_says_only_its_reference(town: Town) -> None:
    """The error is in the log; the person gets a reference."""
    town.ask()
    with closing(sqlite3.connect(town.database)) as database, database:
        database.execute("INSERT INTO absence VALUES ('TSANDBOX1/UDEV0001', 'forged', 'forged', 'forged')")
    town.command("UDEV0001", "away")
    until(lambda: any("reference" in text for text in town.whispers("UDEV0001")))
    assert "forged" not in str(town.whispers("UDEV0001"))


def test_home_opens(town: Town) -> None:
    """The tab is published for who opened it."""
    town.stage.do("home", user="UDEV0001")
    until(lambda: town.stage.state["home"].get("UDEV0001"))
    assert "Request egress" in str(town.stage.state["home"]["UDEV0001"])


def test_files_reach_the_person(town: Town) -> None:
    """An export is a file in the conversation with the bot."""
    town.command("UAUD0001", "audit jsonl")
    until(lambda: len(town.stage.state["files"]) == 2)
    assert {file["name"].rpartition(".")[2] for file in town.stage.state["files"]} == {"jsonl", "json"}


def test_groups_are_asked_again_for_a_decision(town: Town) -> None:
    """Remembered for looking, fresh for deciding; what could not be read is said, and is no “no”."""
    who, people = town.ctx.directory, Identity("TSANDBOX1", "UAPP0001")
    assert Role.APPROVER in who.person(people).roles
    town.world.tick(FRESH + timedelta(seconds=1))
    town.stage.post("fault", method="usergroups.users.list", times=2, error="missing_scope")
    assert Role.APPROVER in who.person(people).roles
    unsure = who.person(people, is_fresh=True)
    assert Role.APPROVER not in unsure.roles
    assert {one.group for one in unsure.unread} == {"platform", "auditors"}
    assert Role.APPROVER in who.person(people, is_fresh=True).roles
    town.world.tick(KEEP + timedelta(seconds=1))
    town.stage.post("fault", method="usergroups.users.list", times=2, status=503)
    assert {one.group for one in who.person(people).unread} == {"platform", "auditors"}
    assert who.person(Identity("TOTHER", "UAPP0001"), is_fresh=True).roles == frozenset()
    assert who.members("nonsense") == ()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"status": 429, "retry_after_s": 7}, SlackThrottled),
        ({"status": 503}, SlackUnreachable),
        ({"error": "not_in_channel"}, SlackRefused),
    ],
)
def test_a_notice_that_is_not_said_says_why(town: Town, fault: dict[str, Any], expected: type[Exception]) -> None:
    """The outbox learns how long to wait, or that waiting is of no use."""
    saying = notifier(town.settings, town.ctx.store, town.ctx.config)
    town.stage.post("fault", method="chat.postMessage", times=1, **fault)
    news = Notice(NoticeKind.CHANNEL, "hub-policy", CHANNEL, {"event": "drift", "text": "by hand"})
    with pytest.raises(expected) as failed:
        saying.deliver(news, town.world.clock.now())
    if isinstance(failed.value, SlackThrottled):
        assert failed.value.retry_after == timedelta(seconds=7)
    saying.deliver(news, town.world.clock.now())
    assert "hub-policy" in town.cards()[0]["text"]


def test_a_deleted_card_is_drawn_anew(town: Town) -> None:
    """Somebody removed the message; the next state is posted instead of lost."""
    town.ask()
    town.stage.client.chat_delete(channel=CHANNEL, ts=town.cards()[0]["ts"])
    (made,) = allowances.requests(town.ctx, DEV, "mine")
    allowances.end(town.ctx, DEV, made.id)
    town.world.settle()
    shown = [card for card in town.cards() if not card["deleted"]]
    assert [card["text"].split(":")[0] for card in shown] == ["Revoked"]


def test_it_serves_http_with_its_own_routes(town: Town) -> None:
    """Slack's path, health, and nothing else; a forged request is refused."""
    front = town.app.serve_http("127.0.0.1:0", {"/healthz": lambda: (200, "text/plain", "ok")})
    try:
        assert fetch(front.port, "GET", "/healthz") == (200, "ok")
        assert fetch(front.port, "GET", "/elsewhere")[0] == 404
        assert fetch(front.port, "POST", "/slack/events")[0] == 401
        town.stage.workspace.connect(f"http://127.0.0.1:{front.port}/slack/events")
        assert town.command("UDEV0001", "help")["status"] == 200
    finally:
        front.stop()
    with pytest.raises(ConnectionError):
        fetch(front.port, "GET", "/healthz")


def fetch(port: int, method: str, path: str) -> tuple[int, str]:
    """One request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, b"{}" if method == "POST" else None)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_it_serves_through_a_socket(sqlite_url: str) -> None:
    """Socket Mode: the same answers, and a watchdog that is content."""
    with settled(sqlite_url, delivery="socket") as town:
        socket = town.app.serve_socket()
        until(lambda: town.stage.workspace.is_connected)
        assert town.command("UDEV0001", "help")["status"] == 200
        until(lambda: socket.problem() is None)
        socket.stop()
        until(lambda: not town.stage.workspace.is_connected)


def test_a_socket_that_slack_refuses_says_why_and_goes_on(town: Town) -> None:
    """The app is not installed for Socket Mode: a sentence for the operator; the writers do not depend on it."""
    socket = town.app.serve_socket()
    until(lambda: "Socket Mode" in (socket.problem() or ""))
    socket.stop()
