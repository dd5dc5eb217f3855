"""One cluster in full: the answer first, then why, then capacity, then warnings."""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_network

from bot.domain.allowance import Allowance, Status, status
from bot.domain.configuration import Configuration
from bot.domain.egress import ClusterEgress, EgressPath, EgressWarning, EndpointStatus, OutboundIp, PathKind
from bot.domain.phrases import counted, listed
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
    fold,
    header,
    message,
    section,
    value,
    when,
)
from handlers.blocks.clusters.charts import use_charts
from handlers.blocks.clusters.measured import measured_blocks
from handlers.blocks.clusters.phrases import VIA, WAYS, without_ips
from handlers.blocks.clusters.ports import port_blocks
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
            *port_blocks(report),
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
        rest=f"{_json(egress)} has everything.",
    )


def _json(egress: ClusterEgress) -> str:
    """The command that leaves nothing out."""
    return f"`/egress show {escape(egress.ref.name)} json`"


def _spoken(egress: ClusterEgress) -> str:
    addresses = listed([ip.address for ip in egress.ips], 10)
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
    text = "\n".join([head, fold(lines, 2500, most=PATHS_SHOWN, rest=_json(egress))] if lines else [head])
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


def _ingress(egress: ClusterEgress) -> list[Block]:
    lines = [
        f"{code(ip.address)} {VIA[ip.via]}, {escape(ip.name)}{' — *also an egress IP*' if ip.serves_egress else ''}"
        for ip in egress.ingress
    ]
    head = "*Ingress IPs* (inbound only, not used for egress)"
    return [section(f"{head}\n{fold(lines, 2500, most=INGRESS_SHOWN, rest=_json(egress))}")] if lines else []


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
    rest = f"`/egress requests {escape(report.egress.ref.name)}`"
    return [section(f"*Allowances*\n{fold(lines, 2500, most=ALLOWANCES_SHOWN, rest=rest)}")] if lines else []


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
    return [divider(), section(fold(lines, most=WARNINGS_SHOWN, rest=_json(report.egress)))] if lines else []


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
