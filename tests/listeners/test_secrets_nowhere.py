"""Whatever a run writes (log, metrics, health, messages, database, ``repr``), no secret that it was given is in it."""

import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from bot.config import secrets_of, settings_from
from bot.logs import log_as
from bot.metrics import Facts, scrape
from bot.wiring.production import slack_from
from handlers.app import build_app, web_client
from tests.listeners.test_workspace import settled
from tests.sandbox.slack_stage import APP_TOKEN, BOT_TOKEN, SECRET

log = structlog.get_logger("bot.test")
PASSWORD, CLIENT_SECRET, RENEWED = "p4ssw0rd-of-db", "entra-client-secret", "xoxb-renewed-later"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before, hooks = (root.handlers[:], root.level), (sys.excepthook, threading.excepthook)
    yield
    root.handlers[:], root.level = before
    sys.excepthook, threading.excepthook = hooks
    structlog.reset_defaults()


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_secret_is_anywhere(form: str, sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also of what is renewed while it runs, and where a library puts it into an error."""
    path = tmp_path / "bot-token"
    path.write_text(BOT_TOKEN)
    variables = {
        "EGRESS_SLACK_BOT_TOKEN_FILE": str(path),
        "EGRESS_SLACK_APP_TOKEN": APP_TOKEN,
        "EGRESS_SLACK_SIGNING_SECRET": SECRET,
        "EGRESS_DATABASE_URL": f"postgresql+psycopg://bot:{PASSWORD}@db.example/egress",
        "EGRESS_LOG_FORMAT": form,
        "AZURE_CLIENT_SECRET": CLIENT_SECRET,
    }
    known = (BOT_TOKEN, APP_TOKEN, SECRET, PASSWORD, CLIENT_SECRET, RENEWED)
    settings = settings_from(variables)
    log_as(settings.log_format, "debug", secrets_of(settings, variables))
    with settled(sqlite_url) as town:
        slack = replace(slack_from(settings), api_url=town.settings.api_url)
        app = build_app(town.ctx, slack)
        front = app.serve_http("127.0.0.1:0")
        town.stage.workspace.connect(f"http://127.0.0.1:{front.port}/slack/events")
        town.ask()
        path.write_text(RENEWED)  # which the workspace does not know: every call is refused
        town.command("UDEV0001", "request aks-udr other.example.com")
        try:
            raise RuntimeError(f"Bearer {web_client(slack).token} postgres://bot:{PASSWORD}@db, {CLIENT_SECRET}")
        except RuntimeError:
            log.exception("library_failed", request={"Authorization": [f"Bearer {RENEWED}", BOT_TOKEN, SECRET]})
        front.stop()
        objects = repr((settings, slack, app, web_client(slack), slack.bot_token))
        said = (
            *capsys.readouterr(),
            scrape(Facts(town.world.store, town.world.clock))[2],
            str(town.stage.state),
            objects,
            Path(town.database).read_bytes().decode("latin-1"),
        )
    assert [(secret, at) for secret in known for at, text in enumerate(said) if secret in text] == []
    assert "library_failed" in said[1]
