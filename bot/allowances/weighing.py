"""How risky an ask is, with everything that can be known before it is decided."""

from ipaddress import ip_address

from bot.domain.allowance import Ask, Scope
from bot.domain.risk import Risk, Subject, assess
from bot.ports import Context


def risk_of(ctx: Context, scope: Scope, ask: Ask) -> Risk:
    """The risk of an ask, with its reasons; names are looked up only where the configuration says so."""
    resolved = ctx.resolver.addresses(each.fqdn for each in ask.destinations if not each.is_wildcard)
    private = frozenset(name for name, found in resolved.items() if not all(ip_address(a).is_global for a in found))
    subject = Subject(ask.destinations, ask.duration, scope.environment, ask.bundle, private)
    return assess(subject, ctx.rulebook.risk)
