"""What is used through a rule that allows everything: what would be denied once that rule is gone."""

from datetime import datetime

from bot.denials.reading import question_for, rules_of
from bot.domain.egress import ClusterEgress
from bot.domain.egress_filter import egress_filter
from bot.domain.firewall import Flow, TraceStep, rule_for_everything
from bot.domain.firewall_log import Denied, LogGroup, LogReading, StepKind, denied_from
from bot.domain.firewall_log.next_step import AskedBefore, from_allowances
from bot.domain.firewall_log.watch import WatchItem
from bot.domain.fqdn import Destination
from bot.domain.rule_rendering import owner_of
from bot.ports import AllowanceFilter, Context, KnownRules

HTTPS = Destination("example.com")
"""Stands for HTTPS on its usual port, which is what a rule for everything is asked for."""

MOST = 500
"""Groups of records that are read."""


def used_items(
    ctx: Context, egress: ClusterEgress, span: tuple[datetime, datetime]
) -> tuple[list[WatchItem], tuple[str, ...]]:
    """What an allow-all rule let through, if there is one, and sentences about what of it could not be read."""
    known, unread = rules_of(ctx, egress)
    step = open_rule(known, egress) if known else None
    rule = (step.rule or "") if step else ""
    asked = question_for(egress, *span, through=(rule,), most=MOST) if rule else None
    if step is None or asked is None:
        return [], unread
    reading = ctx.logs.read(asked)
    found = denied_from(one for one in reading.groups if _is_through(step, one))
    with ctx.store.read() as tx:
        rows = AskedBefore(tx.allowances.find(AllowanceFilter(cluster=egress.ref.id, only_open=True)))
    named = [one for one in found if one.destination is not None]
    items = [WatchItem(one, *_step(rule, rows, one, ctx.clock.now()), is_used=True) for one in named]
    return items, (*reading.sentences, *_cut(reading, rule))


def _is_through(step: TraceStep, group: LogGroup) -> bool:
    """Whether records are of this very rule: the names of rules are unique within their collection only.

    The policy is left out, because records of classic firewalls name none.
    """
    place = step.group.casefold(), step.collection.casefold()
    return (group.group.casefold(), group.collection.casefold()) == place


def _cut(reading: LogReading, rule: str) -> tuple[str, ...]:
    left = reading.total - len(reading.groups)
    return (f"{left} older kinds of records of what rule {rule} let through are left out.",) if left > 0 else ()


def open_rule(known: KnownRules, egress: ClusterEgress) -> TraceStep | None:
    """A rule that is not the bot's and allows any name; None if there is none."""
    way = egress_filter(egress)
    flow = Flow(sources=way.sources, destination=HTTPS, region=egress.ref.region)
    step = rule_for_everything(known.evaluator, flow)
    return step if step and owner_of(step) is None else None


def _step(rule: str, rows: AskedBefore, one: Denied, now: datetime) -> tuple[StepKind, str]:
    step = from_allowances(one, rows, now)
    if step is not None:
        return step.kind, step.sentence
    return StepKind.REQUEST, f"Used through rule {rule}, which allows everything; needs an allowance once that is gone."
