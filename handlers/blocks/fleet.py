"""Clusters: the list, one in full, and whose an IP is."""

import json
from collections.abc import Sequence
from datetime import datetime

from bot.domain.allowance import Allowance, status
from bot.domain.duration import duration_text
from bot.domain.egress import ClusterEgress, EgressPath, OutboundType
from bot.domain.snat import Capacity, capacity
from bot.inventory import EgressReport, FleetPage
from handlers.blocks.card import names_of, until
from handlers.blocks.kit import (
    SECTION_TEXT,
    TYPED,
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
from handlers.blocks.words import NO_CLUSTER
from handlers.replies import Block, Message

PAGE = 10
"""Clusters on one page: what fits a phone."""

ALLOWANCES_SHOWN = 10
WARNINGS_SHOWN = 10
PATHS_SHOWN = 8


def fleet_list(page: FleetPage, words: str, number: int) -> Message:
    """One page of the clusters.

    Args:
        page: All that fit the words.
        words: What was searched for.
        number: Which page, from 1.
    """
    last = max(1, -(-len(page.clusters) // PAGE))
    at = min(max(1, number), last)
    shown = page.clusters[(at - 1) * PAGE : at * PAGE]
    if not shown:
        return message(_none(page, words))
    title = f"{len(page.clusters)} of {page.total} clusters" if words else _counted(page.total, "cluster")
    blocks = [header(title), *(section(_line(egress)) for egress in shown)]
    blocks += [context(f"Page {at} of {last}. As last read from Azure; `/egress show CLUSTER` reads it anew.")]
    return message(title, [*blocks, *actions(*_turns(words, at, last))])


def _none(page: FleetPage, words: str) -> str:
    if page.total:
        return f"None of the {page.total} clusters that you may see fits “{escape(words)}”."
    return NO_CLUSTER


def _turns(words: str, at: int, last: int) -> list[Block]:
    turns = (("Back", "list_back", at - 1, at > 1), ("Next", "list_next", at + 1, at < last))
    return [
        button(text, name, value(words=words[:TYPED], page=page)) for text, name, page, is_there in turns if is_there
    ]


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _line(egress: ClusterEgress) -> str:
    ips = fold([code(ip.address) for ip in egress.ips], 400, most=4, joint=" ") if egress.ips else _without_ips(egress)
    marks = "".join(
        [
            " :warning:" if egress.warnings else "",
            "" if egress.is_running else " :double_vertical_bar: stopped",
            " :gear: changing" if egress.is_converging else "",
        ]
    )
    return f"*{escape(egress.ref.name)}*  {escape(egress.declared)}{marks}\n{ips}  {headroom(capacity(egress))}"


def _without_ips(egress: ClusterEgress) -> str:
    return "no way out" if _has_no_way_out(egress) else "no public IP known"


def _has_no_way_out(egress: ClusterEgress) -> bool:
    return egress.outbound_type in (OutboundType.NONE, OutboundType.BLOCK)


def headroom(ports: Capacity) -> str:
    """The SNAT state in a few words."""
    if ports.near_exhaustion:
        return "SNAT ports: :red_circle: near exhaustion"
    if ports.headroom_nodes is not None:
        return f"SNAT ports: room for {_counted(max(0, ports.headroom_nodes), 'more node')}"
    return f"SNAT ports: {ports.total_ports:,} on demand" if ports.total_ports else ""


def egress_report(report: EgressReport) -> Message:
    """One cluster in full, the answer first."""
    egress, name = report.egress, report.egress.ref.name
    return message(
        _spoken(egress),
        [
            header(f"{name}: {_answer(egress)}"),
            *_addresses(egress),
            *_paths(egress),
            *_ports(egress, report.capacity),
            *_ingress(egress),
            *_allowances(report.allowances, report.read_at),
            *_warnings(egress),
            context(
                f"{escape(report.environment)}, {escape(egress.ref.location)}, state {escape(egress.state)}. "
                f"Read from Azure {when(report.read_at)}."
            ),
            *actions(*_offers(egress)),
        ],
    )


def _spoken(egress: ClusterEgress) -> str:
    addresses = ", ".join(ip.address for ip in egress.ips[:10])
    return f"{egress.ref.name} leaves through {addresses}" if addresses else f"{egress.ref.name}: {_answer(egress)}"


def _answer(egress: ClusterEgress) -> str:
    count = len(egress.ips)
    if count == 1:
        return f"leaves through {egress.ips[0].address}"
    return f"leaves through {count} addresses" if count else _without_ips(egress)


def _addresses(egress: ClusterEgress) -> list[Block]:
    if not egress.ips:
        return []
    lines = [ip.address for ip in egress.ips]
    shared = [ip.address for ip in egress.ips if ip.serves_ingress]
    note = f"Also reached from outside at {fold([code(ip) for ip in shared], 600, joint=', ')}." if shared else ""
    return [section(f"```{fold(lines, SECTION_TEXT - 100)}```"), *([context(note)] if note else [])]


def _paths(egress: ClusterEgress) -> list[Block]:
    effective = " and ".join(egress.effective) or "unknown"
    head = f"*Declared* {code(egress.declared)}  →  *effective* {code(effective)}"
    lines = [_path(path, is_only=len(egress.paths) == 1) for path in egress.paths]
    return [section("\n".join([head, fold(lines, 2500, most=PATHS_SHOWN)] if lines else [head]))]


def _path(path: EgressPath, *, is_only: bool) -> str:
    pools = "" if is_only or not path.pools else f"{', '.join(code(pool) for pool in path.pools[:5])}: "
    target = f" Rules: {code(path.target.name)}." if path.target else ""
    return f"• {pools}{escape(path.why)}{target}"


def _ports(egress: ClusterEgress, ports: Capacity) -> list[Block]:
    timeout = duration_text(egress.idle_timeout) if egress.idle_timeout else ""
    total = f"{ports.total_ports:,} ({ports.ports_per_ip:,} for each of {_counted(ports.ip_count, 'IP')})"
    now = f"{ports.nodes_now} now, {ports.max_nodes} at most"
    per_node = f"{ports.ports_per_node:,}" if ports.ports_per_node is not None else "on demand"
    advice = f"{':red_circle:' if ports.near_exhaustion else ':white_check_mark:'} {escape(ports.advice)}"
    if not ports.total_ports:
        is_known = _has_no_way_out(egress) or not ports.advice
        return [] if is_known else [context(escape(ports.advice))]
    facts = [("SNAT ports", total), ("Per node", per_node), ("Nodes", now), ("Idle timeout", timeout)]
    return [*fields(facts), section(advice)]


def _ingress(egress: ClusterEgress) -> list[Block]:
    lines = [f"{code(ip.address)} {escape(ip.name)} ({ip.via})" for ip in egress.ingress]
    return [section(f"*Ingress IPs* (how it is reached, not how it leaves)\n{fold(lines, 1500)}")] if lines else []


def _allowances(allowances: Sequence[Allowance], now: datetime) -> list[Block]:
    lines = [allowance_line(one, now) for one in allowances]
    return [section(f"*Allowances*\n{fold(lines, 2500, most=ALLOWANCES_SHOWN)}")] if lines else []


def allowance_line(allowance: Allowance, now: datetime) -> str:
    """One line of a list."""
    state = status(allowance, now)
    ends = f"  {until(allowance)}" if allowance.expires_at else ""
    return f"{code(allowance.id)}  *{state}*  {code(allowance.scope.cluster_name)} to {names_of(allowance)}{ends}"


def _warnings(egress: ClusterEgress) -> list[Block]:
    lines = [f":warning: {escape(one.sentence)} {escape(one.way_out)}".strip() for one in egress.warnings]
    return [divider(), section(fold(lines, most=WARNINGS_SHOWN))] if lines else []


def _offers(egress: ClusterEgress) -> list[Block]:
    has_target = any(path.target for path in egress.paths)
    request = button("Request egress…", "open_request", value(cluster=egress.ref.name), style="primary")
    return [request] if has_target else []


def egress_ips(report: EgressReport) -> Message:
    """The outbound IPs and nothing else, to be copied."""
    lines = [ip.address for ip in report.egress.ips]
    text = f"```{fold(lines, SECTION_TEXT - 10)}```" if lines else "No public outbound IP is known."
    return message(f"Outbound IPs of {report.egress.ref.name}", [section(text)])


def egress_json(report: EgressReport) -> str:
    """The report for programs: stable names, every list whole."""
    egress, ports = report.egress, report.capacity
    content = {
        "cluster": {"id": egress.ref.id, "name": egress.ref.name, "location": egress.ref.location},
        "environment": report.environment,
        "read_at": report.read_at.isoformat(),
        "state": egress.state,
        "outbound_type": egress.declared,
        "effective": [str(kind) for kind in egress.effective],
        "outbound_ips": [{"address": ip.address, "origin": ip.origin, "id": ip.id} for ip in egress.ips],
        "ingress_ips": [{"address": ip.address, "via": ip.via, "name": ip.name} for ip in egress.ingress],
        "snat": {
            "total_ports": ports.total_ports,
            "ports_per_ip": ports.ports_per_ip,
            "ports_per_node": ports.ports_per_node,
            "nodes_now": ports.nodes_now,
            "max_nodes": ports.max_nodes,
            "headroom_nodes": ports.headroom_nodes,
            "near_exhaustion": ports.near_exhaustion,
        },
        "idle_timeout_s": egress.idle_timeout.total_seconds() if egress.idle_timeout else None,
        "paths": [_path_json(path) for path in egress.paths],
        "allowances": [_allowance_json(allowance, report.read_at) for allowance in report.allowances],
        "warnings": [{"code": one.code, "sentence": one.sentence, "way_out": one.way_out} for one in egress.warnings],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _path_json(path: EgressPath) -> dict[str, object]:
    return {
        "pools": list(path.pools),
        "kind": str(path.kind),
        "sources": list(path.sources),
        "next_hop": path.next_hop,
        "firewall": path.firewall,
        "rules_in": path.target.id if path.target else None,
        "why": path.why,
    }


def _allowance_json(allowance: Allowance, now: datetime) -> dict[str, object]:
    return {
        "id": allowance.id,
        "status": str(status(allowance, now)),
        "destinations": [str(destination) for destination in allowance.destinations],
        "expires_at": allowance.expires_at.isoformat() if allowance.expires_at else None,
    }


def owners(address: str, clusters: Sequence[ClusterEgress]) -> Message:
    """Whose an IP is."""
    shown = code(address.strip())
    if not clusters:
        return message(f"No cluster that you may see leaves through {shown}.")
    lines = [f"{code(one.ref.name)}  {escape(one.declared)}, {escape(one.ref.resource_group)}" for one in clusters]
    shared = " They share it (a firewall or NAT gateway)." if len(clusters) > 1 else ""
    leave = "leaves" if len(clusters) == 1 else "leave"
    head = f"{_counted(len(clusters), 'cluster')} {leave} through {shown}.{shared}"
    return message(head, [section(head), section(fold(lines))])
