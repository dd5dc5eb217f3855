"""Assesses the risk of an ask and who must approve it."""

from ipaddress import ip_address

from bot.approvals import Circumstances
from bot.domain.allowance import Ask, Scope
from bot.domain.approval import PolicyQuery, Verdict, evaluate
from bot.domain.risk import Risk, Subject, assess
from bot.ports import Context


def assess_risk(ctx: Context, scope: Scope, ask: Ask, dns: str = "") -> Risk:
    """The risk of an ask, with its reasons; names are looked up only where the configuration says so.

    Args:
        ctx: The context.
        scope: Where it would apply.
        ask: What is asked for.
        dns: What is wrong with how the cluster's pods resolve names for network rules, if anything.
    """
    resolved = ctx.resolver.addresses(each.fqdn for each in ask.destinations if not each.is_wildcard)
    private = frozenset(name for name, found in resolved.items() if not all(ip_address(a).is_global for a in found))
    is_bundle = ctx.config.is_one_bundle(ask.destinations, ask.bundle)
    subject = Subject(ask.destinations, ask.duration, scope.environment, is_bundle, private, dns)
    return assess(subject, ctx.config.risk)


def assess_policy(ctx: Context, scope: Scope, ask: Ask, risk: Risk, circumstances: Circumstances) -> Verdict:
    """Evaluate the current approval policy for an ask."""
    question = PolicyQuery(
        "allowance",
        scope.cluster_name,
        scope.environment,
        risk,
        destinations=ask.destinations,
        duration=ask.duration,
        tags=circumstances.tags,
        requester_groups=circumstances.requester_groups,
        at=circumstances.at,
        is_break_glass=ask.is_break_glass,
        filled=ctx.config.filled(ask.bundle),
    )
    return evaluate(ctx.config.policy, question)
