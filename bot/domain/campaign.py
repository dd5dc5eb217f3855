"""A review campaign: every open allowance of a scope is kept or removed by somebody, with a reason.

Like an allowance, a campaign holds facts with their times. What became of an item follows from its answer and from its
allowance as it is now, so an allowance that ended meanwhile needs no entry here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.allowance import UNENDED, Allowance, Status, status
from bot.domain.dates import time_text
from bot.domain.people import Identity
from bot.domain.review_scope import ReviewScope
from bot.errors import AlreadyDecided, UnknownAllowance

MOST_ITEMS = 2_000
"""Allowances in one campaign: it is stored as one value, and nobody reviews more in one go."""

REVIEWED = UNENDED - {Status.WAITING}
"""The statuses of allowances that are reviewed: everything that was approved and has not ended, also what is suspended
or failed. What waits is being decided anyway."""

LONGEST_SILENCE = timedelta(days=7)
"""The longest wait between two reminders."""


class AnswerKind(StrEnum):
    """What somebody answered."""

    KEEP = "keep"
    REMOVE = "remove"


class ItemState(StrEnum):
    """What became of one item of a campaign."""

    OPEN = "open"
    KEPT = "kept"
    REMOVED = "removed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ReviewAnswer:
    """The answer for one allowance: what, who, when, why.

    Args:
        kind: Keep or remove.
        by: Who.
        at: When.
        reason: Why.
        until: The earlier end that the allowance got with it; None for its own.
    """

    kind: AnswerKind
    by: Identity
    at: datetime
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One allowance in a campaign.

    Args:
        allowance: Its id.
        answer: Set once.
        owner_left: Why its owner cannot answer, as a phrase; empty as far as known.
    """

    allowance: str
    answer: ReviewAnswer | None = None
    owner_left: str = ""


@dataclass(frozen=True, slots=True)
class SignOff:
    """The end of a campaign: who, when, with which conclusion.

    Args:
        by: Who.
        at: When.
        reason: The conclusion.
        unanswered: Ids of the allowances that nobody had answered for; they stay as they are.
    """

    by: Identity
    at: datetime
    reason: str
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A review campaign; its id begins with ``r``.

    Args:
        id: Short id.
        version: Grows with each change; a change names the version that it was made on.
        scope: What is reviewed.
        started_by: Who started it.
        started_at: When.
        owners_until: Until then only owners answer; from then on approvers may, too.
        items: One for each allowance that was open at the start, by id.
        signed: Set when it was signed off.
        reminders: How often people were reminded.
        reminded_at: When they last were.
        opened_at: When approvers were told that the owners' time is over.
        completed_at: When it was told that nothing is open any more.
        looked_at: When it was last looked up whether owners left.
        drawn: The progress that the card was last drawn for.
    """

    id: str
    version: int
    scope: ReviewScope
    started_by: Identity
    started_at: datetime
    owners_until: datetime
    items: tuple[ReviewItem, ...]
    signed: SignOff | None = None
    reminders: int = 0
    reminded_at: datetime | None = None
    opened_at: datetime | None = None
    completed_at: datetime | None = None
    looked_at: datetime | None = None
    drawn: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it was not signed off yet."""
        return self.signed is None

    def item(self, allowance_id: str) -> ReviewItem:
        """The item of an allowance.

        Raises:
            UnknownAllowance: It is not part of this campaign.
        """
        for one in self.items:
            if one.allowance == allowance_id:
                return one
        raise UnknownAllowance(f"{allowance_id} is not part of review {self.id}. `/egress review {self.id}` shows it.")

    def reminds_at(self, first: timedelta) -> datetime:
        """When people are reminded next; each wait is twice as long as the one before."""
        wait: timedelta = first * 2 ** min(self.reminders, 10)
        return (self.reminded_at or self.started_at) + min(wait, max(first, LONGEST_SILENCE))


