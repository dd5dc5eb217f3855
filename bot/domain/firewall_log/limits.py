"""How far an answer about denied traffic holds, in sentences: delay, reach, silent kinds, shared addresses."""

from collections.abc import Iterator
from datetime import timedelta

from bot.domain.dates import time_text
from bot.domain.egress import ClusterEgress
from bot.domain.firewall_log.values import DELAY, Gap, LogKind, LogQuestion, LogReading
from bot.domain.phrases import listed

YOUNG = 2 * DELAY
"""In less time than this a log may well have no record yet."""

POD_NETWORKS = {"overlay": "With overlay networking", "kubenet": "With kubenet", "azure": "Without a pod subnet"}
"""How pods get addresses, by Azure's own words."""

STALE = timedelta(hours=1)
"""A log whose newest record of anybody is older may be interrupted; or nothing passed."""


def limits_of(
    reading: LogReading, asked: LogQuestion, egress: ClusterEgress, sharing: tuple[str, ...]
) -> tuple[str, ...]:
    """Everything that limits an answer.

    Args:
        reading: The answer.
        asked: The question.
        egress: The cluster.
        sharing: The names of other clusters whose sources overlap.
    """
    return (
        f"As of {time_text(reading.asked_at)}. Azure's log lags 3 to 10 minutes; newer denials are not in it yet.",
        *reading.sentences,
        *_silent(reading, asked),
        *_cut(reading),
        *_shared(egress, sharing),
    )


def _silent(reading: LogReading, asked: LogQuestion) -> Iterator[str]:
    """Kinds without any record, and logs that seem to have stopped."""
    is_off = any(gap in (Gap.NO_APPLICATION, Gap.NO_NETWORK) for gap, _ in reading.gaps)
    if is_off or asked.until - asked.since < YOUNG:
        return
    for kind in LogKind:
        reach = reading.reach(kind)
        if reach is None:
            yield (
                f"The log has no record of any {kind} rule in this time: nothing passed them, their category is off, "
                "or the bot may not read their table."
            )
        elif asked.until - reach.last > STALE:
            yield f"The newest record of {kind} rules, of anybody, is from {time_text(reach.last)}."


def _cut(reading: LogReading) -> Iterator[str]:
    left = reading.total - len(reading.groups)
    if left > 0:
        kinds = "kind of records is" if left == 1 else "kinds of records are"
        yield f"{left} older {kinds} left out. Ask for less time to see all."


def _shared(egress: ClusterEgress, sharing: tuple[str, ...]) -> Iterator[str]:
    """Whose traffic a source address can be.

    https://learn.microsoft.com/azure/aks/concepts-network-cni-overview, read 2026-11: outside the network only pods in
    a subnet of their own keep their address; with overlay, kubenet and node subnets it is the node's.
    """
    if not any(path.carries == "pods" for path in egress.paths):
        how = POD_NETWORKS.get(egress.pod_network, "Without a pod subnet")
        yield f"{how} the firewall sees the address of the node, so its log cannot tell the pods of a node apart."
    if sharing:
        yield f"{listed(sharing, 5)} may use the same source addresses; their denials are in here, too."
