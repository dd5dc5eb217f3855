"""What a firewall did with a request, in the words of its log.

Fields: https://learn.microsoft.com/azure/azure-monitor/reference/tables/azfwapplicationrule and azfwnetworkrule (read
2026-11).
"""

from dataclasses import dataclass

ALLOW, DENY = "Allow", "Deny"
DEFAULT = "Default Action"
NO_SNI = "SNI TLS extension was missing."
APPLICATION, NETWORK = "application", "network"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of the requests of a flow, in the words of a log record.

    Args:
        firewall: The id of the firewall in lower case; empty if the traffic passes none.
        source: The source address that the firewall sees.
        action: ``Allow`` or ``Deny``; ``Allow`` without a firewall, unless the cluster has no way out.
        reason: ``Default Action`` if no rule decided, the words about SNI, or empty.
        policy: The name of the policy whose rule decided; empty in a classic firewall.
        group: Its rule collection group.
        collection: The rule collection.
        rule: The rule.
        kind: ``application`` or ``network``: which log the record is in.
        fqdn: The name in the record; empty in network records and without SNI.
    """

    firewall: str
    source: str
    action: str
    reason: str = ""
    policy: str = ""
    group: str = ""
    collection: str = ""
    rule: str = ""
    kind: str = NETWORK
    fqdn: str = ""
