"""Resource ids and the table of resource types."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

NETWORK = "Microsoft.Network"
AKS = "Microsoft.ContainerService"


@dataclass(frozen=True, slots=True)
class ResourceType:
    """The properties of a resource type on the wire.

    Args:
        path: The type with its canonical casing, as used in ids.
        shown: The type as used in a body.
        etag: ``weak`` is ``W/"guid"`` in header and body, ``strong`` is ``"guid"`` in the header and bare in the body,
            ``body`` is AKS's ``eTag`` without a header.
        operations: The segment of its operation URLs.
        seconds: How long a write takes at Azure's own pace.
        retry_after_s: The Retry-After of its operations at Azure's own pace, or None where Azure sends none.
    """

    path: str
    shown: str
    etag: Literal["weak", "strong", "body"] = "weak"
    operations: Literal["operations", "nfvOperations"] = "operations"
    seconds: float = 2
    retry_after_s: int | None = 1

    @property
    def key(self) -> str:
        """The type in lower case: how tables refer to it."""
        return self.path.lower()


CLUSTER = "microsoft.containerservice/managedclusters"
POOL = f"{CLUSTER}/agentpools"
FIREWALL = "microsoft.network/azurefirewalls"
POLICY = "microsoft.network/firewallpolicies"
GROUP = f"{POLICY}/rulecollectiongroups"
POLICY_DRAFT = f"{POLICY}/firewallpolicydrafts"
GROUP_DRAFT = f"{GROUP}/rulecollectiongroupdrafts"
IP_GROUP = "microsoft.network/ipgroups"
PUBLIC_IP = "microsoft.network/publicipaddresses"
PREFIX = "microsoft.network/publicipprefixes"
NAT = "microsoft.network/natgateways"
BALANCER = "microsoft.network/loadbalancers"
VNET = "microsoft.network/virtualnetworks"
SUBNET = f"{VNET}/subnets"
ROUTE_TABLE = "microsoft.network/routetables"
ROUTE = f"{ROUTE_TABLE}/routes"
NSG = "microsoft.network/networksecuritygroups"
PEERING = f"{VNET}/virtualnetworkpeerings"
HUB = "microsoft.network/virtualhubs"
RESOURCE_GROUP = "microsoft.resources/resourcegroups"
WORKSPACE = "microsoft.operationalinsights/workspaces"
TABLE = f"{WORKSPACE}/tables"
DIAGNOSTICS = f"{FIREWALL}/providers/diagnosticsettings"
"""Settings of a firewall, of another provider: the id names it in the middle."""

ATTACHED_S = 240.0
"""A rule update that reaches a firewall: "3-5 minutes on average"
(https://learn.microsoft.com/en-us/azure/firewall/firewall-faq, read 2026-11)."""
UNATTACHED_S = 11.0
"""A policy that no firewall uses: 10-12 s in forty recorded writes."""
EGRESS_S = 120.0
"""An AKS egress update: 90-184 s in recorded traffic."""


def _nfv(path: str, shown: str) -> ResourceType:
    return ResourceType(path, shown, "strong", "nfvOperations", UNATTACHED_S, 10)


_ALL = (
    ResourceType(f"{AKS}/managedClusters", f"{AKS}/ManagedClusters", "body", "operations", EGRESS_S, None),
    ResourceType(
        f"{AKS}/managedClusters/agentPools", f"{AKS}/managedClusters/agentPools", "body", "operations", 90, None
    ),
    ResourceType(f"{NETWORK}/azureFirewalls", f"{NETWORK}/azureFirewalls", seconds=ATTACHED_S, retry_after_s=10),
    _nfv(f"{NETWORK}/firewallPolicies", f"{NETWORK}/FirewallPolicies"),
    _nfv(f"{NETWORK}/firewallPolicies/ruleCollectionGroups", f"{NETWORK}/FirewallPolicies/RuleCollectionGroups"),
    _nfv(f"{NETWORK}/firewallPolicies/firewallPolicyDrafts", f"{NETWORK}/FirewallPolicies/FirewallPolicyDrafts"),
    _nfv(
        f"{NETWORK}/firewallPolicies/ruleCollectionGroups/ruleCollectionGroupDrafts",
        f"{NETWORK}/FirewallPolicies/RuleCollectionGroups/RuleCollectionGroupDrafts",
    ),
    _nfv(f"{NETWORK}/ipGroups", f"{NETWORK}/IpGroups"),
    ResourceType(f"{NETWORK}/natGateways", f"{NETWORK}/natGateways", seconds=10, retry_after_s=10),
    ResourceType(f"{NETWORK}/virtualHubs", f"{NETWORK}/virtualHubs", seconds=60, retry_after_s=10),
    *(
        ResourceType(f"{NETWORK}/{name}", f"{NETWORK}/{name}")
        for name in (
            "publicIPAddresses",
            "publicIPPrefixes",
            "loadBalancers",
            "virtualNetworks",
            "virtualNetworks/subnets",
            "virtualNetworks/virtualNetworkPeerings",
            "routeTables",
            "routeTables/routes",
            "virtualHubs/hubVirtualNetworkConnections",
            "virtualHubs/routingIntent",
            "virtualHubs/hubRouteTables",
            "virtualWans",
            "applicationGateways",
            "networkInterfaces",
            "networkSecurityGroups",
            "azureFirewallFqdnTags",
        )
    ),
    ResourceType("Microsoft.OperationalInsights/workspaces", "Microsoft.OperationalInsights/Workspaces"),
    ResourceType("Microsoft.OperationalInsights/workspaces/tables", "Microsoft.OperationalInsights/workspaces/tables"),
    ResourceType(f"{NETWORK}/azureFirewalls/providers/diagnosticSettings", "Microsoft.Insights/diagnosticSettings"),
)

KINDS: dict[str, ResourceType] = {kind.key: kind for kind in _ALL}
"""Every resource type that is served, by its name in lower case."""

INLINE = {
    SUBNET: "subnets",
    PEERING: "virtualNetworkPeerings",
    ROUTE: "routes",
}
"""Children that live in an array of their parent's properties."""


@dataclass(frozen=True, slots=True)
class ResourceId:
    """A parsed id; the type segments keep the casing that they came with."""

    subscription: str
    group: str
    provider: str
    types: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def type_key(self) -> str:
        """The type in lower case, as in ``KINDS``."""
        return f"{self.provider}/{'/'.join(self.types)}".lower()

    @property
    def kind(self) -> ResourceType | None:
        """The properties of its type, or None for a type that is not served."""
        return KINDS.get(self.type_key)

    @property
    def name(self) -> str:
        """The last name."""
        return self.names[-1]

    @property
    def text(self) -> str:
        """The id with canonical casing; AKS writes ``resourcegroups`` in lower case, as recorded."""
        path = self.kind.path.split("/") if self.kind else [self.provider, *self.types]
        groups = "resourcegroups" if path[0] == AKS else "resourceGroups"
        pairs = "/".join(f"{kind}/{name}" for kind, name in zip(path[1:], self.names, strict=True))
        return f"/subscriptions/{self.subscription}/{groups}/{self.group}/providers/{path[0]}/{pairs}"

    @property
    def key(self) -> str:
        """The id in lower case."""
        return self.text.lower()

    @property
    def parent(self) -> "ResourceId | None":
        """The id of the resource that holds this one, or None at the top."""
        if len(self.types) == 1:
            return None
        return ResourceId(self.subscription, self.group, self.provider, self.types[:-1], self.names[:-1])


@lru_cache(maxsize=65_536)
def parse_id(text: str) -> ResourceId | None:
    """Read a resource id; None if it is not the id of a resource in a resource group."""
    parts = text.strip("/").split("/")
    if len(parts) < 8 or len(parts) % 2 or [p.lower() for p in parts[0:5:2]] != _SCOPES:
        return None
    return ResourceId(parts[1], parts[3], parts[5], tuple(parts[6::2]), tuple(parts[7::2]))


_SCOPES = ["subscriptions", "resourcegroups", "providers"]
