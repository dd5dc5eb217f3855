"""Diagnostic settings: which records of a firewall go to which table of which workspace.

Sources (read 2026-11): https://learn.microsoft.com/azure/firewall/firewall-structured-logs (Dedicated fills the AZFW
tables, no destination type AzureDiagnostics), https://learn.microsoft.com/rest/api/monitor/diagnostic-settings/list.
"""

from collections.abc import Iterator

from bot.sandbox.arm.ids import DIAGNOSTICS
from bot.sandbox.arm.traffic.firewall import decide
from bot.sandbox.arm.traffic.flows import Flow
from bot.sandbox.arm.traffic.outcome import APPLICATION, NETWORK, Outcome
from bot.sandbox.arm.traffic.script import Seen, Sink
from bot.sandbox.arm.wire import Json
from bot.sandbox.arm.world import World

DEDICATED = {APPLICATION: "AZFWApplicationRule", NETWORK: "AZFWNetworkRule"}
"""Category, and table of the same name, of structured records."""
LEGACY = {APPLICATION: "AzureFirewallApplicationRule", NETWORK: "AzureFirewallNetworkRule"}
"""Category of records in AzureDiagnostics."""
LEGACY_TABLE = "AzureDiagnostics"
TABLES = (*DEDICATED.values(), LEGACY_TABLE)


def settings_of(world: World, resource: str) -> list[Json]:
    """The diagnostic settings of a resource, by its id in lower case, as a GET returns them."""
    prefix = f"{resource}/providers/"
    return [_shown(body) for key, body in world.views(DIAGNOSTICS) if key.startswith(prefix)]


def seen(world: World, flow: Flow) -> Seen:
    """What happens to a flow's requests now, and where the records go."""
    outcome = decide(world, flow)
    return Seen(outcome, tuple(dict.fromkeys(_sinks(world, outcome))))


def _sinks(world: World, outcome: Outcome) -> Iterator[Sink]:
    for setting in settings_of(world, outcome.firewall) if outcome.firewall else ():
        inner = setting["properties"]
        workspace = str(inner.get("workspaceId") or "").lower()
        is_dedicated = inner.get("logAnalyticsDestinationType") == "Dedicated"
        category = (DEDICATED if is_dedicated else LEGACY)[outcome.kind]
        if workspace and any(_is_on(entry, category) for entry in inner.get("logs") or ()):
            yield workspace, category if is_dedicated else LEGACY_TABLE


def _is_on(entry: Json, category: str) -> bool:
    return bool(entry.get("enabled")) and (entry.get("category") == category or entry.get("categoryGroup") == "allLogs")


def _shown(body: Json) -> Json:
    inner = {name: value for name, value in body["properties"].items() if name != "provisioningState"}
    empty: Json = {"storageAccountId": None, "eventHubAuthorizationRuleId": None, "eventHubName": None, "metrics": []}
    head = {name: body[name] for name in ("id", "name", "type")}
    return {**head, "properties": {**empty, "workspaceId": "", "logAnalyticsDestinationType": None, **inner}}
