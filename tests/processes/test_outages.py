"""Slack, Azure and the database may be silent or away, at the start and later: it is said, and the end comes."""

import contextlib
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.build import CONFIG
from tests.driver import SandboxProcess, wait_for
from tests.processes.stage import BotProcess, free_port
from tests.silence import Proxy, proxy_of


def test_slack_away_at_the_start_and_later(tmp_path: Path) -> None:
    """Beside a token endpoint that never answers: it starts, hears Slack whenever Slack is there, and ends."""
    slack = SandboxProcess(tmp_path / "slack", "--no-bot", "--socket")
    with Proxy(None) as silent, contextlib.ExitStack() as stack:
        stack.callback(slack.kill)
        settings = {
            "EGRESS_DATABASE_URL": f"sqlite:///{tmp_path}/bot.sqlite3",
            "EGRESS_SLACK_API_URL": f"{slack.url}api/",
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{silent.port}/token",
            **pages_alone(tmp_path),
        }
        with BotProcess(tmp_path, "serve", **settings) as bot:
            wait_for(lambda: bot.ready()[0] == 503, "It did not start without Slack", 30)
            assert "database: ok" in bot.ready()[1]
            own = int(settings["EGRESS_STEP_UP_LISTEN"].rpartition(":")[2])
            link = f"/step-up/go/{'a' * 43}"
            assert [bot.get(link)[0], *(bot.get(path, port=own)[0] for path in (link, "/healthz"))] == [404, 403, 404]
            wait_for(lambda: "slack: The socket to Slack is not open:" in bot.ready()[1], "It did not try", 30)
            for go in (slack.kill, slack.stop):
                slack.start()
                wait_for(lambda: bot.ready()[0] == 200, "It did not come back", 60)
                go()
                wait_for(lambda: "slack: The socket to Slack is not open:" in bot.ready()[1], "It did not notice", 30)
            wait_for(lambda: "azure: Azure's sign-in is not responding" in bot.ready()[1], "Azure is not said", 30)
            assert bot.end() == 0, bot.log()
            log = bot.log()
    assert log.count("socket_closed") == 3
    assert log.count("socket_open") == 2
    assert log.count("started_without_azure") == 1
    assert "Traceback" not in log


def pages_alone(folder: Path) -> dict[str, str]:
    """Settings with which the pages of step-up have an address of their own."""
    file, port = folder / "egress.toml", free_port()
    table = 'issuer = "http://127.0.0.1:9"\nclient_id = "bot"\npublic_url = "https://egress.example.com"'
    file.write_text(f"{CONFIG.read_text()}\n[step_up]\n{table}\n")
    return {"EGRESS_CONFIG": str(file), "EGRESS_STEP_UP_LISTEN": f"127.0.0.1:{port}"}


def test_a_database_away_at_the_start(tmp_path: Path, postgres_url: str) -> None:
    """Beside an Azure and a Slack that are away too: it says which part is, and works once the database is there."""
    port = free_port()
    url = make_url(postgres_url).set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
    settings = {"EGRESS_DATABASE_URL": url, "EGRESS_SLACK_MODE": "http"}
    with contextlib.ExitStack() as stack:
        bot = stack.enter_context(BotProcess(tmp_path, "serve", **settings))
        wait_for(lambda: bot.ready()[0] == 503, "It did not start without a database", 30)
        assert "database: The database is unavailable (" in bot.ready()[1]
        assert bot.get("/healthz")[0] == bot.get("/metrics")[0] == 200
        status, said = bot.type("UAPP0001", "deny a1 why")
        assert (status, "nothing was recorded" in said) == (200, True), said
        stack.enter_context(proxy_of(postgres_url, port)[0])
        wait_for(lambda: bot.ready()[0] == 200, "It did not come back", 30)
        wait_for(lambda: "database_opened" in bot.log(), "It did not begin to work", 30)
        assert bot.end() == 0, bot.log()
    log = bot.log()
    assert [log.count(word) for word in ("started_without_database", "database_opened")] == [1, 1]
    assert "Traceback" not in log


def test_a_silent_database_is_said_in_time_and_holds_up_no_end(tmp_path: Path, postgres_url: str) -> None:
    """Every act is answered in time with what is true; the log says it once; the end comes."""
    proxy, url = proxy_of(postgres_url)
    with proxy, contextlib.ExitStack() as stack:
        sandbox = SandboxProcess(tmp_path / "data", "--database", url)
        sandbox.start()
        stack.callback(sandbox.kill)
        sandbox.settle()
        proxy.hush()
        for text in ("list", "whoami", "requests", "deny a1 why"):
            answer = sandbox.type("UAPP0001", text)
            assert answer["status"] == 200, answer  # after three seconds the workspace says operation_timeout
            if text != "whoami":
                assert "nothing was recorded" in str(answer["body"]), answer
        wait_for(lambda: "database_unavailable" in sandbox.log(), "It is not said", 20)
        assert sandbox.log().count("database_unavailable") == 1
        sandbox.stop()
        assert "Traceback" not in sandbox.log()
