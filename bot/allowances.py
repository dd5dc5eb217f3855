"""Use cases of allowances: request, decide, narrow, revoke, renew. Each ends in one transaction.

The facts, their audit event, what we owe Slack and the wake-up of the writer are committed together, before Slack gets
its ack. Nothing here speaks to Azure: the reconciler does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.access import environment_of, may_see, require_approver, require_ender
from bot.domain.allowance import (
    Act,
    Allowance,
    Ask,
    Ending,
    Scope,
    Status,
    approve,
    deny,
    digest,
    is_open,
    narrow,
    require,
    require_same,
    revoke,
    status,
)
from bot.domain.approval import Question, Verdict, VerdictKind, evaluate
from bot.domain.audit import Action, Event
from bot.domain.duration import duration_text
from bot.domain.egress import ClusterEgress, ClusterRef, OutboundType
from bot.domain.fqdn import Destination
from bot.domain.ids import canonical_id
from bot.domain.people import Identity, Person
from bot.domain.risk import Risk, Subject, assess
from bot.domain.settings import Bundle, Rulebook
from bot.errors import AlreadyRequested, CannotTakeEffect, InvalidInput, NotPermitted, RequestRefused
from bot.inventory import find, person
from bot.ports import AllowanceFilter, Caller, Context, Desk, Transaction

TIMERS = "timers"
"""The work key of what happens because time passes."""

MAX_REASON = 1000
"""Characters of a reason."""

MAX_DESTINATIONS = 100
"""Destinations in one request: more are a list that belongs into a bundle."""


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
        destinations: All of them, the bundle's included.
        risk: How risky, with reasons.
        verdict: What the approval policy says.
    """

    scope: Scope
    destinations: tuple[Destination, ...]
    risk: Risk
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """What an approver says of a request or a proposal.

    Args:
        subject: Id of the allowance or the scale proposal.
        is_approved: Yes or no.
        seen: The digest on the card that was clicked; None where the id was typed.
        reason: Why; a refusal needs one.
        destinations: Fewer or narrower ones, when approving less than was asked.
        duration: A shorter time, when approving less; only read together with ``destinations``.
    """

    subject: str
    is_approved: bool
    seen: str | None = None
    reason: str = ""
    destinations: tuple[Destination, ...] | None = None
    duration: timedelta | None = None


def scope_of(rulebook: Rulebook, egress: ClusterEgress, pool: str | None = None) -> Scope:
    """Where an allowance for a cluster, or one of its node pools, would apply.

    Raises:
        CannotTakeEffect: If the traffic passes no Azure Firewall that rules could be written to.
        InvalidInput: If there is no such node pool.
    """
    if pool is not None and pool not in {each.name for each in egress.pools}:
        known = ", ".join(each.name for each in egress.pools)
        raise InvalidInput(f"{egress.ref.name} has no node pool {pool}; it has {known}.", field="pool")
    target, sources = egress.target(pool), egress.sources(pool)
    if target is None or not sources:
        raise CannotTakeEffect(_no_firewall(egress))
    environment = environment_of(rulebook, egress.ref)
    ref = egress.ref
    return Scope(ref.id, ref.name, ref.resource_group, environment, target, sources, pool)


def _no_firewall(egress: ClusterEgress) -> str:
    name = egress.ref.name
    if egress.outbound_type in (OutboundType.NONE, OutboundType.BLOCK):
        return f"{name} has the outbound type {egress.declared}: it has no way out that a rule could open."
    if egress.outbound_type is OutboundType.USER_DEFINED_ROUTING:
        return f"{name} leaves through an appliance that is no Azure Firewall known to this bot; ask who runs it."
    return f"{name} leaves directly ({egress.declared}), no firewall filters it: nothing has to be allowed."


def preview(ctx: Context, who: Person, draft: Draft) -> Preview:
    """What would happen to a draft, without filing it.

    Raises:
        UserError: If the draft cannot be filed as it is.
    """
    scope = scope_of(ctx.rulebook, find(ctx, who, draft.cluster), draft.pool)
    destinations = _all_destinations(ctx.rulebook, draft)
    subject = Subject(destinations, draft.duration, scope.environment, draft.bundle)
    risk = assess(subject, ctx.rulebook.risk)
    question = Question("allowance", scope.cluster_name, scope.environment, risk, draft.bundle, draft.duration)
    return Preview(scope, destinations, risk, evaluate(ctx.rulebook.policy, question))


def request(ctx: Context, caller: Caller, draft: Draft) -> Allowance:
    """File a request; the approval policy may grant it at once.

    Raises:
        UserError: Nothing was filed; the sentence says why.
    """
    who = person(ctx, caller)
    _check(ctx.rulebook, draft)
    made = preview(ctx, who, draft)
    if made.verdict.kind is VerdictKind.REFUSE:
        raise RequestRefused(f"The approval policy refuses this: {made.verdict.reason} (rule {made.verdict.rule}).")
    _require_deciders(ctx, made.verdict, who)
    ask = Ask(made.destinations, draft.duration, draft.reason.strip(), draft.ticket.strip(), draft.bundle, draft.renews)
    with ctx.store.write() as tx:
        tx.one_by_one(f"request:{made.scope.cluster_id}")
        _refuse_twin(ctx, tx, made.scope, ask)
        return _file(Desk(ctx, tx, caller), made, ask)


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


