"""Asking: what would happen to a request, filing it, and asking for the same again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.allowances.looking import require_deciders
from bot.allowances.recording import TIMERS, record, require_reason
from bot.allowances.weighing import risk_of, verdict_of
from bot.checking import Finding, dead, destinations_of, findings, flows_of, learn, recall, require_pool
from bot.domain.access import environment_of, require_ender
from bot.domain.allowance import (
    Act,
    Allowance,
    Ask,
    Scope,
    Status,
    digest,
    require,
    status,
)
from bot.domain.approval import Verdict, VerdictKind
from bot.domain.audit import Action
from bot.domain.duration import duration_text
from bot.domain.egress import ClusterEgress, dns_caveat
from bot.domain.filtering import way_out
from bot.domain.fqdn import Destination
from bot.domain.ids import canonical_id
from bot.domain.naming import by_address, refusal, room_for_names
from bot.domain.people import Person
from bot.domain.plan import Gauge
from bot.domain.risk import Risk
from bot.domain.settings import Rulebook
from bot.errors import AlreadyAllowed, AlreadyRequested, CannotTakeEffect, InvalidInput, RequestRefused
from bot.inventory import find, person
from bot.outlook import gauge
from bot.ports import AllowanceFilter, Caller, Context, Desk, Transaction


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
    """What would happen to a draft: who decides and why, and how risky it is.

    Args:
        scope: Where it would apply.
        destinations: What would be asked for: the bundle's included, what is allowed already left out.
        risk: How risky, with reasons.
        verdict: What the approval policy says.
        allowed: What is left out, with the rules that allow it; empty where the rules are not known.
        names: How many FQDNs the firewall's network rules would name; None where nothing of it needs one.
    """

    scope: Scope
    destinations: tuple[Destination, ...]
    risk: Risk
    verdict: Verdict
    allowed: tuple[Finding, ...] = ()
    names: Gauge | None = None


def scope_of(rulebook: Rulebook, egress: ClusterEgress, pool: str | None = None) -> Scope:
    """Where an allowance for a cluster, or one of its node pools, would apply.

    Raises:
        CannotTakeEffect: If the traffic passes no Azure Firewall that rules could be written to.
        InvalidInput: If there is no such node pool.
    """
    require_pool(egress, pool)
    way = way_out(egress, pool)
    if way.target is None:
        raise CannotTakeEffect(way.sentence)
    ref = egress.ref
    environment = environment_of(rulebook, ref)
    return Scope(ref.id, ref.name, ref.resource_group, environment, way.target, way.sources, pool)


def preview(ctx: Context, who: Person, draft: Draft) -> Preview:
    """What would happen to a draft, without filing it and without asking Azure.

    Raises:
        AlreadyAllowed: If nothing of it has to be asked for.
        CannotTakeEffect: If no rule could open it, or another rule stands in the way.
        UserError: If the draft cannot be filed as it is.
    """
    egress = find(ctx, who, draft.cluster)
    scope = scope_of(ctx.rulebook, egress, draft.pool)
    destinations, allowed = _missing(ctx, egress, draft)
    names = _room_for_names(ctx, scope, destinations)
    ask = Ask(destinations, draft.duration, draft.reason, bundle=draft.bundle)
    risk = risk_of(ctx, scope, ask, dns_caveat(egress, draft.pool))
    return Preview(scope, destinations, risk, verdict_of(ctx, scope, ask, risk), allowed, names)


def _room_for_names(ctx: Context, scope: Scope, destinations: Sequence[Destination]) -> Gauge | None:
    """How full the network rules would be of FQDNs; None where nothing needs one, or the rules are not known.

    Raises:
        CannotTakeEffect: The firewall takes no network rules with FQDNs, or not so many.
    """
    known = ctx.recent.get(scope.target, ctx.clock.now()) if by_address(destinations) else None
    if known is None:
        return None
    if why := refusal(known.rules, scope.target):
        first = by_address(destinations)[0]
        raise CannotTakeEffect(f"{first} can only be opened by a network rule. {why}")
    with ctx.store.read() as tx:
        promised = tx.allowances.find(AllowanceFilter(target=scope.target, only_open=True, limit=100_000))
    room = room_for_names(known.rules, promised, destinations)
    if not room.fits:
        raise CannotTakeEffect(
            f"The network rules of {scope.target.name} and its parents would name {room.after:,} FQDNs with this, and "
            f"{room.limit:,} fit. Revoke what is not needed any more, or ask for fewer names."
        )
    return room


def _missing(ctx: Context, egress: ClusterEgress, draft: Draft) -> tuple[tuple[Destination, ...], tuple[Finding, ...]]:
    """What has to be asked for, and what is allowed already, by the rules as they were read lately.

    Where they were not, everything is taken as missing: filing waits for nobody, and Azure is not asked before an ack.
    A renewal is about what is allowed already.
    """
    asked = destinations_of(ctx.rulebook, draft.destinations, draft.bundle)
    way = way_out(egress, draft.pool)
    known = recall(ctx, way)
    if known is None:
        return asked, ()
    flows = flows_of(ctx, egress, way, asked)
    found = () if draft.renews else findings(ctx, known, flows)
    allowed = tuple(finding for finding in found if finding.is_granted(ctx.clock.now()))
    granted = {finding.destination for finding in allowed}
    missing = tuple(destination for destination in asked if destination not in granted)
    if not missing:
        raise AlreadyAllowed(_allowed_sentence(allowed))
    for destination, step in dead(ctx, known, way, [flow for flow in flows if flow.destination not in granted]):
        raise CannotTakeEffect(
            f"An allowance for {destination} could not take effect: {step.where} is read before the rules of this bot "
            f"and decides. {step.why} Leave it out, or ask whoever owns that rule."
        )
    return missing, allowed


def _allowed_sentence(allowed: Sequence[Finding]) -> str:
    told = [f"{one.destination} is allowed already, by {_rule_words(one)}." for one in allowed[:3]]
    more = f" So are {len(allowed) - 3} more." if len(allowed) > 3 else ""
    return f"{' '.join(told)}{more} Nothing has to be asked for."


def _rule_words(finding: Finding) -> str:
    step, allowance = finding.evaluation.deciding, finding.allowance
    where = step.where if step else "Azure Firewall itself"
    return f"{where} of allowance {allowance.id}" if allowance else where


def request(ctx: Context, caller: Caller, draft: Draft) -> Allowance:
    """File a request; the approval policy may grant it at once.

    Raises:
        UserError: Nothing was filed; the sentence says why.
    """
    who = person(ctx, caller)
    _check(ctx.rulebook, draft)
    _learn_for_names(ctx, who, draft)
    made = preview(ctx, who, draft)
    if made.verdict.kind is VerdictKind.REFUSE:
        raise RequestRefused(f"The approval policy refuses this: {made.verdict.reason} (rule {made.verdict.rule}).")
    _require_room(ctx, made)
    require_deciders(ctx, made.verdict, who.identity)
    ask = Ask(made.destinations, draft.duration, draft.reason.strip(), draft.ticket.strip(), draft.bundle, draft.renews)
    with ctx.store.write() as tx:
        tx.one_by_one(f"request:{made.scope.cluster_id}")
        _refuse_twin(ctx, tx, made.scope, ask)
        return _file(Desk(ctx, tx, caller), made, ask)


def _learn_for_names(ctx: Context, who: Person, draft: Draft) -> None:
    """Read the rules where a destination needs a network rule and they are not known: whether it can work must be.

    Everything else is filed unchecked then; the form reads them when it opens, so that this is rarely needed.
    """
    if not by_address(destinations_of(ctx.rulebook, draft.destinations, draft.bundle)):
        return
    way = way_out(find(ctx, who, draft.cluster), draft.pool)
    if way.target is not None and recall(ctx, way) is None:
        learn(ctx, way.target)


def renew(ctx: Context, caller: Caller, allowance_id: str, *, reason: str = "") -> Allowance:
    """Ask for the same again, as a new allowance that is decided like any other.

    Its rule stands beside the old one, so that access is never cut: the old rule goes when its time is over, and the
    new one's clock starts when it is live.

    Raises:
        NotPermitted: Neither who asked for it nor an approver.
        AlreadyDecided: It cannot be renewed, or its renewal waits already.
    """
    who = person(ctx, caller)
    with ctx.store.read() as tx:
        old = tx.allowances.get(canonical_id(allowance_id))
    require_ender(who, old.requester)
    require(old, Act.RENEW, ctx.clock.now())
    ask, scope = old.ask, old.scope
    draft = Draft(
        scope.cluster_id,
        ask.destinations,
        reason.strip() or ask.reason,
        ask.duration,
        pool=scope.pool,
        ticket=ask.ticket,
        bundle=ask.bundle,
        renews=old.id,
    )
    return request(ctx, caller, draft)


def _file(desk: Desk, made: Preview, ask: Ask) -> Allowance:
    is_granted = made.verdict.kind is VerdictKind.GRANT
    lapse_after = desk.ctx.rulebook.durations.lapse_after
    allowance = Allowance(
        id=desk.tx.allowances.new_id(desk.now),
        version=1,
        scope=made.scope,
        ask=ask,
        requester=desk.caller.identity,
        requested_at=desk.now,
        lapses_at=desk.now + lapse_after,
        verdict=made.verdict,
        risk=made.risk,
        approved_at=desk.now if is_granted else None,
    )
    desk.tx.allowances.add(allowance)
    record(desk, allowance, Action.ALLOWANCE_RENEW if ask.renews else Action.ALLOWANCE_REQUEST)
    if is_granted:
        record(desk, allowance, Action.ALLOWANCE_GRANT, reason=made.verdict.reason)
        desk.tx.work.wake(allowance.scope.target.key, within=desk.ctx.pace.batch_window)
    else:
        desk.tx.work.schedule(TIMERS, within=lapse_after)
    desk.tell(allowance.id, allowance.requester, "granted" if is_granted else "requested")
    return allowance


def _check(rulebook: Rulebook, draft: Draft) -> None:
    require_reason(draft.reason, "Say why it is needed")
    longest = rulebook.durations.longest
    if longest is not None and (draft.duration is None or draft.duration > longest):
        raise InvalidInput(f"At most {duration_text(longest)} may be asked for.", field="duration")


def _require_room(ctx: Context, made: Preview) -> None:
    """Refuse what the rule collection group could not hold: its write would hold up everybody else's."""
    room = gauge(ctx.store, ctx.rulebook.limits, made.scope, made.destinations)
    if not room.fits:
        raise CannotTakeEffect(
            f"The bot's rules in {made.scope.target.name} would take {room.after:,} bytes, and {room.limit:,} fit. "
            "Revoke what is not needed any more, or ask for fewer names."
        )


def _refuse_twin(ctx: Context, tx: Transaction, scope: Scope, ask: Ask) -> None:
    """The same request twice (a form sent twice, two people at once) is one request."""
    now, mine = ctx.clock.now(), digest(scope, ask)
    for other in tx.allowances.find(AllowanceFilter(cluster=scope.cluster_id, only_open=True)):
        same = digest(other.scope, other.ask) == mine and other.ask.renews == ask.renews
        state = status(other, now)
        if same and (state is Status.WAITING or (state in (Status.APPROVED, Status.APPLYING) and not ask.renews)):
            raise AlreadyRequested(f"The same was asked already: {other.id} is {state}. Nothing was filed twice.")
