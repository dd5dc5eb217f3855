"""Each of Azure's clouds end to end, under its own host names and through a proxy: nobody else's host is asked."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox.arm.tokens import CLIENT, TENANT
from tests.azure.cloud_stage import HOSTS, PASSWORD, Internet, opened_internet
from tests.azure.entra_stage import NOBODY, ServiceAccount
from tests.build import CONFIG
from tests.processes.stage import run_here

ACCOUNT = ServiceAccount()
MORE = """
[logs]
enabled = true

[step_up]
issuer = "https://{host}/{tenant}/v2.0"
client_id = "bot"
public_url = "https://egress.example.com"
"""


@pytest.fixture(scope="module")
def internet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    """Azure's hosts."""
    with opened_internet(tmp_path_factory.mktemp("internet")) as opened:
        yield opened


@pytest.mark.parametrize("cloud", ["usgovernment", "china", "public"])
def test_only_hosts_of_its_cloud_are_asked(internet: Internet, tmp_path: Path, cloud: str) -> None:
    """With workload identity, whose webhook sets no authority here; metrics, logs and rights are looked at, too."""
    internet.asked.clear()
    internet.arm.register(ACCOUNT.registration)
    token, file = tmp_path / "token", tmp_path / "egress.toml"
    token.write_text(ACCOUNT.token())
    file.write_text(CONFIG.read_text() + MORE.format(host=HOSTS[cloud][0], tenant=TENANT))
    _, said = run_here(
        "doctor",
        "--json",
        **NOBODY,
        **internet.environment,
        EGRESS_ARM_ENDPOINT=None,
        EGRESS_AZURE_CLOUD=cloud,
        EGRESS_CONFIG=str(file),
        EGRESS_DATABASE_URL=f"sqlite:///{tmp_path}/bot.sqlite3",
        AZURE_TENANT_ID=TENANT,
        AZURE_CLIENT_ID=CLIENT,
        AZURE_FEDERATED_TOKEN_FILE=str(token),
    )
    assert PASSWORD not in said
    checks = {one["check"]: one for one in json.loads(said[said.index("{\n") :])["checks"]}
    asked = [one for name, one in checks.items() if name.startswith(("Azure", "firewall log"))]
    assert [one for one in asked if not one["ok"] and "has no diagnostic setting" not in one["found"]] == []
    assert f"at https://{HOSTS[cloud][1]} as workload identity" in checks["Azure"]["found"]
    assert f"https://{HOSTS[cloud][0]}/{TENANT}/v2.0 answers" in checks["identity provider"]["found"]
    assert set(internet.asked) == set(HOSTS[cloud][:3])  # Log Analytics is asked for what was denied


def test_a_proxy_that_refuses(internet: Internet, tmp_path: Path) -> None:
    """It is named, and its password is not."""
    environment = {**NOBODY, **internet.environment, "EGRESS_ARM_ENDPOINT": None, "AZURE_CLIENT_SECRET": "secret"}
    environment |= {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT}
    environment["HTTPS_PROXY"] = internet.environment["HTTPS_PROXY"].replace(PASSWORD, "wrong~password")
    _, said = run_here("doctor", EGRESS_DATABASE_URL=f"sqlite:///{tmp_path}/bot.sqlite3", **environment)
    assert "The proxy in HTTPS_PROXY does not let the bot through to Azure's sign-in (HTTP 407)." in said
    assert "wrong~password" not in said


def test_the_sign_in_of_another_cloud_is_a_mistake(tmp_path: Path) -> None:
    """The webhook of a cluster in US Government sets it; the cloud was forgotten."""
    elsewhere = {"AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/", "EGRESS_ARM_ENDPOINT": None}
    status, said = run_here("serve", EGRESS_DATABASE_URL=f"sqlite:///{tmp_path}/bot.sqlite3", **elsewhere)
    assert (status, "set EGRESS_AZURE_CLOUD=usgovernment" in said) == (2, True), said
