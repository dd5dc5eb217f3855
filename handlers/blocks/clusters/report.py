"""One cluster in full: the answer first, then why, then capacity, then warnings."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_network

from bot.domain.allowance import Allowance, Status, status
from bot.domain.configuration import Configuration
from bot.domain.duration import duration_text
from bot.domain.egress import ClusterEgress, EgressPath, EgressWarning, EndpointStatus, OutboundIp, PathKind
from bot.domain.measured import level_of
from bot.domain.snat import FIREWALL_LEAST_INSTANCES, FIREWALL_PORTS_PER_IP_AND_INSTANCE, Capacity
from bot.inventory import EgressReport
from handlers.blocks.allowance_card import until
from handlers.blocks.block_kit import (
    SECTION_TEXT,
    actions,
    button,
    code,
    context,
    divider,
    escape,
    fields,
    fold,
    header,
    message,
    section,
    value,
    when,
)
from handlers.blocks.clusters.charts import use_charts
from handlers.blocks.clusters.measured import measured_blocks
from handlers.blocks.clusters.phrases import VIA, WAYS, counted, without_ips
from handlers.blocks.deciders import needs
from handlers.blocks.naming import names_of
from handlers.blocks.probe import probe_button
from handlers.blocks.use import used_phrase
from handlers.pictures import chart_block
from handlers.replies import Block, Message

ALLOWANCES_SHOWN = 10
WARNINGS_SHOWN = 10
PATHS_SHOWN = 8
IPS_SHOWN = 20
IPS_OF_PATH_SHOWN = 6
INGRESS_SHOWN = 10
WAYS_SHOWN = 4

FIRST = ("converging", "deleting", "stopped")
"""Warnings that stand right below the answer, because they say how far it holds."""


def egress_report(report: EgressReport, config: Configuration) -> Message:
    """One cluster in full, the answer first."""
    egress, name = report.egress, report.egress.ref.name
    charts = use_charts(report.uses)
    return message(
        _spoken(egress),
        [
            header(f"{name}: {_answer(egress)}"),
            *_addresses(egress),
            *_first(egress),
            *_paths(egress),
            *_ports(egress, report),
            *measured_blocks(report.uses),
            *map(chart_block, charts),
            *_ingress(egress),
            *_endpoints(report),
            *_allowances(report, config),
            *_warnings(report),
            context(_about(report)),
            *actions(*_offers(egress, config)),
        ],
        charts,
    )


def _spoken(egress: ClusterEgress) -> str:
    addresses = ", ".join(ip.address for ip in egress.ips[:10])
    return f"{egress.ref.name} leaves through {addresses}" if addresses else f"{egress.ref.name}: {_answer(egress)}"


def _answer(egress: ClusterEgress) -> str:
    count = len(egress.ips)
    if count == 1:
        return f"leaves through {egress.ips[0].address}"
    return f"leaves through {count} addresses" if count else without_ips(egress)


def _addresses(egress: ClusterEgress) -> list[Block]:
    if not egress.ips:
        return []
    lines = [ip.address for ip in egress.ips]
    is_folded = len(lines) > IPS_SHOWN
    whole = f"All of them: `/egress show {escape(egress.ref.name)} ips`." if is_folded else ""
    notes = [note for note in (_origins(egress.ips), _both(egress.ips), whole) if note]
    shown = fold(lines, SECTION_TEXT - 100, most=IPS_SHOWN)
    return [section(f"```{shown}```"), *([context(" ".join(notes))] if notes else [])]


ORIGINS = {
    "managed": "managed by AKS",
    "own": "yours",
    "prefix": "from prefixes",
    "nat": "of NAT gateways",
    "firewall": "of the firewall",
    "hub": "of the hub's firewall",
    "instance": "of nodes",
}


def _origins(ips: Sequence[OutboundIp]) -> str:
    """Count the IPs by origin, such as ``2 yours, 4 from prefixes``; a prefix counts with all its addresses."""
    found: dict[str, int] = {}
    for ip in ips:
        found[ip.origin] = found.get(ip.origin, 0) + (ip_network(ip.address).num_addresses if ip.version == 4 else 1)
    parts = [f"{count:,} {ORIGINS[origin]}" for origin, count in found.items()]
    return f"{', '.join(parts)}." if parts else ""


def _both(ips: Sequence[OutboundIp]) -> str:
    shared = [code(ip.address) for ip in ips if ip.serves_ingress]
    return f"Egress *and* ingress: {fold(shared, 600, joint=', ')}." if shared else ""


def _first(egress: ClusterEgress) -> list[Block]:
    lines = [_warning(one) for one in egress.warnings if one.code in FIRST]
    wanted = [(egress.desired_ip_count, "IPv4"), (egress.desired_ipv6_count, "IPv6")]
    counts = " and ".join(f"{count} {family}" for count, family in wanted if count)
    if egress.is_converging and counts:
        lines.append(f"Target: {counts} managed. The IPs above stay in use until Azure finishes.")
    return [section(fold(lines))] if lines else []


def _paths(egress: ClusterEgress) -> list[Block]:
    effective = " and ".join(WAYS[kind] for kind in egress.effective) or "unknown"
    arrow = ":warning: →" if any(one.code == "mismatch" for one in egress.warnings) else "→"
    head = f"*Declared* {code(egress.declared or 'nothing')}  {arrow}  *effective* {effective}"
    lines = [_path(path, is_only=len(egress.paths) == 1) for path in egress.paths]
    said = [f"NAT gateway of SKU {egress.nat_sku}"] if egress.nat_sku else []
    said += [f"HTTP proxy {code(egress.http_proxy)}"] if egress.http_proxy else []
    text = "\n".join([head, fold(lines, 2500, most=PATHS_SHOWN)] if lines else [head])
    return [section(text), *([context(", ".join(said))] if said else [])]


def _path(path: EgressPath, *, is_only: bool) -> str:
    pools = "" if is_only else _whose(path)
    ips = fold([code(ip.address) for ip in path.ips], 300, most=IPS_OF_PATH_SHOWN, joint=" ")
    through = "" if is_only or not path.ips else f" {ips}"
    target = f" Rules: {code(path.target.name)}." if path.target else ""
    return f"• {pools}{escape(path.why)}{target}{through}"


def _whose(path: EgressPath) -> str:
    """Name the traffic and its destinations, before a colon; empty if it is all of the cluster's."""
    pools = fold([code(pool) for pool in path.pools], 400, joint=", ")
    part = f"to {escape(fold(path.destinations, 200, most=3, joint=', '))}" if path.destinations else ""
    words = [WHOSE[path.carries].format(pools) if pools or path.carries == "virtualNodes" else "", part]
    said = " ".join(word for word in words if word)
    return f"{said}: " if said else ""


