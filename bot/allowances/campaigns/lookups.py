"""Looking at review campaigns: auditors, operators and approvers see all of it, owners what is theirs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from bot.allowances.campaigns.recording import sheet_of
from bot.domain.access import REVIEWERS, TRUSTED, require_read
from bot.domain.campaign import ItemState, ReviewItem, ReviewSheet
from bot.domain.ids import canonical_id
from bot.domain.people import AccountStatus, Person, Role
from bot.errors import UnknownReview
from bot.inventory import person
from bot.ports import Caller, Context, Place

AT_ONCE = 10
"""Campaigns that are read at once: each has up to 2,000 allowances."""


@dataclass(frozen=True, slots=True)
class Glance:
    """A campaign as one person sees it.

    Args:
        sheet: The campaign; of its items only those that the person may see.
        who: The person.
        whole: The campaign with all its items, for what is counted.
    """

    sheet: ReviewSheet
    who: Person
    whole: ReviewSheet

    @property
    def may_sign(self) -> bool:
        """Whether signing it off is offered; ``require_reviewer`` is what holds."""
        return self.sheet.campaign.is_open and bool(self.who.roles & REVIEWERS)

    def is_own(self, item: ReviewItem) -> bool:
        """Whether the person is the owner."""
        return self.sheet.owner(item) == self.who.identity

    def may_answer(self, item: ReviewItem) -> bool:
        """Whether answering is offered; ``answer`` is what holds."""
        if not self.sheet.campaign.is_open or self.sheet.state(item) is not ItemState.OPEN:
            return False
        return self.is_own(item) or (self.who.has_role(Role.APPROVER) and self.sheet.is_for_approvers(item))

    @property
    def to_answer(self) -> tuple[ReviewItem, ...]:
        """The items that the person may answer now."""
        return tuple(one for one in self.sheet.campaign.items if self.may_answer(one))


@dataclass(frozen=True, slots=True)
class CampaignList:
    """One page of the campaigns that somebody may see.

    Args:
        glances: Open ones first, then the newest.
        last: The start of the next page; None if there is none.
    """

    glances: tuple[Glance, ...] = ()
    last: Place | None = None


def browse(ctx: Context, caller: Caller, *, rows: int, after: Place | None = None) -> CampaignList:
    """One page of the campaigns that the caller may see.

    Raises:
        NotPermitted: For people of other workspaces.
    """
    who = person(ctx, caller)
    found = list(islice(_every(ctx, who, after), rows + 1))
    last = found[rows - 1].whole.campaign if len(found) > rows else None
    return CampaignList(tuple(found[:rows]), Place(last.is_open, last.id) if last else None)


def _every(ctx: Context, who: Person, after: Place | None) -> Iterator[Glance]:
    while True:
        with ctx.store.read() as tx:
            page = tx.campaigns.find(only_open=False, limit=AT_ONCE, after=after)
            sheets = [sheet_of(tx, one, ctx.clock.now()) for one in page]
        yield from (seen for sheet in sheets if (seen := _seen(who, sheet)) is not None)
        if len(page) < AT_ONCE:
            return
        after = Place(page[-1].is_open, page[-1].id)


def mine(ctx: Context, who: Person) -> list[Glance]:
    """The open campaigns that wait for an answer of this person."""
    with ctx.store.read() as tx:
        sheets = [sheet_of(tx, one, ctx.clock.now()) for one in tx.campaigns.find()]
    glances = (_seen(who, sheet) for sheet in sheets)
    return [one for one in glances if one is not None and one.to_answer]


def look(ctx: Context, caller: Caller, campaign_id: str) -> Glance:
    """One campaign.

    Raises:
        UnknownReview: It does not exist, or nothing in it is the caller's to see.
        NotPermitted: For people of other workspaces.
        MembershipUnknown: Whether they may see it could not be checked.
    """
    who = person(ctx, caller)
    with ctx.store.read() as tx:
        sheet = sheet_of(tx, tx.campaigns.get(canonical_id(campaign_id)), ctx.clock.now())
    seen = _seen(who, sheet)
    if seen is None:
        require_read(who.unread_for(*TRUSTED))
        raise UnknownReview(f"No review {sheet.campaign.id} that you can see. `/egress review` lists them.")
    return seen


def seen_by(ctx: Context, caller: Caller, sheet: ReviewSheet) -> Glance | None:
    """A campaign as the caller sees it after an act on it; None where that cannot be looked up now."""
    return _seen(person(ctx, caller), sheet)


def _seen(who: Person, sheet: ReviewSheet) -> Glance | None:
    if who.standing is AccountStatus.DEACTIVATED:
        return None
    if who.roles & TRUSTED:
        return Glance(sheet, who, sheet)
    own = tuple(one for one in sheet.campaign.items if sheet.owner(one) == who.identity)
    return Glance(replace(sheet, campaign=replace(sheet.campaign, items=own)), who, sheet) if own else None
