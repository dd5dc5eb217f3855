"""Starting a review campaign."""

from collections.abc import Mapping
from datetime import timedelta

from bot.allowances.campaigns.recording import note, sheet_of, tell_person
from bot.allowances.campaigns.rights import reviewer
from bot.domain.allowance import Allowance, status
from bot.domain.audit import Action
from bot.domain.campaign import MOST_ITEMS, REVIEWED, Campaign, ReviewItem, ReviewSheet
from bot.domain.review_scope import USAGE, ReviewScope, scope_from_words
from bot.domain.work import WorkKind
from bot.errors import AlreadyRequested, InvalidInput, StaleView
from bot.ports import AllowanceFilter, Caller, Context, Notice, NoticeKind, ReviewEvent, Transaction, UnitOfWork


def start(ctx: Context, caller: Caller, words: str) -> ReviewSheet:
    """Ask about every open allowance of a scope; its owners hear of it at once.

    Args:
        ctx: The context.
        caller: An auditor or operator.
        words: The scope as it was typed; empty for all.

    Raises:
        NotPermitted: Somebody else.
        MembershipUnknown: Slack could not be asked.
        InvalidInput: A scope that is not understood, that nothing fits, or that too much fits.
        AlreadyRequested: A review of the same scope is open.
    """
    reviewer(ctx, caller)
    scope = scope_from_words(words)
    with ctx.store.write() as tx:
        _refuse_second(tx, scope)
        tags = _tags(tx) if scope.tags else {}
        fits = [
            one for one in _open(ctx, tx) if scope.fits(one.scope, one.ask.bundle, tags.get(one.scope.cluster_id, {}))
        ]
        return _start(UnitOfWork(ctx, tx, caller), scope, _bounded(scope, fits))


def start_ownerless(ctx: Context, caller: Caller, list_id: str) -> ReviewSheet:
    """Ask about the allowances of a list of ``ownerless`` that are still open.

    Raises:
        NotPermitted, MembershipUnknown, InvalidInput, AlreadyRequested: As ``start``.
        StaleView: The list is no longer stored.
    """
    reviewer(ctx, caller)
    scope = ReviewScope(is_ownerless=True)
    with ctx.store.write() as tx:
        kept = tx.drafts.get(list_id)
        if kept is None:
            raise StaleView("This list is too old. Run `/egress review left` again.")
        _refuse_second(tx, scope)
        named = frozenset(kept.split())
        fits = [one for one in _open(ctx, tx) if one.id in named]
        return _start(UnitOfWork(ctx, tx, caller), scope, _bounded(scope, fits))


def _refuse_second(tx: Transaction, scope: ReviewScope) -> None:
    for other in tx.campaigns.find():
        if other.scope == scope:
            raise AlreadyRequested(
                f"Review {other.id} of the same scope ({scope.words}) is still open: `/egress review {other.id}`."
            )


def _open(ctx: Context, tx: Transaction) -> list[Allowance]:
    now = ctx.clock.now()
    return [one for one in tx.allowances.find(AllowanceFilter(only_open=True)) if status(one, now) in REVIEWED]


def _bounded(scope: ReviewScope, found: list[Allowance]) -> list[Allowance]:
    if not found:
        raise InvalidInput(f"No open allowance fits “{scope.words}”; nothing was started. {USAGE}")
    if len(found) > MOST_ITEMS:
        raise InvalidInput(
            f"{len(found):,} open allowances fit “{scope.words}”, and one review takes {MOST_ITEMS:,}. Review them in "
            f"parts. {USAGE}"
        )
    return found


def _tags(tx: Transaction) -> Mapping[str, Mapping[str, str]]:
    known = ((egress.ref.id, egress.ref.tags) for egress in tx.snapshots.all())
    return {cluster: {name.lower(): value.lower() for name, value in tags} for cluster, tags in known}


def _start(uow: UnitOfWork, scope: ReviewScope, found: list[Allowance]) -> ReviewSheet:
    tx, settings = uow.tx, uow.ctx.config.reviews
    campaign = Campaign(
        id=tx.campaigns.new_id(uow.now),
        version=1,
        scope=scope,
        started_by=uow.caller.identity,
        started_at=uow.now,
        owners_until=uow.now + settings.owners_first,
        items=tuple(ReviewItem(one.id) for one in sorted(found, key=lambda one: one.id)),
    )
    tx.campaigns.add(campaign)
    listed = " ".join(item.allowance for item in campaign.items)
    note(uow, campaign, Action.REVIEW_START, owners_until=campaign.owners_until.isoformat(), allowances=listed)
    tx.outbox.add(Notice(NoticeKind.CARD, campaign.id, uow.ctx.config.channel))
    for owner in sorted({one.owner for one in found}):
        tell_person(uow, campaign, owner, ReviewEvent.STARTED)
    tx.work.wake(WorkKind.TIMERS, within=timedelta())  # which looks for owners who left: Slack is asked for that
    return sheet_of(tx, campaign, uow.now)
