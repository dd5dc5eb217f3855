"""How risky an ask is, with everything that can be known before it is decided."""

from bot.domain.allowance import Ask, Scope
from bot.domain.risk import Risk, Subject, assess
from bot.ports import Context


def risk_of(ctx: Context, scope: Scope, ask: Ask) -> Risk:
    """The risk of an ask, with its reasons; names are looked up only where the configuration says so."""
    private = ctx.resolver.private(each.fqdn for each in ask.destinations if not each.is_wildcard)
    subject = Subject(ask.destinations, ask.duration, scope.environment, ask.bundle, private)
    return assess(subject, ctx.rulebook.risk)
