"""Firewall logs through Azure Monitor's own SDK: found, read, and whatever is missing is said."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.azure import AzureArm
from bot.azure.identity import IssuedToken
from bot.azure.logs.kql import RECORDS, records_query
from bot.azure.settings import ArmSettings
from bot.domain.feature_settings import Logs
from bot.domain.firewall_log import Gap, LogKind, LogQuestion, LogReading
from bot.sandbox.arm import SUBSCRIPTION, ArmSubscription
from bot.sandbox.arm_transport import ArmTransport
from bot.sandbox.clock import ManualClock
from bot.sandbox.journal import Journal

SCOPE = f"/subscriptions/{SUBSCRIPTION}"
HUB = f"{SCOPE}/resourcegroups/rg-hub/providers/microsoft.network/azurefirewalls/hub-firewall"
LEGACY = HUB.replace("rg-hub", "rg-legacy").replace("hub-firewall", "legacy-firewall")
VWAN = HUB.replace("rg-hub", "rg-vwan").replace("hub-firewall", "vwan-firewall")
SETTING = f"{HUB}/providers/Microsoft.Insights/diagnosticSettings/logs"
WORKSPACE = f"{SCOPE}/resourceGroups/rg-hub/providers/Microsoft.OperationalInsights/workspaces/law-hub"
FOREIGN = WORKSPACE.replace(SUBSCRIPTION, "00000000-0000-0000-0000-00000000a009")
ALL = [{"categoryGroup": "allLogs", "enabled": True}]


class Place:
    """A simulated Azure with traffic, and its logs through the SDK."""

    def __init__(self, **settings: Any) -> None:
        self.clock = ManualClock()
        self.arm = ArmSubscription(self.clock, Journal(), speed=1.0)
        credential, transport = IssuedToken(self.arm.issue_token), ArmTransport(self.arm, self.clock)
        settings = {"enabled": True, **settings}
        azure = AzureArm(credential, ArmSettings((SUBSCRIPTION,)), transport=transport, now=self.clock.now)
        self.logs = azure.firewall_logs(Logs(**settings))
        for cluster in ("aks-udr", "aks-udr-classic"):
            self.traffic(cluster=cluster, host="api.example.com")
        self.traffic(cluster="aks-udr", host="api.example.com", sni=False)
        self.traffic(cluster="aks-udr", host="mail.example", port=25)
        self.clock.advance(timedelta(minutes=9))

    def traffic(self, **flow: Any) -> None:
        """A pod asks once a minute, and the log has it at once."""
        self.arm.add_traffic({"log_delay_s": 0, **flow})

    def read(self, firewall: str = HUB, **changes: Any) -> LogReading:
        """What was denied in the last day."""
        now = self.clock.now()
        asked = {"since": now - timedelta(days=1), "until": now, "ranges": ("10.0.0.0/8",), **changes}
        return self.logs.read(LogQuestion((firewall,), **asked))

    def setting(self, **properties: Any) -> None:
        """Where hub-firewall's logs go from now on."""
        self.arm.put_resource(SETTING, {"properties": {"logs": ALL, **properties}})


def gaps(reading: LogReading) -> list[Gap]:
    """What limits an answer."""
    return [gap for gap, _sentence in reading.gaps]


@pytest.mark.parametrize("firewall", [HUB, LEGACY])
def test_records_of_both_kinds_of_tables(firewall: str) -> None:
    """The tables of their own and AzureDiagnostics give the same values."""
    reading = Place().read(firewall)
    (found,) = (one for one in reading.groups if one.host)
    assert (found.kind, found.host, found.port, found.protocol) == (
        LogKind.APPLICATION,
        "api.example.com",
        443,
        "https",
    )
    assert (found.hits, found.reason, found.rule, found.address) == (9, "Default Action", "", "")
    assert found.last - found.first == timedelta(minutes=8)
    assert (reading.is_known, reading.gaps) == (True, ())


def test_what_decided_is_in_the_record() -> None:
    """A deny rule with its place, a client that names no host, how far each kind reaches, how much was cut."""
    place = Place()
    reading = place.read()
    (mail,) = (one for one in reading.groups if one.kind is LogKind.NETWORK)
    assert (mail.policy, mail.group, mail.collection, mail.rule) == ("base-policy", "rcg-base", "deny-mail", "smtp")
    assert [one.reason for one in reading.groups if not one.host and not one.address] == [
        "SNI TLS extension was missing."
    ]
    assert {one.kind for one in reading.reaches} == set(LogKind)
    cut = place.read(most=1)
    assert (len(cut.groups), cut.total) == (1, 3)
    assert place.read(ranges=("10.12.0.0/16",)).groups == ()
    place.traffic(cluster="aks-udr", host="api.github.com")
    place.clock.advance(timedelta(minutes=1))
    assert [one.rule for one in place.read(is_allowed=True).groups] == ["github"]
    assert place.read(is_allowed=True, rules=("other",)).groups == ()


