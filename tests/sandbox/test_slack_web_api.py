"""The Web API as the real slack_sdk client meets it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.request import urlopen

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from bot.sandbox.clock import ManualClock
from bot.sandbox.slack.directory import Directory
from bot.sandbox.slack.ledger import Ledger
from tests.sandbox.slack_stage import APP_TOKEN, Stage, actions, button, installed, modal, text_input


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A workspace with a stopped clock, without a bot."""
    stage = Stage(installed(), clock=ManualClock())
    yield stage
    stage.stop()


def error_of(call: Any, **args: Any) -> str:
    """The error code of a call that must fail."""
    with pytest.raises(SlackApiError) as caught:
        call(**args)
    return str(caught.value.response["error"])


def test_tokens_are_checked(stage: Stage) -> None:
    """No token, a wrong one, the wrong kind, the right one."""
    assert error_of(WebClient(base_url=f"{stage.url}/api/").auth_test) == "not_authed"
    assert error_of(WebClient("xoxb-other", base_url=f"{stage.url}/api/").auth_test) == "invalid_auth"
    assert error_of(WebClient(APP_TOKEN, base_url=f"{stage.url}/api/").auth_test) == "not_allowed_token_type"
    answer = stage.client.auth_test()
    assert (answer["team_id"], answer["user_id"]) == ("TSANDBOX1", "UBOT0001")
    assert "chat:write" in answer.headers["x-oauth-scopes"]


def test_scopes_are_checked(stage: Stage) -> None:
    """A method that was not granted names the scope that it needs."""
    stage.workspace.installation = replace(stage.workspace.installation, scopes=frozenset({"chat:write"}))
    with pytest.raises(SlackApiError) as caught:
        stage.client.conversations_list(limit=1)
    answer = caught.value.response
    assert answer["error"] == "missing_scope"
    assert "channels:read" in answer["needed"]
    assert "chat:write" in answer["provided"]


def test_unknown_methods_and_missing_arguments(stage: Stage) -> None:
    """Both have Slack's own error codes."""
    assert error_of(stage.client.api_call, api_method="no.such") == "unknown_method"
    assert error_of(stage.client.api_call, api_method="users.info") == "user_not_found"
    assert error_of(stage.client.api_call, api_method="views.open") == "invalid_arguments"


def test_where_the_bot_may_post(stage: Stage) -> None:
    """Channels it is in, and direct messages of people that exist."""
    post = stage.client.chat_postMessage
    assert post(channel="#egress", text="x")["channel"] == "CEGRESS01"
    assert error_of(post, channel="CNOSUCH01", text="x") == "channel_not_found"
    assert error_of(post, channel="CGENERAL1", text="x") == "not_in_channel"
    assert error_of(stage.client.api_call, api_method="chat.postMessage", json={"channel": "CEGRESS01"}) == "no_text"
    direct = post(channel="UDEV0001", text="hi")["channel"]
    assert direct.startswith("D")
    assert [c["user"] for c in stage.state["channels"] if c["id"] == direct] == ["UDEV0001"]
    assert stage.client.conversations_open(users="UDEV0001")["channel"]["id"] == direct
    assert error_of(stage.client.conversations_open, users="UNOBODY1") == "user_not_found"


def test_messages_are_updated_and_deleted(stage: Stage) -> None:
    """Only those of the bot, and never ephemerals."""
    client = stage.client
    ts = client.chat_postMessage(channel="CEGRESS01", text="a", blocks=[actions(button("go"))])["ts"]
    assert client.chat_update(channel="CEGRESS01", ts=ts, text="b")["text"] == "b"
    assert "/archives/CEGRESS01/p" in client.chat_getPermalink(channel="CEGRESS01", message_ts=ts)["permalink"]
    (message,) = stage.state["messages"]
    assert (message["text"], message["edits"], message["blocks"]) == ("b", 1, [])
    assert error_of(client.chat_update, channel="CEGRESS01", ts=ts, text="x" * 4001) == "msg_too_long"
    assert error_of(client.chat_update, channel="CEGRESS01", ts=ts, text="é" * 2001) == "msg_too_long"
    client.chat_delete(channel="CEGRESS01", ts=ts)
    assert stage.state["messages"][0]["deleted"]
    assert error_of(client.chat_update, channel="CEGRESS01", ts=ts, text="c") == "message_not_found"
    theirs = stage.do("message", user="UDEV0001", channel="CEGRESS01", text="hello")["ts"]
    assert error_of(client.chat_update, channel="CEGRESS01", ts=theirs, text="c") == "cant_update_message"
    only = client.chat_postEphemeral(channel="CEGRESS01", user="UDEV0001", text="psst")["message_ts"]
    assert error_of(client.chat_update, channel="CEGRESS01", ts=only, text="c") == "message_not_found"


