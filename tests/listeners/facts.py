"""Facts of any length, as the database and Azure could hold them: what every renderer must survive."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bot.allowances import Preview
from bot.approvals import MAX_REASON
from bot.checking import MAX_DESTINATIONS
from bot.domain.allowance import Allowance, Ask, Scope
from bot.domain.approval import Approval, Ending, Quorum, Verdict, VerdictKind
from bot.domain.audit import Action, ChainedEvent, Event
from bot.domain.batch import Batch
from bot.domain.egress import (
    ClusterEgress,
    ClusterRef,
    EgressPath,
    EgressWarning,
    IngressIp,
    NodePool,
    OutboundIp,
    OutboundType,
    PathKind,
)
from bot.domain.estimate import Estimate
from bot.domain.people import Identity
from bot.domain.risk import Level, Reason, Risk
from bot.domain.rule_diff import Gauge
from bot.domain.scale_proposal import Scale
from bot.domain.snat import CountChange, IdleChange, OwnIpsChange, PortsChange, ScalePlan, capacities
from bot.domain.target import Target, TargetKind
from bot.inventory import EgressReport
from handlers.blocks.estimate import Waiting
from handlers.modals import MAX_TICKET
from tests.strategies import DIGITS, LETTERS, destinations, durations

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

times = st.timedeltas(timedelta(days=-30), timedelta(days=30)).map(lambda delta: NOW + delta)
people = st.builds(Identity, st.just("TSANDBOX1"), st.sampled_from(["UDEV0001", "UAPP0001", "bot", "WELSEWHERE"]))
names = st.text(f"{LETTERS}{DIGITS}_-", max_size=61).map(lambda inner: f"a{inner}0")
"""AKS: 1 to 63 letters, digits, underscores and hyphens (https://learn.microsoft.com/azure/aks, read 2026-11)."""


def words(most: int, least: int = 0) -> SearchStrategy[str]:
    """Text of any kind, often as long as it may be, with markup and mentions in it."""
    marks = st.sampled_from(["<!channel>", "*", "`", "&", "<@UDEV0001>", "|", "\n", "```", "𝒳", "x" * 500])
    mixed = st.lists(marks, max_size=most // 4).map(lambda parts: "".join(parts)[:most])
    return (st.text(max_size=min(most, 300)) | st.just("w" * most) | mixed).filter(lambda text: len(text) >= least)


def cidrs() -> SearchStrategy[str]:
    """Ranges of subnets."""
    return st.integers(0, 0xFFFF).map(lambda number: f"10.{number >> 8}.{number & 0xFF}.0/24")


def ids(kind: str) -> SearchStrategy[str]:
    """Lower-case ARM ids with names of full length (resource group up to 90 characters)."""
    return st.builds(
        lambda group, name: f"/subscriptions/{'0' * 36}/resourcegroups/{group}/{kind}/{name}", names, names
    )


targets = st.builds(Target, st.sampled_from(TargetKind), ids("providers/microsoft.network/firewallpolicies"))
scopes = st.builds(
    Scope,
    ids("providers/microsoft.containerservice/managedclusters"),
    names,
    names,
    words(256),
    targets,
    st.lists(cidrs(), min_size=1, max_size=300).map(tuple),
    st.none() | names,
)
several = st.lists(destinations(), min_size=1, max_size=8, unique=True)
many = several | destinations().map(lambda one: [one] * MAX_DESTINATIONS)
asks = st.builds(
    Ask,
    many.map(tuple),
    durations(),
    words(MAX_REASON, 1),
    words(MAX_TICKET),
    st.none() | words(60, 1).filter(lambda name: "{" not in name),
    st.none() | st.just("a0s560gxpd"),
)
groups = st.lists(words(60, 1), max_size=12).map(tuple)
quorums = st.builds(Quorum, groups, st.integers(1, 9), words(80, 1), words(600))
verdicts = st.builds(
    Verdict,
    st.sampled_from(VerdictKind),
    words(600),
    words(80, 1),
    st.lists(quorums, max_size=6).map(tuple),
)
risks = st.builds(
    Risk,
    st.integers(0, 100),
    st.sampled_from(Level),
    st.lists(st.builds(Reason, names, st.integers(1, 100), words(400, 1)), max_size=14).map(tuple),
)
approvals = st.lists(st.builds(Approval, people, times, words(MAX_REASON), groups), max_size=30).map(tuple)
endings = st.builds(Ending, people, times, words(MAX_REASON))
maybe_times = st.none() | times

allowances = st.builds(
    Allowance,
    id=st.just("a0s560gxpd"),
    version=st.just(1),
    scope=scopes,
    ask=asks,
    requester=people,
    requested_at=times,
    lapses_at=times,
    verdict=verdicts,
    risk=risks,
    approvals=approvals,
    approved_at=maybe_times,
    denied=st.none() | endings,
    revoked=st.none() | endings,
    applying_at=maybe_times,
    live_at=maybe_times,
    missing_since=maybe_times,
    expires_at=maybe_times,
    gone_at=maybe_times,
    failure=st.none() | words(3000, 1),
    closed=st.none() | endings,
    suspended=st.none() | words(3000, 1),
    left_out=st.lists(st.tuples(names, words(600, 1)), max_size=9).map(tuple),
)
"""Any facts at all, possible together or not: a card is drawn from what is there."""

batches = st.lists(allowances, min_size=2, max_size=3).map(lambda some: Batch(tuple(some) * 3))
"""Requests for several clusters, whatever became of each."""

addresses = st.integers(20 << 24, (21 << 24) - 1).map(lambda number: str(IPv4Address(number)))
own_ids = st.lists(ids("providers/microsoft.network/publicipaddresses"), min_size=1, max_size=100).map(tuple)
changes = st.one_of(
    st.builds(CountChange, *[st.integers(1, 100)] * 3, st.booleans()),
    st.builds(PortsChange, *[st.integers(0, 64_000)] * 4),
    st.builds(IdleChange, *[st.integers(4, 120)] * 2),
    st.builds(OwnIpsChange, own_ids, own_ids, st.integers(0, 100)),
)
plans = st.builds(
    ScalePlan,
    cluster_id=ids("providers/microsoft.containerservice/managedclusters"),
    cluster_name=names,
    kind=st.sampled_from(["loadBalancer", "managedNATGateway"]),
    etag=st.none() | names,
    change=changes,
    ips_before=st.lists(addresses, max_size=100).map(tuple),
    at_risk=st.lists(addresses, max_size=100).map(tuple),
    ports_before=st.integers(0, 6_400_000),
    ports_after=st.integers(0, 6_400_000),
    warnings=st.lists(words(300, 1), max_size=12).map(tuple),
    base_digest=names,
)
scales = st.builds(
    Scale,
    id=st.just("s0s560gxpd"),
    version=st.just(1),
    plan=plans,
    environment=words(256),
    reason=words(MAX_REASON),
    requester=people,
    requested_at=times,
    lapses_at=times,
    verdict=verdicts,
    approvals=approvals,
    approved_at=maybe_times,
    denied=st.none() | endings,
    applying_at=maybe_times,
    done_at=maybe_times,
    ips_after=st.lists(addresses, max_size=100).map(tuple),
    failure=st.none() | words(3000, 1),
)

refs = st.builds(
    ClusterRef,
    ids("providers/microsoft.containerservice/managedclusters"),
    names,
    st.just("0" * 36),
    names,
    st.just("westeurope"),
)
pools = st.builds(NodePool, names, count=st.integers(0, 1000))
outbound_ips = st.builds(
    OutboundIp, addresses, st.just(4), st.none(), st.sampled_from(["managed", "own", "firewall"]), st.booleans()
)
paths = st.builds(
    EgressPath,
    subnet_id=st.none(),
    pools=st.lists(names, max_size=40).map(tuple),
    kind=st.sampled_from(PathKind),
    ips=st.lists(outbound_ips, max_size=120).map(tuple),
    sources=st.lists(cidrs(), max_size=20).map(tuple),
    target=st.none() | targets,
    why=words(600),
)
clusters = st.builds(
    ClusterEgress,
    ref=refs,
    declared=words(60),
    outbound_type=st.none() | st.sampled_from(OutboundType),
    state=words(40),
    etag=st.none(),
    is_converging=st.booleans(),
    pools=st.lists(pools, max_size=12, unique_by=lambda pool: pool.name).map(tuple),
    paths=st.lists(paths, max_size=6).map(tuple),
    ingress=st.lists(
        st.builds(IngressIp, addresses, names, st.sampled_from(["loadBalancer", "applicationGateway"]), words(200)),
        max_size=80,
    ).map(tuple),
    warnings=st.lists(st.builds(EgressWarning, names, words(900, 1), words(600)), max_size=14).map(tuple),
    idle_timeout=st.none() | st.just(timedelta(minutes=4)),
    allocated_ports=st.none() | st.integers(0, 64_000),
    is_running=st.booleans(),
)


def report_of(egress: ClusterEgress, environment: str, live: list[Allowance]) -> EgressReport:
    """A report on a cluster."""
    return EgressReport(egress, environment, capacities(egress), tuple(live), NOW)


reports = st.builds(report_of, clusters, words(256), st.lists(allowances, max_size=3).map(lambda some: some * 8))
previews = st.builds(Preview, scopes, several.map(tuple), risks, verdicts)


def chained(event: Event) -> ChainedEvent:
    """An event somewhere in the chain."""
    return ChainedEvent(999_999, event, "0" * 64, "f" * 64)


events = st.builds(
    Event,
    times,
    st.sampled_from(Action),
    people,
    st.just("slack:button"),
    words(90),
    words(90),
    st.lists(st.text(LETTERS, min_size=1, max_size=200), max_size=100).map(tuple),
    words(3000),
    words(90),
).map(chained)

estimates = st.builds(
    Estimate,
    st.integers(1, 500),
    st.integers(1, 500),
    st.sampled_from([1, 2]),
    st.timedeltas(timedelta(), timedelta(days=1)),
    st.none() | words(1000),
)
gauges = st.builds(Gauge, st.integers(0, 3_000_000), st.just(2_097_152))
aheads = st.builds(Waiting, st.none() | estimates, st.none() | gauges)
