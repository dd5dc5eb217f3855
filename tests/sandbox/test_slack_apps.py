"""An application that the sandbox does not know can be put into the workspace by its manifest, and works there."""

import http.client
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from slack_bolt import App
from slack_sdk.errors import SlackApiError

from bot.sandbox.journal import Journal
from bot.sandbox.slack import SlackWorkspace
from tests.sandbox.slack_stage import Stage, actions, button, installed

HISTORY = ("channels:history", "app_mentions:read", "im:history")
MORE = ("reactions:write", "reactions:read", "files:write", "files:read", "channels:join", "channels:manage")
PEOPLE = ("users:read", "users:read.email", "users.profile:read", "team:read")
SCOPES = ("chat:write", "commands", *HISTORY, *MORE, *PEOPLE)
EVENTS = ("app_mention", "message.channels")


def manifest(*, socket: bool = False, **settings: Any) -> dict[str, Any]:
    """The manifest of an application that greets people."""
    return {
        "display_information": {"name": "Greeter"},
        "features": {
            "bot_user": {"display_name": "greeter"},
            "slash_commands": [
                {"command": "/greet", "description": "Greets", "should_escape": True},
                {"command": "/raw", "description": "As typed"},
            ],
            "shortcuts": [{"name": "Greet", "type": "global", "callback_id": "greet", "description": "Greets"}],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True},
            "socket_mode_enabled": socket,
            **settings,
        },
    }


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A workspace in which nothing of the greeter is known."""
    stage = Stage(installed())
    yield stage
    stage.stop()


def greeter(stage: Stage, heard: list[Any]) -> App:
    """An application that keeps what it hears."""

    def keep(said: str) -> list[Any]:
        heard.append(said)
        return []

    app = stage.bolt()
    for name in ("/greet", "/raw"):
        app.command(name)(lambda ack, body: [ack("Hello"), *keep(body["text"])])
    app.shortcut("greet")(lambda ack, body: [ack(), *keep(body["callback_id"])])
    app.event("message")(lambda event: heard.append(("message", event["text"], event["channel_type"])))
    app.event("app_mention")(lambda event: heard.append((event["type"], event["text"], event["user"])))
    return app


def registered(stage: Stage, delivery: str) -> list[Any]:
    """The greeter, registered and answering; what it hears."""
    heard: list[Any] = []
    if delivery == "http":
        stage.serve_http(greeter(stage, heard))
        where = stage.workspace.http.addresses
        assert where is not None
        made = stage.do("app", manifest=manifest(), request_url=where.events)
    else:
        made = stage.do("app", manifest=manifest(socket=True))
        stage.serve_socket(greeter(stage, heard))
    assert (made["bot_token"], made["delivery"], made["commands"]) == ("xoxb-sandbox", delivery, ["/greet", "/raw"])
    return heard


@pytest.mark.parametrize("delivery", ["http", "socket"])
def test_a_registered_application_hears_what_its_manifest_asks_for(stage: Stage, delivery: str) -> None:
    """Commands with their escaping, shortcuts, messages and mentions; nothing of the one that was there before."""
    heard = registered(stage, delivery)
    where = {"user": "UDEV0001", "channel": "CEGRESS01"}
    assert stage.do("command", command="/greet", text="@ada & <b> <@UDEV0002> https://a.example", **where)["body"]
    stage.do("command", command="/raw", text="@ada & <b>", **where)
    assert stage.post("command", command="/egress", text="", **where)[0] == 400
    stage.do("shortcut", user="UDEV0001", callback_id="greet")
    assert stage.post("home", user="UDEV0001")[0] == 400
    said = stage.do("message", text="@greeter: 1 < 2", **where)
    stage.do("message", text="@greeter not here", user="UDEV0001", channel="CGENERAL1")
    text = "<@UBOT0001>: 1 &lt; 2"
    assert (said["status"], heard) == (
        200,
        [
            "<@UAPP0001|ada> &amp; &lt;b&gt; <@UDEV0002> <https://a.example>",
            "@ada & <b>",
            "greet",
            ("message", text, "channel"),
            ("app_mention", text, "UDEV0001"),
        ],
    )
    assert stage.client.auth_test()["user"] == "greeter"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "must be provided unless Socket Mode"),
        ({"socket_mode_enabled": True, "event_subscriptions": {"bot_events": ["message.groups"]}}, "groups:history"),
        ({"socket_mode_enabled": True, "interactivity": {}}, "missing required field: is_enabled"),
        ({"socket_mode_enabled": True, "no_such": 1}, "unknown property: no_such"),
    ],
)
def test_a_manifest_that_slack_refuses_is_refused(stage: Stage, changes: dict[str, Any], words: str) -> None:
    """With every problem and where it is; the application that was there stays."""
    status, answer = stage.post("app", manifest=manifest(**changes))
    assert (status, words in " ".join(answer["errors"])) == (400, True), answer
    assert "/egress" in stage.workspace.installation.commands


def test_events_go_to_no_url_that_does_not_echo_the_challenge(stage: Stage) -> None:
    """Commands do not wait for that."""
    somebody = f"{stage.url}/respond/x"
    stage.do("app", manifest=manifest(), request_url=somebody)
    assert stage.do("message", user="UDEV0001", channel="CEGRESS01", text="hi")["error"] == "url_not_verified"


def test_a_registration_outlives_the_process(stage: Stage) -> None:
    """As everything in the workspace does."""
    journal = Journal()
    SlackWorkspace(stage.clock, journal, installation=installed()).install(manifest(socket=True))
    after = SlackWorkspace(stage.clock, journal, installation=installed())
    assert list(after.installation.commands) == ["/greet", "/raw"]
    assert after.directory.users["UBOT0001"].name == "greeter"
    journal.close()


def test_what_was_said_is_read_back(stage: Stage) -> None:
    """History, threads, reactions and attachments, as foreign bots use them."""
    stage.do("app", manifest=manifest(socket=True))
    client, channel = stage.client, "CEGRESS01"
    old = {"channel": channel, "attachments": [{"text": "old", "color": "#fff"}]}
    ts = client.api_call("chat.postMessage", json=old)["ts"]
    reply = stage.do("message", user="UDEV0001", channel=channel, text="yes", thread_ts=ts)["ts"]
    client.reactions_add(channel=channel, timestamp=ts, name="eyes")
    (head,) = client.conversations_history(channel=channel)["messages"]
    assert head["attachments"] == [{"id": 1, "fallback": "old", "text": "old", "color": "#fff"}]
    assert (head["reply_count"], head["latest_reply"], head["reactions"][0]["name"]) == (1, reply, "eyes")
    page = client.conversations_replies(channel=channel, ts=ts, limit=1)
    assert ([m["ts"] for m in page["messages"]], page["has_more"]) == ([ts], True)
    rest = client.conversations_replies(channel=channel, ts=ts, cursor=page["response_metadata"]["next_cursor"])
    assert [m["ts"] for m in rest["messages"]] == [reply]
    assert client.chat_postMessage(channel=channel, text="x" * 40_001)["warning"] == "message_truncated"
    client.reactions_remove(channel=channel, timestamp=ts, name="eyes")
    assert "reactions" not in client.reactions_get(channel=channel, timestamp=ts)["message"]
    assert client.users_lookupByEmail(email="ada@sandbox.example")["user"]["id"] == "UAPP0001"


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("chat.postMessage", {"channel": "CEGRESS01", "attachments": "[1]"}, "invalid_attachments"),
        ("chat.postMessage", {"channel": "CEGRESS01", "attachments": [{}] * 101}, "too_many_attachments"),
        (
            "chat.postMessage",
            {"channel": "CEGRESS01", "attachments": [{"blocks": [actions(button("a"), button("a" * 256))]}]},
            "invalid_blocks",
        ),
        ("conversations.history", {"channel": "CGENERAL1"}, "not_in_channel"),
        ("conversations.replies", {"channel": "CEGRESS01", "ts": "1.0"}, "thread_not_found"),
        ("reactions.remove", {"channel": "CEGRESS01", "timestamp": "1.0", "name": "x"}, "message_not_found"),
        ("users.lookupByEmail", {"email": "nobody@sandbox.example"}, "users_not_found"),
        ("views.publish", {"user_id": "UDEV0001", "view": {"type": "home", "blocks": []}}, "not_enabled"),
        ("files.delete", {"file": "F1"}, "file_not_found"),
        ("files.completeUploadExternal", {"files": ["x"]}, "invalid_arguments"),
        ("files.completeUploadExternal", {"files": [{}]}, "invalid_arguments"),
        ("files.completeUploadExternal", {"files": []}, "invalid_arguments"),
        ("reactions.add", {"channel": "CEGRESS01", "timestamp": "1.0"}, "invalid_name"),
    ],
)
def test_refusals_have_the_vendors_codes(stage: Stage, method: str, args: dict[str, Any], error: str) -> None:
    """As the reference of each method lists them."""
    stage.do("app", manifest=manifest(socket=True))
    with pytest.raises(SlackApiError) as refused:
        stage.client.api_call(method, json=args)
    assert refused.value.response["error"] == error


def test_a_file_comes_as_a_form_too_and_is_completed_once(stage: Stage) -> None:
    """JavaScript's client posts forms; a second completion finds nothing to complete."""
    stage.do("app", manifest=manifest(socket=True))
    content = b"a\r\n--b\r\n\x00\xff"
    asked = stage.client.files_getUploadURLExternal(filename="a.bin", length=len(content))
    head = b'--b--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\nContent-Type: text/plain\r\n\r\n'
    url = urlsplit(str(asked["upload_url"]))
    with closing(http.client.HTTPConnection("127.0.0.1", url.port)) as connection:
        form = {"Content-Type": 'multipart/form-data; boundary="b--b"'}
        connection.request("POST", url.path, head + content + b"\r\n--b--b--\r\n", form)
        assert connection.getresponse().status == 200
    done = {"files": [{"id": asked["file_id"], "title": "A"}], "channel_id": "CEGRESS01"}
    assert stage.client.api_call("files.completeUploadExternal", json=done)["ok"]
    assert stage.workspace.files.get(str(asked["file_id"])).content == content
    with pytest.raises(SlackApiError, match="file_not_found"):
        stage.client.api_call("files.completeUploadExternal", json=done)
