"""Log lines carry the ids of what is being done, obey the level, and hold no secret."""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from bot.config import Settings, secrets_of, settings_from
from bot.domain.integration import Webhook
from bot.domain.step_up.settings import StepUp
from bot.logs import carried, log_as
from bot.wiring.secret_files import secret_headers
from bot.wiring.signing import client_secret, signing_keys
from tests.build import World, config, make_world
from tests.flows.writer_stage import ask

log = structlog.get_logger("bot.test")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before, hooks = (root.handlers[:], root.level), (sys.excepthook, threading.excepthook)
    yield
    root.handlers[:], root.level = before
    sys.excepthook, threading.excepthook = hooks
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The lines that were written."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_ours_and_the_libraries_lines_carry_the_bound_ids(capsys: pytest.CaptureFixture[str]) -> None:
    """In one form, in whichever thread they are written."""
    log_as("json")
    with bound_contextvars(reference="abcd"):
        log.info("ours", more=1)
        logging.getLogger("azure.core").warning("theirs %s", 2)
        thread = threading.Thread(target=carried(log.info), args=("elsewhere",))
        thread.start()
    thread.join()
    log.info("outside")
    found = lines(capsys)
    assert [(line["event"], line.get("reference")) for line in found] == [
        ("ours", "abcd"),
        ("theirs 2", "abcd"),
        ("elsewhere", "abcd"),
        ("outside", None),
    ]
    assert {"timestamp", "level", "logger"} <= set(found[0])


@pytest.mark.parametrize(("level", "written"), [("debug", 3), ("info", 2), ("warning", 1), ("error", 0)])
def test_the_level_is_the_least_that_is_written(level: str, written: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A library says nothing below a warning."""
    log_as("json", settings_from({"EGRESS_LOG_LEVEL": level}).log_level)
    log.debug("one")
    log.info("two")
    log.warning("three")
    logging.getLogger("slack_sdk.web").info("token=xoxb-1")
    assert len(lines(capsys)) == written


SECRETS = {
    "EGRESS_SLACK_BOT_TOKEN": "xoxb-111-secret",
    "EGRESS_SLACK_APP_TOKEN": "xapp-222-secret",
    "EGRESS_SLACK_SIGNING_SECRET": "333-secret",
    "EGRESS_DATABASE_URL": "postgresql+psycopg://bot:p%40ss-444@db/egress",
    "AZURE_CLIENT_SECRET": '5"5\\5-é-secret',
}
PLAIN = ("xoxb-111-secret", "xapp-222-secret", "333-secret", "p%40ss-444", "p@ss-444", '5"5\\5-é-secret')


def secret_settings() -> Settings:
    """Settings with every kind of secret."""
    return settings_from(SECRETS)


ESCAPED = (*PLAIN, json.dumps(PLAIN[-1])[1:-1], repr(PLAIN[-1])[1:-1], json.dumps(repr(PLAIN[-1]))[1:-1])


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_line_holds_a_secret(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Not in an event, a field, a library's error, however it is escaped; a trace shows no local variables."""
    log_as(settings_from({"EGRESS_LOG_FORMAT": form}).log_format, "info", secrets_of(secret_settings(), SECRETS))
    for secret in PLAIN:
        headers = {"Authorization": f"Bearer {secret}", "x-unknown": "a-token-that-no-setting-holds"}
        try:
            raise ConnectionError(f"could not reach https://host/?token={secret}")
        except ConnectionError as error:
            log.exception("failed", error=str(error), authorization=headers["Authorization"])
            logging.getLogger("psycopg").exception("connection to %r failed", secret)
    said = capsys.readouterr().err
    assert said.count("[secret]") >= 4 * len(PLAIN)
    assert [secret for secret in ESCAPED if secret in said] == []
    assert "a-token-that-no-setting-holds" not in said


def test_no_line_holds_a_secret_that_the_configuration_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of webhooks and of the identity provider, the one of now as well."""
    ours, theirs = tmp_path / "hook", tmp_path / "client"
    ours.write_text("secret-of-the-webhook\n")
    theirs.write_text("first-client-secret\n")
    provider = StepUp("https://login.example.com", "bot", str(theirs), public_url="https://egress.example.com")
    hooks = {"a": Webhook("a", "https://hooks.example.com/a", str(ours))}
    book = replace(config(), step_up=provider, webhooks=hooks)
    log_as("json")
    read, keys = client_secret(book, ""), signing_keys(book, "")
    log.info("said", what=[read(), keys["a"]()])
    theirs.write_text("second-client-secret\n")
    log.info("said", what=[read()])
    said = capsys.readouterr().err
    assert (read(), said.count("[secret]")) == ("second-client-secret", 3), said
    assert [word for word in ("of-the-webhook", "client-secret") if word in said] == []


def test_a_short_secret_spoils_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Its own characters elsewhere are masked, and the line is still JSON with its time."""
    log_as("json", "info", ["1"])
    log.info("counted", n=11, why="1 of 2", what=["1", {"x": "1"}])
    (line,) = lines(capsys)
    assert (line["n"], line["why"], line["what"]) == (11, "[secret] of 2", ["[secret]", {"x": "[secret]"}])
    assert "[secret]" not in str(line["timestamp"])


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgresql+psycopg://db/e?user=u&password=LEAK%26x&sslpassword=a+b", {"LEAK%26x", "LEAK&x", "a+b", "a b"}),
        ("postgresql+psycopg://u:p%40ss@db/e", {"p%40ss", "p@ss"}),
        ("postgresql+psycopg://u:LEAK[1@db/e", set()),
        ("sqlite:///x", set()),
    ],
)
def test_passwords_of_a_database_url(url: str, found: set[str]) -> None:
    """Wherever they stand, in each form; a URL that cannot be read is refused elsewhere."""
    assert set(secrets_of(settings_from({"EGRESS_DATABASE_URL": url}), {})) == found


