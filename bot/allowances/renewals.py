"""Renewing: asking for the same again, as a new allowance that is decided like any other."""

from dataclasses import replace
from datetime import timedelta

from bot.allowances.filing import ON_ITS_WAY, file, join, waits_sentence
from bot.allowances.previews import Draft
from bot.domain.access import require_read
from bot.domain.allowance import Act, Allowance, Status, require, status
from bot.domain.duration import duration_from_text
from bot.domain.ids import canonical_id
from bot.domain.people import Person, Role
from bot.errors import AlreadyRequested, NotPermitted, UnknownCluster
from bot.inventory import find, person
from bot.ports import AllowanceFilter, Caller, Context, Transaction, UnitOfWork


def renew(ctx: Context, caller: Caller, allowance_id: str, *, reason: str = "", duration: str = "") -> Allowance:
    """Ask for the same again: the newest of the chain is continued, whichever of it was named.

    Its rule exists alongside the old one, so access is never interrupted: the old rule goes when it expires, and the
    new one's clock starts when it is live.

    Everyone with access to the cluster may renew. A renewal filed by an approver belongs to the person who requested
    the old one, whose rights count; anyone else's renewal is their own.

    Args:
        ctx: The context.
        caller: Who asks.
        allowance_id: Of the allowance, or of one that it continues.
        reason: Why; empty for the reason that it was asked with.
        duration: How long, as people type it; empty for as long as before.

    Raises:
        UnknownCluster: The caller may not see the cluster.
        NotPermitted: Its owner no longer has access to the cluster.
        MembershipUnknown: Slack could not be asked whether the caller is an approver.
        AlreadyRequested: Its renewal is not open yet; the caller hears how it ends.
        AlreadyDecided: It cannot be renewed.
        InvalidInput: The input is not a duration, or exceeds the longest one allowed.
    """
    who = person(ctx, caller)
    old = newest(ctx, allowance_id)
    find(ctx, who, old.scope.cluster_id)
    if old.ask.renews and status(old, ctx.clock.now()) in ON_ITS_WAY:
        _join(ctx, caller, old)
    require(old, Act.RENEW, ctx.clock.now())
    span = duration_from_text(duration) if duration else old.ask.duration
    again = _draft(old, reason.strip() or old.ask.reason, span)
    return file(ctx, caller, _owner(ctx, caller, who, old), again)


def newest(ctx: Context, subject: str) -> Allowance:
    """The last allowance of the chain of renewals that an id belongs to, leaving out what came to nothing.

    Raises:
        UnknownAllowance: No allowance has that id.
    """
    with ctx.store.read() as tx:
        last = tx.allowances.get(canonical_id(subject))
        while following := _following(ctx, tx, last):
            last = following
    return last


STANDING = frozenset({*ON_ITS_WAY, Status.LIVE, Status.EXPIRING, Status.EXPIRED, Status.SUSPENDED})
"""The statuses of renewals that count; one that was denied, revoked, lapsed or failed leaves the old one the newest."""


def _following(ctx: Context, tx: Transaction, one: Allowance) -> Allowance | None:
    later = tx.allowances.find(AllowanceFilter(cluster=one.scope.cluster_id, renews=one.id))
    return next((each for each in later if status(each, ctx.clock.now()) in STANDING), None)


def _join(ctx: Context, caller: Caller, waiting: Allowance) -> None:
    with ctx.store.write() as tx:
        join(UnitOfWork(ctx, tx, caller), waiting)
    raise AlreadyRequested(waits_sentence(waiting, caller.identity, ctx.clock.now()))


def _owner(ctx: Context, caller: Caller, who: Person, old: Allowance) -> Person:
    if who.identity == old.owner:
        return who
    if not who.has_role(Role.APPROVER):
        require_read(who.unread_for(Role.APPROVER))
        return who
    owner = person(ctx, replace(caller, identity=old.owner))
    try:
        find(ctx, owner, old.scope.cluster_id)
    except UnknownCluster as error:
        raise NotPermitted(
            f"<@{old.owner.user}>, who owns {old.id}, no longer has access to {old.scope.cluster_name}. "
            "Someone with access must renew it."
        ) from error
    return owner


def _draft(old: Allowance, reason: str, duration: timedelta | None) -> Draft:
    ask, scope = old.ask, old.scope
    return Draft(
        scope.cluster_id,
        ask.destinations,
        reason,
        duration,
        pool=scope.pool,
        ticket=ask.ticket,
        bundle=ask.bundle,
        renews=old.id,
    )
