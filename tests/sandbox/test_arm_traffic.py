"""Scripted traffic: what the simulated firewall does with it, and what its logs say."""

from datetime import timedelta
from typing import Any

import pytest

from bot.sandbox.arm import SUBSCRIPTION
from bot.sandbox.arm.tokens import unsigned_token
from bot.sandbox.journal import Journal
from tests.sandbox.arm_clients import GROUP, Azure, azure, web_rules

HUB = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-hub/providers/Microsoft.Network/azureFirewalls/hub-firewall"
LEGACY = HUB.replace("rg-hub", "rg-legacy").replace("hub-firewall", "legacy-firewall")
SETTING = f"{HUB}/providers/Microsoft.Insights/diagnosticSettings/logs"
WORKSPACE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-hub/providers/Microsoft.OperationalInsights/workspaces/law-hub"
)
QUERY = """// egress-bot:records
let since = datetime({since});
let until = datetime({until});
let firewalls = dynamic(["{firewall}"]);
let ranges = dynamic(["10.0.0.0/8"]);
let actions = dynamic(["deny", "allow"]);
let by_rule = false;
let rules = dynamic([]);
let most = 50;
AZFWApplicationRule | take 1
"""
FOUR_MINUTES = timedelta(minutes=4)


def ask(tenant: Azure, firewall: str = HUB, *, audience: str = "https://api.loganalytics.io") -> Any:
    """The query API's answer about the last day, whatever its status."""
    now = tenant.clock.now()
    text = QUERY.format(since=(now - timedelta(days=1)).isoformat(), until=now.isoformat(), firewall=firewall.lower())
    workspaces = [
        body["properties"]["customerId"]
        for key, body in tenant.arm.state()["resources"].items()
        if "customerId" in body["properties"] and firewall.split("/")[4].lower() in key
    ]
    headers = {"Authorization": f"Bearer {unsigned_token(audience, now)}"}
    return tenant.arm.handle("POST", f"/v1/workspaces/{workspaces[0]}/query", headers, {"query": text})


def records(tenant: Azure, firewall: str = HUB) -> list[dict[str, Any]]:
    """The records of the last day, as objects by column."""
    table = ask(tenant, firewall).body["tables"][0]
    rows = [dict(zip([column["name"] for column in table["columns"]], row, strict=True)) for row in table["rows"]]
    return [row for row in rows if row["Kind"] == "record"]


def now(tenant: Azure, **flow: Any) -> dict[str, Any]:
    """What becomes of a flow at this moment."""
    tenant.arm.add_traffic({"cluster": "aks-udr", **flow})
    outcome: dict[str, Any] = tenant.arm.traffic()["traffic"][-1]["outcome"]
    return outcome


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ({"host": "api.github.com"}, ("Allow", "rcg-platform", "tools", "github", "application")),
        ({"host": "example.com"}, ("Deny", "", "", "", "application")),
        ({"host": "archive.ubuntu.com", "port": 80}, ("Allow", "rcg-base", "allow-updates", "ubuntu", "application")),
        ({"host": "mcr.microsoft.com"}, ("Allow", "rcg-aks", "aksfwar", "fqdn", "application")),
        ({"host": "mail.example", "port": 25}, ("Deny", "rcg-base", "deny-mail", "smtp", "network")),
        ({"host": "20.50.2.10", "port": 5432}, ("Allow", "rcg-platform", "databases", "ledger", "network")),
        (
            {"host": "ntp.ubuntu.com", "port": 123, "protocol": "udp"},
            ("Allow", "rcg-aks", "aksfwnr", "time", "network"),
        ),
        ({"host": "pypi.org", "cluster": "aks-udr"}, ("Deny", "", "", "", "application")),
        ({"host": "example.com", "cluster": "aks-vwan"}, ("Deny", "", "", "", "application")),
        (
            {"host": "hub.docker.com", "cluster": "aks-udr-classic"},
            ("Allow", "", "docker", "docker-hub", "application"),
        ),
        ({"host": "example.com", "cluster": "aks-lb"}, ("Allow", "", "", "", "network")),
        ({"host": "example.com", "cluster": "aks-block"}, ("Deny", "", "", "", "network")),
    ],
)
def test_the_firewall_decides_by_its_own_rules(flow: dict[str, Any], expected: tuple[str, ...]) -> None:
    """Network rules first, the parent policy's before the child's, then application rules, then deny."""
    found = now(azure(), **flow)
    assert tuple(found[name] for name in ("action", "group", "collection", "rule", "kind")) == expected


def test_without_sni_there_is_no_name() -> None:
    """An allowed name does not help a request to an address, or one whose TLS names nobody."""
    for flow in ({"host": "api.github.com", "sni": False}, {"host": "203.0.113.7"}):
        found = now(azure(), **flow)
        assert (found["action"], found["fqdn"], found["reason"]) == ("Deny", "", "SNI TLS extension was missing.")


