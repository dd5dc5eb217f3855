"""The scripted traffic of a cluster, as far as its ports go."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.sandbox.arm.world import World


@dataclass(frozen=True, slots=True)
class PortFlow:
    """One pod's connections to one destination, as long as they get out.

    Args:
        node: The number of the node that the pod runs on.
        protocol: ``TCP`` or ``UDP``.
        rate: New connections a minute.
        since: From when.
        until: Until when.
    """

    node: int
    protocol: str
    rate: float
    since: datetime
    until: datetime


def flows_of(world: World, cluster_id: str) -> Iterator[PortFlow]:
    """The flows of a cluster that leave it; what a firewall denies takes no port."""
    for span in world.traffic.spans(cluster_id.lower()):
        flow, ends = span.flow, [world.now, *(one for one in (span.end, span.flow.until) if one)]
        protocol = "UDP" if flow.protocol == "udp" else "TCP"
        since = max(span.start, flow.start)
        if span.seen.outcome.action == "Allow" and since < min(ends):
            yield PortFlow(flow.node, protocol, flow.rate_per_minute, since, min(ends))
