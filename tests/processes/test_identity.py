"""The bot's identity in Azure, from a real environment to real tokens over TLS: each kind, and each refusal."""

import gc
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.arm import ArmSubscription
from bot.sandbox.arm_http import arm_app, make_ca
from bot.sandbox.clock import SandboxClock
from bot.sandbox.journal import Journal
from bot.sandbox.serving import ServedApp
from tests.azure.entra_stage import ServiceAccount, Site, write_certificate
from tests.processes.stage import run_here

ACCOUNT = ServiceAccount()
SECRET = "s3cr3t~value"


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ArmSubscription, Site]]:
    """A tenant behind TLS on loopback."""
    arm = ArmSubscription(SandboxClock(), Journal(), speed=600)
    certificate, key, ca = make_ca(tmp_path_factory.mktemp("tls"))
    served = ServedApp(arm_app(arm), 0, certificate=(certificate, key))
    served.start()
    yield arm, Site(f"https://127.0.0.1:{served.port}", ca)
    gc.collect()  # connections that nobody holds any more
    served.stop()


def azure_line(folder: Path, environment: dict[str, str | None]) -> tuple[str, str]:
    """The doctor's word on Azure: ok, missing or unknown, and what it found; no secret in anything that was said."""
    _, said = run_here("doctor", "--json", EGRESS_DATABASE_URL=f"sqlite:///{folder}/bot.sqlite3", **environment)
    assert SECRET not in said
    assert "Traceback" not in said
    checks: list[Any] = json.loads(said[said.index("{\n") :])["checks"]
    (line,) = (one for one in checks if one["check"] == "Azure")
    return "ok" if line["ok"] else "unknown" if line["unknown"] else "missing", line["found"]


def written(file: Path, text: str) -> str:
    """A file with a text."""
    file.write_text(text)
    return str(file)


def test_each_identity_gets_tokens(tenant: tuple[ArmSubscription, Site], tmp_path: Path) -> None:
    """As the environment names it, and the doctor says which it was."""
    arm, site = tenant
    pem = tmp_path / "bot.pem"
    arm.register({"secret": SECRET, "certificate": write_certificate(pem), **ACCOUNT.registration})
    token = written(tmp_path / "token", ACCOUNT.token())
    signed_in = str(az(tmp_path / "bin", arm.issue_token(site.url)))
    found = {
        name: azure_line(tmp_path, environment)
        for name, environment in {
            "a service principal": site.application(AZURE_CLIENT_CERTIFICATE_PATH=str(pem)),
            "workload identity": site.application(AZURE_FEDERATED_TOKEN_FILE=token),
            "managed identity.": site.environment(AZURE_POD_IDENTITY_AUTHORITY_HOST=site.url),
            "the login of az": site.environment(PATH=signed_in, AZURE_TOKEN_CREDENTIALS="dev"),
        }.items()
    }
    assert {name: (state, f" as {name}" in said) for name, (state, said) in found.items()} == dict.fromkeys(
        found, ("ok", True)
    ), found


def az(folder: Path, token: str) -> Path:
    """A folder with an ``az`` that is signed in: its one command, as azure-cli answers it."""
    folder.mkdir()
    said = {"accessToken": token, "expires_on": 4_000_000_000, "tokenType": "Bearer"}
    program = folder / "az"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(said)}'\n")
    program.chmod(0o755)
    return folder


