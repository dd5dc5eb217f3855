"""Azure Monitor's metrics through the real SDKs: in batches, one by one, and when something is missing."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from bot.azure import AzureArm
from bot.azure.identity import IssuedToken
from bot.azure.settings import ArmSettings
from bot.domain.measured import Source, SourceKind, TimeSpan, sources_of, use_from
from bot.ports.metrics import MetricReadings
from bot.sandbox.arm import SUBSCRIPTION, ArmSubscription
from bot.sandbox.arm.wire import ArmResponse
from bot.sandbox.arm_transport import ArmTransport
from bot.sandbox.clock import ManualClock
from bot.sandbox.journal import Journal

DAY = timedelta(days=1)
WITHIN = timedelta(seconds=20)
READ = "Microsoft.Insights/metrics/read"
TEAM = f"/subscriptions/{SUBSCRIPTION}"


class Monitor:
    """A simulated tenant, and the adapter over it."""

    def __init__(self, *, fleet: int = 0) -> None:
        self.clock = ManualClock()
        self.tenant = ArmSubscription(self.clock, Journal(), speed=1.0, fleet=fleet)
        self.transport = ArmTransport(self.tenant, self.clock)
        settings = ArmSettings(subscriptions=tuple(self.tenant.subscriptions()), retries=1, longest_wait_s=1)
        self.arm = AzureArm(
            IssuedToken(self.tenant.issue_token), settings, transport=self.transport, now=self.clock.now
        )

    def sources(self, *names: str) -> list[Source]:
        """The sources of these clusters, or of all."""
        clusters = [one for one in self.arm.read_fleet().clusters if not names or one.ref.name in names]
        return list(dict.fromkeys(source for one in clusters for source in sources_of(one)))

    def read(self, *sources: Source) -> MetricReadings:
        """The last day of some sources."""
        now = self.clock.now()
        return self.arm.metrics.read(sources, TimeSpan(now - DAY, now), within=WITHIN)

    def asked(self) -> list[tuple[str, int]]:
        """Every request for metrics so far: its path and status."""
        found = [(one["path"], one["status"]) for one in self.tenant.state()["requests"]]
        return [(path, status) for path, status in found if "metrics" in path.lower()]

    def ask(self, path: str, body: Any = None, audience: str = "https://metrics.monitor.azure.com") -> ArmResponse:
        """A bare request to the batch API."""
        token = self.tenant.issue_token(audience)
        url = f"https://westeurope.metrics.monitor.azure.com{path}"
        return self.tenant.handle("POST", url, {"Authorization": f"Bearer {token}"}, body)


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    """The fixed inhabitants."""
    made = Monitor()
    yield made
    made.arm.close()


def test_a_batch_reads_load_balancers_gateways_and_firewalls(monitor: Monitor) -> None:
    """Each source has its values, with no error and one request for each question and type."""
    sources = monitor.sources("aks-lb", "aks-lb-own", "aks-natgateway", "aks-udr")
    found = monitor.read(*sources)
    uses = {one.source.name: use_from(one) for one in found.of}
    assert [one.gaps for one in found.of] == [()] * 4
    balancers = [use_from(one) for one in found.of if one.source.kind is SourceKind.LOAD_BALANCER]
    assert [len(use.ports) for use in balancers] == [6, 36]  # three nodes, one IP or six, TCP and UDP
    assert all(use.worst and 0 < use.worst.share < 0.6 and use.worst.protocol == "TCP" for use in balancers)
    assert [use.failed for use in balancers] == [0, 0]
    firewall = uses["hub-firewall"]
    assert (firewall.utilization or 0) > 0
    assert (firewall.health, firewall.reason) == (100, "")
    gateway = next(use for use in uses.values() if use.source.kind is SourceKind.NAT_GATEWAY)
    assert (gateway.availability, gateway.dropped, gateway.failed) == (100, 0, 0)
    assert (gateway.connections or 0) > 100
    assert monitor.asked() == [(f"{TEAM}/metrics:getBatch", 200)] * 6
    assert (found.calls, found.notes) == (6, ())


def test_a_thousand_clusters_take_few_requests() -> None:
    """Fifty resources of one subscription and type share a request: a reading of all stays below sixty."""
    monitor = Monitor(fleet=1000)
    kinds = {f"/providers/{kind}".lower(): kind for kind in SourceKind}
    keys = [key for key in monitor.tenant.state()["resources"] if key.count("/") == 8]
    ends = [(key, "/" + "/".join(key.split("/")[-4:-1])) for key in keys]
    sources = [Source(key, kinds[end], "westeurope", 60) for key, end in ends if end in kinds]
    assert len(sources) > 800
    expected = monitor.arm.metrics.calls_for(sources)
    read = monitor.read(*sources)
    assert len(monitor.asked()) == read.calls == expected <= 60
    assert not [one for one in read.of if one.gaps]
    monitor.arm.close()


def test_without_the_right_on_the_subscription_each_resource_is_read(monitor: Monitor) -> None:
    """It says so, and does not try the batch again for a day."""
    sources = monitor.sources("aks-lb")
    monitor.tenant.put_rights(TEAM, {"actions": ["*"], "notActions": [READ]})
    monitor.tenant.put_rights(sources[0].id.partition("/providers/")[0], {"actions": ["*"]})
    first = monitor.read(*sources)
    assert [status for _, status in monitor.asked()] == [403, 403, 200, 200]
    assert use_from(first.of[0]).worst is not None
    assert first.of[0].gaps == ()
    assert "resource by resource" in first.notes[0]
    second = monitor.read(*sources)
    assert second.calls == 2
    monitor.clock.advance(timedelta(hours=25))
    monitor.read(*sources)
    assert [status for _, status in monitor.asked()][4:] == [200, 200, 403, 403, 200, 200]


def test_without_any_right_nothing_is_zero(monitor: Monitor) -> None:
    """What may not be read is unknown, with the role that would grant it."""
    sources = monitor.sources("aks-lb", "aks-udr")
    monitor.tenant.put_rights(TEAM, {"actions": ["*"], "notActions": [READ]})
    for use in map(use_from, monitor.read(*sources).of):
        assert (use.ports, use.failed, use.utilization, use.is_known) == ((), use.failed, None, False)
        assert not (use.source.kind is SourceKind.LOAD_BALANCER and use.failed is not None)
        assert "metrics-reader.json" in use.gaps[0]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"status": 429, "code": "TooManyRequests", "retry_after_s": 60, "times": 9}, "throttling"),
        ({"status": 500, "code": "InternalServerError", "times": 9}, "returned an error"),
        ({"drop_response": True, "times": 9}, "not responding"),
    ],
)
def test_what_azure_does_not_answer_is_a_gap(monitor: Monitor, fault: dict[str, Any], said: str) -> None:
    """An error of one question leaves the other's answer; nothing raises."""
    sources = monitor.sources("aks-lb")
    monitor.tenant.add_fault({"method": "POST", "path": "getBatch", **fault})
    use = use_from(monitor.read(*sources).of[0])
    assert (use.is_known, use.failed) == (False, None)
    assert said in use.gaps[0]


