"""``doctor`` says of each thing that production needs whether it is there: red, with what to do, where it is not."""

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.azure import AzureArm
from bot.azure.identity import IssuedToken
from bot.azure.settings import ArmSettings
from bot.command_line import main
from bot.config import settings_from
from bot.doctor import UNASKED, DoctorResult, _agreeing, examine
from bot.doctor.results import UNMIGRATED, UNREAD
from bot.errors import BadConfiguration
from bot.sandbox.arm import ArmSubscription
from bot.sandbox.arm_transport import ArmTransport
from bot.sandbox.clock import ManualClock
from bot.sandbox.journal import Journal
from tests.build import CONFIG, SUBSCRIPTION
from tests.sandbox.slack_stage import APP_TOKEN, BOT_TOKEN, SECRET, Stage, installed

OTHER = "00000000-0000-0000-0000-00000000b002"
RG = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"


@dataclass
class Site:
    """Everything in place; each test takes one thing away."""

    folder: Path
    database: str
    stage: Stage
    arm: ArmSubscription
    azure: AzureArm
    clock: ManualClock
    config: str
    variables: dict[str, str] = field(default_factory=dict)

    def findings(self) -> dict[str, DoctorResult]:
        """The doctor's findings, by thing."""
        config = self.folder / "egress.toml"
        config.write_text(self.config, encoding="utf-8")
        variables = {
            "EGRESS_CONFIG": str(config),
            "EGRESS_DATABASE_URL": self.database,
            "EGRESS_SLACK_BOT_TOKEN": BOT_TOKEN,
            "EGRESS_SLACK_APP_TOKEN": APP_TOKEN,
            "EGRESS_SLACK_SIGNING_SECRET": SECRET,
            "EGRESS_SLACK_API_URL": f"{self.stage.url}/api/",
        }
        found = examine(settings_from(variables | self.variables), arm=self.azure)
        return {one.what: one for one in found}

    def missing(self) -> dict[str, str]:
        """The red lines and their sentences."""
        return {what: one.sentence for what, one in self.findings().items() if not one.is_ok}


@pytest.fixture
def site(tmp_path: Path, sqlite_url: str) -> Iterator[Site]:
    """A production that is complete."""
    stage, clock = Stage(installed(delivery="socket")), ManualClock()
    arm = ArmSubscription(clock, Journal(), speed=1.0)
    azure = AzureArm(
        IssuedToken(arm.issue_token),
        ArmSettings(subscriptions=(SUBSCRIPTION,)),
        transport=ArmTransport(arm, clock),
        now=clock.now,
    )
    yield Site(tmp_path, sqlite_url, stage, arm, azure, clock, CONFIG.read_text(encoding="utf-8"))
    azure.close()
    stage.stop()


def test_nothing_is_missing(site: Site) -> None:
    """A complete production is green, in both modes, and the look changes nothing."""
    assert site.missing() == {}
    assert site.stage.state["messages"] == []
    site.variables["EGRESS_SLACK_MODE"] = "http"
    assert site.missing() == {}


def no_channel(site: Site) -> None:
    """The channel of the configuration is not there."""
    site.config = site.config.replace("CEGRESS01", "CNOWHERE1")


def not_in_channel(site: Site) -> None:
    """The bot was not invited."""
    site.config = site.config.replace("CEGRESS01", "CGENERAL1")


def no_scope(site: Site) -> None:
    """The app was installed from an older manifest."""
    granted = site.stage.workspace.installation.scopes
    site.stage.workspace.installation = replace(site.stage.workspace.installation, scopes=granted - {"usergroups:read"})


def private_channel(site: Site) -> None:
    """A private channel, and the app may read public ones only."""
    installation, channels = site.stage.workspace.installation, site.stage.workspace.directory.channels
    site.stage.workspace.installation = replace(installation, scopes=installation.scopes - {"groups:read"})
    channels["CEGRESS01"] = replace(channels["CEGRESS01"], is_private=True)


def no_socket(site: Site) -> None:
    """The app is not set up for Socket Mode."""
    site.stage.workspace.installation = replace(site.stage.workspace.installation, delivery="http")


def no_app_token(site: Site) -> None:
    """Socket Mode without its token."""
    site.variables["EGRESS_SLACK_APP_TOKEN"] = ""


def wrong_app_token(site: Site) -> None:
    """The bot's token in the place of the app's."""
    site.variables["EGRESS_SLACK_APP_TOKEN"] = BOT_TOKEN


def no_secret(site: Site) -> None:
    """HTTP mode without the secret that proves that it is Slack."""
    site.variables |= {"EGRESS_SLACK_MODE": "http", "EGRESS_SLACK_SIGNING_SECRET": ""}


def no_user_group(site: Site) -> None:
    """The user group was deleted."""
    site.config = site.config.replace("SAUDIT001", "SGONE0001")


