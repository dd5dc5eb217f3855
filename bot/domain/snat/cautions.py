"""Sentences to read before one decides on a change of outbound settings."""

from bot.domain.egress import ClusterEgress
from bot.domain.snat.capacity import Capacity
from bot.domain.snat.changes import CountChange, IdleChange, OwnIpsChange, PortsChange, SettingChange

_DOWN = "Azure chooses which addresses to remove and does not announce them. Any current address may be removed."
_UP = (
    "New addresses carry traffic immediately. Partners who allowlist by IP must add them first; using "
    "your own public IP prefix avoids this."
)
_FLOWS = "Connections from released addresses break."
_TABLE = "Azure's table assigns the ports: more IPs add no ports to a node. Allocate ports explicitly."
_FEWER = "Nodes that use more SNAT ports than they will have lose those connections."
_BY_TABLE = "By Azure's table each node loses ports as the cluster grows past 50, 100, 200, 400 and 800 nodes."
_SHORTER = "Connections that are idle for longer are dropped. Check keep-alives of databases and message brokers first."
_LONGER = "Idle connections hold their SNAT ports for longer, so fewer are left for new ones."
_REPLACED = "AKS deletes its managed outbound IPs: all present addresses go, and cannot be brought back."
_UNBOUNDED = "AKS shows no node limit here (node auto-provisioning, or pools that AKS hosts): the sum may be too small."


def warnings_of(egress: ClusterEgress, change: SettingChange, then: Capacity) -> tuple[str, ...]:
    """The warnings of a change, the gravest first.

    Args:
        egress: The cluster as it is now.
        change: What is changed.
        then: Its SNAT ports afterwards.
    """
    near = (then.advice,) if then.near_exhaustion else ()
    more = (_UNBOUNDED,) if egress.is_unbounded and not isinstance(change, IdleChange) else ()
    return (*_own_warnings(egress, change), *near, *more)


def _own_warnings(egress: ClusterEgress, change: SettingChange) -> tuple[str, ...]:
    match change:
        case CountChange(direction="down"):
            return _DOWN, _FLOWS
        case CountChange():
            is_by_table = egress.allocated_ports == 0
            return (_UP, _TABLE) if is_by_table else (_UP,)
        case PortsChange():
            return tuple(
                said
                for holds, said in (
                    (change.direction == "down", _FEWER),
                    (not change.after, _BY_TABLE),
                    (change.ips is not None, _UP),
                )
                if holds
            )
        case IdleChange():
            return (_SHORTER,) if change.direction == "down" else (_LONGER,)
        case OwnIpsChange():
            gone = (_REPLACED, _FLOWS) if change.replaced else (_FLOWS,) if change.removed else ()
            return (*gone, _UP) if change.added else gone
