"""How a cluster's SNAT ports are used, asked of Azure Monitor now; nobody waits for it longer than a few seconds."""

from datetime import timedelta

from bot.domain.egress import ClusterEgress
from bot.domain.measured import SnatUse, TimeSpan, sources_of, use_from
from bot.ports import Context

DAY = timedelta(days=1)
"""The time that is looked back on."""

WITHIN = timedelta(seconds=5)
"""How long somebody who waits for an answer waits for Azure Monitor; without it, the answer says what is missing."""


def measure(ctx: Context, egress: ClusterEgress) -> tuple[SnatUse, ...]:
    """The last day of everything that gives a cluster its SNAT ports; empty where metrics are off, or nothing has any.

    What could not be read is a sentence in its ``gaps``, never an error.
    """
    sources = sources_of(egress) if ctx.metrics is not None else ()
    if ctx.metrics is None or not sources:
        return ()
    now = ctx.clock.now()
    return tuple(use_from(one) for one in ctx.metrics.read(sources, TimeSpan(now - DAY, now), within=WITHIN).of)