WHOSE = {
    "all": "{}",
    "pods": "pods of {}",
    "nodes": "nodes of {} (AKS itself, image pulls)",
    "virtualNodes": "virtual nodes",
}


def _ports(egress: ClusterEgress, report: EgressReport) -> list[Block]:
    ways, is_full = report.capacities, any(level_of(use) for use in report.uses)
    shown = [_by_nodes(way) if is_full else way for way in ways[:WAYS_SHOWN]]
    blocks = [block for way in shown for block in _way(egress, way, is_only=len(ways) == 1)]
    rest = len(ways) - WAYS_SHOWN
    return [*blocks, *([context(f"and {rest} more ways out: `/egress show … json`")] if rest > 0 else [])]


ENOUGH, BY_NODES = "Enough: ", "By the number of nodes alone: "


def _by_nodes(way: Capacity) -> Capacity:
    """Where measured use is high, the number of nodes alone does not make ports enough."""
    if not way.advice.startswith(ENOUGH):
        return way
    return replace(way, advice=BY_NODES + way.advice.removeprefix(ENOUGH))


def _way(egress: ClusterEgress, way: Capacity, *, is_only: bool) -> list[Block]:
    where = f" of {escape(way.through)}" if way.through and not is_only else ""
    if not way.total_ports:
        is_said = way.kind in (PathKind.NONE, PathKind.BLOCKED)
        mark = ":red_circle: " if way.near_exhaustion else ""
        return [] if is_said else [context(f"{mark}{escape(way.advice)}")]
    timeout = duration_text(egress.idle_timeout) if egress.idle_timeout else ""
    facts = [
        (f"SNAT ports{where}", _total(way)),
        ("Ports per node", f"{way.ports_per_node:,}" if way.ports_per_node is not None else "on demand"),
        ("Nodes", _nodes(way)),
        ("Headroom", _room(way)),
        ("Next step down", _cliff(way)),
        ("Idle timeout", timeout),
    ]
    mark = ":red_circle: " if way.near_exhaustion else "" if way.advice.startswith(BY_NODES) else ":white_check_mark: "
    return [*fields(facts), section(f"{mark}{escape(way.advice)}")]