def test_the_password_of_a_proxy() -> None:
    """In the URL of either spelling, with or without a scheme."""
    proxies = {
        "HTTPS_PROXY": "http://u:LE%41K@proxy:3128",
        "http_proxy": "http://u:OTHER@proxy:3128",
        "ALL_PROXY": "u:BARE@proxy:3128",
    }
    assert set(secrets_of(settings_from({}), proxies)) == {"LE%41K", "LEAK", "OTHER", "BARE"}


def test_the_values_of_headers_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each by itself, with its scheme and without."""
    log_as("json")
    file = tmp_path / "headers"
    file.write_text("Authorization: Bearer first~t0k3n\nDD-API-KEY: other~k3y\nX-Source: aks\n")
    assert secret_headers(file, "--headers")() == file.read_text().strip()
    log.info("first~t0k3n", sent="Bearer first~t0k3n", key="other~k3y", source="aks")
    [line] = lines(capsys)
    assert (line["event"], line["sent"], line["key"], line["source"]) == (*("[secret]",) * 3, "aks")


def test_what_nobody_caught_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    """In a thread and at the end of a process."""
    log_as("json", "info", ["s3cret"])
    error = ValueError("the s3cret of it")
    sys.excepthook(ValueError, error, None)
    threading.excepthook(uncaught(error))
    found = capsys.readouterr().err
    assert (found.count("uncaught_exception"), found.count("[secret]"), "s3cret" in found) == (2, 2, False)


def uncaught(error: Exception) -> threading.ExceptHookArgs:
    """What Python hands to the hook of threads."""
    return threading.ExceptHookArgs((type(error), error, None, None))


def test_settings_do_not_print_secrets() -> None:
    """Neither do the values inside them."""
    said = repr(secret_settings())
    assert [secret for secret in PLAIN if secret in said] == []


def test_a_run_logs_with_its_work_and_an_id_of_its_own(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One id finds every line of a run."""
    world: World = make_world(sqlite_url)
    log_as("json")
    ask(world)
    world.arm.add_fault(
        {"method": "GET", "path": "firewallPolicies/hub-policy", "times": 99, "status": 500, "code": "X"}
    )
    for _ in range(10):
        world.work(timedelta(minutes=1))
    world.store.close()
    found = [line for line in lines(capsys) if line["event"] == "run_failed"]
    assert found
    assert all(line["run"] and line["work"] for line in found)


FORGED = "x\n2026-11-01T00:00:00Z [info     ] approved   [bot] by=UAPP0001\r\x1b[2K\u2028\u202e"


@pytest.mark.parametrize("form", ["json", "text"])
def test_nobody_can_forge_a_line(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever somebody sent stays inside its own line, wherever it is said."""
    log_as(settings_from({"EGRESS_LOG_FORMAT": form}).log_format)
    log.info("asked", text=FORGED, many=[FORGED], **{FORGED: 1})
    log.info(FORGED)
    logging.getLogger("waitress").warning("Exception while serving %s", FORGED)
    try:
        raise ValueError(FORGED)
    except ValueError:
        log.exception("failed")
    said = capsys.readouterr().err
    assert not [line for line in said.splitlines() if line.startswith("2026-11-01")]
    assert not {"\x1b", "\r", "\u2028", "\u202e"} & set(said)
