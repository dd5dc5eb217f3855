"""Cluster facts for programs: a plain list, and complete JSON."""

import json
from typing import Any

from bot.domain.allowance import Allowance, status
from bot.domain.egress import ClusterRef, EgressPath, NodePool, RequiredEndpoints
from bot.domain.measured import PortUse, SnatUse
from bot.domain.snat import Capacity
from bot.inventory import EgressReport
from handlers.blocks.block_kit import SECTION_TEXT, fold, message, section
from handlers.replies import Message


def fits_message(report: EgressReport) -> bool:
    """Whether the plain list fits one message without leaving anything out."""
    return sum(len(ip.address) + 1 for ip in report.egress.ips) < SECTION_TEXT - 100


def plain_ips(report: EgressReport) -> str:
    """One address or prefix a line, nothing else."""
    return "".join(f"{ip.address}\n" for ip in report.egress.ips)


def egress_ips(report: EgressReport) -> Message:
    """The outbound IPs and nothing else, to be copied."""
    lines = [ip.address for ip in report.egress.ips]
    text = f"```{fold(lines, SECTION_TEXT - 10)}```" if lines else "No known public outbound IP."
    return message(f"Outbound IPs of {report.egress.ref.name}", [section(text)])


def egress_json(report: EgressReport) -> str:
    """``egress_facts`` as a file."""
    return json.dumps(egress_facts(report), indent=2, ensure_ascii=False)


def egress_facts(report: EgressReport) -> dict[str, Any]:
    """The report for programs: names that stay, every list whole.

    ``cluster`` {id, name, subscription, resource_group, location, tags}; ``environment``; ``read_at`` (ISO 8601, UTC);
    ``state``; ``is_converging``, ``is_running``, ``is_private``; ``outbound_type`` (declared); ``effective`` [kind];
    ``managed_ips_wanted`` {ipv4, ipv6}; ``nat_sku``; ``http_proxy``; ``idle_timeout_s``; ``outbound_ips`` [{address,
    version, origin, id, serves_ingress}]; ``ingress_ips`` [{address, via, name, serves_egress}]; ``node_pools``
    [{name, nodes, autoscaler_max, surge_nodes, node_public_ip, static_egress_gateway}]; ``snat`` [{kind, through,
    pools, ip_count, ports_per_ip, total_ports, ports_per_node, nodes_now, surge_nodes, max_nodes, headroom_nodes,
    next_step_down {at_nodes, ports_per_node}, near_exhaustion, is_shared, advice}], the tightest first; ``snat_use``
    [{source, kind, since, until, peak_share (0 to 1), nodes [{node, frontend, protocol, allocated, used, peak,
    peak_share, peak_at}] the fullest first, failed_connections, connections_per_minute, dropped_packets,
    availability_percent, utilization_percent, health_percent, health_reason, unread [sentence]}]; ``paths``
    [{pools, subnet, kind, outbound_ips, sources, next_hop, nat_gateway, firewall, rules_in, why, carries (all, pods,
    nodes, virtualNodes), destinations (prefixes; empty is everything), behind}];
    ``required_endpoints`` {checked_at, tag_rule, endpoints [{category, domain, port, protocol, standing, by, why}]} or
    null; ``allowances`` [{id, status, destinations, expires_at}]; ``warnings`` [{code, sentence, way_out}]. Ports and
    nodes are whole numbers; what Azure does not say is null.
    """
    egress = report.egress
    return {
        "cluster": _cluster(egress.ref),
        "environment": report.environment,
        "read_at": report.read_at.isoformat(),
        **_same(egress, "state", "is_converging", "is_running", "is_private"),
        "outbound_type": egress.declared,
        "effective": egress.effective,
        "managed_ips_wanted": {"ipv4": egress.desired_ip_count, "ipv6": egress.desired_ipv6_count},
        **_same(egress, "nat_sku", "http_proxy"),
        "idle_timeout_s": int(egress.idle_timeout.total_seconds()) if egress.idle_timeout else None,
        "outbound_ips": [_same(ip, "address", "version", "origin", "id", "serves_ingress") for ip in egress.ips],
        "ingress_ips": [_same(ip, "address", "via", "name", "serves_egress") for ip in egress.ingress],
        "node_pools": [_pool(pool) for pool in egress.pools],
        "snat": [_snat(way) for way in report.capacities],
        "snat_use": [_use(use) for use in report.uses],
        "paths": [_path(path) for path in egress.paths],
        "required_endpoints": _endpoints(report, report.endpoints) if report.endpoints else None,
        "allowances": [_allowance(allowance, report) for allowance in report.allowances],
        "warnings": [_same(one, "code", "sentence", "way_out") for one in egress.warnings],
    }


