"""The one query, from constants; everything that varies is a literal in a ``let`` line, so no value leaves its string.

Columns, read 2026-11: https://learn.microsoft.com/azure/azure-monitor/reference/tables/azfwapplicationrule,
…/azfwnetworkrule and …/azurediagnostics. ``union isfuzzy=true`` keeps a table that has never had a record from failing
the query; the marker in the first line is for whoever reads the workspace's query log, and for simulators.
"""

import json
from collections.abc import Iterable
from datetime import datetime

from bot.domain.firewall_log import LogQuestion

_APPLICATION = '"AZFWApplicationRule"'
_NETWORK = '"AZFWNetworkRule"'
_COLUMNS = "Action, ActionReason, Policy, RuleCollectionGroup, RuleCollection, Rule"

RECORDS = f"""
let records = union isfuzzy=true
    (AZFWApplicationRule
    | where TimeGenerated between (since .. until) and tolower(_ResourceId) in (firewalls)
    | project Table = {_APPLICATION}, TimeGenerated, SourceIp, Fqdn = tolower(Fqdn), DestinationIp = "",
        DestinationPort = toint(DestinationPort), Protocol, {_COLUMNS}),
    (AZFWNetworkRule
    | where TimeGenerated between (since .. until) and tolower(_ResourceId) in (firewalls)
    | project Table = {_NETWORK}, TimeGenerated, SourceIp, Fqdn = "", DestinationIp,
        DestinationPort = toint(DestinationPort), Protocol, {_COLUMNS}),
    (AzureDiagnostics
    | where TimeGenerated between (since .. until) and tolower(_ResourceId) in (firewalls)
    | where Category in ("AzureFirewallApplicationRule", "AzureFirewallNetworkRule")
    | extend Said = column_ifexists("msg_s", ""), IsWeb = Category == "AzureFirewallApplicationRule"
    | extend Target = extract(@" to ([^ ]+):\\d+\\.", 1, Said)
    | project Table = iff(IsWeb, {_APPLICATION}, {_NETWORK}), TimeGenerated,
        SourceIp = extract(@" from ([^ ]+):\\d+", 1, Said),
        Fqdn = iff(IsWeb, tolower(Target), ""), DestinationIp = iff(IsWeb, "", Target),
        DestinationPort = toint(extract(@" to [^ ]+:(\\d+)\\.", 1, Said)), Protocol = extract(@"^(\\w+)", 1, Said),
        Action = extract(@"Action: (\\w+)", 1, Said),
        ActionReason = case(Said has "SNI TLS extension was missing", "SNI TLS extension was missing.",
            Said has "No rule matched", "Default Action", ""),
        Policy = extract(@"Policy: (.+?)\\. ", 1, Said),
        RuleCollectionGroup = extract(@"Rule Collection Group: (.+?)\\. ", 1, Said),
        RuleCollection = extract(@"Rule Collection: (.+?)\\. ", 1, Said),
        Rule = extract(@" Rule: (.+?)\\.?$", 1, Said));
let grouped = materialize(records
    | extend IsWanted = tolower(Action) in (actions) and coalesce(ipv4_is_in_any_range(SourceIp, ranges), false)
        and (array_length(rules) == 0 or Rule in~ (rules))
    | extend IsApart = IsWanted and not(by_rule)
    | summarize Hits = count(), First = min(TimeGenerated), Last = max(TimeGenerated),
        Sources = make_set_if(SourceIp, IsWanted, 10)
        by IsWanted, Table, Fqdn = iff(IsApart, Fqdn, ""), DestinationIp = iff(IsApart, DestinationIp, ""),
        DestinationPort = iff(IsApart, DestinationPort, int(null)), Protocol = iff(IsApart, trim(" ", Protocol), ""),
        ActionReason = iff(IsWanted, ActionReason, ""), Policy = iff(IsWanted, Policy, ""),
        RuleCollectionGroup = iff(IsWanted, RuleCollectionGroup, ""),
        RuleCollection = iff(IsWanted, RuleCollection, ""), Rule = iff(IsWanted, Rule, ""));
let wanted = grouped | where IsWanted;
let total = toscalar(wanted | count);
union
    (wanted | top most by Last desc | extend Kind = "record", Groups = total),
    (grouped | summarize Hits = sum(Hits), First = min(First), Last = max(Last) by Table | extend Kind = "reach")
| project Kind, Table, Fqdn, DestinationIp, DestinationPort, Protocol, ActionReason, Policy, RuleCollectionGroup,
    RuleCollection, Rule, Hits, First, Last, Sources, Groups
"""
"""Equal records counted, the newest groups, how many groups there are, and how far each table reaches."""


def records_query(question: LogQuestion) -> str:
    """The query for a question; Azure Firewall carries IPv4 only.

    Source: https://learn.microsoft.com/azure/firewall/firewall-known-issues, read 2026-11.
    """
    lets = {
        "since": _time(question.since),
        "until": _time(question.until),
        "firewalls": _list(question.firewalls),
        "ranges": _list(each for each in question.ranges if ":" not in each),
        "actions": _list(["allow" if question.is_allowed else "deny"]),
        "by_rule": str(question.by_rule).lower(),
        "rules": _list(question.rules),
        "most": str(int(question.most)),
    }
    lines = [f"let {name} = {literal};" for name, literal in lets.items()]
    return "\n".join(["// egress-bot:records", *lines]) + RECORDS


def _time(moment: datetime) -> str:
    return f"datetime({moment.isoformat()})"


def _list(texts: Iterable[str]) -> str:
    """A list of texts; inside ``dynamic`` KQL reads JSON, and JSON ends a string at its quote alone.

    Source: https://learn.microsoft.com/kusto/query/scalar-data-types/dynamic, read 2026-11.
    """
    return f"dynamic({json.dumps(list(texts))})"
