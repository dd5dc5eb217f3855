"""Whether a role assignment lets the bot do what it must: Azure's own rule, on what Azure says that we may do."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.target import Target, TargetKind

CLUSTER_READ = ("Microsoft.ContainerService/managedClusters/read",)
"""Permissions on a cluster needed to show it."""

CLUSTER_WRITE = (*CLUSTER_READ, "Microsoft.ContainerService/managedClusters/write")
"""Permissions on a cluster needed to scale its outbound IPs."""

CLUSTER_PROBE = (
    *CLUSTER_READ,
    "Microsoft.ContainerService/managedClusters/commandResults/read",
    "Microsoft.ContainerService/managedClusters/runcommand/action",
)
"""Permissions on a cluster needed to run a probe inside it."""

_TARGET_WRITE = {
    TargetKind.POLICY: (
        "Microsoft.Network/firewallPolicies/read",
        "Microsoft.Network/firewallPolicies/firewallPolicyDrafts/read",
        "Microsoft.Network/firewallPolicies/ruleCollectionGroups/read",
        "Microsoft.Network/firewallPolicies/ruleCollectionGroups/write",
    ),
    TargetKind.CLASSIC: ("Microsoft.Network/azureFirewalls/read", "Microsoft.Network/azureFirewalls/write"),
}


def target_write(target: Target) -> tuple[str, ...]:
    """Permissions on a target needed to write rules; the roles in ``deploy/roles`` grant them."""
    return _TARGET_WRITE[target.kind]


@dataclass(frozen=True, slots=True)
class Grant:
    """The permissions of one role assignment.

    Args:
        actions: Allowed actions; ``*`` matches any text.
        not_actions: Those that are taken out of them again.
    """

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        """Whether it allows an action; case does not matter.

        Source: https://learn.microsoft.com/azure/role-based-access-control/role-definitions#actions, read 2026-11.
        """
        return _fits_any(action, self.actions) and not _fits_any(action, self.not_actions)


def lacking(grants: Iterable[Grant], needed: Sequence[str]) -> tuple[str, ...]:
    """The actions that none of the grants allows, in the given order."""
    held = tuple(grants)
    return tuple(action for action in needed if not any(grant.allows(action) for grant in held))


def _fits_any(action: str, patterns: Iterable[str]) -> bool:
    return any(re.fullmatch(re.escape(one).replace(r"\*", ".*"), action, re.IGNORECASE) for one in patterns)
