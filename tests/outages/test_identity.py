"""A process outlives its tokens, and the issuer of its tokens; and it stays in its cloud."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bot.sandbox.arm.tokens import CLIENT, TENANT
from tests.azure.cloud_stage import HOSTS, PASSWORD, Internet, opened_internet
from tests.azure.entra_stage import NOBODY, ServiceAccount, Site
from tests.build import CONFIG
from tests.driver import SandboxProcess, wait_for
from tests.processes.stage import BotProcess

ACCOUNT = ServiceAccount()
SECRET = "s3cr3t~value"


def test_a_process_outlives_its_tokens_and_the_issuer(tmp_path: Path) -> None:
    """Workload identity: tokens end, the file is replaced, the issuer is away for a time; each is said, and ends."""
    sandbox = SandboxProcess(tmp_path / "data", "--no-bot", "--socket")
    sandbox.start()
    try:
        _live_on(sandbox, tmp_path)
    finally:
        sandbox.kill()


def _live_on(sandbox: SandboxProcess, folder: Path) -> None:
    site = Site(sandbox.arm_url, folder / "data" / "ca.pem")
    file = folder / "token"
    file.write_text(ServiceAccount().token())
    assert sandbox.put("arm/app", **ACCOUNT.registration, lifetime_s=1) == {}
    settings = {
        "PYTHONOPTIMIZE": "2",  # as in the image
        "EGRESS_DATABASE_URL": f"sqlite:///{folder}/bot.sqlite3",
        "EGRESS_SLACK_API_URL": f"{sandbox.url}api/",
        **site.application(AZURE_FEDERATED_TOKEN_FILE=str(file)),
    }

    def show() -> str:
        seen = len(sandbox.messages(user="UDEV0001"))
        assert sandbox.type("UDEV0001", "show aks-lb")["status"] == 200
        wait_for(lambda: len(sandbox.messages(user="UDEV0001")) > seen, "No answer", 30)
        return str(sandbox.messages(user="UDEV0001")[-1])

    with BotProcess(folder, "serve", **settings) as bot:
        wait_for(lambda: "azure: Azure refused the sign-in" in bot.ready()[1], f"Not said: {bot.ready()}", 30)
        wait_for(lambda: bot.ready()[0] == 200, "It is not ready", 30)
        replaced = ACCOUNT.token()
        file.write_text(replaced)
        assert "aks-lb" in show()
        assert "azure: ok" in bot.ready()[1]
        sandbox.post("arm/fault", path="oauth2/v2.0/token", times=99, status=503)
        away = "azure: Azure's sign-in is not responding."
        wait_for(lambda: "not responding" in show() and away in bot.ready()[1], "It went on with an old token", 30)
        sandbox.forget("arm/fault")
        wait_for(lambda: "azure: ok" in (show(), bot.ready()[1])[1], "It did not come back", 30)
        assert bot.end() == 0, bot.log()
        log = bot.log()
    assert replaced not in log
    assert "Traceback" not in log


def test_a_process_stays_in_its_cloud(tmp_path: Path) -> None:
    """US Government behind a proxy that wants a password: a rule, a log and a probe; nobody else's host is asked."""
    slack = SandboxProcess(tmp_path / "slack", "--no-bot", "--socket")
    (tmp_path / "egress.toml").write_text(f"{CONFIG.read_text()}\n[logs]\nenabled = true\n")
    with opened_internet(tmp_path / "internet") as internet, ExitStack() as stack:
        internet.arm.register({"secret": SECRET})
        slack.start()
        stack.callback(slack.kill)
        settings = {**NOBODY, **internet.environment, **_in_government(tmp_path, slack)}
        bot = stack.enter_context(BotProcess(tmp_path, "serve", **settings))
        wait_for(lambda: bot.ready()[0] == 200, "It is not ready", 30)
        _use_everything(slack, internet)
        assert bot.end() == 0, bot.log()
        assert [secret for secret in (PASSWORD, SECRET) if secret in bot.log()] == []
        assert set(internet.asked) == set(HOSTS["usgovernment"])


def _in_government(folder: Path, slack: SandboxProcess) -> dict[str, str | None]:
    return {
        "EGRESS_CONFIG": str(folder / "egress.toml"),
        "EGRESS_DATABASE_URL": f"sqlite:///{folder}/bot.sqlite3",
        "EGRESS_SLACK_API_URL": f"{slack.url}api/",
        "EGRESS_ARM_ENDPOINT": None,
        "EGRESS_AZURE_CLOUD": "usgovernment",
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_CLIENT_SECRET": SECRET,
    }


def _use_everything(slack: SandboxProcess, internet: Internet) -> None:
    slack.request("UDEV0001", "aks-udr", "api.example.org")
    wait_for(lambda: bool(slack.cards()), "No card", 30)
    slack.press("UAPP0001", "approve", slack.cards()[-1])
    wait_for(lambda: "is live" in str(slack.messages()).lower(), f"Not live: {slack.cards()}", 60)
    for user, text, path in (
        ("UDEV0001", "capacity", "metrics:getBatch"),
        ("UDEV0001", "denied aks-udr", "/query"),
        ("UAPP0001", "probe aks-udr api.example.org", "/runCommand"),
    ):
        assert slack.type(user, text)["status"] == 200
        wait_for(partial(_was_asked, internet, path), f"Nothing was asked: {slack.messages(user=user)}", 30)


def _was_asked(internet: Internet, path: str) -> bool:
    return any(path in request["path"] for request in internet.arm.state()["requests"])
