"""``python -m bench.fleet``: what a fleet refresh, a list and one ``show`` cost, beside reading cluster by cluster.

Every answer of the simulated Azure takes 50 ms of real time; the clusters lie in four subscriptions. What Azure asks us
to wait passes in simulated time and is counted apart.
"""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from azure.core.credentials import AccessToken

from bot.azure import AzureArm
from bot.azure.settings import ArmSettings
from bot.domain.egress import ClusterEgress, Fleet
from bot.sandbox.arm import SUBSCRIPTION, ArmSubscription
from bot.sandbox.arm_transport import ArmTransport
from bot.sandbox.clock import SandboxClock
from bot.sandbox.journal import Journal
from bot.store import SqlStore

CLUSTERS = 1000
LATENCY_S = 0.05
NAIVE_SAMPLE = 50
RETRY_AFTER_S = 3
THROTTLE = {
    "method": "POST",
    "path": "ResourceGraph",
    "status": 429,
    "code": "RateLimiting",
    "retry_after_s": RETRY_AFTER_S,
}
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
        self.waited_s = 0.0

    def sleep(self, duration: float) -> None:
        """Azure's waits pass in simulated time."""
        self.waited_s += duration
        super().sleep(duration)

    def send(self, request: Any, **options: Any) -> Any:
        """Answer one request, late."""
        self.requests += 1
        time.sleep(LATENCY_S)
        return super().send(request, **options)


def measured(transport: SlowTransport, act: Callable[[], Any]) -> tuple[Any, int, float]:
    """Run an act, and measure its requests and its seconds."""
    before, started = transport.requests, time.perf_counter()
    found = act()
    return found, transport.requests - before, time.perf_counter() - started


def adapter(transport: SlowTransport, *subscriptions: str) -> AzureArm:
    """The real adapter over the slow transport."""
    return AzureArm(Token(), ArmSettings(subscriptions), transport=transport)


def one_by_one(arm: AzureArm, fleet: Fleet) -> None:
    """The naive way: one live read after the other, for a sample spread over the fleet."""
    step = len(fleet.clusters) // NAIVE_SAMPLE
    for entry in fleet.clusters[::step][:NAIVE_SAMPLE]:
        arm.read_egress(entry.ref.id)


def fleet_table() -> None:
    """The refresh of a thousand clusters."""
    clock = SandboxClock()
    transport = SlowTransport(ArmSubscription(clock, Journal(), fleet=CLUSTERS), clock)
    arm = adapter(transport, *SUBSCRIPTIONS)
    fleet, requests, seconds = measured(transport, arm.read_fleet)
    _, naive_requests, naive_seconds = measured(transport, lambda: one_by_one(arm, fleet))
    scale = len(fleet.clusters) / NAIVE_SAMPLE
    where = f"{len(SUBSCRIPTIONS)} subscriptions, {LATENCY_S * 1000:.0f} ms latency"
    print(f"Refresh of {len(fleet.clusters)} clusters in {where}")
    print(f"{'way':34} {'requests':>9} {'seconds':>9}")
    print(f"{'Resource Graph, joined':34} {requests:9} {seconds:9.2f}")
    print(
        f"{f'one by one (from {NAIVE_SAMPLE} measured)':34} {naive_requests * scale:9.0f} {naive_seconds * scale:9.2f}"
    )


def throttled_table() -> None:
    """The same refresh while Azure Resource Graph answers some questions with 429 and Retry-After."""
    print(f"\n{'throttled refresh':34} {'requests':>9} {'seconds':>9} {'waited':>9} {'clusters':>9}")
    for refused in (0, 4, 16):
        clock = SandboxClock()
        azure = ArmSubscription(clock, Journal(), fleet=CLUSTERS)
        transport = SlowTransport(azure, clock)
        if refused:
            azure.add_fault(THROTTLE | {"times": refused})
        fleet, requests, seconds = measured(transport, adapter(transport, *SUBSCRIPTIONS).read_fleet)
        row = f"{f'{refused} answers 429, Retry-After {RETRY_AFTER_S} s':34} {requests:9} {seconds:9.2f}"
        print(f"{row} {transport.waited_s:8.0f}s {len(fleet.clusters):9}")


def list_table() -> None:
    """``list`` from the snapshot, as a person waits for it before the ack."""
    clock = SandboxClock()
    transport = ArmTransport(ArmSubscription(clock, Journal(), fleet=CLUSTERS), clock)
    fleet = AzureArm(Token(), ArmSettings(SUBSCRIPTIONS), transport=transport).read_fleet()
    with TemporaryDirectory() as folder:
        store = SqlStore(f"sqlite:///{folder}/bench.sqlite3")
        store.migrate()
        keep = timed(lambda: _keep(store, fleet))
        again = timed(lambda: _keep(store, fleet))
        read = min(timed(lambda: _all(store)) for _ in range(5))
        store.close()
    print(f"\n{f'snapshot of {len(fleet.clusters)} clusters (SQLite)':34} {'ms':>9}")
    for what, seconds in (("kept, first time", keep), ("kept again, nothing changed", again), ("all of it read", read)):
        print(f"{what:34} {seconds * 1000:9.0f}")


def _keep(store: SqlStore, fleet: Fleet) -> None:
    with store.write() as tx:
        tx.snapshots.put_fleet(fleet)


def _all(store: SqlStore) -> None:
    with store.read() as tx:
        tx.snapshots.all()


def timed(act: Callable[[], Any]) -> float:
    """Seconds that an act takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def show_table() -> None:
    """One live read of each fixed cluster."""
    clock = SandboxClock()
    transport = SlowTransport(ArmSubscription(clock, Journal()), clock)
    arm = adapter(transport, SUBSCRIPTION)
    print(f"\n{'show':20} {'declared':24} {'requests':>8} {'at most':>8} {'seconds':>8} {'in a row':>9}")
    totals: Counter[str] = Counter()
    for entry in arm.read_fleet().clusters:
        egress, requests, seconds = measured(transport, partial(arm.read_egress, entry.ref.id))
        totals.update(requests=requests)
        row = f"{egress.ref.name:20} {egress.declared:24} {requests:8} {budget(egress):8} {seconds:8.2f}"
        print(f"{row} {requests * LATENCY_S:9.2f}")
    print(f"{'all':20} {'':24} {totals['requests']:8}")


def budget(egress: ClusterEgress) -> int:
    """Requests that a ``show`` may cost: four where AKS manages the way out, else three and two for each subnet."""
    is_managed = egress.declared in ("loadBalancer", "managedNATGateway")
    return 4 if is_managed else 3 + 2 * max(1, len({path.subnet_id for path in egress.paths}))


def main() -> None:
    """Every table."""
    fleet_table()
    throttled_table()
    list_table()
    show_table()


if __name__ == "__main__":
    main()
