"""Adds to a plan how the ports were used before it."""

from dataclasses import replace

from bot.domain.egress import ClusterEgress
from bot.domain.measured import measured_sentence
from bot.domain.snat import ScalePlan
from bot.inventory import measure
from bot.ports import Context


def with_use(ctx: Context, plan: ScalePlan, egress: ClusterEgress) -> ScalePlan:
    """The plan with what Azure Monitor measured in the last day; as it is where nothing is known."""
    return replace(plan, measured=measured_sentence(egress, measure(ctx, egress), plan.then))
