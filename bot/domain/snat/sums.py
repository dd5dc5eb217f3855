"""From a goal to the least number that reaches it, with the sum."""

from dataclasses import dataclass
from math import ceil

from bot.domain.egress import ClusterEgress
from bot.domain.phrases import counted
from bot.domain.snat.capacity import ENOUGH_PORTS_PER_NODE, LB_PORTS_PER_IP, max_nodes, surge_nodes
from bot.domain.snat.changes import SettingChange
from bot.domain.snat.goals import CountGoal
from bot.domain.snat.scalable import Carrier
from bot.domain.snat.settings_plans import PORT_STEP, count_change, ip_count, ports_change, refused
from bot.domain.snat.tiers import LB_TIERS, tier_ports


@dataclass(frozen=True, slots=True)
class _Need:
    """Nodes that must have ports, and how many of them exist only during upgrades."""

    total: int
    surge: int


def least_ips(ports: int, nodes: int, ports_per_ip: int) -> int:
    """The least outbound IPs that have so many ports for each of so many nodes; at least 1."""
    return max(1, ceil(ports * nodes / ports_per_ip))


def most_ports(ips: int, nodes: int) -> int:
    """The most ports that a load balancer can allocate to each of so many nodes."""
    return min(LB_PORTS_PER_IP, ips * LB_PORTS_PER_IP // max(1, nodes) // PORT_STEP * PORT_STEP)


def room_for_nodes(egress: ClusterEgress, carrier: Carrier, nodes: int) -> tuple[SettingChange, str]:
    """What makes room for so many nodes, with the ports that each has now; upgrades of the pools come on top.

    Raises:
        NotScalable: The IPs that it takes are your own.
        InvalidInput: There is room already, or no number makes it.
    """
    if nodes < 1:
        raise refused("Name how many nodes it should have room for: `for 300 nodes`.")
    surge, name = surge_nodes(egress), egress.ref.name
    total, now = nodes + surge, sum(pool.nodes for pool in egress.pools)
    ports = egress.allocated_ports or tier_ports(now) if carrier.is_balancer else ENOUGH_PORTS_PER_NODE
    if carrier.is_balancer and not egress.allocated_ports and total <= _tier_end(now):
        raise refused(
            f"{name} has room for {counted(nodes, 'node')}: Azure's table gives {ports:,} ports to each of up to "
            f"{_tier_end(now)}."
        )
    if carrier.is_balancer and not egress.allocated_ports:
        ports = max(ports, most_ports(ip_count(egress, carrier), total))
    return _reach(egress, carrier, ports, _Need(total, surge))


def _tier_end(nodes: int) -> int:
    return next((most for most, _ in LB_TIERS if nodes <= most), 0)


def room_for_ports(egress: ClusterEgress, carrier: Carrier, ports: int) -> tuple[SettingChange, str]:
    """What gives so many ports to each node, with every autoscaler at its most and every pool in an upgrade.

    Raises:
        NotScalable: The IPs that it takes are your own.
        InvalidInput: They have that already, or no number gives it.
    """
    if ports < 1:
        raise refused("Name how many ports each node should have: `for 4096 ports per node`.")
    most, surge = max_nodes(egress), surge_nodes(egress)
    rounded = ports + -ports % PORT_STEP if carrier.is_balancer else ports
    return _reach(egress, carrier, rounded, _Need(most, surge))


def _reach(egress: ClusterEgress, carrier: Carrier, ports: int, need: _Need) -> tuple[SettingChange, str]:
    """Add outbound IPs, allocate ports, or both."""
    there, least = ip_count(egress, carrier), least_ips(ports, need.total, carrier.ports_per_ip)
    said = _sum(ports, need, least, carrier.ports_per_ip)
    is_allocated = not carrier.is_balancer or ports == egress.allocated_ports
    if least <= there and is_allocated:
        raise refused(f"{egress.ref.name} has {counted(there, 'outbound IP')} already, which is enough. {said}")
    if least <= there:
        return ports_change(egress, carrier, ports), said
    _refuse_more(egress, carrier, need.total, said, least)
    more = count_change(egress, carrier, CountGoal(least))
    return (more if is_allocated else ports_change(egress, carrier, ports, more)), said


def _refuse_more(egress: ClusterEgress, carrier: Carrier, total: int, said: str, least: int) -> None:
    name, there = egress.ref.name, ip_count(egress, carrier)
    if egress.has_own_ips:
        fit = f", or allocate at most {most_ports(there, total):,} ports" if carrier.is_balancer else ""
        raise refused(
            f"{said} {name} has {counted(there, 'IP')} of your own: add more with `/egress scale {name} ips +ID`{fit}."
        )
    if least not in carrier.counts:
        most = carrier.counts.stop - 1
        fit = f" With {most}, at most {most_ports(most, total):,} ports per node fit." if carrier.is_balancer else ""
        raise refused(f"{said} Azure accepts {most} at most.{fit}")


def _sum(ports: int, need: _Need, ips: int, each: int) -> str:
    """Write it out: ``4,096 ports × 13 nodes (3 of them during upgrades) = 53,248; 1 IP × 64,000 = 64,000``."""
    during = f" ({need.surge} of them during upgrades)" if need.surge else ""
    return (
        f"{ports:,} ports × {need.total:,} nodes{during} = {ports * need.total:,}; "
        f"{counted(ips, 'IP')} × {each:,} = {ips * each:,}."
    )