OVER = timedelta(minutes=-1)
REFUSALS: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "a wrong secret": ({"secret": "another"}, {"AZURE_CLIENT_SECRET": SECRET}, "AADSTS7000215"),
    "an old secret": (
        {"secret": SECRET, "is_secret_over": True},
        {"AZURE_CLIENT_SECRET": SECRET},
        "the client secret has expired",
    ),
    "another tenant": (
        {"secret": SECRET},
        {"AZURE_CLIENT_SECRET": SECRET, "AZURE_TENANT_ID": "00000000-0000-0000-0000-0000000000ff"},
        "check AZURE_TENANT_ID",
    ),
    "another application": (
        {"secret": SECRET},
        {"AZURE_CLIENT_SECRET": SECRET, "AZURE_CLIENT_ID": "00000000-0000-0000-0000-0000000000ff"},
        "check AZURE_CLIENT_ID",
    ),
    "no certificate": ({}, {"AZURE_CLIENT_CERTIFICATE_PATH": "/no/such.pem"}, "/no/such.pem"),
    "no token file": ({}, {"AZURE_FEDERATED_TOKEN_FILE": "/no/such"}, "/no/such"),
    "no TLS": ({}, {"AZURE_CLIENT_SECRET": SECRET, "AZURE_AUTHORITY_HOST": "http://127.0.0.1:9"}, "TLS protected"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_one_sentence(case: str, tenant: tuple[ArmSubscription, Site], tmp_path: Path) -> None:
    """With what to do, and without the secret."""
    arm, site = tenant
    registered, environment, words = REFUSALS[case]
    arm.register(registered)
    state, said = azure_line(tmp_path, site.application(**environment))
    assert (state, words in said) == ("missing", True), said
    assert "Trace ID" not in said, said


@pytest.mark.parametrize(
    ("ends", "claims", "words"),
    [
        (OVER, {}, "AADSTS700024"),
        (-OVER, {"iss": "https://elsewhere/"}, "OIDC issuer URL"),
        (-OVER, {"sub": "system:serviceaccount:egress-bot:Egress-Bot"}, "set it to system:serviceaccount:"),
        (-OVER, {"aud": "https://kubernetes.default.svc"}, "set it to api://AzureADTokenExchange"),
    ],
)
def test_a_federated_credential_that_does_not_match(
    tenant: tuple[ArmSubscription, Site], tmp_path: Path, ends: timedelta, claims: dict[str, str], words: str
) -> None:
    """It says which part."""
    arm, site = tenant
    arm.register(ACCOUNT.registration)
    token = written(tmp_path / "token", ACCOUNT.token(ends, **claims))
    state, said = azure_line(tmp_path, site.application(AZURE_FEDERATED_TOKEN_FILE=token))
    assert (state, words in said) == ("missing", True), said


def test_a_token_that_was_taken_back_is_asked_anew(tenant: tuple[ArmSubscription, Site], tmp_path: Path) -> None:
    """Azure names claims that the next token must have; the bot goes on with that one."""
    arm, site = tenant
    arm.register({"secret": SECRET})
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1790000000"}}}'
    arm.add_fault({"path": "resourcegraph", "times": 1, "status": 401, "code": "TokenIssuedBefore", "claims": claims})
    state, said = azure_line(tmp_path, site.application(AZURE_CLIENT_SECRET=SECRET))
    assert (state, said.count("a service principal")) == ("ok", 1), said


def test_who_cannot_be_asked_has_not_refused(tenant: tuple[ArmSubscription, Site], tmp_path: Path) -> None:
    """An issuer that is busy, a certificate of somebody in between, an identity that the machine does not have."""
    arm, site = tenant
    arm.register({"secret": SECRET})
    able = site.application(AZURE_CLIENT_SECRET=SECRET)
    arm.add_fault({"path": "oauth2/v2.0/token", "times": 20, "status": 503})
    assert azure_line(tmp_path, able) == ("unknown", "Azure's sign-in is not responding.")
    arm.clear_faults()
    other = make_ca(tmp_path / "other")[2]
    state, said = azure_line(tmp_path, {**able, "REQUESTS_CA_BUNDLE": str(other)})
    assert (state, "Set REQUESTS_CA_BUNDLE" in said) == ("unknown", True)
    managed = site.environment(AZURE_POD_IDENTITY_AUTHORITY_HOST=site.url, AZURE_CLIENT_ID="another")
    state, said = azure_line(tmp_path, {**managed, "AZURE_TOKEN_CREDENTIALS": "prod"})
    assert (state, "no such managed identity" in said) == ("missing", True)
