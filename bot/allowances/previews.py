"""What would happen to a request: what of it is missing, how risky that is, and who decides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.allowances.assessment import assess_policy, assess_risk
from bot.approvals import circumstances
from bot.checking import CheckResult, dead, destinations_of, findings, flows_of, recall, require_pool
from bot.domain.access import environment_of
from bot.domain.allowance import Allowance, Ask, Scope
from bot.domain.approval import Verdict
from bot.domain.configuration import Configuration
from bot.domain.dates import time_text
from bot.domain.egress import ClusterEgress, dns_caveat
from bot.domain.egress_filter import egress_filter
from bot.domain.fqdn import Destination
from bot.domain.network_rules import by_address, refusal, room_for_names
from bot.domain.people import Person
from bot.domain.risk import Risk
from bot.domain.rule_diff import Gauge
from bot.domain.target import Target
from bot.errors import AlreadyAllowed, CannotTakeEffect
from bot.inventory import find
from bot.ports import AllowanceFilter, Context


@dataclass(frozen=True, slots=True)
class Draft:
    """A request as a person filled it in.

    Args:
        cluster: Name or id.
        destinations: Parsed already, may be empty when a bundle is named.
        reason: Why.
        duration: How long, None for no end.
        pool: One node pool only.
        ticket: A reference elsewhere.
        bundle: A configured bundle, with values where it has parameters; its destinations are added.
        renews: The allowance that this one continues.
        is_break_glass: Whether it is to be opened at once, without an approval.
        owner: Slack user id of whoever it is for; empty for who asks.
    """

    cluster: str
    destinations: tuple[Destination, ...]
    reason: str
    duration: timedelta | None
    pool: str | None = None
    ticket: str = ""
    bundle: str | None = None
    renews: str | None = None
    is_break_glass: bool = False
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """The preview of a draft: who decides and why, and its risk.

    Args:
        scope: Where it would apply.
        destinations: What would be asked for: the bundle's included, what is allowed already left out.
        risk: How risky, with reasons.
        verdict: What the approval policy says.
        allowed: What is left out, with the rules that allow it; empty where the rules are not known.
        names: How many FQDNs the firewall's network rules would name; None where none is needed.
        bundle: The bundle with all of its values, if one is asked for.
        open_to_all: What of the destinations only a rule that allows everything allows now.
    """

    scope: Scope
    destinations: tuple[Destination, ...]
    risk: Risk
    verdict: Verdict
    allowed: tuple[CheckResult, ...] = ()
    names: Gauge | None = None
    bundle: str | None = None
    open_to_all: tuple[CheckResult, ...] = ()


def scope_of(config: Configuration, egress: ClusterEgress, pool: str | None = None) -> Scope:
    """Determine the scope of an allowance for a cluster or one of its node pools.

    Raises:
        CannotTakeEffect: If the traffic passes no Azure Firewall that rules could be written to.
        InvalidInput: The node pool does not exist.
    """
    require_pool(egress, pool)
    way = egress_filter(egress, pool)
    if way.target is None:
        raise CannotTakeEffect(way.sentence)
    ref = egress.ref
    environment = environment_of(config, ref)
    return Scope(ref.id, ref.name, ref.resource_group, environment, way.target, way.sources, pool, ref.uid)


def preview(ctx: Context, who: Person, draft: Draft) -> Preview:
    """Preview a draft without filing it and without calling Azure.

    Raises:
        AlreadyAllowed: If all of it is already allowed.
        CannotTakeEffect: If no rule could open it, or another rule takes precedence.
        UserError: If the draft cannot be filed as it is.
    """
    egress = find(ctx, who, draft.cluster)
    scope, draft = scope_of(ctx.config, egress, draft.pool), filled(ctx.config, draft, egress)
    destinations, allowed, open_to_all = _missing(ctx, egress, draft)
    names = _room_for_names(ctx, scope, destinations)
    ask = ask_of(draft, destinations, draft.bundle)
    risk = assess_risk(ctx, scope, ask, dns_caveat(egress, draft.pool))
    around = circumstances(ctx, who.identity, ctx.clock.now(), egress)
    verdict = assess_policy(ctx, scope, ask, risk, around)
    return Preview(scope, destinations, risk, verdict, allowed, names, draft.bundle, open_to_all)


def filled(config: Configuration, draft: Draft, egress: ClusterEgress) -> Draft:
    """With the bundle's values and destinations; a renewal is for what was approved, not for what a bundle holds now.

    Raises:
        InvalidInput: No such bundle, a value is wrong, no destination, or too many.
    """
    if draft.renews:
        return draft
    bundle = config.fill_bundle(draft.bundle, egress.ref.region) if draft.bundle else None
    asked = destinations_of(draft.destinations, bundle)
    return replace(draft, destinations=asked, bundle=bundle.name if bundle else None)


def ask_of(draft: Draft, destinations: tuple[Destination, ...], bundle: str | None) -> Ask:
    """The contents of a request for these destinations of a draft."""
    reason, ticket = draft.reason.strip(), draft.ticket.strip()
    return Ask(destinations, draft.duration, reason, ticket, bundle, draft.renews, draft.is_break_glass)


def _room_for_names(ctx: Context, scope: Scope, destinations: Sequence[Destination]) -> Gauge | None:
    """Count the FQDNs that the network rules would have; None if none is needed or the rules are unknown.

    Raises:
        CannotTakeEffect: The firewall takes no network rules with FQDNs, or not so many.
    """
    known = ctx.recent.get(scope.target, ctx.clock.now()) if by_address(destinations) else None
    if known is None:
        return None
    if why := refusal(known.rules, scope.target):
        first = by_address(destinations)[0]
        raise CannotTakeEffect(f"{first} needs a network rule. {why}")
    with ctx.store.read() as tx:
        promised = tx.allowances.find(AllowanceFilter(target=scope.target, only_open=True))
    room = room_for_names(known.rules, promised, destinations)
    require_names(scope.target, room)
    return room


def require_names(target: Target, room: Gauge) -> None:
    """Refuse more FQDNs than a firewall's network rules can name.

    Raises:
        CannotTakeEffect: With the limit.
    """
    if not room.fits:
        raise CannotTakeEffect(
            f"The network rules of {target.name} and its parents would then name {room.after:,} FQDNs; "
            f"the limit is {room.limit:,}. Revoke allowances you no longer need, or request fewer names."
        )


def _missing(
    ctx: Context, egress: ClusterEgress, draft: Draft
) -> tuple[tuple[Destination, ...], tuple[CheckResult, ...], tuple[CheckResult, ...]]:
    """Split destinations into those to request and those already allowed, by the last known rules.

    The third part names those to request that only a rule that allows everything allows now.

    Where they were not, everything is taken as missing: filing waits for nobody, and Azure is not asked before an ack.
    A renewal is about what is allowed already.
    """
    asked = draft.destinations
    way = egress_filter(egress, draft.pool)
    known = recall(ctx, way)
    if known is None:
        return asked, (), ()
    flows = flows_of(ctx, egress, way, asked)
    found = () if draft.renews else findings(ctx, known, way, flows)
    allowed = tuple(finding for finding in found if finding.is_granted(ctx.clock.now()))
    granted = {finding.destination for finding in allowed}
    missing = tuple(destination for destination in asked if destination not in granted)
    if not missing:
        owners = dict.fromkeys(finding.allowance.id for finding in allowed if finding.allowance)
        raise AlreadyAllowed(_allowed_sentence(allowed), allowances=tuple(owners))
    for destination, step in dead(ctx, known, way, [flow for flow in flows if flow.destination not in granted]):
        raise CannotTakeEffect(
            f"An allowance for {destination} would have no effect: {step.where} is evaluated before the bot's "
            f"rules and decides. {step.why} Leave the destination out, or ask that rule's owner."
        )
    return missing, allowed, tuple(finding for finding in found if finding.is_by_everything)


def _allowed_sentence(allowed: Sequence[CheckResult]) -> str:
    told = [f"{one.destination} is already allowed by {_rule_words(one)}." for one in allowed[:3]]
    more = f" So are {len(allowed) - 3} more." if len(allowed) > 3 else ""
    return f"{' '.join(told)}{more} No request needed."


def _rule_words(finding: CheckResult) -> str:
    step, allowance = finding.evaluation.deciding, finding.allowance
    where = step.where if step else "Azure Firewall itself"
    return f"{where} of allowance {allowance.id}, {owner_words(allowance)}" if allowance else where


def owner_words(allowance: Allowance) -> str:
    """Say who owns an open allowance and until when it is open."""
    ends = time_text(allowance.expires_at) if allowance.expires_at else "it is revoked"
    return f"owned by <@{allowance.owner.user}>, open until {ends}"
