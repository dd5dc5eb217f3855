"""``plan``, ``serve --dry-run`` and ``--version`` as an operator types them, against a simulated Azure and Slack."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.wiring.version import own_version
from tests.build import CONFIG, make_world
from tests.driver import SandboxProcess, wait_for
from tests.flows.writer_stage import ask
from tests.processes.stage import BotProcess, ended, run_here


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    """A simulated Slack and Azure without a bot."""
    made = SandboxProcess(tmp_path / "data", "--no-bot", "--socket")
    made.start()
    yield made
    made.kill()


def settings_of(sandbox: SandboxProcess, tmp_path: Path, database: str) -> dict[str, str]:
    """The environment of a bot in front of it."""
    ca = str(tmp_path / "data" / "ca.pem")
    return {
        "EGRESS_DATABASE_URL": database,
        "EGRESS_ARM_ENDPOINT": sandbox.arm_url,
        "EGRESS_ARM_CA_FILE": ca,
        "EGRESS_SLACK_API_URL": f"{sandbox.url}api/",
        "IDENTITY_ENDPOINT": f"{sandbox.arm_url}/msi/token",
        "REQUESTS_CA_BUNDLE": ca,
    }


def approve_one(database: str) -> str:
    """An allowance that is approved and not written; its id."""
    world = make_world(database)
    asked = ask(world)
    world.store.close()
    return asked.id


def puts(sandbox: SandboxProcess) -> list[str]:
    """The writes to Azure."""
    return [each["path"] for each in sandbox.get("arm")["requests"] if each["method"] in ("PUT", "DELETE", "PATCH")]


def test_the_exit_status_of_plan(sandbox: SandboxProcess, tmp_path: Path, sqlite_url: str) -> None:
    """0: nothing would change; 2: something would; 1: something could not be read. Nothing is written."""
    settings = settings_of(sandbox, tmp_path, sqlite_url)
    _, said = run_here("doctor", **settings)
    assert f"clusters at {sandbox.arm_url} as managed identity." in said
    first = ended("plan", **settings)
    assert (first.returncode, first.stdout) == (0, "Nothing would change.\n"), first.stderr
    asked = approve_one(sqlite_url)
    status, said = run_here("plan", **settings)
    assert (status, f"+ {asked}-https-443 of aks-udr" in said) == (2, True), said
    status, said = run_here("plan", "aks-udr", "--format", "json", **settings)
    assert (status, json.loads(said)["result"]) == (2, "changes"), said
    sandbox.post("arm/fault", method="GET", path="firewallPolicies/hub-policy", times=9, status=403, code="X")
    status, said = run_here("plan", **settings)
    assert (status, "hub-policy: could not be read." in said) == (1, True), said
    assert puts(sandbox) == []


ERRORS: dict[str, tuple[tuple[str, ...], dict[str, str], str]] = {
    "an unknown format": (("plan", "--format", "xml"), {}, "'xml' is not one of"),
    "an unknown option": (("plan", "--nonsense"), {}, "No such option"),
    "two names": (("plan", "one", "two"), {}, "unexpected extra argument"),
    "no configuration": (("plan",), {"EGRESS_CONFIG": "/no/such.toml"}, "/no/such.toml"),
    "no such variable": (("plan",), {"EGRESS_SLACK_MODE": "x"}, "EGRESS_SLACK_MODE"),
    "no database": (("plan",), {"EGRESS_DATABASE_URL": "postgresql+psycopg://b@127.0.0.1:9/b"}, "refused"),
    "no Azure": (("plan", "aks-udr"), {}, "Azure"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_of_plan_is_no_change(case: str, sqlite_url: str) -> None:
    """Everything that goes wrong ends with 1, arguments included, and says why without a trace."""
    command, settings, words = ERRORS[case]
    status, said = run_here(*command, **{"EGRESS_DATABASE_URL": sqlite_url, **settings})
    assert (status, words in said, "Traceback" in said) == (1, True, False), said


def test_a_database_without_tables(tmp_path: Path) -> None:
    """It is left as it is."""
    status, said = run_here("plan", EGRESS_DATABASE_URL=f"sqlite:///{tmp_path}/empty.sqlite3")
    assert (status, "run python -m bot migrate" in said) == (1, True), said


def test_the_others_end_as_before() -> None:
    """2 is what an error of any other command ends with."""
    assert run_here("doctor", "--nonsense")[0] == 2


def test_the_version() -> None:
    """Of the installed package."""
    done = ended("--version")
    assert (done.returncode, done.stdout.strip()) == (0, own_version())
    assert own_version()[0].isdigit()


def test_a_dry_run_from_beginning_to_end(sandbox: SandboxProcess, tmp_path: Path, postgres_url: str) -> None:
    """A bot that writes nothing says so wherever one looks; the next one writes what was approved."""
    settings = settings_of(sandbox, tmp_path, postgres_url)
    asked = approve_one(postgres_url)
    with BotProcess(tmp_path, "serve", "--dry-run", **settings) as bot:
        wait_for(lambda: "Dry run: approved" in str(sandbox.cards()), "No card says it", 60)
        wait_for(lambda: bot.ready()[0] == 200, "It is not ready", 60)
        assert "writer: Dry run: the bot writes nothing to Azure." in bot.ready()[1]
        assert bot.get("/healthz") == (200, f"ok\nversion: {own_version()}\n")
        assert "egress_dry_run 1.0" in bot.get("/metrics")[1]
        assert bot.end() == 0
    assert puts(sandbox) == []
    with BotProcess(tmp_path, "serve", **settings) as bot:
        wait_for(lambda: f"{asked}-https-443" in sandbox.our_rules(), "It was not written", 60)
        assert "writer:" not in bot.ready()[1]
        wait_for(lambda: "Dry run" not in str(sandbox.cards()), "The card was not drawn again", 60)
        assert bot.end() == 0


def test_a_name_that_no_firewall_has_stops_the_start(sandbox: SandboxProcess, tmp_path: Path, sqlite_url: str) -> None:
    """It may be misspelt, and the bot would write where it was told not to."""
    settings = settings_of(sandbox, tmp_path, sqlite_url)
    own = tmp_path / "own.toml"
    own.write_text(f'{CONFIG.read_text()}\n[writer]\ndry_run_targets = ["hub-polcy"]\n')
    for command, expected in (("serve", 2), ("reconcile", 2), ("plan", 1)):
        status, said = run_here(command, **settings, EGRESS_CONFIG=str(own))
        assert (status, "names hub-polcy" in said, "hub-policy" in said) == (expected, True, True), said