def test_resources_of_several_regions_are_read_one_by_one(monitor: Monitor) -> None:
    """The firewall is in another region than its cluster: the batch is refused, the reading is not."""
    sources = monitor.sources("aks-udr", "aks-udr-classic")
    (hub,) = (one for one in sources if one.name == "hub-firewall")
    body = monitor.tenant.state()["resources"][hub.id]
    monitor.tenant.put_resource(body["id"], {**body, "location": "northeurope"})
    found = monitor.read(*sources)
    assert [use_from(one).is_known for one in found.of] == [True, True]
    assert found.notes == ()


def test_the_wire_of_a_batch(monitor: Monitor) -> None:
    """Lower-case dimensions, minutes without a value, no series without traffic, a silent cut at ten."""
    ids = [monitor.sources("aks-lb-own")[0].id]
    now = monitor.clock.now()
    span = f"starttime={now - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}&endtime={now:%Y-%m-%dT%H:%M:%SZ}"
    path = f"{TEAM}/metrics:getBatch?api-version=2024-02-01&{span}&metricnamespace=Microsoft.Network/loadBalancers"
    split = "&metricnames=UsedSnatPorts&aggregation=average&filter=BackendIPAddress eq '*' and FrontendIPAddress eq '*'"
    (value,) = monitor.ask(f"{path}{split}", {"resourceids": ids}).body["values"]
    (metric,) = value["value"]
    assert value["resourceid"].lower() == ids[0]
    assert metric["errorCode"] == "Success"
    assert len(metric["timeseries"]) == 10
    names = {label["name"]["value"] for label in metric["timeseries"][0]["metadatavalues"]}
    assert names == {"backendipaddress", "frontendipaddress"}
    points = metric["timeseries"][0]["data"]
    assert set(points[0]) == {"timeStamp", "average"}
    assert set(points[-1]) == {"timeStamp"}
    failed = "&metricnames=SnatConnectionCount&aggregation=total&filter=ConnectionState eq 'Failed'"
    assert monitor.ask(f"{path}{failed}", {"resourceids": ids}).body["values"][0]["value"][0]["timeseries"] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"ids": 51}, 400),
        ({"audience": "https://management.azure.com"}, 401),
        ({"names": "Nonsense"}, 400),
        ({"filter": "&filter=Protocol eq '*'"}, 400),
        ({"interval": "PT7M"}, 400),
        ({"start": timedelta(days=94)}, 400),
    ],
)
def test_what_a_batch_refuses(monitor: Monitor, change: dict[str, Any], status: int) -> None:
    """As Azure Monitor does."""
    ids = [monitor.sources("aks-lb")[0].id] * int(change.get("ids", 1))
    now = monitor.clock.now()
    span = f"starttime={now - change.get('start', DAY):%Y-%m-%dT%H:%M:%SZ}&endtime={now:%Y-%m-%dT%H:%M:%SZ}"
    asked = f"metricnames={change.get('names', 'UsedSnatPorts')}&interval={change.get('interval', 'PT1H')}"
    path = f"{TEAM}/metrics:getBatch?api-version=2024-02-01&{span}&metricnamespace=Microsoft.Network/loadBalancers"
    audience = change.get("audience", "https://metrics.monitor.azure.com")
    url = f"{path}&{asked}{change.get('filter', '')}"
    assert monitor.ask(url, {"resourceids": ids}, audience).status == status