def decide(ctx: Context, caller: Caller, decision: Decision) -> Allowance:
    """Approve or deny: may they, is it still what they saw, is it still undecided.

    Raises:
        NotPermitted: Not an approver of this, or the requester.
        StaleView: The card showed something else.
        AlreadyDecided: Somebody was faster.
        InvalidInput: A refusal without a reason, or an approval of more than was asked.
    """
    who = person(ctx, caller, is_fresh=True)
    with ctx.store.write() as tx:
        allowance = tx.allowances.get(canonical_id(decision.subject))
        require_approver(allowance.verdict, who, allowance.requester)
        require(allowance, Act.APPROVE if decision.is_approved else Act.DENY, ctx.clock.now())
        if decision.seen is not None:
            require_same(allowance, decision.seen)
        act = _approve if decision.is_approved else _deny
        return act(Desk(ctx, tx, caller), allowance, decision)


def _approve(desk: Desk, allowance: Allowance, decision: Decision) -> Allowance:
    narrowed = _narrowed(desk, allowance, decision)
    saved = desk.tx.allowances.save(approve(narrowed, desk.caller.identity, desk.now), is_open=True)
    record(desk, saved, Action.ALLOWANCE_APPROVE, reason=decision.reason)
    if saved.approved_at is not None:
        desk.tx.work.wake(saved.scope.target.key, within=desk.ctx.pace.batch_window)
    desk.tell(saved.id, saved.requester, "approved" if saved.approved_at else "seconded")
    return saved


def _narrowed(desk: Desk, allowance: Allowance, decision: Decision) -> Allowance:
    """Less than was asked; approvals of the wider request do not count for the narrower one."""
    if decision.destinations is None:
        return allowance
    narrowed = narrow(allowance, decision.destinations, decision.duration)
    if narrowed.ask == allowance.ask:
        return allowance
    ask, book = narrowed.ask, desk.ctx.rulebook
    risk = assess(Subject(ask.destinations, ask.duration, narrowed.scope.environment, ask.bundle), book.risk)
    narrowed = replace(narrowed, approvals=(), risk=risk)
    record(desk, narrowed, Action.ALLOWANCE_NARROW, reason=decision.reason)
    return narrowed


def _deny(desk: Desk, allowance: Allowance, decision: Decision) -> Allowance:
    ending = Ending(desk.caller.identity, desk.now, require_reason(decision.reason, "Say why you deny it"))
    saved = desk.tx.allowances.save(deny(allowance, ending), is_open=False)
    record(desk, saved, Action.ALLOWANCE_DENY, reason=ending.reason)
    desk.tell(saved.id, saved.requester, "denied")
    return saved


def end(ctx: Context, caller: Caller, allowance_id: str, *, reason: str = "") -> Allowance:
    """Revoke or withdraw: the requester and every approver may, at any time.

    Raises:
        NotPermitted: Somebody else.
        AlreadyDecided: It has ended already.
    """
    who = person(ctx, caller, is_fresh=True)
    with ctx.store.write() as tx:
        allowance = tx.allowances.get(canonical_id(allowance_id))
        require_ender(who, allowance.requester)
        ended = revoke(allowance, Ending(caller.identity, ctx.clock.now(), reason.strip()))
        saved = tx.allowances.save(ended, is_open=is_open(ended, ctx.clock.now()))
        desk = Desk(ctx, tx, caller)
        record(desk, saved, Action.ALLOWANCE_REVOKE, reason=reason.strip())
        if saved.applying_at is not None:
            tx.work.wake(saved.scope.target.key, within=ctx.pace.batch_window)
        desk.tell(saved.id, saved.requester, "revoked")
    return saved


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


def requests(ctx: Context, caller: Caller, which: str) -> list[Allowance]:
    """``mine``, ``pending``, or those of a cluster; newest first, only of clusters that the caller may see.

    Raises:
        UnknownCluster: If it is none of them.
    """
    who = person(ctx, caller)
    if which == "mine":
        wanted = AllowanceFilter(requester=who.identity, limit=100)
    elif which in ("pending", ""):
        wanted = AllowanceFilter(only_open=True)
    else:
        wanted = AllowanceFilter(cluster=find(ctx, who, which).ref.id, limit=100)
    with ctx.store.read() as tx:
        found = tx.allowances.find(wanted)
        seen = {egress.ref.id: egress.ref for egress in tx.snapshots.all()}
    now = ctx.clock.now()
    if which == "pending":
        found = [allowance for allowance in found if status(allowance, now) is Status.WAITING]
    return [allowance for allowance in found if _is_visible(ctx, who, allowance, seen)]


