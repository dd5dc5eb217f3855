"""Asking: what would happen to a request, and filing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.allowances.assessment import assess_policy, assess_risk
from bot.allowances.audit_events import record
from bot.approvals import circumstances, plan_wait, require_deciders, require_reason
from bot.checking import CheckResult, dead, destinations_of, findings, flows_of, recall, require_pool
from bot.domain.access import environment_of
from bot.domain.allowance import Allowance, Ask, Scope, Status, digest, follow, status
from bot.domain.approval import Verdict, VerdictKind
from bot.domain.audit import Action
from bot.domain.configuration import Configuration
from bot.domain.duration import duration_text
from bot.domain.egress import ClusterEgress, dns_caveat
from bot.domain.egress_filter import egress_filter
from bot.domain.fqdn import Destination
from bot.domain.network_rules import by_address, refusal, room_for_names
from bot.domain.people import Identity, Person
from bot.domain.risk import Risk
from bot.domain.rule_diff import Gauge
from bot.errors import AlreadyAllowed, AlreadyRequested, CannotTakeEffect, InvalidInput, RequestRefused, RulesUnknown
from bot.estimates import gauge
from bot.inventory import find, person
from bot.ports import AllowanceFilter, Caller, Context, NoticeEvent, Transaction, UnitOfWork


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
        bundle: Name of a configured bundle, whose destinations are added.
        renews: The allowance that this one continues.
    """

    cluster: str
    destinations: tuple[Destination, ...]
    reason: str
    duration: timedelta | None
    pool: str | None = None
    ticket: str = ""
    bundle: str | None = None
    renews: str | None = None


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
    """

    scope: Scope
    destinations: tuple[Destination, ...]
    risk: Risk
    verdict: Verdict
    allowed: tuple[CheckResult, ...] = ()
    names: Gauge | None = None


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
    scope = scope_of(ctx.config, egress, draft.pool)
    destinations, allowed = _missing(ctx, egress, draft)
    names = _room_for_names(ctx, scope, destinations)
    ask = Ask(destinations, draft.duration, draft.reason, bundle=draft.bundle)
    risk = assess_risk(ctx, scope, ask, dns_caveat(egress, draft.pool))
    around = circumstances(ctx, who.identity, ctx.clock.now(), egress)
    return Preview(scope, destinations, risk, assess_policy(ctx, scope, ask, risk, around), allowed, names)


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
    if not room.fits:
        raise CannotTakeEffect(
            f"The network rules of {scope.target.name} and its parents would then name {room.after:,} FQDNs; "
            f"the limit is {room.limit:,}. Revoke allowances you no longer need, or request fewer names."
        )
    return room


def _missing(
    ctx: Context, egress: ClusterEgress, draft: Draft
) -> tuple[tuple[Destination, ...], tuple[CheckResult, ...]]:
    """Split destinations into those to request and those already allowed, by the last known rules.

    Where they were not, everything is taken as missing: filing waits for nobody, and Azure is not asked before an ack.
    A renewal is about what is allowed already.
    """
    # A renewal is for what was approved, not for what its bundle holds by now.
    asked = draft.destinations if draft.renews else destinations_of(ctx.config, draft.destinations, draft.bundle)
    way = egress_filter(egress, draft.pool)
    known = recall(ctx, way)
    if known is None:
        return asked, ()
    flows = flows_of(ctx, egress, way, asked)
    found = () if draft.renews else findings(ctx, known, flows)
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
    return missing, allowed


def _allowed_sentence(allowed: Sequence[CheckResult]) -> str:
    told = [f"{one.destination} is already allowed by {_rule_words(one)}." for one in allowed[:3]]
    more = f" So are {len(allowed) - 3} more." if len(allowed) > 3 else ""
    return f"{' '.join(told)}{more} No request needed."


def _rule_words(finding: CheckResult) -> str:
    step, allowance = finding.evaluation.deciding, finding.allowance
    where = step.where if step else "Azure Firewall itself"
    return f"{where} of allowance {allowance.id}, {owner_words(allowance)}" if allowance else where


def owner_words(allowance: Allowance) -> str:
    """Say who requested an open allowance and until when it is open."""
    ends = time_text(allowance.expires_at) if allowance.expires_at else "it is revoked"
    return f"requested by <@{allowance.requester.user}>, open until {ends}"


def request(ctx: Context, caller: Caller, draft: Draft) -> Allowance:
    """File a request; the approval policy may grant it immediately.

    Raises:
        UserError: Nothing was filed; the sentence says why.
        RulesUnknown: It needs network rules, and whether they can work is not known.
        AlreadyRequested: The same request is already open; the caller will be told of its outcome.
    """
    return file(ctx, caller, person(ctx, caller), draft)


def file(ctx: Context, caller: Caller, requester: Person, draft: Draft) -> Allowance:
    """File a request on someone's behalf: their rights count, not the caller's.

    Raises:
        UserError: As ``request``.
    """
    _check(ctx.config, draft)
    _require_known_rules(ctx, requester, draft)
    made = preview(ctx, requester, draft)
    if made.verdict.kind is VerdictKind.REFUSE:
        raise RequestRefused(f"The approval policy refuses this: {made.verdict.reason} (rule {made.verdict.rule}).")
    _require_ticket(ctx.config, draft, made.verdict)
    _require_room(ctx, made)
    require_deciders(ctx, made.verdict, requester.identity, caller.identity)
    ask = Ask(made.destinations, draft.duration, draft.reason.strip(), draft.ticket.strip(), draft.bundle, draft.renews)
    with ctx.store.write() as tx:
        uow, twin = UnitOfWork(ctx, tx, caller), _twin(ctx, tx, made.scope, ask)
        if twin is None:
            return _file(uow, made, ask, requester.identity)
        join(uow, twin)
    raise AlreadyRequested(waits_sentence(twin, caller.identity, ctx.clock.now()), allowance=twin.id)


def _require_known_rules(ctx: Context, who: Person, draft: Draft) -> None:
    """Require known rules where a destination needs a network rule; Azure is not called before an ack.

    The form reads the rules when it opens and at its button. A renewal was checked when it was first requested, and the
    writer looks before it writes.
    """
    if draft.renews or not by_address(destinations_of(ctx.config, draft.destinations, draft.bundle)):
        return
    way = egress_filter(find(ctx, who, draft.cluster), draft.pool)
    if way.target is not None and recall(ctx, way) is None:
        raise RulesUnknown(
            f"The rules of {way.target.name} are not available right now, and TCP and UDP requests depend on "
            "them. Nothing was filed. Choose “What's allowed, and who decides?”, then submit again."
        )


def join(uow: UnitOfWork, twin: Allowance) -> None:
    """Notify the caller of the outcome of the identical request."""
    followed = follow(twin, uow.caller.identity)
    if followed is not twin:
        saved = uow.tx.allowances.save(followed, is_open=True)
        record(uow, saved, Action.ALLOWANCE_FOLLOW, reason="Requested the same.")


def waits_sentence(twin: Allowance, asker: Identity, now: datetime) -> str:
    """Name the existing request, who filed it, and how long it waits."""
    state = status(twin, now)
    by = "You" if asker == twin.requester else f"<@{twin.requester.user}>"
    waits = f"is waiting for a decision until {time_text(twin.lapses_at)}" if state is Status.WAITING else f"is {state}"
    follows = "" if asker == twin.requester else " You'll be notified of the outcome."
    return f"{by} already requested this: {twin.id} {waits}. No second request was filed.{follows}"


def time_text(time: datetime) -> str:
    """Format a time for sentences outside Slack's markup."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _file(uow: UnitOfWork, made: Preview, ask: Ask, requester: Identity) -> Allowance:
    is_granted = made.verdict.kind is VerdictKind.GRANT
    lapse_after = uow.ctx.config.durations.lapse_after
    allowance = Allowance(
        id=uow.tx.allowances.new_id(uow.now),
        version=1,
        scope=made.scope,
        ask=ask,
        requester=requester,
        requested_at=uow.now,
        lapses_at=uow.now + lapse_after,
        verdict=made.verdict,
        risk=made.risk,
        approved_at=uow.now if is_granted else None,
        filed_by=None if uow.caller.identity == requester else uow.caller.identity,
        token=uow.caller.token,
    )
    uow.tx.allowances.add(allowance)
    record(uow, allowance, Action.ALLOWANCE_RENEW if ask.renews else Action.ALLOWANCE_REQUEST)
    if is_granted:
        record(uow, allowance, Action.ALLOWANCE_GRANT, reason=made.verdict.reason)
        uow.tx.work.wake(allowance.scope.target.key, within=uow.ctx.pace.batch_window)
    plan_wait(uow, allowance)
    asked = NoticeEvent.RENEWED if allowance.filed_by else NoticeEvent.REQUESTED
    uow.tell(allowance.id, allowance.requester, NoticeEvent.GRANTED if is_granted else asked)
    return allowance