def test_traffic_fills_the_ports_of_one_node(monitor: Monitor) -> None:
    """A pod's connections take ports of its own node; what finds none fails; the other nodes do not notice."""
    (source,) = monitor.sources("aks-lb")
    monitor.tenant.add_traffic({"cluster": "aks-lb", "host": "db.example.com", "rate_per_minute": 400, "node": 1})
    monitor.clock.advance(timedelta(minutes=40))
    use = use_from(monitor.read(source).of[0])
    assert use.worst is not None
    assert (use.worst.node, use.worst.protocol) == ("10.224.0.5", "TCP")
    assert (use.worst.share, use.worst.allocated, use.worst.used) == (1, 1024, 1024)
    assert set(use.failed_by_node) == {"10.224.0.5"}
    assert 4_000 < (use.failed or 0) < 10_000
    assert max(share for _, share in use.curve) == 100
    assert all(one.share < 0.6 for one in use.ports if one.node != "10.224.0.5")


def test_traffic_counts_on_gateways_and_firewalls(monitor: Monitor) -> None:
    """A firewall at the end of its ports is degraded, and says why; a gateway counts connections."""
    sources = monitor.sources("aks-natgateway", "aks-udr-nva", "aks-udr")
    for cluster in ("aks-natgateway", "aks-natgateway", "aks-natgateway", "aks-udr"):
        flow = {"cluster": cluster, "host": "mcr.microsoft.com", "rate_per_minute": 9000}
        monitor.tenant.add_traffic(flow)
    monitor.clock.advance(timedelta(minutes=40))
    uses = {one.source.kind: use_from(one) for one in monitor.read(*sources).of}
    firewall, gateway = uses[SourceKind.FIREWALL], uses[SourceKind.NAT_GATEWAY]
    assert (firewall.utilization, firewall.health, firewall.reason) == (100, 50, "SNAT port")
    assert (gateway.connections or 0) > 90_000
    assert (gateway.failed or 0) > 10_000  # more than fifty thousand for each of its two IPs
    assert (gateway.availability, (gateway.dropped or 0) > 0) == (100, True)


class Hanging(ArmTransport):
    """Takes a request for metrics and answers it when the test is over."""

    def __init__(self, arm: ArmSubscription, clock: ManualClock) -> None:
        super().__init__(arm, clock)
        self.over = Event()

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Wait, then answer."""
        if "metrics" in request.url:
            self.over.wait(20)
        return super().send(request, **kwargs)


def test_nobody_waits_longer_than_they_gave(monitor: Monitor) -> None:
    """What is not answered in time is unknown, and says why; no error is raised."""
    hanging = Hanging(monitor.tenant, monitor.clock)
    settings = ArmSettings(subscriptions=(SUBSCRIPTION,))
    slow = AzureArm(IssuedToken(monitor.tenant.issue_token), settings, transport=hanging, now=monitor.clock.now)
    now = monitor.clock.now()
    span = TimeSpan(now - DAY, now)
    (reading,) = slow.metrics.read(monitor.sources("aks-lb"), span, within=timedelta(milliseconds=30)).of
    hanging.over.set()
    use = use_from(reading)
    assert (use.is_known, use.failed) == (False, None)
    assert use.gaps == ("Metrics of kubernetes could not be read: Azure Monitor did not answer in time.",)


def test_a_reading_keeps_to_its_calls(monitor: Monitor) -> None:
    """Where every resource takes requests of its own, the rest waits for the next reading."""
    sources = monitor.sources()
    monitor.tenant.put_rights(TEAM, {"actions": ["*"], "notActions": [READ]})
    now = monitor.clock.now()
    found = monitor.arm.metrics.read(sources, TimeSpan(now - DAY, now), within=WITHIN, most_calls=9)
    assert found.calls == len(monitor.asked()) == 9
    assert 0 < len(found.of) < len(sources)
