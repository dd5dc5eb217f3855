"""How fast and how large is the firewall evaluator, beside the naive one: ``python -m bench.firewall``.

The rule set has 10,000 rules with 20,000 names in 120 rule collections of two firewall policies: names and wildcards
from 200 spoke networks, FQDN tags, and network rules to private ranges and service tags. The questions come from 50
managed clusters: names that are allowed, names nobody allows, names with the wrong port, wildcards, known addresses.
"""

import gc
import random
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence

from bot.domain.firewall import (
    ApplicationRule,
    Evaluator,
    Flow,
    NetworkRule,
    PolicyLayer,
    Rule,
    RuleAction,
    RuleCollection,
    RuleCollectionGroup,
    RuleKind,
    RuleSet,
    ThreatIntelMode,
)
from bot.domain.fqdn import Destination, Protocol
from tests.domain.reference_firewall import reference_evaluate

RULES, NAMES, COLLECTIONS, SPOKES, CLUSTERS = 10_000, 20_000, 120, 200, 50
NETWORK_COLLECTIONS = 20
CHECKS, NAIVE_CHECKS = 20_000, 12
ZONES = ("com", "net", "io", "dev", "co.uk")


def spoke(number: int) -> str:
    """The range of one spoke network."""
    return f"10.{number}.0.0/16"


def names(rng: random.Random) -> list[str]:
    """Distinct names of two to four labels, one in twenty a wildcard."""
    plain = [f"host{n}.team{n % 700}.vendor{n % 3000}.{ZONES[n % len(ZONES)]}" for n in range(NAMES)]
    return [f"*.{name.split('.', 1)[1]}" if rng.random() < 0.05 else name for name in plain]


def application_rule(number: int, targets: tuple[str, ...], rng: random.Random) -> ApplicationRule:
    """A rule for one spoke; one in fifty has an FQDN tag in place of names."""
    spokes = (spoke(number % SPOKES),) if rng.random() < 0.9 else (spoke(number % SPOKES), "10.250.0.0/16")
    group = ("/groups/all-clusters",) if rng.random() < 0.3 else ()
    tagged = number % 50 == 0
    return ApplicationRule(
        name=f"app-{number}",
        source_addresses=spokes,
        source_ip_groups=group,
        protocols=(("https", 443),) if rng.random() < 0.8 else (("http", 80), ("https", 443)),
        target_fqdns=() if tagged else targets,
        fqdn_tags=("WindowsUpdate",) if tagged else (),
    )


def network_rule(number: int) -> NetworkRule:
    """A rule to a private range or a service tag, as most network rules are."""
    destination = "AzureMonitor" if number % 10 == 0 else f"172.{16 + number % 16}.{number % 256}.0/24"
    return NetworkRule(
        name=f"net-{number}",
        ip_protocols=("TCP",),
        source_addresses=(spoke(number % SPOKES),),
        destination_addresses=(destination,),
        destination_ports=("443",) if number % 2 else ("1433", "5000-6000"),
    )


