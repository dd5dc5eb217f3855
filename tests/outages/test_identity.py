"""A process outlives its tokens, and the issuer of its tokens."""

from pathlib import Path

from tests.azure.entra_stage import ServiceAccount, Site
from tests.driver import SandboxProcess, wait_for
from tests.processes.stage import BotProcess

ACCOUNT = ServiceAccount()


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