def empty_user_group(site: Site) -> None:
    """Everybody in it has left the company."""
    site.stage.do("people", user="UAUD0001", deleted=True)


def too_few_approvers(site: Site) -> None:
    """Two must approve, and one of the two is a guest."""
    site.stage.do("people", user="UAPP0002", is_restricted=True)


def a_named_guest(site: Site) -> None:
    """A rule asks a person by name, who is a guest."""
    site.config = site.config.replace('\napprovers = ["platform"]', '\npeople = ["UAPP0002", "UDEV0001"]')
    site.stage.do("people", user="UAPP0002", is_restricted=True)


def no_approver_role(site: Site) -> None:
    """A rule asks a group that may not decide."""
    site.config = site.config.replace('approvers = ["platform"]', 'approvers = ["operators"]')


def not_migrated(site: Site) -> None:
    """A database that nobody has migrated."""
    site.variables["EGRESS_DATABASE_URL"] = f"sqlite:///{site.folder / 'empty.sqlite3'}"


def no_triggers(site: Site) -> None:
    """Somebody made the audit log changeable."""
    with closing(sqlite3.connect(site.folder / "bot.sqlite3")) as database:
        database.execute("DROP TRIGGER audit_event_refuse_update")


def no_policy_write(site: Site) -> None:
    """Only the reader role on the firewall policy."""
    site.arm.put_rights(id_of(site, "hub-policy"), {"actions": ["*/read"]})


def no_firewall_write(site: Site) -> None:
    """The classic firewall's rules are part of it, and it may not be written."""
    site.arm.put_rights(
        id_of(site, "legacy-firewall"), {"actions": ["*"], "notActions": ["microsoft.network/azurefirewalls/write"]}
    )


def no_cluster_write(site: Site) -> None:
    """A cluster that could be scaled, and may only be read."""
    site.arm.put_rights(id_of(site, "aks-lb"), {"actions": ["Microsoft.ContainerService/*/read", "*/permissions/read"]})


def no_such_firewall(site: Site) -> None:
    """A dry run for a firewall whose name is misspelt."""
    site.config += '\n[writer]\ndry_run_targets = ["hub-polcy"]\n'


def unreadable_subscription(site: Site) -> None:
    """A second subscription, on which nobody gave the bot a role."""
    site.azure.close()
    settings = ArmSettings(subscriptions=(SUBSCRIPTION, OTHER))
    transport = ArmTransport(site.arm, site.clock)
    site.azure = AzureArm(IssuedToken(site.arm.issue_token), settings, transport=transport, now=site.clock.now)


def few_calls_left(site: Site) -> None:
    """Somebody else uses the same identity."""
    site.azure._clients.watching._left["subscription-reads"] = 3


def no_metrics(site: Site) -> None:
    """Nobody gave the bot the role for metrics."""
    site.arm.put_rights(f"/subscriptions/{SUBSCRIPTION}", {"actions": ["*"], "notActions": ["*/metrics/read"]})


def no_run_command(site: Site) -> None:
    """Nobody gave the bot the role for probes."""
    site.arm.put_rights(f"/subscriptions/{SUBSCRIPTION}", {"actions": ["*"], "notActions": ["*/runcommand/action"]})


def id_of(site: Site, name: str) -> str:
    """The id of the one resource of that name."""
    (found,) = [key for key in site.arm.state()["resources"] if key.endswith(f"/{name}")]
    return str(found)


@pytest.mark.parametrize(
    ("take_away", "what", "part"),
    [
        (no_channel, "Slack channel CNOWHERE1", "does not exist"),
        (not_in_channel, "Slack channel CGENERAL1", "invite it"),
        (private_channel, "Slack channel CEGRESS01", "Reinstall it"),
        (no_scope, "Slack scopes", "usergroups:read"),
        (no_socket, "Slack socket", "Socket Mode"),
        (no_app_token, "Slack socket", "EGRESS_SLACK_APP_TOKEN"),
        (wrong_app_token, "Slack socket", "starts with xapp-"),
        (no_secret, "Slack signing secret", "EGRESS_SLACK_SIGNING_SECRET"),
        (no_user_group, "group auditors", "The user group does not exist"),
        (empty_user_group, "group auditors", "It has no members"),
        (too_few_approvers, "approval rule high-risk-two", "only 1 of the 2 approvers needed"),
        (a_named_guest, "approval rule high-risk-two", "only 1 of the 2 approvers needed"),
        (no_approver_role, "configuration", "does not have the approver role"),
        (not_migrated, "database", "run python -m bot migrate"),
        (no_triggers, "audit triggers", "audit_event_refuse_update"),
        (no_policy_write, "Azure rights on hub-policy", "ruleCollectionGroups/write"),
        (no_firewall_write, "Azure rights on legacy-firewall", "azureFirewalls/write"),
        (no_such_firewall, "writer", "names hub-polcy"),
        (no_cluster_write, "Azure rights on aks-lb", "managedClusters/write"),
        (no_run_command, "Azure probes", "may not run commands in any cluster"),
        (no_metrics, "Azure metrics", "may not read them"),
        (few_calls_left, "Azure calls left", "3 reads"),
        (unreadable_subscription, f"Azure subscription {OTHER}", "may not read"),
    ],
)
def test_what_is_missing_is_red(site: Site, take_away: Callable[[Site], None], what: str, part: str) -> None:
    """Each missing thing is a line of its own that says what to do."""
    take_away(site)
    found = site.findings()[what]
    assert (found.is_ok, part in found.sentence) == (False, True), found
    assert found.remedy


