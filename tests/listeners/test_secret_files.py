"""Slack's secrets in files: whoever replaces a file needs no restart, in both modes; the log says so without them."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from slack_sdk.errors import SlackApiError
from structlog.testing import capture_logs

from bot.config import checked_configuration, configuration_from
from bot.domain.audit_settings import AuditSettings
from bot.domain.chain import AuditKey
from bot.errors import BadConfiguration
from bot.wiring.secret_files import SecretFile
from bot.wiring.signing import audit_key
from handlers.app import SlackSettings, build_app, web_client
from tests.build import CONFIG
from tests.listeners.test_workspace import Town, settled
from tests.sandbox.slack_stage import APP_TOKEN, BOT_TOKEN, SECRET, until


@dataclass(frozen=True, slots=True)
class Mounted:
    """A folder with the three secrets, as a cluster mounts them."""

    folder: Path

    def put(self, bot: str, app: str, signing: str) -> None:
        """Replace them, in one step each."""
        for name, value in (("bot", bot), ("app", app), ("signing", signing)):
            fresh = self.folder / f"{name}.new"
            fresh.write_text(f"{value}\n")
            fresh.rename(self.folder / name)

    def settings(self, town: Town) -> SlackSettings:
        """The settings that read them."""
        bot, app, signing = (SecretFile(self.folder / name, name) for name in ("bot", "app", "signing"))
        return replace(town.settings, bot_token=bot, app_token=app, signing_secret=signing)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Mounted]:
    """The secrets of the workspace at rest."""
    made = Mounted(tmp_path)
    made.put(BOT_TOKEN, APP_TOKEN, SECRET)
    logging.getLogger("slack_sdk").setLevel(logging.CRITICAL)
    yield made
    logging.getLogger("slack_sdk").setLevel(logging.NOTSET)


@pytest.mark.parametrize("mode", ["socket", "http"])
def test_new_secrets_count_without_a_restart(mode: str, mounted: Mounted, sqlite_url: str) -> None:
    """Deliveries, the Web API and the next socket: all go by the files."""
    with settled(sqlite_url, delivery=mode) as town:
        settings = mounted.settings(town)
        app = build_app(town.ctx, settings)
        if mode == "socket":
            stop = app.serve_socket().stop
        else:
            front = app.serve_http("127.0.0.1:0")
            stop = front.stop
            town.stage.workspace.connect(f"http://127.0.0.1:{front.port}/slack/events")
        until(lambda: town.stage.workspace.is_connected)
        client = web_client(settings)
        assert client.auth_test()["ok"]

        new = town.stage.workspace.renew_secrets()
        with pytest.raises(SlackApiError, match="invalid_auth"):
            client.auth_test()
        mounted.put(new.bot_token, new.app_token, new.signing_secret)
        assert client.auth_test()["ok"]
        town.stage.workspace.courier.transport.disconnect(is_hard=True)
        until(lambda: town.stage.workspace.is_connected)
        assert town.command("UDEV0001", "help")["status"] == 200
        stop()


def test_a_file_that_is_being_replaced_keeps_its_last_secret(tmp_path: Path) -> None:
    """It is said once, and no secret is in what is said."""
    path = tmp_path / "token"
    with pytest.raises(BadConfiguration, match="EGRESS_TOKEN_FILE: cannot read"):
        SecretFile(path, "EGRESS_TOKEN_FILE")
    path.write_text("xoxb-first")
    secret = SecretFile(path, "EGRESS_TOKEN_FILE")
    with capture_logs() as logs:
        path.write_text("")
        assert (secret(), secret()) == ("xoxb-first",) * 2
        path.unlink()
        assert (secret(), secret()) == ("xoxb-first",) * 2
        path.write_text("xoxb-second-one\n")
        assert secret() == "xoxb-second-one"
    assert [line["event"] for line in logs] == ["secret_not_renewed"] * 2 + ["secret_renewed"]
    assert "xoxb" not in f"{logs}{secret!r}"


def new_key() -> bytes:
    """A key of its own, as ``python -m bot audit key`` writes it."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_the_key_of_the_audit_log_is_replaced(tmp_path: Path) -> None:
    """The next checkpoint is signed with the new one; what is no key leaves the last one in use."""
    path = tmp_path / "key.pem"
    path.write_text("no key")
    config = replace(checked_configuration(configuration_from(CONFIG)), audit=AuditSettings(key_file=str(path)))
    with pytest.raises(BadConfiguration, match=r"audit\.key_file: .* is not a key in PEM"):
        audit_key(config)
    path.write_bytes(first := new_key())
    key = audit_key(config)
    assert key is not None
    path.write_text("no key")
    with capture_logs() as logs:
        assert key().id == AuditKey(first).id
    assert [line["event"] for line in logs] == ["secret_not_renewed"]
    path.write_bytes(second := new_key())
    assert key().id == AuditKey(second).id
