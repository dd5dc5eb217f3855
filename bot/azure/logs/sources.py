"""Where a firewall's logs are: its diagnostic settings, and the workspaces that they name.

Sources, read 2026-11: https://learn.microsoft.com/rest/api/monitor/diagnostic-settings/list,
https://learn.microsoft.com/rest/api/loganalytics/workspaces/get and
https://learn.microsoft.com/azure/firewall/firewall-structured-logs.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.azure.clients import Clients
from bot.azure.translate.shapes import Json, dig, items
from bot.domain.firewall_log import Gap, LogKind
from bot.errors import ArmForbidden, ArmNotFound

SETTINGS_API = "2021-05-01-preview"
"""API version of diagnostic settings; source above."""

WORKSPACES_API = "2020-08-01"
"""API version of workspaces; source above."""

_OFF = {LogKind.APPLICATION: Gap.NO_APPLICATION, LogKind.NETWORK: Gap.NO_NETWORK}
_CATEGORIES: Mapping[LogKind, tuple[str, str]] = {
    LogKind.APPLICATION: ("AZFWApplicationRule", "AzureFirewallApplicationRule"),
    LogKind.NETWORK: ("AZFWNetworkRule", "AzureFirewallNetworkRule"),
}
"""The category of each kind in tables of its own, and in AzureDiagnostics."""

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
FORBIDDEN = "Assign the role log-reader."


@dataclass(frozen=True, slots=True)
class LogWorkspace:
    """Something that a query can be sent to.

    Args:
        name: For people.
        customer: The workspace's id for queries; empty where only the firewall itself can be asked for its records.
        kept: How long it keeps records; None where that is not known.
    """

    name: str
    customer: str = ""
    kept: timedelta | None = None


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where the logs of one firewall are.

    Args:
        firewall: Its id.
        workspaces: Where to ask; empty if there is nothing to ask.
        gaps: What is missing, each with a sentence.
    """

    firewall: str
    workspaces: tuple[LogWorkspace, ...] = ()
    gaps: tuple[tuple[Gap, str], ...] = ()


def find_source(clients: Clients, firewall: str, configured: str) -> LogSource:
    """Find where a firewall's logs are.

    Args:
        clients: Azure.
        firewall: The id of the firewall.
        configured: Id of a workspace that all logs are in: its ARM id, or its id for queries; empty to look for it.

    Raises:
        EgressError: One of the ``Arm…`` errors, except that something may not be read or does not exist.
    """
    name = name_of(firewall)
    if _GUID.fullmatch(configured):
        return LogSource(firewall, (LogWorkspace(configured, configured),))
    if configured:
        workspace = _workspace(clients, configured)
        gap = (Gap.FORBIDDEN, f"The bot may not read the configured workspace {name_of(configured)}. {FORBIDDEN}")
        return LogSource(firewall, (workspace or _by_resource(name),), () if workspace else (gap,))
    try:
        answer = clients.get(f"{firewall}/providers/Microsoft.Insights/diagnosticSettings", SETTINGS_API)
    except ArmForbidden:
        gap = (Gap.FORBIDDEN, f"The bot may not read where {name} sends its logs. {FORBIDDEN}")
        return LogSource(firewall, gaps=(gap,))
    except ArmNotFound:
        return LogSource(firewall, gaps=((Gap.MISSING, f"{name} does not exist in Azure."),))
    return _from_settings(clients, firewall, items(answer, "value"))


def _from_settings(clients: Clients, firewall: str, settings: list[Json]) -> LogSource:
    name = name_of(firewall)
    ids = dict.fromkeys(str(found) for each in settings if (found := dig(each, "properties", "workspaceId")))
    if not settings:
        gap = (Gap.NO_SETTING, f"{name} keeps no logs: it has no diagnostic setting.")
        return LogSource(firewall, gaps=(gap,))
    if not ids:
        text = f"{name} sends its logs only to storage or an event hub, which the bot does not read."
        return LogSource(firewall, gaps=((Gap.ELSEWHERE, text),))
    found = [_workspace(clients, one) or _by_resource(name) for one in ids]
    return LogSource(firewall, tuple(dict.fromkeys(found)), tuple(_missing(name, settings)))


def _by_resource(name: str) -> LogWorkspace:
    """A workspace that may not be read, for example in another subscription: its records belong to the firewall."""
    return LogWorkspace(name)


def _workspace(clients: Clients, workspace_id: str) -> LogWorkspace | None:
    try:
        properties = clients.get(workspace_id, WORKSPACES_API).get("properties") or {}
    except (ArmForbidden, ArmNotFound):
        return None
    days = properties.get("retentionInDays")
    kept = timedelta(days=days) if isinstance(days, int) and days > 0 else None
    return LogWorkspace(name_of(workspace_id), str(properties.get("customerId") or ""), kept)


def _missing(name: str, settings: Iterable[Json]) -> Iterator[tuple[Gap, str]]:
    """The categories that no setting sends to a workspace."""
    entries = [
        (entry, dig(each, "properties", "logAnalyticsDestinationType") == "Dedicated")
        for each in settings
        if dig(each, "properties", "workspaceId")
        for entry in items(each, "properties", "logs")
        if entry.get("enabled")
    ]
    for kind, (dedicated, legacy) in _CATEGORIES.items():
        if not any(_covers(entry, dedicated if is_dedicated else legacy) for entry, is_dedicated in entries):
            yield _OFF[kind], f"{name} does not log what its {kind} rules decide: the category {dedicated} is off."


def _covers(entry: Json, category: str) -> bool:
    return category == entry.get("category") or str(entry.get("categoryGroup") or "").lower() == "alllogs"


def name_of(resource_id: str) -> str:
    """The last segment of an id."""
    return resource_id.rstrip("/").rsplit("/", 1)[-1]