def test_a_cluster_that_cannot_be_scaled_needs_no_write(site: Site) -> None:
    """Its outbound IPs are not the bot's to change: reading is enough."""
    site.arm.put_rights(id_of(site, "aks-udr"), {"actions": ["*/read"]})
    assert "Azure rights on aks-udr" not in site.missing()


def test_probes_may_be_for_some_clusters_alone(site: Site) -> None:
    """That is meant, and only said."""
    site.arm.put_rights(id_of(site, "aks-udr"), {"actions": ["*"], "notActions": ["*/runcommand/action"]})
    assert site.findings()["Azure probes"].sentence == "12 clusters may be probed; not aks-udr."


def not_toml(site: Site) -> None:
    """Somebody forgot a quotation mark."""
    site.config = site.config.replace('team = "', "team = ", 1)


@pytest.mark.parametrize("spoil", [no_approver_role, not_toml])
def test_a_configuration_that_is_wrong_hides_nothing_else(site: Site, spoil: Callable[[Site], None]) -> None:
    """Every check has its line; one that needs the configuration says that it waits for that."""
    whole = {" ".join(what.split()[:2]) for what in site.findings()}
    spoil(site)
    found = site.findings()
    assert not found["configuration"].is_ok
    behind = [one for one in found.values() if one.sentence == UNREAD]
    assert all(one.is_unasked and one.remedy.startswith("Correct that first") for one in behind)
    if spoil is no_approver_role:
        assert ({" ".join(what.split()[:2]) for what in found} >= whole, behind) == (True, [])
    else:
        assert {one.what for one in behind} >= {"webhooks", "identity provider", "writer"}
        assert any(one.what.startswith("Azure metrics") for one in behind)
        assert any(one.what.startswith("Slack channel") for one in behind)


def test_missing_things_end_in_status_1(tmp_path: Path) -> None:
    """For whoever starts it from a script."""
    variables = {"EGRESS_CONFIG": str(tmp_path / "none.toml"), "EGRESS_DATABASE_URL": f"sqlite:///{tmp_path}/a.sqlite3"}
    variables["EGRESS_SLACK_API_URL"] = "http://127.0.0.1:9/"
    ended = CliRunner().invoke(main, ["doctor"], env=variables)
    assert ended.exit_code == 1
    assert re.search("^MISSING +configuration +Configuration file .* not found", ended.output, re.MULTILINE)
    assert re.search(
        "^MISSING +database +The database has no tables.*\n +-> Check EGRESS_DATABASE_URL", ended.output, re.MULTILINE
    )
    as_json = json.loads(CliRunner().invoke(main, ["doctor", "--json"], env=variables).stdout)
    assert (as_json["ok"], as_json["checks"][0]["check"], as_json["checks"][0]["ok"]) == (False, "configuration", False)
    assert all(bool(one["remedy"]) != one["ok"] for one in as_json["checks"])
    (triggers,) = [one for one in as_json["checks"] if one["check"] == "audit triggers"]
    assert (triggers["unknown"], triggers["found"]) == (True, UNMIGRATED), "nobody removed what was never there"
    (clock,) = [one for one in as_json["checks"] if one["check"] == "clock"]
    assert (clock["unknown"], clock["remedy"]) == (
        True,
        UNASKED,
    )  # Slack did not answer: nothing is wrong with the clock


def test_clocks_agree_to_half_a_minute() -> None:
    """Beyond that Slack's signatures soon count as stale."""
    assert _agreeing("Slack's", time.time() + 29) == "within 29 s of Slack's."
    with pytest.raises(BadConfiguration, match=r"This machine's clock is \+75 s from Slack's"):
        _agreeing("Slack's", time.time() - 75)


def test_a_firewall_whose_log_cannot_be_read(site: Site) -> None:
    """Each firewall has its line, with what is missing and what to do."""
    site.config += "\n[logs]\nenabled = true\n"
    found = site.findings()
    assert found["firewall log of hub-firewall"].sentence == "in law-hub."
    assert "it has no diagnostic setting" in found["firewall log of vwan-firewall"].sentence
    assert "log-reader.json" in found["firewall log of vwan-firewall"].remedy