@dataclass(frozen=True, slots=True)
class ReviewSheet:
    """A campaign beside the allowances that it is about, at one time.

    Args:
        campaign: The facts.
        allowances: By id.
        now: The time.
    """

    campaign: Campaign
    allowances: Mapping[str, Allowance]
    now: datetime

    def owner(self, item: ReviewItem) -> Identity:
        """Who answers first: the person whose allowance it is."""
        return self.allowances[item.allowance].owner

    def state(self, item: ReviewItem) -> ItemState:
        """What became of an item."""
        if item.answer is not None:
            return ItemState.KEPT if item.answer.kind is AnswerKind.KEEP else ItemState.REMOVED
        if self.campaign.signed is not None:  # what it was then: what ends later was not reviewed
            return ItemState.OPEN if item.allowance in self.campaign.signed.unanswered else ItemState.ENDED
        is_there = status(self.allowances[item.allowance], self.now) in REVIEWED
        return ItemState.OPEN if is_there else ItemState.ENDED

    def items(self, *states: ItemState) -> tuple[ReviewItem, ...]:
        """The items in some states."""
        return tuple(one for one in self.campaign.items if self.state(one) in states)

    @property
    def open_items(self) -> tuple[ReviewItem, ...]:
        """The items that wait for an answer."""
        return self.items(ItemState.OPEN)

    def is_for_approvers(self, item: ReviewItem) -> bool:
        """Whether approvers may answer: the owners' time is over, or this owner left."""
        return bool(item.owner_left) or self.now >= self.campaign.owners_until

    @property
    def for_approvers(self) -> tuple[ReviewItem, ...]:
        """The open items that approvers may answer."""
        return tuple(one for one in self.open_items if self.is_for_approvers(one))

    def of_owner(self, owner: Identity) -> tuple[ReviewItem, ...]:
        """The open items that a person answers as their owner."""
        return tuple(one for one in self.open_items if self.owner(one) == owner)

    @property
    def progress(self) -> str:
        """How far it is: changes exactly when the card has to be drawn again."""
        counts = [len(self.items(state)) for state in ItemState]
        left = sum(bool(one.owner_left) for one in self.open_items)
        return f"{counts} {len(self.for_approvers)} {left} {'open' if self.campaign.is_open else 'signed'}"

    def require_open(self, item: ReviewItem) -> None:
        """Refuse an answer that comes too late.

        Raises:
            AlreadyDecided: With who answered or signed off, and when; or how the allowance ended.
        """
        if item.answer is not None:
            word, given = self.state(item), item.answer
            raise AlreadyDecided(
                f"{item.allowance} is already {word} (<@{given.by.user}> at {time_text(given.at)}); nothing "
                "was changed."
            )
        if self.campaign.signed is not None:
            raise already_signed(self.campaign, self.campaign.signed)
        if self.state(item) is ItemState.ENDED:
            raise AlreadyDecided(f"{item.allowance} {self.ending(item)}; there is nothing left to review.")

    def ending(self, item: ReviewItem) -> str:
        """How the allowance of an item ended by itself, as a phrase."""
        found = self.allowances[item.allowance]
        by = found.ending
        who = f" (<@{by.by.user}> at {time_text(by.at)})" if by else ""
        return f"has ended meanwhile: it is {status(found, self.now)}{who}"


def already_signed(campaign: Campaign, signed: SignOff) -> AlreadyDecided:
    """The refusal of every act on a campaign that was signed off."""
    return AlreadyDecided(
        f"Review {campaign.id} was signed off by <@{signed.by.user}> at {time_text(signed.at)}; nothing was changed."
    )


def with_answer(campaign: Campaign, allowance_id: str, answer: ReviewAnswer) -> Campaign:
    """The campaign with one more answer."""
    return _with_item(campaign, replace(campaign.item(allowance_id), answer=answer))


def _with_item(campaign: Campaign, changed: ReviewItem) -> Campaign:
    items = (changed if one.allowance == changed.allowance else one for one in campaign.items)
    return replace(campaign, items=tuple(items))


def with_owners(sheet: ReviewSheet, left: Mapping[str, str | None]) -> tuple[Campaign, tuple[ReviewItem, ...]]:
    """Mark the open items whose owners left, and unmark those whose owners are back.

    Args:
        sheet: The campaign now.
        left: Why the owner of an allowance cannot answer, by its id; empty where they can. What is None or missing is
            not known, and stays as it is.

    Returns:
        The campaign, and the items that are newly marked.
    """
    known = {one.allowance: why for one in sheet.open_items if (why := left.get(one.allowance)) is not None}
    items = tuple(replace(one, owner_left=known.get(one.allowance, one.owner_left)) for one in sheet.campaign.items)
    before = {one.allowance for one in sheet.campaign.items if one.owner_left}
    fresh = tuple(one for one in items if one.owner_left and one.allowance not in before)
    return replace(sheet.campaign, items=items), fresh