def test_refused_blocks_come_with_pointers(stage: Stage) -> None:
    """``invalid_blocks`` says where."""
    with pytest.raises(SlackApiError) as caught:
        stage.client.chat_postMessage(channel="CEGRESS01", text="x", blocks=[{"type": "section"}])
    answer = caught.value.response
    assert answer["error"] == "invalid_blocks"
    assert "[json-pointer:/blocks/0]" in answer["response_metadata"]["messages"][0]


def test_people_and_user_groups(stage: Stage) -> None:
    """The fixed inhabitants, in the vendor's shapes."""
    client = stage.client
    assert "email" not in client.users_info(user="UDEV0001")["user"]["profile"]  # needs users:read.email
    assert error_of(client.users_info, user="UNOBODY1") == "user_not_found"
    pages = [page["members"] for page in client.users_list(limit=4)]
    assert [len(page) for page in pages] == [4, 3]
    assert client.usergroups_users_list(usergroup="SAPPROVE1")["users"] == ["UAPP0001", "UAPP0002"]
    assert error_of(client.usergroups_users_list, usergroup="SNOBODY1") == "no_such_subteam"
    groups = client.usergroups_list(include_users=True)["usergroups"]
    assert {group["id"]: len(group["users"]) for group in groups} == {"SAPPROVE1": 2, "SAUDIT001": 1}


def test_people_change(stage: Stage) -> None:
    """Deactivated people leave ``usergroups.users.list``; guests and others are marked; it is all kept."""
    client = stage.client
    stage.do("people", user="UAPP0001", deleted=True)
    assert client.usergroups_users_list(usergroup="SAPPROVE1")["users"] == ["UAPP0002"]
    assert client.users_info(user="UAPP0001")["user"]["deleted"] is True
    stage.do("people", user="UAPP0002", is_restricted=True, usergroups=["SAUDIT001", "SNEW00001"])
    assert client.users_info(user="UAPP0002")["user"]["is_restricted"] is True
    assert client.usergroups_users_list(usergroup="SNEW00001")["users"] == ["UAPP0002"]
    stage.do("people", user="UOTHER001", team_id="TOTHER001")
    other = client.users_info(user="UOTHER001")["user"]
    assert (other["team_id"], other["is_stranger"]) == ("TOTHER001", True)
    assert "enterprise_user" not in other
    stage.do("people", user="UGRID0001", team_id="TOTHER001", enterprise_id="ESANDBOX1", teams=["TOTHER001"])
    grid = client.users_info(user="UGRID0001")["user"]
    assert (grid["enterprise_user"]["enterprise_id"], grid.get("is_stranger")) == ("ESANDBOX1", None)
    assert client.auth_test()["enterprise_id"] == "ESANDBOX1"
    kept = Directory(Ledger(stage.journal))
    assert (kept.users, kept.user_groups) == (stage.workspace.directory.users, stage.workspace.directory.user_groups)
    assert {user["id"]: user["deleted"] for user in stage.state["users"]}["UAPP0001"] is True
    assert stage.post("people", user="UAPP0001", nonsense=1)[0] == 400
    assert stage.post("command", user="UAPP0001", channel="CEGRESS01", text="help")[0] == 400


def test_a_bad_cursor_is_refused(stage: Stage) -> None:
    """As Slack does: an error code, no 500."""
    for cursor in ("nonsense", "at-x", "7"):
        assert error_of(stage.client.users_list, cursor=cursor, limit=2) == "invalid_cursor"
    assert error_of(stage.client.users_list, limit="many") == "invalid_limit"


def test_triggers_live_three_seconds_and_serve_once(stage: Stage) -> None:
    """By the workspace's clock, not the machine's."""
    issue = stage.workspace.tickets.issue_trigger
    used, late = issue("UDEV0001"), issue("UDEV0001")
    stage.client.views_open(trigger_id=used, view=modal())
    assert error_of(stage.client.views_open, trigger_id=used, view=modal()) == "exchanged_trigger_id"
    stage.clock.advance(timedelta(seconds=3.1))
    assert error_of(stage.client.views_open, trigger_id=late, view=modal()) == "expired_trigger_id"
    assert error_of(stage.client.views_open, trigger_id="1.2.3", view=modal()) == "invalid_trigger_id"


