"""``python -m bench.fleet``: what a fleet refresh and one ``show`` cost, beside reading cluster by cluster.

Every answer of the simulated Azure takes 50 ms of real time; the clusters lie in four subscriptions.
"""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from azure.core.credentials import AccessToken

from bot.azure import AzureArm
from bot.azure.settings import ArmSettings
from bot.domain.egress import Fleet
from bot.sandbox.arm import SUBSCRIPTION, ArmSubscription
from bot.sandbox.arm_transport import ArmTransport
from bot.sandbox.clock import SandboxClock
from bot.sandbox.journal import Journal

CLUSTERS = 1000
LATENCY_S = 0.05
NAIVE_SAMPLE = 50
SUBSCRIPTIONS = tuple(f"00000000-0000-0000-0000-0000000f{number:04d}" for number in range(1, 5))


class Token:
    """A credential that needs nobody."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """A token that no one checks."""
        return AccessToken("token", 4_000_000_000)


class SlowTransport(ArmTransport):
    """The simulated Azure, each answer 50 ms away; counts the requests."""

    def __init__(self, arm: ArmSubscription, clock: SandboxClock) -> None:
        super().__init__(arm, clock)
        self.requests = 0

    def send(self, request: Any, **options: Any) -> Any:
        """Answer one request, late."""
        self.requests += 1
        time.sleep(LATENCY_S)
        return super().send(request, **options)


def measured(transport: SlowTransport, act: Callable[[], Any]) -> tuple[Any, int, float]:
    """What an act returns, its requests and its seconds."""
    before, started = transport.requests, time.perf_counter()
    found = act()
    return found, transport.requests - before, time.perf_counter() - started


def adapter(transport: SlowTransport, *subscriptions: str) -> AzureArm:
    """The real adapter over the slow transport."""
    return AzureArm(Token(), ArmSettings(subscriptions), transport=transport)


def one_by_one(arm: AzureArm, fleet: Fleet) -> None:
    """The naive way: one live read after the other, for a sample spread over the fleet."""
    step = len(fleet.entries) // NAIVE_SAMPLE
    for entry in fleet.entries[::step][:NAIVE_SAMPLE]:
        arm.read_egress(entry.ref.id)


def fleet_table() -> None:
    """The refresh of a thousand clusters."""
    clock = SandboxClock()
    transport = SlowTransport(ArmSubscription(clock, Journal(), fleet=CLUSTERS), clock)
    arm = adapter(transport, *SUBSCRIPTIONS)
    fleet, requests, seconds = measured(transport, arm.read_fleet)
    _, naive_requests, naive_seconds = measured(transport, lambda: one_by_one(arm, fleet))
    scale = len(fleet.entries) / NAIVE_SAMPLE
    where = f"{len(SUBSCRIPTIONS)} subscriptions, {LATENCY_S * 1000:.0f} ms latency"
    print(f"Refresh of {len(fleet.entries)} clusters in {where}")
    print(f"{'way':34} {'requests':>9} {'seconds':>9}")
    print(f"{'Resource Graph, joined':34} {requests:9} {seconds:9.2f}")
    print(
        f"{f'one by one (from {NAIVE_SAMPLE} measured)':34} {naive_requests * scale:9.0f} {naive_seconds * scale:9.2f}"
    )


def show_table() -> None:
    """One live read of each fixed cluster."""
    clock = SandboxClock()
    transport = SlowTransport(ArmSubscription(clock, Journal()), clock)
    arm = adapter(transport, SUBSCRIPTION)
    print(f"\n{'show':20} {'declared':24} {'requests':>8} {'seconds':>8} {'in a row':>9}")
    totals: Counter[str] = Counter()
    for entry in arm.read_fleet().entries:
        egress, requests, seconds = measured(transport, partial(arm.read_egress, entry.ref.id))
        totals.update(requests=requests)
        row = f"{egress.ref.name:20} {egress.declared:24} {requests:8} {seconds:8.2f}"
        print(f"{row} {requests * LATENCY_S:9.2f}")
    print(f"{'all':20} {'':24} {totals['requests']:8}")


if __name__ == "__main__":
    fleet_table()
    show_table()