def degraded() -> list[tuple[str, Any, list[Gap], str]]:
    """What goes wrong, how it is made, what limits the answer then, and words of its sentence."""
    path = "/v1/workspaces"

    def fault(**fields: Any) -> Any:
        return lambda place: place.arm.add_fault({"path": path, "times": 9, **fields})

    def rights(scope: str, *actions: str) -> Any:
        return lambda place: place.arm.put_rights(scope, {"actions": list(actions)})

    def basic(place: Place) -> None:
        place.arm.put_resource(f"{WORKSPACE}/tables/AZFWApplicationRule", {"properties": {"plan": "Basic"}})

    insights = "Microsoft.Insights/diagnosticSettings/read"
    dedicated = {"logAnalyticsDestinationType": "Dedicated"}
    one_category = [{"category": "AZFWNetworkRule", "enabled": True}]
    return [
        ("no setting", lambda place: place.arm.delete_resource(SETTING), [Gap.NO_SETTING], "no diagnostic setting"),
        ("storage", lambda place: place.setting(storageAccountId="/x", workspaceId=""), [Gap.ELSEWHERE], "storage"),
        (
            "category",
            lambda place: place.setting(workspaceId=WORKSPACE, logs=one_category, **dedicated),
            [Gap.NO_APPLICATION],
            "application rules decide",
        ),
        ("setting forbidden", rights(SCOPE, "Microsoft.Network/*"), [Gap.FORBIDDEN], "log-reader"),
        ("query forbidden", rights(SCOPE, insights), [Gap.FORBIDDEN], "may not query"),
        (
            "tables forbidden",
            rights(SCOPE, insights, "*/workspaces/read", "*/workspaces/query/read"),
            [Gap.NEVER],
            "may not read its tables",
        ),
        ("partial", fault(partial=True), [Gap.PARTIAL], "a part of the records"),
        ("throttled", fault(status=429, code="ThrottledError", retry_after_s=40), [Gap.THROTTLED], "in 40 seconds"),
        ("too slow", fault(status=504, code="GatewayTimeout"), [Gap.SILENT], "did not finish"),
        ("connection lost", fault(drop_response=True), [Gap.SILENT], "did not answer within 5 s"),
        ("rejected", fault(status=400, code="BadArgumentError", message="No."), [Gap.REJECTED], "rejected the query"),
        ("no content", fault(status=204), [Gap.UNREADABLE], "could not be read"),
        ("basic plan", basic, [Gap.BASIC], "Basic plan"),
    ]


@pytest.mark.parametrize("row", degraded(), ids=lambda row: row[0])
def test_every_degraded_answer_has_its_sentence(row: tuple[str, Any, list[Gap], str]) -> None:
    """Nothing raises, nothing that is not known looks like nothing denied."""
    _name, make, expected, words = row
    place = Place()
    make(place)
    reading = place.read()
    assert gaps(reading) == expected
    assert words in " ".join(reading.sentences)
    assert reading.is_known is not any(gap.is_fatal for gap in expected)


def test_a_workspace_that_may_not_be_read_is_asked_about_the_firewall() -> None:
    """In somebody else's subscription: the right to read the firewall is enough for its records."""
    place = Place()
    place.setting(workspaceId=FOREIGN, logAnalyticsDestinationType="Dedicated")
    place.arm.put_rights(FOREIGN.split("/resourceGroups")[0], {"actions": []})
    reading = place.read()
    assert (reading.gaps, {one.host for one in reading.groups}) == ((), {"api.example.com", ""})


def test_no_record_ever_is_not_nothing_denied() -> None:
    """A firewall without a setting, one whose workspace knows no table, and one that keeps less than was asked."""
    place = Place()
    assert gaps(place.read(VWAN)) == [Gap.NO_SETTING]
    place.setting(workspaceId=WORKSPACE.replace("law-hub", "law-new"), logAnalyticsDestinationType="Dedicated")
    place.arm.put_resource(
        WORKSPACE.replace("law-hub", "law-new"), {"properties": {"customerId": "0" * 8, "retentionInDays": 7}}
    )
    assert gaps(place.read()) == [Gap.NEVER]
    place.clock.advance(timedelta(minutes=20))
    reading = place.read(since=place.clock.now() - timedelta(days=20))
    assert (gaps(reading), "7 days" in reading.sentences[0]) == ([Gap.SHORT], True)


