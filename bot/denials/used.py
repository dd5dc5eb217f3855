"""What is used through a rule that allows everything: what would be denied once that rule is gone."""

from datetime import datetime

from bot.denials.reading import question_for, rules_of
from bot.domain.allowance import Allowance
from bot.domain.egress import ClusterEgress
from bot.domain.egress_filter import egress_filter
from bot.domain.firewall import Flow, rule_for_everything
from bot.domain.firewall_log import Denied, StepKind, denied_from
from bot.domain.firewall_log.next_step import from_allowances
from bot.domain.firewall_log.watch import WatchItem
from bot.domain.fqdn import Destination
from bot.domain.rule_rendering import owner_of
from bot.ports import AllowanceFilter, Context, KnownRules

HTTPS = Destination("example.com")
"""Stands for HTTPS on its usual port, which is what a rule for everything is asked for."""

MOST = 500
"""Groups of records that are read."""


def used_items(ctx: Context, egress: ClusterEgress, span: tuple[datetime, datetime]) -> list[WatchItem]:
    """What an allow-all rule let through; nothing if there is no such rule, or its log could not be read."""
    known, _unread = rules_of(ctx, egress)
    rule = open_rule(known, egress) if known else ""
    asked = question_for(egress, *span, through=(rule,), most=MOST) if rule else None
    if asked is None:
        return []
    found = denied_from(ctx.logs.read(asked).groups)
    with ctx.store.read() as tx:
        rows = tx.allowances.find(AllowanceFilter(cluster=egress.ref.id, only_open=True))
    named = [one for one in found if one.destination is not None]
    return [WatchItem(one, *_step(rule, rows, one, ctx.clock.now()), is_used=True) for one in named]


def open_rule(known: KnownRules, egress: ClusterEgress) -> str:
    """The name of a rule that is not the bot's and allows any name; empty if there is none."""
    way = egress_filter(egress)
    flow = Flow(sources=way.sources, destination=HTTPS, region=egress.ref.region)
    step = rule_for_everything(known.evaluator, flow)
    return (step.rule or "") if step and owner_of(step) is None else ""


def _step(rule: str, rows: list[Allowance], one: Denied, now: datetime) -> tuple[StepKind, str]:
    step = from_allowances(one, rows, now)
    if step is not None:
        return step.kind, step.sentence
    return StepKind.REQUEST, f"Used through rule {rule}, which allows everything; needs an allowance once that is gone."
