"""The adapter over the simulated Azure, in process."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.azure import AzureArm
from bot.azure.settings import ArmSettings
from bot.domain.egress import ClusterEgress
from bot.domain.firewall import RuleCollection
from bot.domain.target import Target, TargetKind
from bot.ports import ObservedTarget, Operation, OperationState
from bot.sandbox.arm import SUBSCRIPTION, ArmSubscription
from bot.sandbox.arm_transport import ArmTransport
from bot.sandbox.clock import SandboxClock
from bot.sandbox.journal import Journal
from tests.azure.replay import FixedCredential

HUB_POLICY = Target(
    TargetKind.POLICY,
    f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-hub/providers/microsoft.network/firewallpolicies/hub-policy",
)
LEGACY = Target(
    TargetKind.CLASSIC,
    f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-legacy/providers/microsoft.network/azurefirewalls/legacy-firewall",
)


def cluster_id(name: str) -> str:
    """The id of a fixed cluster."""
    group = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-{name}"
    return f"{group}/providers/microsoft.containerservice/managedclusters/{name}"


@dataclass(slots=True)
class Stage:
    """A simulated tenant and the adapter over it."""

    clock: SandboxClock
    azure: ArmSubscription
    arm: AzureArm

    def requests(self) -> list[tuple[str, int, str]]:
        """Every request so far: method, status and path."""
        return [(r["method"], r["status"], r["path"]) for r in self.azure.state()["requests"]]

    def resource(self, id_: str) -> dict[str, Any]:
        """A resource as a GET would return it."""
        body: dict[str, Any] = self.azure.state()["resources"][id_.lower()]
        return body

    def write(self, target: Target, ours: Sequence[RuleCollection], seen: ObservedTarget | None = None) -> Operation:
        """Begin to write our first group, as it was seen or as it is now."""
        place = self.arm.open(target)
        return place.begin_write(ours, place.prepare((seen or place.observe()).group(1)))

    def finish(self, operation: Operation) -> OperationState:
        """Look at an operation until it has ended; each wait moves the simulated clock."""
        for _ in range(200):
            state = self.arm.look(operation)
            if not state.is_running:
                return state
            self.clock.advance(state.look_after or timedelta(seconds=1))
        raise AssertionError("The operation does not end.")


def stage(*subscriptions: str, fleet: int = 0) -> Stage:
    """A fresh tenant, at Azure's own pace."""
    clock = SandboxClock()
    azure = ArmSubscription(clock, Journal(), speed=1, fleet=fleet)
    settings = ArmSettings(subscriptions or (SUBSCRIPTION,))
    return Stage(
        clock, azure, AzureArm(FixedCredential(), settings, transport=ArmTransport(azure, clock), now=clock.now)
    )


def both(azure: Stage, name: str) -> ClusterEgress:
    """The cluster read live, which the fleet says alike."""
    live = azure.arm.read_egress(cluster_id(name))
    (entry,) = azure.arm.read_fleet().named(name)
    assert replace(entry, etag=None) == replace(live, etag=None)
    return live
