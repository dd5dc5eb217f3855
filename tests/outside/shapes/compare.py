"""Everything that is delivered, answered and produced, against Slack's own types (``@slack/types`` and its kin)."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bot.sandbox.slack.web_api import METHODS
from tests.driver import SandboxProcess
from tests.outside import story
from tests.outside.emulate import compare as calls_of
from tests.outside.report import Found
from tests.outside.shapes.types import Types
from tests.outside.town import Exchange, Town, opened_town, product_manifest


def compare(found: Found) -> None:
    """Play the story, and ask about all of it."""
    types = Types(METHODS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outside-")))
        town = stack.enter_context(opened_town(folder))
        story.play(town)
        _say_more(town)
        _of_town(found, types, town)
    for manifest in (product_manifest(None), product_manifest("https://egress.example.com/slack/events")):
        _ask(found, types, "Manifest", manifest)
    for method, answer in _other_answers():
        _ask_answer(found, types, method, answer)


def _say_more(town: Town) -> None:
    """What the product does not subscribe to, and how a form is closed and searched."""
    manifest = product_manifest(f"{town.deliveries.url}/slack/events")
    manifest["oauth_config"]["scopes"]["bot"] += ["app_mentions:read", "im:history"]
    manifest["settings"]["event_subscriptions"]["bot_events"] += ["app_mention", "message.im"]
    assert "error" not in town.sandbox.post("slack/app", manifest=manifest)
    town.post("slack/message", user="UDEV0001", channel="CEGRESS01", text="@egress: is <b> & open?")


def _of_town(found: Found, types: Types, town: Town) -> None:
    for delivery in town.deliveries.seen:
        kind = _kind(delivery.sent)
        if kind is not None:
            _ask(found, types, f"D_{kind}", delivery.sent)
        if kind == "view_submission" and delivery.body:
            _ask(found, types, "ViewAck", delivery.body)
    for call in town.calls.seen:
        method = call.path.removeprefix("/api/")
        _ask_answer(found, types, method, call.body)
        _ask_what_was_sent(found, types, method, call)
    state = town.sandbox.get("slack")
    for message in state["messages"]:
        if message["user"] == "UBOT0001":
            _ask(found, types, "Blocks", message["blocks"])


def _ask_what_was_sent(found: Found, types: Types, method: str, call: Exchange) -> None:
    args = {key: _typed(value) for key, value in call.sent.items()} if call.is_form else call.sent
    _ask(found, types, types.of_arguments(method), args)
    if "view" in args:
        _ask(found, types, "Home" if args["view"]["type"] == "home" else "Modal", args["view"])
    if "blocks" in args:
        _ask(found, types, "Blocks", args["blocks"])


def _ask_answer(found: Found, types: Types, method: str, body: Any) -> None:
    """The types of answers are made from samples and know few blocks: blocks are asked about by themselves."""
    for name in ("message", "view"):
        held = body.get(name)
        if isinstance(held, dict) and "blocks" in held:
            _ask(found, types, "Blocks", held["blocks"])
            body = body | {name: {key: value for key, value in held.items() if key != "blocks"}}
    _ask(found, types, types.of_answer(method), body)


def _typed(value: str) -> Any:
    """A form's value as JSON would have it."""
    return json.loads(value) if value[:1] in {"[", "{"} or value.isdecimal() else value


def _kind(sent: Any) -> str | None:
    if "command" in sent:
        return "command"
    if sent["type"] == "event_callback":
        return str(sent["event"]["type"])
    return None if sent["type"] == "url_verification" else str(sent["type"])


def _ask(found: Found, types: Types, name: str, value: Any) -> None:
    wrong = types.wrong(name, value)
    if wrong is not None:
        found.check(name, wrong)


def _other_answers() -> Iterator[tuple[str, Any]]:
    """Answers of the methods that the product does not call."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outside-")))
        sandbox = SandboxProcess(folder / "data", "--no-bot")
        stack.callback(sandbox.kill)
        sandbox.start()
        ours = calls_of.Ours(sandbox)
        stack.callback(ours.stop)
        for call in json.loads((calls_of.HERE / "strange.json").read_text()):
            yield call["method"], ours.call(call)[1]