def test_a_record_in_two_workspaces_counts_once() -> None:
    """Two diagnostic settings send the same; what only one of them has is not lost."""
    place = Place()
    once = {one.what: one.hits for one in place.read().groups}
    other = WORKSPACE.replace("law-hub", "law-other")
    place.arm.put_resource(other, {"properties": {"customerId": "other", "retentionInDays": 30}})
    second = {"workspaceId": other, "logAnalyticsDestinationType": "Dedicated", "logs": ALL}
    place.arm.put_resource(SETTING.replace("/logs", "/second"), {"properties": second})
    place.clock.advance(timedelta(minutes=11))
    twice = place.read()
    assert len(twice.workspaces) == 2
    assert {one.what: one.hits for one in twice.groups} == {what: hits + 11 for what, hits in once.items()}
    assert twice.total == len(twice.groups)


def test_a_configured_workspace_needs_no_setting() -> None:
    """By its ARM id or by its id for queries."""
    found = Place().arm.state()["resources"][WORKSPACE.lower()]["properties"]["customerId"]
    for workspace in (WORKSPACE, found):
        place = Place(workspace=workspace)
        place.arm.delete_resource(SETTING)
        assert place.read().groups


def test_one_bounded_query_for_a_month() -> None:
    """A million records are counted in Azure: one query, and where its workspace is is asked once."""
    place = Place()
    start = (place.clock.now() - timedelta(days=29)).isoformat()
    place.traffic(cluster="aks-udr", host="busy.example", rate_per_minute=25, **{"from": start})
    place.read()
    before = len(place.arm.state()["requests"])
    reading = place.read(since=place.clock.now() - timedelta(days=30))
    asked = [one["path"] for one in place.arm.state()["requests"][before:]]
    assert (len(asked), asked[0].startswith("/v1/workspaces/")) == (1, True)
    assert max(one.hits for one in reading.groups) > 1_000_000


TEXT = st.text(max_size=40) | st.sampled_from(['"]); AZFWNatRule //', "\\", '\\"', "\n| take 1", "*/", "let x = 1;"])


@given(st.lists(TEXT, min_size=1, max_size=3), st.lists(TEXT, max_size=3), st.lists(TEXT, max_size=3))
def test_no_value_leaves_its_string(firewalls: list[str], ranges: list[str], rules: list[str]) -> None:
    """Outside the literals the query is always the same, and the literals read back as what was asked."""
    now = ManualClock().now()
    query = records_query(LogQuestion(tuple(firewalls), tuple(ranges), now, now, rules=tuple(rules)))
    assert query.endswith(RECORDS)
    lets = query.removesuffix(RECORDS)
    read = re.findall(r"^let (\w+) = dynamic\((.*)\);$", lets, re.MULTILINE)
    assert {name: json.loads(text) for name, text in read} == {
        "firewalls": firewalls,
        "ranges": [one for one in ranges if ":" not in one],
        "actions": ["deny"],
        "rules": rules,
    }
    assert len(lets.split("\n")) == 9


SAID = {
    "HTTPS request from 10.0.1.4:52123 to pypi.org:443. Action: Deny. No rule matched. "
    "Proceeding with default action": (
        *("10.0.1.4", "pypi.org", "443", "HTTPS", "Deny"),
        *("", "", "", ""),
    ),
    "HTTP  request from 10.0.1.4:52123 to a.example:80. Url: a.example/x. Action: Allow. Policy: p. "
    "Rule Collection Group: g. Rule Collection: c. Rule: r": (
        *("10.0.1.4", "a.example", "80", "HTTP", "Allow"),
        *("p", "g", "c", "r"),
    ),
    "TCP request from 10.0.1.4:52123 to 203.0.113.9:5432. Action: Deny. Rule Collection: X. Rule: Y": (
        *("10.0.1.4", "203.0.113.9", "5432", "TCP", "Deny"),
        *("", "", "X", "Y"),
    ),
    "HTTPS request from 10.0.1.4:52123. Action: Deny. Reason: SNI TLS extension was missing.": (
        *("10.0.1.4", "", "", "HTTPS", "Deny"),
        *("", "", "", ""),
    ),
}
"""Texts of AzureDiagnostics (https://github.com/MicrosoftDocs/azure-docs/issues/37763 and the legacy log's page, read
2026-11), and the parts that the query must find in them: from, to, port, protocol, action, policy, group, collection,
rule."""


@pytest.mark.parametrize("text", SAID)
def test_texts_of_azure_diagnostics_are_taken_apart(text: str) -> None:
    """The query's own patterns, which KQL and Python read alike."""
    named = ("SourceIp", "Target", "DestinationPort", "Protocol", "Action", "Policy", "RuleCollectionGroup")
    names = (*named, "RuleCollection", "Rule")
    patterns = dict(re.findall(r'(\w+) = (?:toint\()?extract\(@"(.*?)", 1, Said', RECORDS))
    found = {name: re.search(patterns[name], text) for name in names}
    assert tuple(one[1] if one else "" for one in found.values()) == SAID[text]
