"""Plans a change of a cluster's outbound settings: what Azure would refuse is refused before."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.domain.egress import ClusterEgress, OutboundIp
from bot.domain.snat.capacity import Capacity, capacities
from bot.domain.snat.cautions import warnings_of
from bot.domain.snat.changes import CountChange, IdleChange, OwnIpsChange, PortsChange, SettingChange
from bot.domain.snat.goals import CountGoal, Goal, IdleGoal, NodePortsGoal, NodesGoal, OwnIpsGoal, PortsGoal
from bot.domain.snat.own_ips import OwnIp, refuse_unusable
from bot.domain.snat.scalable import Carrier, carrier_of
from bot.domain.snat.scale_plan import ScalePlan, base_digest
from bot.domain.snat.settings_plans import count_change, idle_change, own_ips_change, ports_change
from bot.domain.snat.sums import room_for_nodes, room_for_ports

Found = Mapping[str, OwnIp | None]
"""What was read of the ids that a goal adds; None where one does not exist."""


def plan_scale(egress: ClusterEgress, goal: Goal, found: Found | None = None) -> ScalePlan:
    """Plan what a goal calls for.

    Args:
        egress: The cluster as it is now.
        goal: What is wanted.
        found: Of a goal that adds own IPs, what was read of them; what could not be read is left out.

    Raises:
        NotScalable: AKS cannot change this setting of this cluster, or is changing the cluster right now.
        InvalidInput: Azure would refuse it, nothing would change, or no number reaches the goal.
    """
    carrier, read = carrier_of(egress), found or {}
    change, said = _change(egress, carrier, goal)
    if isinstance(goal, OwnIpsGoal):
        refuse_unusable(egress, {id_: one for id_, one in read.items() if id_ in _added(change)}, sku=carrier.sku)
    then = _after(egress, carrier, change, read)
    return _plan(egress, carrier, change, then, said)


def _added(change: SettingChange) -> tuple[str, ...]:
    return change.added if isinstance(change, OwnIpsChange) else ()


def _change(egress: ClusterEgress, carrier: Carrier, goal: Goal) -> tuple[SettingChange, str]:
    """The change, and the sum behind it."""
    match goal:
        case CountGoal():
            return count_change(egress, carrier, goal), ""
        case PortsGoal():
            return ports_change(egress, carrier, goal.ports), ""
        case IdleGoal():
            return idle_change(egress, goal.minutes), ""
        case OwnIpsGoal():
            return own_ips_change(egress, carrier, goal), ""
        case NodesGoal():
            return room_for_nodes(egress, carrier, goal.nodes)
        case NodePortsGoal():
            return room_for_ports(egress, carrier, goal.ports)


def _plan(egress: ClusterEgress, carrier: Carrier, change: SettingChange, after: ClusterEgress, said: str) -> ScalePlan:
    now, then = _capacity(egress, carrier), _capacity(after, carrier)
    before = change.addresses(egress)
    return ScalePlan(
        cluster_id=egress.ref.id,
        cluster_name=egress.ref.name,
        kind=carrier.kind,
        etag=egress.etag,
        change=change,
        ips_before=before,
        at_risk=_at_risk(change, before, after),
        ports_before=now.total_ports,
        ports_after=then.total_ports,
        warnings=warnings_of(egress, change, then),
        base_digest=base_digest(egress),
        coming=tuple(sorted({ip.address for ip in after.ips} - {*before, *_TO_COME})),
        now=now,
        then=then,
        sum=said,
    )


_TO_COME = tuple(f"0.0.0.{n}" for n in range(1, 101))
"""Place holders of addresses that Azure has yet to choose, or that could not be read."""


def _at_risk(change: SettingChange, before: tuple[str, ...], after: ClusterEgress) -> tuple[str, ...]:
    """All of them where Azure chooses; of one's own, those that go."""
    if isinstance(change, OwnIpsChange):
        stay = {ip.address for ip in after.ips}
        return tuple(address for address in before if address not in stay)
    return before if isinstance(change, CountChange) and change.after < len(before) else ()


def _capacity(egress: ClusterEgress, carrier: Carrier) -> Capacity:
    found = capacities(egress)
    return next((one for one in found if one.kind is carrier.path), found[0])


def _after(egress: ClusterEgress, carrier: Carrier, change: SettingChange, read: Found) -> ClusterEgress:
    """The cluster as it would be; addresses that Azure has yet to choose have a place holder."""
    match change:
        case CountChange():
            return egress if change.ipv6 else _with_ips(egress, carrier, _counted(egress, change.after))
        case PortsChange():
            wider = replace(egress, allocated_ports=change.after)
            return _with_ips(wider, carrier, _counted(egress, change.ips.after)) if change.ips else wider
        case IdleChange():
            return replace(egress, idle_timeout=timedelta(minutes=change.after))
        case OwnIpsChange():
            return _with_ips(egress, carrier, _owned(egress, change, read))


def _with_ips(egress: ClusterEgress, carrier: Carrier, ips: tuple[OutboundIp, ...]) -> ClusterEgress:
    paths = (replace(path, ips=ips) if path.kind is carrier.path else path for path in egress.paths)
    return replace(egress, paths=tuple(paths))


def _counted(egress: ClusterEgress, count: int) -> tuple[OutboundIp, ...]:
    there = [ip for ip in egress.ips if ip.version == 4][:count]
    rest = (OutboundIp(address, 4, None, "managed") for address in _TO_COME[: count - len(there)])
    return (*there, *rest, *(ip for ip in egress.ips if ip.version == 6))


def _owned(egress: ClusterEgress, change: OwnIpsChange, read: Found) -> tuple[OutboundIp, ...]:
    known = {ip.id: ip for ip in egress.ips}
    ids = zip(change.after, _TO_COME, strict=False)
    return tuple(known.get(id_) or _own_ip(read.get(id_), id_, place) for id_, place in ids)


def _own_ip(one: OwnIp | None, id_: str, place: str) -> OutboundIp:
    return OutboundIp(one.address if one and one.address else place, 4, id_, "own")