def test_records_appear_minutes_later_and_follow_the_rules_of_their_moment() -> None:
    """Denied until the rule is live, allowed from then on; a record takes 3 to 10 minutes to be found."""
    tenant = azure()
    tenant.arm.add_traffic({"cluster": "aks-udr", "host": "example.com", "rate_per_minute": 2, "log_delay_s": 300})
    tenant.clock.advance(timedelta(minutes=4))
    assert ask(tenant).body["error"]["innererror"]["innererror"]["code"] == "SEM0100"
    tenant.call("PUT", GROUP, web_rules("example.com"))
    tenant.clock.advance(timedelta(minutes=30))
    found = {row["Rule"]: row for row in records(tenant)}
    assert {rule: row["Hits"] for rule, row in found.items()} == {"": 16, "r-0": 42}
    assert found[""]["ActionReason"] == "Default Action"
    assert (found["r-0"]["RuleCollectionGroup"], found["r-0"]["Fqdn"]) == ("rcg-chatops", "example.com")
    assert found["r-0"]["Sources"] == ["10.10.0.5"]


def test_the_kind_of_the_setting_decides_the_table() -> None:
    """Dedicated fills the AZFW tables; without a destination type it is AzureDiagnostics; switched off, nothing."""
    tenant = azure()
    for cluster in ("aks-udr", "aks-udr-classic"):
        tenant.arm.add_traffic({"cluster": cluster, "host": "example.com", "log_delay_s": 0})
    tenant.clock.advance(FOUR_MINUTES)
    assert [len(records(tenant, firewall)) for firewall in (HUB, LEGACY)] == [1, 1]
    rights = [f"Microsoft.OperationalInsights/workspaces/query/{name}" for name in ("read", "AZFWApplicationRule/read")]
    tenant.arm.put_rights(f"/subscriptions/{SUBSCRIPTION}", {"actions": ["Microsoft.Insights/*", *rights]})
    assert [ask(tenant, firewall).status for firewall in (HUB, LEGACY)] == [200, 400]
    off = {"workspaceId": WORKSPACE, "logAnalyticsDestinationType": "Dedicated", "logs": []}
    before = records(tenant)[0]["Hits"]
    tenant.arm.put_resource(SETTING, {"properties": off})
    tenant.clock.advance(FOUR_MINUTES)
    assert records(tenant)[0]["Hits"] == before
    listed = tenant.call(
        "GET", f"{HUB.removeprefix(f'/subscriptions/{SUBSCRIPTION}')}/providers/Microsoft.Insights/diagnosticSettings"
    )
    assert listed.body["value"][0]["properties"]["workspaceId"] == WORKSPACE


def test_degraded_answers() -> None:
    """A part of the rows in a 200, no right, throttled, another audience, a table on the Basic plan."""
    tenant = azure()
    for host in ("one.example", "two.example"):
        tenant.arm.add_traffic({"cluster": "aks-udr", "host": host, "log_delay_s": 0})
    tenant.clock.advance(FOUR_MINUTES)
    tenant.arm.add_fault({"path": "/v1/workspaces", "partial": True})
    partial = ask(tenant)
    assert (partial.status, partial.body["error"]["code"]) == (200, "PartialError")
    tenant.arm.add_fault({"path": "/v1/workspaces", "status": 429, "code": "ThrottledError", "retry_after_s": 7})
    assert ask(tenant).headers["retry-after"] == "7"
    assert ask(tenant, audience="https://management.azure.com").body["error"]["code"] == "InvalidTokenError"
    tenant.arm.put_resource(f"{WORKSPACE}/tables/AZFWApplicationRule", {"properties": {"plan": "Basic"}})
    assert ask(tenant).body["error"]["innererror"]["code"] == "BasicTableNotSupported"
    tenant.arm.put_rights(WORKSPACE, {"actions": ["Microsoft.OperationalInsights/workspaces/read"]})
    assert ask(tenant).body["error"]["code"] == "InsufficientAccessError"


def test_a_month_of_a_million_requests_is_counted_not_stored() -> None:
    """Traffic may begin in the past, goes on until it is stopped, and is still there after a restart."""
    journal = Journal()
    tenant = azure(journal)
    start = tenant.clock.now() - timedelta(days=29)
    flow = {"cluster": "aks-udr", "host": "busy.example", "rate_per_minute": 25, "from": start.isoformat()}
    made = tenant.arm.add_traffic(flow)["id"]
    assert tenant.arm.traffic()["traffic"][0]["requests"] == 29 * 24 * 60 * 25
    tenant.arm.stop_traffic(made)
    tenant.clock.advance(FOUR_MINUTES)
    assert azure(journal, clock=tenant.clock).arm.traffic() == tenant.arm.traffic()
    assert tenant.arm.traffic()["traffic"][0]["requests"] == 29 * 24 * 60 * 25
    with pytest.raises(ValueError, match="no cluster"):
        tenant.arm.add_traffic({"cluster": "nowhere", "host": "x"})
    with pytest.raises(ValueError, match="no field"):
        tenant.arm.add_traffic({"cluster": "aks-udr", "hosts": "x"})
