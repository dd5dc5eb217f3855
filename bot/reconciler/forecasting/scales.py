"""Which approved scale proposals would be applied next."""

from collections.abc import Sequence
from itertools import groupby

from bot.domain.forecast import ScaleForecast, Unreadable
from bot.domain.scale_proposal import Scale, ScaleStatus, Step, changed_since, next_scale, next_step, scale_status
from bot.errors import EgressError
from bot.inventory.find import read_unless_deleted
from bot.ports import Context


def foresee_scales(ctx: Context, cluster: str | None) -> tuple[tuple[ScaleForecast, ...], tuple[Unreadable, ...]]:
    """Forecast the scale operations, and name what could not be read.

    Args:
        ctx: The context.
        cluster: A cluster's id; empty for none, None for all.
    """
    if cluster == "":
        return (), ()
    with ctx.store.read() as tx:
        found = sorted(tx.scales.find(cluster), key=lambda each: each.plan.cluster_id)
    forecasts: list[ScaleForecast] = []
    unread: list[Unreadable] = []
    for _, group in groupby(found, key=lambda each: each.plan.cluster_id):
        members = list(group)
        try:
            forecasts += _of_cluster(ctx, members)
        except EgressError as error:
            unread.append(Unreadable(members[0].plan.cluster_name, error.sentence))
    return tuple(forecasts), tuple(unread)


def _of_cluster(ctx: Context, found: Sequence[Scale]) -> list[ScaleForecast]:
    """The oldest that was approved, by the state of its cluster, and those behind it."""
    now = ctx.clock.now()
    first = next_scale(found, now)
    if first is None:
        return []
    behind = [one for one in found if one != first and scale_status(one, now) is ScaleStatus.APPROVED]
    waiting = [_forecast(one, f"It waits for {first.id}.") for one in reversed(behind)]
    return [_of_first(ctx, first), *waiting]


def _of_first(ctx: Context, scale: Scale) -> ScaleForecast:
    egress = read_unless_deleted(ctx, scale.plan.cluster_id)
    if egress is None:
        return _forecast(scale, f"The cluster {scale.plan.cluster_name} was deleted in Azure.")
    step = next_step(scale, egress)
    if step is Step.BEGIN:
        why = "Dry run: the bot does not change clusters." if ctx.config.dry_run.is_everywhere else ""
        return _forecast(scale, why, is_applied=True)
    name = scale.plan.cluster_name
    whys = {
        Step.WAIT: f"Azure is changing {name} right now; the bot waits for its end.",
        Step.JUDGE: "Azure was told already; the bot looks at what is there.",
        Step.FAIL: changed_since(scale) if scale.applying_at else f"{name} has changed in Azure; it is planned again.",
    }
    return _forecast(scale, whys[step])


def _forecast(scale: Scale, why: str, *, is_applied: bool = False) -> ScaleForecast:
    plan = scale.plan
    return ScaleForecast(scale.id, plan.cluster_name, plan.change, is_applied, why)