def _check(config: Configuration, draft: Draft) -> None:
    require_reason(draft.reason, "Say why you need it")
    longest = config.durations.longest
    if longest is not None and (draft.duration is None or draft.duration > longest):
        raise InvalidInput(f"The longest duration you can request is {duration_text(longest)}.", field="duration")


def _require_ticket(config: Configuration, draft: Draft, verdict: Verdict) -> None:
    like = f", such as {config.tickets.words}" if config.tickets.words else ""
    ticket = draft.ticket.strip()
    if not ticket and verdict.ticket_rule:
        text = f"This needs a ticket{like} (approval policy rule {verdict.ticket_rule})."
        raise InvalidInput(text, field="ticket")
    if ticket and not config.tickets.fits(ticket):
        raise InvalidInput(f"“{ticket[:60]}” is not a ticket; write one{like}.", field="ticket")


def _require_room(ctx: Context, made: Preview) -> None:
    """Refuse what the rule collection group could not hold: its write would hold up everybody else's."""
    room = gauge(ctx.store, ctx.config.firewall, made.scope, made.destinations)
    if not room.fits:
        raise CannotTakeEffect(
            f"The bot's rules in {made.scope.target.name} would take {room.after:,} bytes; the limit is "
            f"{room.limit:,}. Revoke allowances you no longer need, or request fewer names."
        )


def _twin(ctx: Context, tx: Transaction, scope: Scope, ask: Ask) -> Allowance | None:
    """Find an identical open request: a form sent twice, or by two people at once, is one request."""
    now, mine = ctx.clock.now(), digest(scope, ask)
    for other in tx.allowances.find(AllowanceFilter(cluster=scope.cluster_id, only_open=True)):
        state = status(other, now)
        if ask.renews and other.ask.renews == ask.renews and state in ON_ITS_WAY | OPEN_NOW | {Status.SUSPENDED}:
            return other
        if not (ask.renews or other.ask.renews) and other.digest == mine and state in ON_ITS_WAY:
            return other
    return None


ON_ITS_WAY = frozenset({Status.WAITING, Status.APPROVED, Status.APPLYING})
"""The statuses of what was asked and is not open yet."""

OPEN_NOW = frozenset({Status.LIVE, Status.EXPIRING})
"""The statuses of what was read back from the firewall."""