def get(ctx: Context, caller: Caller, allowance_id: str) -> Allowance:
    """One allowance by what a person typed.

    Raises:
        UnknownAllowance: If there is none.
        NotPermitted: For people of other workspaces.
    """
    person(ctx, caller)
    with ctx.store.read() as tx:
        return tx.allowances.get(canonical_id(allowance_id))


def deciders(ctx: Context, verdict: Verdict, requester: Identity) -> tuple[Identity, ...]:
    """The people who could decide now: members of the asked groups, without the requester."""
    people = {member for group in verdict.approvers for member in ctx.directory.members(group)}
    return tuple(sorted(people - {requester}))


def record(desk: Desk, allowance: Allowance, action: Action, *, reason: str | None = None) -> None:
    """Append what happened to an allowance, with every fact that an auditor asks for."""
    ask, scope = allowance.ask, allowance.scope
    detail = {
        "digest": digest(scope, ask),
        "duration": duration_text(ask.duration),
        "environment": scope.environment,
        "risk": f"{allowance.risk.level} {allowance.risk.score}",
        "sources": " ".join(scope.sources),
        "target": scope.target.id,
        "ticket": ask.ticket,
        "bundle": ask.bundle or "",
        "renews": ask.renews or "",
        "expires_at": allowance.expires_at.isoformat() if allowance.expires_at else "",
    }
    event = Event(
        at=desk.now,
        action=action,
        actor=desk.caller.identity,
        via=desk.caller.via,
        subject=allowance.id,
        cluster=scope.cluster_name.lower(),
        destinations=tuple(str(destination) for destination in allowance.destinations),
        reason=ask.reason if reason is None else reason,
        policy_rule=allowance.verdict.rule,
        detail=tuple((name, value) for name, value in detail.items() if value),
    )
    desk.audit(event)


def _check(rulebook: Rulebook, draft: Draft) -> None:
    require_reason(draft.reason, "Say why it is needed")
    longest = rulebook.durations.longest
    if longest is not None and (draft.duration is None or draft.duration > longest):
        raise InvalidInput(f"At most {duration_text(longest)} may be asked for.", field="duration")


def require_reason(text: str, wanted: str) -> str:
    """A reason, without blanks around it.

    Raises:
        InvalidInput: If there is none, or it is longer than ``MAX_REASON``.
    """
    if not text.strip():
        raise InvalidInput(f"{wanted}: a reason is needed, and auditors read it.", field="reason")
    if len(text) > MAX_REASON:
        raise InvalidInput(f"The reason has {len(text)} characters; {MAX_REASON} are enough.", field="reason")
    return text.strip()


def _all_destinations(rulebook: Rulebook, draft: Draft) -> tuple[Destination, ...]:
    bundle: Bundle | None = rulebook.bundles.get(draft.bundle) if draft.bundle else None
    if draft.bundle and bundle is None:
        known = ", ".join(sorted(rulebook.bundles)) or "none"
        raise InvalidInput(f"There is no bundle {draft.bundle}; configured are: {known}.", field="bundle")
    every = {*draft.destinations, *(bundle.destinations if bundle else ())}
    if not every:
        raise InvalidInput("Name at least one destination, for example example.com.", field="destinations")
    if len(every) > MAX_DESTINATIONS:
        raise InvalidInput(f"{len(every)} destinations are too many for one request; {MAX_DESTINATIONS} fit.")
    return tuple(sorted(every))


def _require_deciders(ctx: Context, verdict: Verdict, who: Person) -> None:
    if verdict.kind is VerdictKind.ASK and len(deciders(ctx, verdict, who.identity)) < verdict.needed:
        raise NotPermitted(
            f"{verdict.needed} of {' or '.join(verdict.approvers) or 'no group'} must approve this, and there are not "
            "that many people who could. Nothing was filed; tell the bot's operator."
        )


def _refuse_twin(ctx: Context, tx: Transaction, scope: Scope, ask: Ask) -> None:
    """The same request twice (a form sent twice, two people at once) is one request."""
    now, mine = ctx.clock.now(), digest(scope, ask)
    for other in tx.allowances.find(AllowanceFilter(cluster=scope.cluster_id, only_open=True)):
        same = digest(other.scope, other.ask) == mine and other.ask.renews == ask.renews
        state = status(other, now)
        if same and (state is Status.WAITING or (state in (Status.APPROVED, Status.APPLYING) and not ask.renews)):
            raise AlreadyRequested(f"The same was asked already: {other.id} is {state}. Nothing was filed twice.")


def _is_visible(ctx: Context, who: Person, allowance: Allowance, seen: Mapping[str, ClusterRef]) -> bool:
    ref = seen.get(allowance.scope.cluster_id)
    return allowance.requester == who.identity or (ref is not None and may_see(ctx.rulebook, who, ref))
