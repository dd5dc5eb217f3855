"""An application on Bolt for JavaScript in our workspace, over HTTP and in Socket Mode: what it hears, what it does.

What is compared is what the application says with what its author may expect of Slack, and the workspace afterwards.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.driver import SandboxProcess, wait_for
from tests.outside.provision import node, node_packages
from tests.outside.report import Found
from tests.processes.stage import free_port

HERE = Path(__file__).parent
DANA, CHANNEL = "UDEV0001", "CEGRESS01"


class Tickets:
    """The running application and the workspace that it is in.

    Args:
        sandbox: The simulators.
        output: The file that the application writes to.
    """

    def __init__(self, sandbox: SandboxProcess, output: Path) -> None:
        self.sandbox = sandbox
        self._output = output

    def said(self) -> list[dict[str, Any]]:
        """Everything that it said."""
        lines = self._output.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith('{"what"')]

    def after(self, what: str, act: str, **body: Any) -> tuple[Any, Any]:
        """Do something; the route's answer, and what the application then said of this kind."""
        seen = len(self.said())
        answer = self.sandbox.post(f"slack/{act}", **body)
        return answer, self.next(what, seen)

    def next(self, what: str, seen: int = 0) -> Any:
        """What it says of this kind, once it does; None if it never does."""
        found: list[dict[str, Any]] = []

        def is_said() -> bool:
            found[:] = [each for each in self.said()[seen:] if each["what"] == what]
            return bool(found)

        try:
            wait_for(is_said, f"Nothing was said of {what}", 15)
        except AssertionError:
            return None
        return {key: value for key, value in found[0].items() if key != "what"}

    def state(self) -> Any:
        """The workspace."""
        return self.sandbox.get("slack")


def compare(found: Found) -> None:
    """Drive it in both modes."""
    for mode in ("http", "socket"):
        with running(mode) as tickets:
            _drive(found, mode, tickets)


@contextmanager
def running(mode: str) -> Iterator[Tickets]:
    """The workspace, with the application registered and running in it."""
    folder = node_packages("bolt")
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outside-")))
        sandbox = SandboxProcess(place / "data", "--no-bot")
        stack.callback(sandbox.kill)
        sandbox.start()
        port = free_port()
        manifest = json.loads((HERE / "manifest.json").read_text())
        manifest["settings"]["socket_mode_enabled"] = mode == "socket"
        made = sandbox.post("slack/app", manifest=manifest, request_url=f"http://127.0.0.1:{port}/slack/events")
        assert "error" not in made, made
        environment = {
            **os.environ,
            "MODE": mode,
            "PORT": str(port),
            "SLACK_BOT_TOKEN": made["bot_token"],
            "SLACK_APP_TOKEN": made["app_token"],
            "SLACK_SIGNING_SECRET": made["signing_secret"],
            "SLACK_API_URL": f"{sandbox.url}api/",
        }
        log = stack.enter_context((place / "tickets.log").open("wb"))
        process = subprocess.Popen([str(node()), "app.js"], cwd=folder, env=environment, stdout=log, stderr=log)
        stack.callback(process.wait)
        stack.callback(process.kill)
        yield Tickets(sandbox, place / "tickets.log")


def _drive(found: Found, mode: str, tickets: Tickets) -> None:
    def expect(step: str, ours: object, theirs: object) -> None:
        found.compare(f"{mode}: {step}", ours, theirs)

    people = {"user": "tickets", "team": "TSANDBOX1", "channels": ["egress", "general"], "people": 7}
    expect("start", tickets.next("started"), people)
    _commands(expect, tickets)
    _forms(expect, tickets)
    _events(expect, tickets)
    expect("errors", [each for each in tickets.said() if each["what"] in {"error", "failed"}], [])
    state = tickets.state()
    expect("deliveries", [each for each in state["deliveries"] if each["error"]], [])
    expect("calls", [each for each in state["calls"] if not each["ok"]], [])