def _same(value: object, *names: str) -> dict[str, Any]:
    """The attributes that a program sees under their own names."""
    return {name: getattr(value, name) for name in names}


def _cluster(ref: ClusterRef) -> dict[str, Any]:
    return {**_same(ref, "id", "name", "subscription", "resource_group", "location"), "tags": dict(ref.tags)}


def _pool(pool: NodePool) -> dict[str, Any]:
    return {
        "name": pool.name,
        "nodes": pool.nodes,
        "autoscaler_max": pool.max_count if pool.autoscaling else None,
        "surge_nodes": pool.surge_nodes,
        "node_public_ip": pool.node_public_ip,
        "static_egress_gateway": pool.mode.lower() == "gateway",
    }


def _snat(way: Capacity) -> dict[str, Any]:
    cliff = way.cliff
    step = {"at_nodes": cliff.at_nodes, "ports_per_node": cliff.ports_after} if cliff else None
    return {
        "kind": way.kind,
        "through": way.through or None,
        **_same(way, "pools", "ip_count", "ports_per_ip", "total_ports", "ports_per_node", "nodes_now", "surge_nodes"),
        "max_nodes": None if way.is_unbounded else way.max_nodes,
        "headroom_nodes": way.headroom_nodes,
        "next_step_down": step,
        **_same(way, "near_exhaustion", "is_shared", "advice"),
    }


def _use(use: SnatUse) -> dict[str, Any]:
    return {
        "source": use.source.id,
        "kind": use.source.kind,
        "since": use.span.since.isoformat(),
        "until": use.span.until.isoformat(),
        "peak_share": use.share,
        "nodes": [_node_use(one) for one in use.ports],
        "failed_connections": use.failed,
        "connections_per_minute": use.connections,
        "dropped_packets": use.dropped,
        "availability_percent": use.availability,
        "utilization_percent": use.utilization,
        "health_percent": use.health,
        "health_reason": use.reason or None,
        "unread": list(use.gaps),
    }


def _node_use(one: PortUse) -> dict[str, Any]:
    return {
        **_same(one, "node", "frontend", "protocol", "allocated", "used", "peak"),
        "peak_share": one.share,
        "peak_at": one.peak_at.isoformat() if one.peak_at else None,
    }


def _path(path: EgressPath) -> dict[str, Any]:
    return {
        "pools": path.pools,
        "subnet": path.subnet_id,
        "kind": path.kind,
        "outbound_ips": [ip.address for ip in path.ips],
        **_same(path, "sources", "next_hop", "nat_gateway", "firewall"),
        "rules_in": path.target.id if path.target else None,
        **_same(path, "why", "carries", "destinations"),
        "behind": path.behind or None,
    }


def _endpoints(report: EgressReport, found: RequiredEndpoints) -> dict[str, Any]:
    return {
        "checked_at": report.endpoints_at.isoformat() if report.endpoints_at else None,
        "tag_rule": found.tag_rule or None,
        "endpoints": [
            {
                **_same(check.endpoint, "category", "domain", "port", "protocol"),
                "standing": check.standing,
                "by": check.by or None,
                "why": check.why or None,
            }
            for check in found.checks
        ],
    }


def _allowance(allowance: Allowance, report: EgressReport) -> dict[str, Any]:
    return {
        "id": allowance.id,
        "status": status(allowance, report.read_at),
        "destinations": [str(destination) for destination in allowance.destinations],
        "expires_at": allowance.expires_at.isoformat() if allowance.expires_at else None,
    }
