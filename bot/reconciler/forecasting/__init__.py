"""Forecasts of the next round of each writer. Takes no lease and writes nothing.

It reads Azure and the database as the writers do and decides by the same functions: ``moved.following``,
``observation.observation_of``, ``drift_of``, ``repeats``, ``require_safe`` and ``next_step``. What a writer does in
several rounds (follow what an allowance rests on, take note of drift, write) is foreseen in one.
"""

from bot.domain.forecast import Forecast
from bot.ports import Context
from bot.reconciler.forecasting.choosing import choose
from bot.reconciler.forecasting.scales import foresee_scales
from bot.reconciler.forecasting.targets import foresee_targets

__all__ = ["foresee"]


def foresee(ctx: Context, name: str | None = None) -> Forecast:
    """Forecast the next writes.

    What cannot be read is said in the forecast and does not hide the rest.

    Args:
        ctx: The context; nobody is asked who they are.
        name: A cluster, firewall policy or classic firewall, by name or ARM id; None for everything that is written.

    Raises:
        UnknownCluster: Nothing is called that.
        AmbiguousCluster: Several things are; the sentence has their ids.
        Unavailable, Refused: The database, or Azure while the name was looked for, could not be read.
    """
    choice = choose(ctx, name)
    targets, unread = foresee_targets(ctx, choice.targets, is_whole=name is None)
    scales, unread_clusters = foresee_scales(ctx, choice.cluster)
    return Forecast(targets, scales, (*choice.unreadable, *unread, *unread_clusters))