def _total(way: Capacity) -> str:
    """All ports, and how they come about."""
    is_firewall = way.ports_per_ip == FIREWALL_PORTS_PER_IP_AND_INSTANCE * FIREWALL_LEAST_INSTANCES
    each = f"{way.ports_per_ip:,} each"
    if is_firewall:
        each = f"{FIREWALL_PORTS_PER_IP_AND_INSTANCE:,} each on each of {FIREWALL_LEAST_INSTANCES} instances or more"
    return f"{way.total_ports:,} ({counted(way.ip_count, 'IP')}, {each})"


def _nodes(way: Capacity) -> str:
    grown = way.max_nodes - way.surge_nodes
    if way.is_unbounded:
        return f"{way.nodes_now:,} in the pools AKS shows, no limit"
    most = f"autoscaler maximum {grown:,}" if grown > way.nodes_now else "no autoscaler"
    return f"{way.nodes_now:,} now, {most}, {way.surge_nodes:,} more in an upgrade"


def _room(way: Capacity) -> str:
    if way.is_unbounded:
        return "unlimited nodes"
    if way.cliff is not None:
        room = max(0, way.cliff.at_nodes - 1 - way.max_nodes)
        return f"{counted(room, 'more node')} at {way.cliff.ports_before:,} ports each"
    if way.headroom_nodes is not None:
        return counted(max(0, way.headroom_nodes), "more node")
    return f"{way.total_ports // max(1, way.max_nodes):,} ports for each of {counted(max(1, way.max_nodes), 'node')}"


def _cliff(way: Capacity) -> str:
    cliff = way.cliff
    if cliff is None:
        return ""
    return f"{cliff.at_nodes - 1} → {cliff.at_nodes} nodes: {cliff.ports_before:,} → {cliff.ports_after:,} ports each"


def _ingress(egress: ClusterEgress) -> list[Block]:
    lines = [
        f"{code(ip.address)} {VIA[ip.via]}, {escape(ip.name)}{' — *also an egress IP*' if ip.serves_egress else ''}"
        for ip in egress.ingress
    ]
    head = "*Ingress IPs* (inbound only, not used for egress)"
    return [section(f"{head}\n{fold(lines, 2500, most=INGRESS_SHOWN)}")] if lines else []