def _commands(expect: Any, tickets: Tickets) -> None:
    where = {"user": DANA, "channel": CHANNEL}
    answer, heard = tickets.after("command", "command", command="/ticket", text="for @ada & <all>", **where)
    expect("command acked", (answer["status"], answer["body"] or None), (200, None))
    text = "for <@UAPP0001|ada> &amp; &lt;all&gt;"
    expect("command heard", heard, {"text": text, "user": DANA, "channel": "egress"})
    card = _message(tickets, "A ticket")
    expect("respond in_channel", card is not None and card["ephemeral_for"], None)
    if card is None:
        return
    press = {"channel": CHANNEL, "message_ts": card["ts"]}
    _, heard = tickets.after("action", "action", user="UAPP0001", action_id="take", **press)
    expect("button", heard, {"value": "7", "user": "UAPP0001"})
    expect("replace_original", _message(tickets, "Taken") is not None, True)
    said = tickets.sandbox.post("slack/message", text="broken pipe", **where)
    on = {"callback_id": "from_message", "channel": CHANNEL, "message_ts": said["ts"]}
    _, heard = tickets.after("message_action", "shortcut", user=DANA, **on)
    expect("message shortcut", heard, {"text": "broken pipe"})
    noted = _message(tickets, "Noted: broken pipe")
    expect("respond ephemeral", noted and noted["ephemeral_for"], DANA)


def _forms(expect: Any, tickets: Tickets) -> None:
    _, opened = tickets.after("opened", "command", user=DANA, channel=CHANNEL, command="/ticket", text="form")
    expect("views.open", opened, {"type": "modal"})
    view = _view(tickets)
    where = {"user": DANA, "view_id": view}
    answer, heard = tickets.after("options", "options", action_id="area", block_id="area", value="net", **where)
    expect("options asked", heard, {"query": "net"})
    expect("options shown", [each["value"] for each in answer.get("options", ())], ["network", "storage"])
    values = {"title": {"title": "bad"}, "area": {"area": "network"}}
    answer, _ = tickets.after("refused", "submit", values=values, **where)
    expect("field errors", answer.get("errors"), {"title": "Not this one"})
    values["title"]["title"] = "good"
    answer, heard = tickets.after("submitted", "submit", values=values, **where)
    expect("submitted", heard, {"title": "good", "area": "network"})
    expect("form closed", answer.get("views"), [])
    filed = _message(tickets, "Filed: good")
    expect("direct message", filed and filed["channel"][0], "D")
    _, heard = tickets.after("shortcut", "shortcut", user=DANA, callback_id="new_ticket")
    expect("global shortcut", heard, {"type": "shortcut"})
    wait_for(lambda: tickets.sandbox.views(DANA), "No form", 15)
    _, heard = tickets.after("closed", "close", user=DANA, view_id=_view(tickets))
    expect("view_closed", heard, {})


def _events(expect: Any, tickets: Tickets) -> None:
    where = {"user": DANA, "channel": CHANNEL}
    said, heard = tickets.after("message", "message", text="hello all", **where)
    expect("message", heard, {"text": "hello all", "type": "channel"})
    reply = _message(tickets, f"Hi <@{DANA}>")
    expect("say in a thread", reply and reply["thread_ts"], said["ts"])
    _, heard = tickets.after("app_mention", "message", text="@tickets look", **where)
    expect("app_mention", heard, {"text": "<@UBOT0001> look"})
    expect("filesUploadV2", tickets.next("uploaded"), {"count": 1})
    shared = [(each["name"], each["size"]) for each in tickets.state()["files"]]
    expect("file shared", shared, [("log.txt", 5)])
    history = tickets.next("history") or {"texts": []}
    expect("history", history["texts"][:2], ["Here", "<@UBOT0001> look"])
    _, heard = tickets.after("home", "home", user=DANA)
    expect("app_home_opened", heard, {"tab": "home"})
    wait_for(lambda: tickets.state()["home"], "Nothing was published", 15)
    expect("views.publish", [each["type"] for each in tickets.state()["home"][DANA]["blocks"]], ["section", "actions"])


def _message(tickets: Tickets, text: str) -> Any:
    found: list[Any] = []

    def is_there() -> bool:
        found[:] = [each for each in tickets.state()["messages"] if each["text"] == text]
        return bool(found)

    try:
        wait_for(is_there, f"No message {text!r}", 10)
    except AssertionError:
        return None
    return found[-1]


def _view(tickets: Tickets) -> str:
    return str(tickets.sandbox.views(DANA)[-1]["id"])
