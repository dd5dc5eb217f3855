"""How risky an ask is, with everything that can be known before it is decided."""

from bot.domain.allowance import Ask, Scope
from bot.domain.approval import Question, Verdict, evaluate
from bot.domain.risk import Risk, Subject, assess
from bot.ports import Context


def risk_of(ctx: Context, scope: Scope, ask: Ask) -> Risk:
    """The risk of an ask, with its reasons; names are looked up only where the configuration says so."""
    private = ctx.resolver.private(each.fqdn for each in ask.destinations if not each.is_wildcard)
    subject = Subject(ask.destinations, ask.duration, scope.environment, ask.bundle, private)
    return assess(subject, ctx.rulebook.risk)


def verdict_of(ctx: Context, scope: Scope, ask: Ask, risk: Risk) -> Verdict:
    """What the approval policy, as it is configured now, says of an ask."""
    question = Question("allowance", scope.cluster_name, scope.environment, risk, ask.bundle, ask.duration)
    return evaluate(ctx.rulebook.policy, question)
