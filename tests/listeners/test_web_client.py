"""How Slack is reached: with what is prepared once, and over HTTP alone."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from slack_sdk.errors import SlackRequestError

from handlers.app import SlackSettings, web_client
from handlers.web_client import ResponseClient, opener


def test_the_certificate_authorities_are_read_once() -> None:
    """All clients share them; the SDK alone would read them at each call, which costs more than the ack itself."""
    one = web_client(SlackSettings("xoxb-one"))
    other = web_client(SlackSettings("xoxb-two"), timeout=timedelta(seconds=2), retries=2)
    assert isinstance(one.ssl, ssl.SSLContext)
    assert one.ssl is other.ssl
    assert opener(one.proxy, one.ssl) is opener(other.proxy, one.ssl)
    assert (one.ssl.verify_mode, one.ssl.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_an_answer_goes_nowhere_but_over_http(tmp_path: Path) -> None:
    """A response URL that names a file opens none, also not one that is there."""
    (tmp_path / "there").write_text("ok")
    with pytest.raises(SlackRequestError, match="none of HTTP"):
        ResponseClient((tmp_path / "there").as_uri()).send(text="hello")
