"""A simulated tenant with the real SDK's clients on it, and the recordings to compare with."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from azure.core.credentials import AccessToken
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.network import NetworkManagementClient

from bot.sandbox.arm import SUBSCRIPTION, ArmSubscription
from bot.sandbox.arm.tokens import unsigned_token
from bot.sandbox.arm_transport import ArmTransport
from bot.sandbox.clock import ManualClock
from bot.sandbox.journal import Journal

HEADERS = {"Authorization": "Bearer made-up"}
BASE = f"/subscriptions/{SUBSCRIPTION}"


class Credential:
    """A credential that has a token at once."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """A token that never expires, here."""
        return AccessToken(unsigned_token("https://management.azure.com", datetime.now(UTC)), 2**40)


@dataclass(frozen=True, slots=True)
class Azure:
    """A tenant, its clock and two clients; the clients are Any, because every field of theirs may be None."""

    arm: ArmSubscription
    clock: ManualClock
    aks: Any
    network: Any

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A bare request below the subscription; returns the tenant's own response."""
        url = f"{path if path.startswith('http') else BASE + path}"
        joined = url if "api-version=" in url else f"{url}{'&' if '?' in url else '?'}api-version=2026-08-01"
        return self.arm.handle(method, joined, {**HEADERS, **headers}, body)


def azure(journal: Journal | None = None, **settings: Any) -> Azure:
    """A tenant at Azure's own pace unless ``speed`` says otherwise; nothing waits, the clock is moved."""
    clock = settings.pop("clock", None) or ManualClock()
    arm = ArmSubscription(clock, journal or Journal(), **{"speed": 1.0, **settings})
    transport = ArmTransport(arm, clock)
    credential = Credential()
    return Azure(
        arm,
        clock,
        ContainerServiceClient(credential, SUBSCRIPTION, transport=transport),
        NetworkManagementClient(credential, SUBSCRIPTION, transport=transport),
    )


def web_rules(*names: str, priority: int = 1000) -> dict[str, Any]:
    """A rule collection group with one application rule for each name."""
    rules = [
        {
            "ruleType": "ApplicationRule",
            "name": f"r-{index}",
            "sourceAddresses": ["10.10.0.0/22"],
            "protocols": [{"protocolType": "https", "port": 443}],
            "targetFqdns": [name],
        }
        for index, name in enumerate(names)
    ]
    collection = {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": "shop",
        "priority": 100,
        "action": {"type": "allow"},
        "rules": rules,
    }
    return {"properties": {"priority": priority, "ruleCollections": [collection]}}


POLICY = "/resourceGroups/rg-hub/providers/Microsoft.Network/firewallPolicies"
GROUP = f"{POLICY}/hub-policy/ruleCollectionGroups/rcg-chatops"


def cluster_path(name: str) -> str:
    """The path of a fixed cluster below the subscription."""
    return f"/resourceGroups/rg-{name}/providers/Microsoft.ContainerService/managedClusters/{name}"
