"""How Slack is reached: with TLS that is prepared once."""

import ssl
from datetime import timedelta

from handlers.app import SlackSettings, web_client


def test_the_certificate_authorities_are_read_once() -> None:
    """All clients share them; the SDK alone would read them at each call, which costs more than the ack itself."""
    one = web_client(SlackSettings("xoxb-one"))
    other = web_client(SlackSettings("xoxb-two"), timeout=timedelta(seconds=2), retries=2)
    assert isinstance(one.ssl, ssl.SSLContext)
    assert one.ssl is other.ssl
    assert (one.ssl.verify_mode, one.ssl.check_hostname) == (ssl.CERT_REQUIRED, True)
