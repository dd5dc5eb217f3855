"""People can do what they could do in Slack's own client, and nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import App

from tests.sandbox.slack_stage import Stage, actions, button, installed, modal, plain, text_input

Payload = dict[str, Any]


def option(value: str) -> Payload:
    """An option."""
    return {"text": plain(value.upper()), "value": value}


MENUS = [option("a"), option("b")]
ELEMENTS: list[tuple[Payload, Any, Payload]] = [
    ({"type": "static_select", "options": MENUS}, "b", {"selected_option": option("b")}),
    ({"type": "radio_buttons", "options": MENUS}, "B", {"selected_option": option("b")}),
    ({"type": "overflow", "options": MENUS}, "a", {"selected_option": option("a")}),
    ({"type": "checkboxes", "options": MENUS}, ["a", "b"], {"selected_options": MENUS}),
    ({"type": "multi_static_select", "options": MENUS}, ["b"], {"selected_options": [option("b")]}),
    ({"type": "datepicker"}, "2026-12-24", {"selected_date": "2026-12-24"}),
    ({"type": "timepicker"}, "09:30", {"selected_time": "09:30"}),
    ({"type": "users_select"}, "UAPP0001", {"selected_user": "UAPP0001"}),
    ({"type": "multi_users_select"}, ["UAPP0001"], {"selected_users": ["UAPP0001"]}),
    ({"type": "conversations_select"}, "CEGRESS01", {"selected_conversation": "CEGRESS01"}),
]


class Seen:
    """The bodies that the bot got."""

    def __init__(self) -> None:
        self.bodies: list[Payload] = []

    def listen(self, app: App) -> None:
        """Ack all interactions with nothing."""

        def keep(ack: Any, body: Payload) -> None:
            self.bodies.append(body)
            ack()

        for kind in ("go", "pick", "value"):
            app.action(kind)(keep)
        app.view("form")(keep)
        app.view_closed("form")(keep)
        app.shortcut("request_fqdn")(keep)
        app.shortcut("request_fqdn_from_message")(keep)
        app.command("/egress")(keep)
        app.options("external")(
            lambda ack, payload: ack(options=[option(name) for name in ("north", "south") if payload["value"] in name])
        )
        app.event("app_home_opened")(self.keep_event)

    def keep_event(self, body: Payload) -> None:
        """Events need no ack."""
        self.bodies.append(body)


@pytest.fixture
def seen() -> Seen:
    """The bodies that the bot got."""
    return Seen()


@pytest.fixture
def stage(seen: Seen) -> Iterator[Stage]:
    """A workspace with a bot that acks everything."""
    stage = Stage(installed())
    app = stage.bolt()
    seen.listen(app)
    stage.serve_http(app)
    yield stage
    stage.stop()


def post(stage: Stage, *blocks: Payload) -> str:
    """The timestamp of a message of the bot."""
    return str(stage.client.chat_postMessage(channel="CEGRESS01", text="x", blocks=list(blocks))["ts"])


def opened(stage: Stage, view: Payload, user: str = "UDEV0001") -> str:
    """The id of a modal that this person sees."""
    trigger_id = stage.workspace.tickets.issue_trigger(user)
    return str(stage.client.views_open(trigger_id=trigger_id, view=view)["view"]["id"])


@pytest.mark.parametrize(("element", "selected", "expected"), ELEMENTS, ids=[case[0]["type"] for case in ELEMENTS])
def test_choosing_tells_the_bot_what_was_chosen(
    stage: Stage, seen: Seen, element: Payload, selected: Any, expected: Payload
) -> None:
    """The action carries the value, and ``state`` does wherever the element keeps it."""
    ts = post(stage, actions(element | {"action_id": "pick"}))
    stage.do("action", user="UDEV0001", channel="CEGRESS01", message_ts=ts, action_id="pick", selected=selected)
    (body,) = seen.bodies
    assert body["actions"][0].items() >= expected.items()
    if element["type"] != "overflow":
        assert body["state"]["values"]["acts"]["pick"].items() >= expected.items()


def test_a_press_carries_everything(stage: Stage, seen: Seen) -> None:
    """All fields of a real block_actions payload in a message."""
    ts = post(stage, actions(button("go", "7")))
    stage.do("action", user="UAPP0001", channel="CEGRESS01", message_ts=ts, action_id="go")
    (body,) = seen.bodies
    assert body["type"] == "block_actions"
    assert body["user"] == {"id": "UAPP0001", "username": "ada", "name": "ada", "team_id": "TSANDBOX1"}
    assert body["team"] == {"id": "TSANDBOX1", "domain": "sandbox"}
    assert body["channel"] == {"id": "CEGRESS01", "name": "egress"}
    assert body["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": "CEGRESS01",
        "is_ephemeral": False,
    }
    assert body["message"]["ts"] == ts
    assert body["message"]["blocks"][0]["block_id"] == "acts"
    assert body.keys() >= {"trigger_id", "response_url", "api_app_id", "token", "state", "enterprise"}
    assert body["is_enterprise_install"] is False
    (action,) = body["actions"]
    assert action.keys() == {"type", "action_id", "block_id", "action_ts", "text", "value"}


def test_an_ephemeral_belongs_to_one_person(stage: Stage, seen: Seen) -> None:
    """Nobody else may press in it, and its payload does not carry the message."""
    ts = stage.client.chat_postEphemeral(
        channel="CEGRESS01", user="UDEV0001", text="x", blocks=[actions(button("go"))]
    )["message_ts"]
    press = {"channel": "CEGRESS01", "message_ts": ts, "action_id": "go"}
    status, answer = stage.post("action", user="UDEV0002", **press)
    assert (status, answer["error"]) == (400, f"UDEV0002 does not see message {ts}: only UDEV0001 does.")
    stage.do("action", user="UDEV0001", **press)
    (body,) = seen.bodies
    assert body["container"]["is_ephemeral"] is True
    assert "message" not in body


def test_only_what_is_there_can_be_pressed(stage: Stage) -> None:
    """The refusal says what there is; a value tells buttons of one name apart."""
    ts = post(stage, actions(button("go", "1"), block_id="a"), actions(button("go", "2"), block_id="b"))
    press = {"user": "UDEV0001", "channel": "CEGRESS01", "message_ts": ts}
    assert "there is go" in stage.post("action", **press, action_id="stop")[1]["error"]
    assert "give block_id or the button's value" in stage.post("action", **press, action_id="go")[1]["error"]
    assert stage.post("action", **press, action_id="go", value="3")[0] == 400
    stage.do("action", **press, action_id="go", value="2")
    stage.do("action", **press, action_id="go", block_id="a")
    assert stage.post("action", user="UDEV0001", action_id="go")[0] == 400
    assert (
        stage.post("action", user="UNOBODY1", **{k: press[k] for k in ("channel", "message_ts")}, action_id="go")[0]
        == 400
    )


def test_only_the_top_modal_of_its_owner_can_be_used(stage: Stage) -> None:
    """Others do not see it, and what lies below is out of reach."""
    below = opened(stage, modal())
    assert stage.post("submit", user="UDEV0002", view_id=below)[0] == 400
    trigger_id = stage.workspace.tickets.issue_trigger("UDEV0001")
    stage.client.views_push(trigger_id=trigger_id, view=modal())
    assert "sees V" in stage.post("submit", user="UDEV0001", view_id=below)[1]["error"]


def test_the_client_checks_before_it_submits(stage: Stage, seen: Seen) -> None:
    """Whole numbers, ranges, addresses; the bot is not notified."""
    number = {"type": "number_input", "is_decimal_allowed": False, "min_value": "1", "max_value": "16"}
    view_id = opened(
        stage,
        modal(
            text_input("count", **number),
            text_input("mail", type="email_text_input"),
            text_input("note") | {"optional": True},
        ),
    )

    def errors(count: str, mail: str) -> Any:
        values = {"count": {"value": count}, "mail": {"value": mail}}
        return stage.do("submit", user="UDEV0001", view_id=view_id, values=values)["errors"]

    assert errors("1.5", "x") == {
        "count": "Please enter a whole number.",
        "mail": "Please enter a valid email address.",
    }
    assert errors("17", "a@b.example")["count"] == "Please enter a number of at most 16."
    assert seen.bodies == []
    assert errors("16", "a@b.example") == {}
    view = seen.bodies[0]["view"]
    assert view["state"]["values"]["note"]["value"]["value"] is None
    assert view.keys() >= {"hash", "root_view_id", "previous_view_id", "app_id", "bot_id", "team_id", "type"}


def test_values_that_nobody_could_enter_are_refused(stage: Stage) -> None:
    """Unknown fields and options that are not offered."""
    view_id = opened(stage, modal(text_input("pick", type="static_select", options=MENUS)))
    submit = {"user": "UDEV0001", "view_id": view_id}
    assert stage.post("submit", **submit, values={"nope": {"value": "a"}})[0] == 400
    for shapeless in ({"pick": "a"}, ["pick"]):
        status, answer = stage.post("submit", **submit, values=shapeless)
        assert (status, "values is {block_id" in answer["error"]) == (400, True)
    status, answer = stage.post("submit", **submit, values={"pick": {"value": "z"}})
    assert (status, answer["error"]) == (400, "value has no option 'z'; it offers a, b.")


def test_external_selects_ask_the_bot(stage: Stage) -> None:
    """Only offered options can be chosen."""
    view_id = opened(stage, modal(text_input("where", type="external_select", action_id="external")))
    where = {"user": "UDEV0001", "view_id": view_id}
    offered = stage.do("options", **where, action_id="external", value="nor")
    assert [item["value"] for item in offered["options"]] == ["north"]
    assert stage.post("submit", **where, values={"where": {"external": "west"}})[0] == 400
    assert stage.do("submit", **where, values={"where": {"external": "south"}})["errors"] == {}


def test_an_input_dispatches_only_if_asked_to(stage: Stage, seen: Seen) -> None:
    """Typing in a plain input is state; with dispatch_action it is an action, too."""
    view_id = opened(stage, modal(text_input("quiet"), text_input("loud") | {"dispatch_action": True}))
    typed = {"user": "UDEV0001", "view_id": view_id, "action_id": "value", "value": "abc"}
    stage.do("action", **typed, block_id="quiet")
    assert seen.bodies == []
    stage.do("action", **typed, block_id="loud")
    (body,) = seen.bodies
    assert body["container"] == {"type": "view", "view_id": view_id}
    assert body["view"]["state"]["values"]["quiet"]["value"]["value"] == "abc"
    assert "response_url" not in body


def test_shortcuts_and_home(stage: Stage, seen: Seen) -> None:
    """Global, on a message, and the Home tab."""
    ts = stage.do("message", user="UDEV0001", channel="CGENERAL1", text="curl: (6)")["ts"]
    stage.do("shortcut", user="UDEV0001", callback_id="request_fqdn")
    stage.do("shortcut", user="UDEV0001", callback_id="request_fqdn_from_message", channel="CGENERAL1", message_ts=ts)
    assert stage.post("shortcut", user="UDEV0001", callback_id="request_fqdn_from_message")[0] == 400
    assert stage.post("shortcut", user="UDEV0001", callback_id="nope")[0] == 400
    stage.do("home", user="UDEV0001")
    everywhere, on_message, home = seen.bodies
    assert (everywhere["type"], on_message["type"]) == ("shortcut", "message_action")
    assert (on_message["message"]["text"], on_message["message_ts"]) == ("curl: (6)", ts)
    assert home["event"]["tab"] == "home"
    assert home["event"]["channel"].startswith("D")


def test_closing_is_told_where_asked_for(stage: Stage, seen: Seen) -> None:
    """Only with notify_on_close."""
    stage.do("close", user="UDEV0001", view_id=opened(stage, modal()))
    assert seen.bodies == []
    stage.do("close", user="UDEV0001", view_id=opened(stage, modal(notify_on_close=True)))
    assert (seen.bodies[0]["type"], seen.bodies[0]["is_cleared"]) == ("view_closed", False)
    assert stage.state["views"] == {}


def test_names_in_commands_arrive_as_mentions(stage: Stage, seen: Seen) -> None:
    """As with "escape channels, users and links" in the manifest; bare hosts stay as they are."""
    text = "ask @ada in #egress about https://example.com/x and docker.io"
    stage.do("command", user="UDEV0001", channel="CEGRESS01", text=text)
    (body,) = seen.bodies
    mentions = "ask <@UAPP0001|ada> in <#CEGRESS01|egress> about <https://example.com/x> and docker.io"
    assert body["text"] == mentions
    assert body["channel_name"] == "egress"
    ids = {"team_id", "team_domain", "channel_id", "user_id", "user_name", "api_app_id", "token"}
    assert body.keys() >= ids | {"command", "trigger_id", "response_url", "is_enterprise_install"}
    assert stage.post("command", user="UDEV0001", channel="CNOSUCH01", text="")[0] == 400
    assert stage.post("command", user="UDEV0001", channel="CEGRESS01", text="", command="/other")[0] == 400
    assert stage.post("command", user="UDEV0001")[1]["error"] == "command needs channel."
