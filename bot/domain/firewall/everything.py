"""Rules that allow everything: what passes through them was granted to nobody in particular."""

from dataclasses import replace

from bot.domain.firewall.evaluate import Evaluator
from bot.domain.firewall.order import kind_of
from bot.domain.firewall.rules import RuleKind
from bot.domain.firewall.verdict import Flow, Outcome, Stage, TraceStep
from bot.domain.fqdn import Destination

ANYTHING = "nobody-asks-for-this.example"
"""A name that only a rule for everything allows: the top level domain is reserved (RFC 2606)."""

_STAGES = {RuleKind.APPLICATION: Stage.APPLICATION, RuleKind.NETWORK: Stage.NETWORK}


def rule_for_everything(evaluator: Evaluator, flow: Flow) -> TraceStep | None:
    """Find the rule that allows any name at a flow's protocol and port; None if there is none.

    Only a rule of the flow's own kind counts: no application rule takes effect after a network rule for everything.
    """
    asked = flow.destination
    anything = Destination(ANYTHING, asked.protocol, asked.port)
    found = evaluator.evaluate(replace(flow, destination=anything, addresses=(), published=frozenset()))
    step = found.deciding
    if found.outcome is not Outcome.ALLOWED or step is None or step.stage is not _STAGES[kind_of(asked)]:
        return None
    return step


def is_same_rule(one: TraceStep, other: TraceStep | None) -> bool:
    """Whether two steps rest on one rule."""
    return other is not None and _place(one) == _place(other)


def _place(step: TraceStep) -> tuple[str, str, str, str | None]:
    return step.policy, step.group, step.collection, step.rule
