"""The simulated workspace throttles as Slack documents it, and forgets faults."""

import http.client
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from slack_sdk.errors import SlackApiError

from bot.sandbox.clock import ManualClock
from bot.sandbox.slack.content import BLOCKS_MOST
from tests.sandbox.slack_stage import Stage, installed

CHANNEL = "CEGRESS01"


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A workspace with a stopped clock."""
    made = Stage(installed(), clock=ManualClock())
    yield made
    made.stop()


def test_a_channel_takes_a_burst_and_then_a_message_each_second(stage: Stage) -> None:
    """Off until it is switched on; Retry-After is enough."""
    for _ in range(20):
        stage.client.chat_postMessage(channel=CHANNEL, text="x")
    stage.do("limits", on=True)
    for _ in range(5):
        stage.client.chat_postMessage(channel=CHANNEL, text="x")
    with pytest.raises(SlackApiError) as refused:
        stage.client.chat_postMessage(channel=CHANNEL, text="x")
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["retry-after"] == "1"
    stage.clock.advance(timedelta(seconds=1))
    stage.client.chat_postMessage(channel=CHANNEL, text="x")


def test_a_method_is_limited_by_its_tier(stage: Stage) -> None:
    """Tier 2: twenty a minute."""
    stage.do("limits", on=True)
    for _ in range(20):
        stage.client.usergroups_users_list(usergroup="SAPPROVE1")
    with pytest.raises(SlackApiError) as refused:
        stage.client.usergroups_users_list(usergroup="SAPPROVE1")
    assert refused.value.response.headers["retry-after"] == "3"


def test_blocks_that_are_too_long_together_are_refused(stage: Stage) -> None:
    """Each block is short enough."""
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}
    stage.client.chat_postMessage(channel=CHANNEL, text="x", blocks=[block] * 4)
    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        stage.client.chat_postMessage(channel=CHANNEL, text="x", blocks=[block] * (BLOCKS_MOST // 2900 + 1))


def test_faults_are_forgotten(stage: Stage) -> None:
    """A fault that still waits does not strike."""
    stage.do("fault", method="auth.test", times=10, status=503)
    with closing(http.client.HTTPConnection("127.0.0.1", stage.served.port, timeout=5)) as connection:
        connection.request("DELETE", "/_sandbox/slack/fault")
        assert connection.getresponse().status == 200
    assert stage.client.auth_test()["ok"]
