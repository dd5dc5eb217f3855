"""What is used through a rule that allows everything: what would be denied once that rule is gone."""

from collections.abc import Sequence
from datetime import datetime

from bot.denials.reading import question_for, rules_of
from bot.domain.egress import ClusterEgress
from bot.domain.egress_filter import egress_filter
from bot.domain.firewall import Flow, TraceStep, is_same_rule, rule_for_everything
from bot.domain.firewall_log import Denied, LogGroup, LogReading, StepKind, denied_from
from bot.domain.firewall_log.next_step import AskedBefore, from_allowances
from bot.domain.firewall_log.watch import WatchItem
from bot.domain.fqdn import Destination, Protocol
from bot.domain.phrases import listed
from bot.domain.rule_rendering import owner_of
from bot.ports import AllowanceFilter, Context, KnownRules

USUAL = (
    Destination("example.com"),
    Destination("example.com", Protocol.HTTP, 80),
    Destination("example.com", Protocol.TCP, 443),
    Destination("example.com", Protocol.TCP, 80),
)
"""Stand for what a rule for everything is asked for: application rules for HTTPS or HTTP alone, and network rules."""

MOST = 500
"""Groups of records that are read."""


def used_items(
    ctx: Context, egress: ClusterEgress, span: tuple[datetime, datetime]
) -> tuple[list[WatchItem], tuple[str, ...]]:
    """What rules that allow everything let through, if there are any, and sentences about what of it is not known."""
    known, unread = rules_of(ctx, egress)
    steps = open_rules(known, egress) if known else []
    rules = tuple(dict.fromkeys(step.rule for step in steps if step.rule))
    asked = question_for(egress, *span, through=rules, most=MOST) if rules else None
    if asked is None:
        return [], unread
    reading = ctx.logs.read(asked)
    with ctx.store.read() as tx:
        rows = AskedBefore(tx.allowances.find(AllowanceFilter(cluster=egress.ref.id, only_open=True)))
    items, nameless = dict[object, WatchItem](), list[str]()
    for step in steps:
        found = denied_from(one for one in reading.groups if _is_through(step, one))
        named = [one for one in found if one.destination is not None]
        for one in named:
            items.setdefault(one.key, WatchItem(one, *_step(step.rule or "", rows, one, ctx.clock.now()), is_used=True))
        nameless += _nameless(step, [one for one in found if one.destination is None])
    return list(items.values()), (*reading.sentences, *nameless, *_cut(reading, rules))


def _nameless(step: TraceStep, some: list[Denied]) -> list[str]:
    """Addresses alone cannot be requested: whoever relies on what is collected has to know of them."""
    if not some:
        return []
    shown = listed([f"{one.name}:{one.port}" for one in some], MOST_SHOWN)
    it = "it" if len(some) == 1 else "they"
    said = f"Rule {step.rule} lets everything through, also {shown}, of which the log names no host."
    return [f"{said} Without a name {it} cannot be requested; once that rule is gone, {it} will be denied."]


MOST_SHOWN = 5
"""Addresses that one sentence names."""


def _is_through(step: TraceStep, group: LogGroup) -> bool:
    """Whether records are of this very rule: the names of rules are unique within their collection only.

    The policy is left out, because records of classic firewalls name none.
    """
    place = step.group.casefold(), step.collection.casefold()
    return (group.group.casefold(), group.collection.casefold()) == place


def _cut(reading: LogReading, rules: Sequence[str]) -> tuple[str, ...]:
    left = reading.total - len(reading.groups)
    if left <= 0:
        return ()
    kinds, are = ("kind of records", "is") if left == 1 else ("kinds of records", "are")
    named = f"{'rule' if len(rules) == 1 else 'rules'} {' and '.join(rules)}"
    return (f"{left} older {kinds} of what {named} let through {are} left out.",)


def open_rules(known: KnownRules, egress: ClusterEgress) -> list[TraceStep]:
    """The rules that are not the bot's and allow any name, for the whole cluster or for some of its node pools."""
    whole = egress_filter(egress).sources
    places = dict.fromkeys((whole, *(path.sources for path in egress.paths if path.firewall)))
    found: list[TraceStep] = []
    for sources in filter(None, places):
        for destination in USUAL:
            flow = Flow(sources=sources, destination=destination, region=egress.ref.region)
            step = rule_for_everything(known.evaluator, flow)
            if step and owner_of(step) is None and not any(is_same_rule(step, other) for other in found):
                found.append(step)
    return found


def _step(rule: str, rows: AskedBefore, one: Denied, now: datetime) -> tuple[StepKind, str]:
    step = from_allowances(one, rows, now)
    if step is not None:
        return step.kind, step.sentence
    return StepKind.REQUEST, f"Used through rule {rule}, which allows everything; needs an allowance once that is gone."