def rule_set() -> RuleSet:
    """The rule set of the benchmark, always the same."""
    rng = random.Random(4)
    targets, network_count = names(rng), RULES // 10
    network: list[Rule] = [network_rule(number) for number in range(network_count)]
    application: list[Rule] = []
    count = RULES - network_count
    for number in range(count):
        first, last = NAMES * number // count, NAMES * (number + 1) // count
        application.append(application_rule(number, tuple(targets[first:last]), rng))
    collections = [
        *split(network, NETWORK_COLLECTIONS, RuleKind.NETWORK),
        *split(application, COLLECTIONS - NETWORK_COLLECTIONS, RuleKind.APPLICATION),
    ]
    layers = (policy("parent", collections[0::2]), policy("child", collections[1::2]))
    groups = {"/groups/all-clusters": tuple(spoke(number) for number in range(CLUSTERS // 2))}
    return RuleSet(layers=layers, ip_groups=groups, threat_intel_mode=ThreatIntelMode.DENY, dns_proxy=True)


def split(rules: list[Rule], parts: int, kind: RuleKind) -> list[RuleCollection]:
    """Deal the rules to collections; every tenth denies."""
    return [
        RuleCollection(
            name=f"{kind}-{part}",
            priority=100 + part,
            action=RuleAction.DENY if part % 10 == 9 else RuleAction.ALLOW,
            kind=kind,
            rules=tuple(rules[part::parts]),
        )
        for part in range(parts)
    ]


def policy(name: str, collections: Sequence[RuleCollection]) -> PolicyLayer:
    """Put collections into ten rule collection groups."""
    groups = (
        RuleCollectionGroup(
            id=f"/{name}/{n}", name=f"{name}-{n}", priority=100 * n, collections=tuple(collections[n::10])
        )
        for n in range(10)
    )
    return PolicyLayer(id=f"/policies/{name}", name=name, groups=tuple(groups))


def questions(rules: RuleSet) -> dict[str, list[Flow]]:
    """The questions by kind; sources are those of the clusters."""
    rng = random.Random(11)
    known = [
        (rule.source_addresses[0], name)
        for layer in rules.layers
        for group in layer.groups
        for collection in group.collections
        for rule in collection.rules
        if isinstance(rule, ApplicationRule)
        for name in rule.target_fqdns
        if int(rule.source_addresses[0].split(".")[1]) < CLUSTERS
    ]
    mine = [rng.choice(known) for _ in range(CHECKS)]
    flows: dict[str, list[Flow]] = {"named by a rule": [flow(source, plain(name)) for source, name in mine]}
    flows["named by no rule"] = [flow(source, f"new{n}.example.org") for n, (source, _) in enumerate(mine)]
    flows["wrong port"] = [flow(source, plain(name), port=8443) for source, name in mine]
    flows["a wildcard"] = [flow(source, "*." + plain(name).split(".", 2)[2]) for source, name in mine]
    flows["mixed"] = [rng.choice([flows[kind][n] for kind in flows]) for n in range(CHECKS)]
    flows["with known addresses"] = [
        Flow(sources=each.sources, destination=each.destination, addresses=(f"20.1.{n % 250}.7",))
        for n, each in enumerate(flows["mixed"][: CHECKS // 10])
    ]
    return flows


def plain(name: str) -> str:
    """A name that a pattern matches."""
    return name.replace("*", "any")


def flow(source: str, name: str, *, port: int = 443) -> Flow:
    """HTTPS from one spoke to a name."""
    return Flow(sources=(source,), destination=Destination(name, Protocol.HTTPS, port))


def microseconds(check: Callable[[Flow], object], flows: Sequence[Flow]) -> list[tuple[float, float]]:
    """The time of each check: by the clock on the wall, and what the processor spent on it."""
    durations = []
    for each in flows:
        begin, begin_cpu = time.perf_counter_ns(), time.thread_time_ns()
        check(each)
        cpu, wall = time.thread_time_ns() - begin_cpu, time.perf_counter_ns() - begin
        durations.append((wall / 1000, cpu / 1000))
    return durations


def load_ms(rules: RuleSet) -> float:
    """The median of five loads."""
    durations = []
    for _ in range(5):
        gc.collect()
        begin = time.perf_counter()
        Evaluator(rules)
        durations.append((time.perf_counter() - begin) * 1000)
    return statistics.median(durations)


def memory_mb(flows: Sequence[Flow]) -> tuple[float, float]:
    """The rules as values, and rules with evaluator after many checks."""
    gc.collect()
    tracemalloc.start()
    rules = rule_set()
    values = tracemalloc.get_traced_memory()[0]
    evaluator = Evaluator(rules)
    for each in flows:
        evaluator.evaluate(each)
    gc.collect()
    total = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return values / 1e6, total / 1e6


def row(label: str, durations: Sequence[tuple[float, float]]) -> str:
    """One line of the table."""
    wall, cpu = (sorted(column) for column in zip(*durations, strict=True))
    figures = [percentile(times, share) for times in (wall, cpu) for share in (0.5, 0.99)]
    return f"{label:<32}{len(wall):>8}" + "".join(f"{figure:>14.1f}" for figure in figures)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which a share of the ordered values lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main() -> None:
    """Print the table."""
    rules = rule_set()
    load = load_ms(rules)
    flows, evaluator = questions(rules), Evaluator(rules)
    firsts = list({(each.sources, each.destination.port): each for each in flows["mixed"]}.values())
    print(f"{RULES} rules, {NAMES} names, {COLLECTIONS} rule collections")
    print(f"{'µs':<32}{'checks':>8}{'p50 wall':>14}{'p99 wall':>14}{'p50 cpu':>14}{'p99 cpu':>14}")
    print(row("first from a cluster to a port", microseconds(evaluator.evaluate, firsts)))
    for kind, each in flows.items():
        print(row(kind, microseconds(evaluator.evaluate, each)))
    print(row("naive: mixed", microseconds(lambda one: reference_evaluate(rules, one), flows["mixed"][:NAIVE_CHECKS])))
    values, total = memory_mb(flows["mixed"][: CHECKS // 4])
    print(f"load {load:.0f} ms; memory {total:.1f} MB, of which the rules themselves {values:.1f} MB")


if __name__ == "__main__":
    main()