def _endpoints(report: EgressReport) -> list[Block]:
    """One line where all is well; what is missing is a warning."""
    found, at = report.endpoints, report.endpoints_at
    if found is None or at is None or not found.checks:
        return []
    counts = {standing: len(found.standing(standing)) for standing in EndpointStatus}
    tag = f"by the FQDN tag ({escape(found.tag_rule)})" if found.tag_rule else "by the FQDN tag"
    words = ((EndpointStatus.TAG, tag), (EndpointStatus.RULE, "by rules"), (EndpointStatus.UNSURE, "undetermined"))
    parts = [f"{counts[standing]} {text}" for standing, text in words if counts[standing]]
    parts += [f"*{counts[EndpointStatus.MISSING]} missing*"] if counts[EndpointStatus.MISSING] else []
    mark = ":warning:" if counts[EndpointStatus.MISSING] else ":white_check_mark:"
    total = counted(len(found.checks), "required endpoint")
    text = f"{mark} {total} of AKS: {', '.join(parts)}. Checked {when(at)}."
    return [context(text)]


def _allowances(report: EgressReport, config: Configuration) -> list[Block]:
    lines = [allowance_line(one, report.read_at, config) for one in report.allowances]
    return [section(f"*Allowances*\n{fold(lines, 2500, most=ALLOWANCES_SHOWN)}")] if lines else []


def allowance_line(allowance: Allowance, now: datetime, config: Configuration) -> str:
    """One line of a list."""
    state, names = status(allowance, now), names_of(allowance, config)
    is_live = state in (Status.LIVE, Status.EXPIRING)
    used = f" ({used_phrase(allowance)})" if allowance.used and is_live else ""
    ends = f"  {until(allowance)}" if allowance.expires_at and is_live else ""
    waits = f" ({needs(allowance.verdict, allowance.approvals)})" if state is Status.WAITING else ""
    return f"{code(allowance.id)}  *{state}*  {code(allowance.scope.cluster_name)} to {names}{used}{ends}{waits}"


def _warnings(report: EgressReport) -> list[Block]:
    lines = [_warning(one) for one in report.egress.warnings if one.code not in FIRST]
    missing = report.endpoints.standing(EndpointStatus.MISSING) if report.endpoints else ()
    if missing:
        names = [f"{code(one.endpoint.domain)} ({one.endpoint.protocol} {one.endpoint.port})" for one in missing]
        shown = fold(names, 1500, most=WARNINGS_SHOWN, joint=", ")
        name = escape(report.egress.ref.name)
        lines.append(
            f":warning: The firewall blocks endpoints that AKS itself needs: {shown}. See `/egress show {name} "
            "endpoints`"
        )
    if report.endpoints and report.endpoints.untranslated:
        shown = escape(fold(report.endpoints.untranslated, 300, most=WARNINGS_SHOWN, joint=", "))
        lines.append(
            f":warning: The firewall does not SNAT traffic that its network rules allow to {shown}: it leaves "
            "with the nodes' addresses, not the firewall's public IPs. Application rules do SNAT."
        )
    return [divider(), section(fold(lines, most=WARNINGS_SHOWN))] if lines else []


def _warning(one: EgressWarning) -> str:
    mark = ":gear:" if one.code == "converging" else ":warning:"
    return f"{mark} {escape(one.sentence)} {escape(one.way_out)}".strip()


def _about(report: EgressReport) -> str:
    egress = report.egress
    private = ", private API server" if egress.is_private else ""
    place = f"{escape(report.environment)}, {escape(egress.ref.location)}, state {escape(egress.state)}{private}."
    return f"{place} Read from Azure {when(report.read_at)}."


def _offers(egress: ClusterEgress, config: Configuration) -> list[Block]:
    log = [*probe_button(config, egress.ref.id), button("Audit log", "audit_cluster", value(cluster=egress.ref.name))]
    if not egress.targets:
        return log
    carried = value(cluster=egress.ref.id)
    request = button("Request egress…", "open_request", value(cluster=egress.ref.name), style="primary")
    routed = PathKind.FIREWALL in egress.effective or PathKind.HUB_FIREWALL in egress.effective
    denied = [button("Denied traffic", "denied", carried)] if routed and config.logs.enabled else []
    return [request, *([button("Required endpoints", "show_endpoints", carried)] if routed else []), *denied, *log]
