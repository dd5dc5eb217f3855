"""The stages that no rule collection describes: threat intelligence, infrastructure rules, default deny.

Threat intelligence is read before any rule. Its contents are not published: in mode Deny the trace says so, and the
outcome speaks for names that are not known to be malicious. https://learn.microsoft.com/azure/firewall/threat-intel

The infrastructure rule collection is read after the application rules. Its page lists three services (platform image
repository, status storage of managed disks, diagnostics) but no names, and says that they serve nothing else. Of those
names only the shape of managed disks is documented, so only such names are "unknown" there; every other name misses.
https://learn.microsoft.com/azure/firewall/infrastructure-fqdns and
https://learn.microsoft.com/azure/virtual-machines/disks-restrict-import-export-overview

All read 2026-11.
"""

from dataclasses import replace

from bot.domain.firewall.ranges import Spans, overlap, spans_from_text, union
from bot.domain.firewall.rules import RuleAction, RuleSet, ThreatIntelMode
from bot.domain.firewall.verdict import Result, Stage, TraceStep
from bot.domain.fqdn import Protocol, covers

MANAGED_DISK_PREFIX = "md-"
MANAGED_DISK_SUFFIXES = (".blob.core.windows.net", ".blob.storage.azure.net")


def _step(stage: Stage, result: Result, action: RuleAction | None, why: str) -> TraceStep:
    return TraceStep(stage, "", "", "", 0, action, result, None, why)


_THREAT_INTEL = {
    ThreatIntelMode.OFF: _step(Stage.THREAT_INTEL, Result.MISS, None, "Threat intelligence is off."),
    ThreatIntelMode.ALERT: _step(Stage.THREAT_INTEL, Result.MISS, None, "Threat intelligence only alerts."),
    ThreatIntelMode.DENY: _step(
        Stage.THREAT_INTEL,
        Result.UNKNOWN,
        RuleAction.DENY,
        (
            "Threat intelligence denies names and addresses that Microsoft classifies as malicious; the list "
            "is not published."
        ),
    ),
}
_ALLOWLISTED = _step(Stage.THREAT_INTEL, Result.MISS, None, "It is on the threat intelligence allowlist.")
INFRASTRUCTURE_MISS = _step(
    Stage.INFRASTRUCTURE, Result.MISS, RuleAction.ALLOW, "Azure's built-in rules cover only its own platform names."
)
INFRASTRUCTURE_UNKNOWN = replace(
    _step(
        Stage.INFRASTRUCTURE,
        Result.UNKNOWN,
        RuleAction.ALLOW,
        "Azure's built-in rules allow it if it is the storage of a managed disk; their names are not published.",
    ),
    on="whether it is the storage of a managed disk",
    look="compare it with the host of a disk's SAS URL (az disk grant-access)",
)
DEFAULT = _step(Stage.DEFAULT, Result.HIT, RuleAction.DENY, "No rule matches, and Azure Firewall denies by default.")


class ThreatIntel:
    """The step that threat intelligence adds to a trace; it never decides an outcome here.

    Args:
        rules: Mode and allowlist.
    """

    def __init__(self, rules: RuleSet) -> None:
        self._step = _THREAT_INTEL[rules.threat_intel_mode]
        self._fqdns = rules.threat_intel_allow_fqdns
        texts = (spans_from_text(text) for text in rules.threat_intel_allow_ips)
        self._addresses = union(span for found in texts if found for span in found)

    def step(self, name: str, addresses: Spans) -> TraceStep:
        """The step for a name and the addresses that it resolves to, one span each, none if unknown."""
        if self._step.result is Result.UNKNOWN and self._is_allowlisted(name, addresses):
            return _ALLOWLISTED
        return self._step

    def _is_allowlisted(self, name: str, addresses: Spans) -> bool:
        if any(covers(pattern, name) for pattern in self._fqdns):
            return True
        return bool(addresses) and all(overlap((address,), self._addresses) for address in addresses)


def infrastructure_step(name: str, protocol: str) -> TraceStep:
    """The step of the built-in rules for a name or wildcard."""
    labels = name.removeprefix("*")
    is_disk = (name.startswith(MANAGED_DISK_PREFIX) or name != labels) and labels.endswith(MANAGED_DISK_SUFFIXES)
    return INFRASTRUCTURE_UNKNOWN if is_disk and protocol in (Protocol.HTTP, Protocol.HTTPS) else INFRASTRUCTURE_MISS