def test_views_stack_three_high_and_guard_their_hash(stage: Stage) -> None:
    """A fourth is refused, a stale hash conflicts, ids tell who came before."""
    client, issue = stage.client, stage.workspace.tickets.issue_trigger
    first = client.views_open(trigger_id=issue("UDEV0001"), view=modal(external_id="one"))["view"]
    second = client.views_push(trigger_id=issue("UDEV0001"), view=modal())["view"]
    client.views_push(trigger_id=issue("UDEV0001"), view=modal())
    assert error_of(client.views_push, trigger_id=issue("UDEV0001"), view=modal()) == "push_limit_reached"
    assert (second["previous_view_id"], second["root_view_id"]) == (first["id"], first["id"])
    newer = client.views_update(external_id="one", hash=first["hash"], view=modal(external_id="one"))["view"]
    assert newer["hash"] != first["hash"]
    assert error_of(client.views_update, view_id=first["id"], hash=first["hash"], view=modal()) == "hash_conflict"
    assert error_of(client.views_update, view_id="VNONE", view=modal()) == "not_found"
    other = issue("UDEV0002")
    assert error_of(client.views_open, trigger_id=other, view=modal(external_id="one")) == "duplicate_external_id"


def test_what_was_typed_survives_an_update(stage: Stage) -> None:
    """State is kept where block id and action id stay."""
    client, issue = stage.client, stage.workspace.tickets.issue_trigger
    view = client.views_open(trigger_id=issue("UDEV0001"), view=modal(text_input("a"), text_input("b")))["view"]
    stage.do("action", user="UDEV0001", view_id=view["id"], block_id="a", action_id="value", value="typed")
    newer = client.views_update(view_id=view["id"], view=modal(text_input("a"), text_input("c")))["view"]
    values = newer["state"]["values"]
    assert values["a"]["value"]["value"] == "typed"
    assert values["c"]["value"]["value"] is None


def test_home_tabs_are_published(stage: Stage) -> None:
    """One for each person, with its own hash."""
    home = {"type": "home", "blocks": [actions(button("go"))]}
    view = stage.client.views_publish(user_id="UDEV0001", view=home)["view"]
    assert stage.state["home"]["UDEV0001"]["id"] == view["id"]
    stale = error_of(stage.client.views_publish, user_id="UDEV0001", view=home, hash="0.x")
    assert stale == "hash_conflict"
    assert error_of(stage.client.views_publish, user_id="UDEV0001", view=modal()) == "invalid_arguments"


def test_files_are_uploaded_in_three_steps(stage: Stage) -> None:
    """slack_sdk's files_upload_v2 works, and the content comes back."""
    answer = stage.client.files_upload_v2(
        filename="audit.csv", content="a,b\n1,2\n", title="Audit", channel="CEGRESS01", initial_comment="here"
    )
    (file,) = stage.state["files"]
    shown = (file["id"], file["name"], file["title"], file["channel"], file["size"])
    assert shown == (answer["file"]["id"], "audit.csv", "Audit", "CEGRESS01", 8)
    with urlopen(file["url"]) as response:
        assert response.read() == b"a,b\n1,2\n"
    (message,) = stage.state["messages"]
    assert (message["text"], message["files"]) == ("here", [file])


def test_response_urls_work_five_times_for_half_an_hour(stage: Stage) -> None:
    """Without response_type only the person sees it; then the URL is used up or too old."""
    issue = stage.workspace.tickets.issue_response_url
    first, second = (issue("UDEV0001", "CEGRESS01", message_ts=None, thread_ts=None) for _ in range(2))
    respond = WebhookClient(f"{stage.url}/respond/{first}").send
    assert [respond(text="hi").status_code for _ in range(6)] == [200] * 5 + [404]
    assert {message["ephemeral_for"] for message in stage.state["messages"]} == {"UDEV0001"}
    stage.clock.advance(timedelta(minutes=31))
    late = WebhookClient(f"{stage.url}/respond/{second}").send(text="late")
    assert (late.status_code, "expired_url" in late.body) == (404, True)


def test_faults_strike_as_often_as_asked(stage: Stage) -> None:
    """A 429 carries Retry-After; the next call goes through; both are in the record."""
    stage.do("fault", method="chat.postMessage", times=1, status=429, retry_after_s=7)
    with pytest.raises(SlackApiError) as caught:
        stage.client.chat_postMessage(channel="CEGRESS01", text="x")
    answer = caught.value.response
    assert (answer.status_code, answer["error"], answer.headers["Retry-After"]) == (429, "ratelimited", "7")
    stage.client.chat_postMessage(channel="CEGRESS01", text="x")
    calls = [call for call in stage.state["calls"] if call["method"] == "chat.postMessage"]
    assert [(call["ok"], call["error"]) for call in calls] == [(False, "ratelimited"), (True, None)]
    assert stage.post("fault", wrong=1)[0] == 400
    assert stage.post("fault", times=1)[0] == 400
