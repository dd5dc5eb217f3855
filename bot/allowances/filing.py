"""Filing a request."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.allowances.audit_events import record
from bot.allowances.owners import owner_of
from bot.allowances.previews import Draft, Preview, ask_of, filled, preview, require_names
from bot.approvals import plan_wait, require_deciders, require_reason
from bot.checking import recall
from bot.domain.allowance import Allowance, Ask, Scope, Status, digest, follow, status
from bot.domain.approval import Verdict, VerdictKind
from bot.domain.audit import Action
from bot.domain.break_glass import next_nag, require_short
from bot.domain.configuration import Configuration
from bot.domain.dates import time_text
from bot.domain.duration import duration_text
from bot.domain.egress_filter import egress_filter
from bot.domain.network_rules import by_address
from bot.domain.people import Identity, Person
from bot.domain.work import WorkKind
from bot.errors import AlreadyRequested, CannotTakeEffect, InvalidInput, RequestRefused, RulesUnknown
from bot.estimates import bytes_of, gauge
from bot.inventory import find
from bot.ports import AllowanceFilter, Caller, Context, NoticeEvent, Transaction, UnitOfWork


def request(ctx: Context, caller: Caller, draft: Draft) -> Allowance:
    """File a request; the approval policy may grant it immediately.

    Raises:
        UserError: Nothing was filed; the sentence says why.
        RulesUnknown: It needs network rules, and whether they can work is not known.
        AlreadyRequested: The same request is already open; the caller will be told of its outcome.
    """
    return file(ctx, caller, owner_of(ctx, caller, draft), draft)


def file(ctx: Context, caller: Caller, requester: Person, draft: Draft) -> Allowance:
    """File a request on someone's behalf: their rights count, not the caller's.

    Raises:
        UserError: As ``request``.
    """
    made = assessed(ctx, caller, requester, draft)
    require_room(ctx, made)
    found = Filing(made, ask_of(draft, made.destinations, made.bundle), requester.identity)
    with ctx.store.write() as tx:
        uow, twin = UnitOfWork(ctx, tx, caller), twin_of(ctx, tx, made.scope, found.ask)
        if twin is None:
            return add(uow, found)
        join(uow, twin, requester.identity)
    raise AlreadyRequested(waits_sentence(twin, caller.identity, ctx.clock.now()), allowance=twin.id)


def assessed(ctx: Context, caller: Caller, requester: Person, draft: Draft) -> Preview:
    """What is filed of a draft, if all of it may be; whether the firewall has room for it is asked apart.

    Raises:
        UserError: As ``request``.
    """
    _check(ctx.config, draft)
    _require_known_rules(ctx, requester, draft)
    made = preview(ctx, requester, draft)
    if made.verdict.kind is VerdictKind.REFUSE:
        raise RequestRefused(f"The approval policy refuses this: {made.verdict.reason} (rule {made.verdict.rule}).")
    _require_ticket(ctx.config, draft, made.verdict)
    asked = made.verdict.review if made.verdict.reviewers else made.verdict
    require_deciders(ctx, asked, requester.identity, caller.identity)
    return made


def _require_known_rules(ctx: Context, who: Person, draft: Draft) -> None:
    """Require known rules where a destination needs a network rule; Azure is not called before an ack.

    The form reads the rules when it opens and at its button. A renewal was checked when it was first requested, and the
    writer looks before it writes.
    """
    if draft.renews:
        return
    egress = find(ctx, who, draft.cluster)
    if not by_address(filled(ctx.config, draft, egress).destinations):
        return
    way = egress_filter(egress, draft.pool)
    if way.target is not None and recall(ctx, way) is None:
        raise RulesUnknown(
            f"The rules of {way.target.name} are not available right now, and TCP and UDP requests depend on "
            "them. Nothing was filed. Choose “What's allowed, and who decides?”, then submit again."
        )


def join(uow: UnitOfWork, twin: Allowance, owner: Identity | None = None) -> None:
    """Notify the caller, and whoever they ask for, of the outcome of the identical request."""
    followed = follow(follow(twin, uow.caller.identity), owner or uow.caller.identity)
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


@dataclass(frozen=True, slots=True)
class Filing:
    """A request that may be filed as it is.

    Args:
        made: Where, how risky, who decides.
        ask: What.
        requester: Whose it will be.
        batch: Ids of everything that is filed in the same act, its own included; empty where it is filed alone.
        place: Its place among them, from 0.
        left_out: Other clusters of the same act that everybody may know were not filed, and why.
    """

    made: Preview
    ask: Ask
    requester: Identity
    batch: tuple[str, ...] = ()
    place: int = 0
    left_out: tuple[tuple[str, str], ...] = ()


def add(uow: UnitOfWork, filing: Filing) -> Allowance:
    """Store a request, and grant it where nobody has to approve it."""
    made, ask, requester = filing.made, filing.ask, filing.requester
    is_granted = made.verdict.kind is VerdictKind.GRANT
    lapse_after = uow.ctx.config.durations.lapse_after
    allowance = Allowance(
        id=filing.batch[filing.place] if filing.batch else uow.tx.allowances.new_id(uow.now),
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
        review_by=uow.now + uow.ctx.config.break_glass.review_within if made.verdict.reviewers else None,
        token=uow.caller.token,
        batch=filing.batch,
        left_out=filing.left_out,
    )
    uow.tx.allowances.add(allowance)
    record(uow, allowance, Action.ALLOWANCE_RENEW if ask.renews else Action.ALLOWANCE_REQUEST)
    if allowance.filed_by or not is_granted:
        uow.tell(allowance, _asked(allowance))
    if is_granted:
        grant(uow, allowance)
    plan_wait(uow, allowance)
    return allowance


def _asked(allowance: Allowance) -> NoticeEvent:
    """An owner who did not file it themselves hears of it."""
    if allowance.filed_by is None:
        return NoticeEvent.REQUESTED
    return NoticeEvent.RENEWED if allowance.ask.renews else NoticeEvent.FILED


def grant(uow: UnitOfWork, allowance: Allowance) -> None:
    """Record that nobody has to approve it; what is opened by break-glass waits for no other change."""
    is_review, settings = allowance.needs_review, uow.ctx.config.break_glass
    action = Action.ALLOWANCE_BREAK_GLASS if is_review else Action.ALLOWANCE_GRANT
    record(uow, allowance, action, reason=allowance.ask.reason if is_review else allowance.verdict.reason)
    within = timedelta() if is_review else uow.ctx.pace.batch_window
    uow.tx.work.wake(allowance.scope.target.key, within=within)
    uow.tell(allowance, NoticeEvent.BROKE_GLASS if is_review else NoticeEvent.GRANTED)
    if following := next_nag(allowance, uow.ctx.config.reminders, settings, uow.now):
        uow.tx.work.schedule(WorkKind.TIMERS, within=following - uow.now)


def _check(config: Configuration, draft: Draft) -> None:
    require_reason(draft.reason, "Say why you need it")
    if draft.is_break_glass:
        require_short(draft.duration, config.break_glass)
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


def require_room(ctx: Context, made: Preview, others: Sequence[Preview] = ()) -> None:
    """Refuse what the firewall could not hold: its write would hold up everybody else's.

    Args:
        ctx: The context.
        made: What is to be filed.
        others: What is filed with it in the same act.

    Raises:
        CannotTakeEffect: With the limit.
    """
    beside = [one for one in others if one.scope.target == made.scope.target]
    added = sum(bytes_of(one.scope, one.destinations) for one in beside)
    room = gauge(ctx.store, ctx.config.firewall, made.scope, made.destinations, added=added)
    if not room.fits:
        raise CannotTakeEffect(
            f"The bot's rules in {made.scope.target.name} would take {room.after:,} bytes; the limit is "
            f"{room.limit:,}. Revoke allowances you no longer need, or request fewer names."
        )
    if made.names:
        named = sum(len(by_address(one.destinations)) for one in beside)
        require_names(made.scope.target, replace(made.names, after=made.names.after + named))


def require_no_twin(uow: UnitOfWork, scope: Scope, ask: Ask, *, but: str) -> None:
    """Refuse to make a request the same as another open one.

    Raises:
        AlreadyRequested: With the other one.
    """
    twin = twin_of(uow.ctx, uow.tx, scope, ask, but=but)
    if twin is not None:
        raise AlreadyRequested(waits_sentence(twin, uow.caller.identity, uow.now))


def twin_of(ctx: Context, tx: Transaction, scope: Scope, ask: Ask, *, but: str = "") -> Allowance | None:
    """Find an identical open request: a form sent twice, or by two people at once, is one request."""
    now, mine = ctx.clock.now(), digest(scope, ask)
    open_ = AllowanceFilter(cluster=scope.cluster_id, only_open=True)
    alike = replace(open_, renews=ask.renews) if ask.renews else replace(open_, first_host=ask.destinations[0].fqdn)
    for other in tx.allowances.find(alike):
        state = status(other, now)
        if other.id == but:
            continue
        if ask.renews and other.ask.renews == ask.renews and state in ON_ITS_WAY | OPEN_NOW | {Status.SUSPENDED}:
            return other
        is_too_slow = ask.is_break_glass and state is Status.WAITING
        if not (ask.renews or other.ask.renews or is_too_slow) and other.digest == mine and state in ON_ITS_WAY:
            return other
    return None


ON_ITS_WAY = frozenset({Status.WAITING, Status.APPROVED, Status.APPLYING})
"""The statuses of what was asked and is not open yet."""

OPEN_NOW = frozenset({Status.LIVE, Status.EXPIRING})
"""The statuses of what was read back from the firewall."""
