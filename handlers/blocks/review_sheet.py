"""The allowances of a review campaign, page by page, with the buttons that the reader may press."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.allowances.campaigns import Glance
from bot.domain.allowance import Allowance
from bot.domain.campaign import AnswerKind, ItemState, ReviewItem
from bot.domain.configuration import Configuration
from bot.domain.duration import duration_text
from handlers.blocks.block_kit import actions, button, code, context, escape, modal, person, section, small_plain, value
from handlers.blocks.block_kit import when as time_of
from handlers.blocks.clusters import allowance_line
from handlers.blocks.dryrun import ENDS, is_dry
from handlers.blocks.review_card import review_line, sign_button
from handlers.blocks.use import used_phrase
from handlers.replies import Block, View

ROWS = 15
"""Allowances on one page: three blocks each, and a view holds a hundred."""

ANSWERED = "answered"
"""The list of what is done, in place of what is open."""

REASON_ROOM = 300
"""Characters of a reason in a list."""


@dataclass(frozen=True, slots=True)
class Page:
    """Where in the items a reader is.

    Args:
        which: ``answered``, or empty for what is open.
        after: The allowance that the page before ended with; empty for the first page.
    """

    which: str = ""
    after: str = ""


def review_view(glance: Glance, config: Configuration, page: Page = Page(), note: str = "") -> View:
    """One page: the reader's own first, then by id, which is by age.

    Args:
        glance: The campaign as the reader sees it.
        config: Knows what bundles contain.
        page: Which page.
        note: What was just done, one line.
    """
    campaign = glance.sheet.campaign
    fitting = _fitting(glance, page)
    shown = fitting[:ROWS]
    blocks = [
        *([section(note)] if note else []),
        section(review_line(glance)),
        *(block for item in shown for block in _item(glance, item, config)),
        *([] if shown else [context("Nothing here.")]),
        *actions(*_turns(glance, page, fitting)),
    ]
    return modal("review", f"Review {campaign.id}", blocks, id=campaign.id)


def _fitting(glance: Glance, page: Page) -> list[ReviewItem]:
    sheet = glance.sheet
    is_open = page.which != ANSWERED
    items = [one for one in sheet.campaign.items if (sheet.state(one) is ItemState.OPEN) == is_open]
    items.sort(key=lambda one: _place(glance, one))
    start = next((_place(glance, one) for one in sheet.campaign.items if one.allowance == page.after), None)
    return [one for one in items if start is None or _place(glance, one) > start]


def _place(glance: Glance, item: ReviewItem) -> tuple[bool, str]:
    """By what an answer does not change, so that no page skips anything."""
    return not glance.is_own(item), item.allowance


def _turns(glance: Glance, page: Page, fitting: Sequence[ReviewItem]) -> list[Block]:
    campaign = glance.sheet.campaign
    other = "" if page.which == ANSWERED else ANSWERED
    here = {"id": campaign.id, "which": page.which}
    turns = [button("First page", "review_first", value(**here))] if page.after else []
    if len(fitting) > ROWS:
        turns.append(button("Next", "review_next", value(**here, after=fitting[ROWS - 1].allowance)))
    turns.append(button("Show done" if other else "Show open", "review_other", value(id=campaign.id, which=other)))
    return [*turns, *([sign_button(campaign)] if glance.may_sign else [])]


def _item(glance: Glance, item: ReviewItem, config: Configuration) -> list[Block]:
    found, carried = glance.sheet.allowances[item.allowance], value(id=glance.sheet.campaign.id, of=item.allowance)
    offered = (button("Keep…", "review_keep", carried), button("Remove…", "review_remove", carried, style="danger"))
    return [
        section(f"{allowance_line(found, glance.sheet.now, config)}\n{_about(glance, item, found)}"),
        small_plain(_words_of(item, found)),
        *actions(*(offered if glance.may_answer(item) else ())),
    ]


def _words_of(item: ReviewItem, found: Allowance) -> str:
    """Reasons in people's own words: why it was asked for, and why it is kept or removed."""
    asked = f"Reason: {_short(found.ask.reason)}"
    return f"{asked}\nAnswer: {_short(item.answer.reason)}" if item.answer else asked


def _short(reason: str) -> str:
    return reason if len(reason) <= REASON_ROOM else f"{reason[:REASON_ROOM]}…"


def _about(glance: Glance, item: ReviewItem, found: Allowance) -> str:
    now = glance.sheet.now
    gone = f" (:warning: {escape(item.owner_left)})" if item.owner_left else ""
    facts = (
        f"Owner {person(found.owner.user)}{gone}",
        f"{_span(now - found.requested_at)} old",
        time_left(found, now),
        f"risk {found.risk.level}",
        used_phrase(found),
    )
    return f"{' · '.join(facts)}\n{_standing(glance, item)}"


def time_left(allowance: Allowance, now: datetime) -> str:
    """How long it stays open, as a phrase."""
    if allowance.expires_at is not None:
        left = allowance.expires_at - now
        return f"{_span(left)} left" if left > timedelta() else "over"
    if allowance.ask.duration is None:
        return "no end"
    return f"{duration_text(allowance.ask.duration)} once live"


def _span(span: timedelta) -> str:
    """In whole days, hours or minutes, the largest unit that is not zero."""
    for unit in (timedelta(days=1), timedelta(hours=1)):
        if span >= unit:
            return duration_text(span // unit * unit)
    return duration_text(max(span // timedelta(minutes=1), 1) * timedelta(minutes=1))


def _standing(glance: Glance, item: ReviewItem) -> str:
    sheet, answer = glance.sheet, item.answer
    if answer is not None:
        until = f" until {time_of(answer.until)}" if answer.until else ""
        return f"*{str(sheet.state(item)).capitalize()}*{until} by {person(answer.by.user)} {time_of(answer.at)}."
    if sheet.state(item) is ItemState.ENDED:
        return f"*Done by itself*: it {sheet.ending(item)}."
    if not sheet.campaign.is_open:
        return "*Unanswered* when the review was signed off."
    if sheet.is_for_approvers(item):
        return "Waiting for an approver." if item.owner_left else "Waiting for its owner or an approver."
    return f"Waiting for its owner; from {time_of(sheet.campaign.owners_until)} approvers can answer, too."


def removal_line(glance: Glance, item: ReviewItem, config: Configuration) -> str:
    """Say what removing it does."""
    is_unwritten = is_dry(config.dry_run, glance.sheet.allowances[item.allowance])
    return ENDS if is_unwritten else "The rule is taken out of the firewall. Connections through it will fail."


def subject_line(glance: Glance, item: ReviewItem, config: Configuration) -> str:
    """The allowance that a form is about."""
    found = glance.sheet.allowances[item.allowance]
    return f"{allowance_line(found, glance.sheet.now, config)}\n{_about(glance, item, found)}"


def answered_line(item: ReviewItem, found: Allowance, config: Configuration) -> str:
    """Say what was just answered, and what follows."""
    answer = item.answer
    if answer is None:
        return ""
    if answer.kind is AnswerKind.KEEP:
        until = f" until {time_of(answer.until)}" if answer.until else ""
        return f":white_check_mark: Kept{until}: {code(item.allowance)}."
    follows = (
        ENDS if is_dry(config.dry_run, found) else "If it was open, the bot is removing the rule from the firewall."
    )
    return f":white_check_mark: Removed: {code(item.allowance)}. {follows}"
