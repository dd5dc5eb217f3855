"""Being away: somebody else of the same group is asked, and counts, in one's place."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot.domain.absence import Absence, require_delegate
from bot.domain.approval import Verdict
from bot.domain.audit import Action, Event
from bot.domain.dates import time_text
from bot.domain.people import AccountStatus, Identity, Person
from bot.errors import InvalidInput, MembershipUnknown, NotPermitted
from bot.inventory import member_of, person
from bot.ports import Caller, Context, UnitOfWork


def leave(ctx: Context, caller: Caller, delegate: Identity, until: datetime) -> Absence:
    """Record that the caller is away, and who decides in their place; what is recorded already stays as it is.

    Raises:
        InvalidInput: The time has passed, or the delegate is away too, or of none of the caller's groups.
        NotPermitted: The delegate is no full member of the workspace.
        MembershipUnknown: Slack could not be asked about one of them.
    """
    who, other, now = person(ctx, caller), person(ctx, replace(caller, identity=delegate)), ctx.clock.now()
    if until <= now:
        raise InvalidInput("That time has passed. Name a day in the future: `/egress away until friday to @x`.")
    _require_colleague(who, other)
    made = Absence(who.identity, other.identity, now, until)
    with ctx.store.write() as tx:
        theirs = tx.absences.get(other.identity)
        if theirs and theirs.is_on(now):
            raise InvalidInput(f"<@{delegate.user}> is away until {time_text(theirs.until)}. Name another.")
        known = tx.absences.get(who.identity)
        if known and known.is_on(now) and (known.delegate, known.until) == (made.delegate, until):
            return known
        tx.absences.put(made)
        _record(UnitOfWork(ctx, tx, caller), made, Action.PERSON_AWAY)
    return made


def _require_colleague(who: Person, other: Person) -> None:
    if other.standing not in (AccountStatus.ACTIVE, AccountStatus.UNKNOWN):
        raise NotPermitted(
            f"<@{other.identity.user}> is not a full member of the workspace; Slack reports: {other.standing}."
        )
    unread = (*who.unread, *other.unread)
    if unread and not who.groups & other.groups:
        raise MembershipUnknown(f"Could not check which groups you share: {unread[0].why} Nothing was recorded.")
    require_delegate(who, other)


def come_back(ctx: Context, caller: Caller) -> Absence:
    """End the caller's absence now.

    Raises:
        InvalidInput: They are not away.
    """
    now = ctx.clock.now()
    with ctx.store.write() as tx:
        found = tx.absences.get(caller.identity)
        if found is None or not found.is_on(now):
            raise InvalidInput("You are not away. `/egress away until friday to @x` names somebody in your place.")
        ended = replace(found, until=now)
        tx.absences.put(ended)
        _record(UnitOfWork(ctx, tx, caller), ended, Action.PERSON_BACK)
    return ended


def absences_of(ctx: Context, caller: Caller) -> tuple[Absence | None, tuple[Absence, ...]]:
    """The caller's own absence now, if any, and those of people for whom they decide."""
    person(ctx, caller)
    now = ctx.clock.now()
    with ctx.store.read() as tx:
        own = tx.absences.get(caller.identity)
        return own if own and own.is_on(now) else None, tuple(tx.absences.delegated_to(caller.identity, now))


def standing_in(ctx: Context, who: Person) -> Person:
    """A person with those for whom they decide now; for what is offered."""
    with ctx.store.read() as tx:
        found = tx.absences.delegated_to(who.identity, ctx.clock.now())
    return replace(who, stands_for=frozenset(one.who.user for one in found))


def holder_among(ctx: Context, caller: Caller, verdict: Verdict) -> Person:
    """Look up whether the caller currently belongs to those whom a verdict asks, by themselves or for others.

    Those for whom they decide are counted as far as these still could themselves.

    Raises:
        NotPermitted: For people of other workspaces.
        MembershipUnknown: Whether one of these is still a member could not be asked.
    """
    who = member_of(ctx, caller, verdict.approvers)
    asked = standing_in(ctx, who).stands_for & set(verdict.people)
    return replace(who, stands_for=frozenset(user for user in sorted(asked) if _is_member(ctx, user)))


def _is_member(ctx: Context, user: str) -> bool:
    standing = ctx.directory.person(Identity(ctx.config.team, user), among=()).standing
    if standing is AccountStatus.UNKNOWN:
        raise MembershipUnknown(
            f"Slack did not say whether <@{user}>, for whom you decide, is still a member. Nothing was decided."
        )
    return standing is AccountStatus.ACTIVE


def present(ctx: Context, people: Iterable[Identity]) -> frozenset[Identity]:
    """The people to ask: whoever is away is replaced by their delegate."""
    now = ctx.clock.now()
    with ctx.store.read() as tx:
        return frozenset(away.delegate if (away := tx.absences.get(one)) and away.is_on(now) else one for one in people)


def _record(uow: UnitOfWork, absence: Absence, action: Action) -> None:
    detail = (("delegate", absence.delegate.user), ("until", absence.until.isoformat()))
    uow.audit(Event(uow.now, action, uow.caller.identity, uow.caller.via, detail=detail))
