"""Review campaigns: the card in the channel, its news, and the list."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from bot.allowances.campaigns import CampaignList, Glance
from bot.domain.campaign import Campaign, ItemState, ReviewSheet
from bot.domain.configuration import Configuration
from bot.domain.people import Identity, Role
from bot.domain.phrases import counted
from bot.ports import ReviewEvent
from handlers.blocks.block_kit import (
    actions,
    button,
    code,
    context,
    escape,
    fields,
    fold,
    header,
    message,
    person,
    said,
    section,
    small_plain,
    value,
    when,
)
from handlers.blocks.buttons import position_text
from handlers.blocks.deciders import mention
from handlers.replies import Block, Message

OWNERS_ROOM = 1500
IDS_ROOM = 1500

REVIEW_NEWS: Mapping[ReviewEvent, str] = MappingProxyType(
    {
        ReviewEvent.STARTED: (
            "{starter} started a review of {scope}. {yours} an answer: keep or remove. Approvers can answer from "
            "{owners_until}, too."
        ),
        ReviewEvent.REMINDER: "Review {id} is waiting for you: {yours} an answer.",
        ReviewEvent.ESCALATED: "The owners' time is over. {approvers}: {theirs} an answer from you or the owner.",
        ReviewEvent.OWNER_LEFT: "Some owners cannot answer any more. {approvers}: {theirs} your answer.",
        ReviewEvent.STILL_OPEN: "Still open. {approvers}: {theirs} an answer.",
        ReviewEvent.COMPLETE: (
            "Nothing in review {id} is open any more. Auditors and operators can sign it off: "
            "`/egress review sign {id} REASON`."
        ),
        ReviewEvent.SIGNED: "Signed off by {signer}.",
    }
)
"""The words by event."""

NOTHING_LEFT = "{starter} started a review of {scope}. Nothing of yours is open in it any more."
"""What an owner hears of a start when Slack took the message only after the last answer."""

_OF_A_NEWER_VERSION = "Something changed. See the card."


def review_card(sheet: ReviewSheet) -> Message:
    """The card: how far it is, whom it waits for, and how it ended."""
    campaign = sheet.campaign
    title = f"{_headline(sheet)}: review of {campaign.scope.words}"
    return message(
        f"{_headline(sheet)}: review of {escape(campaign.scope.words)} ({campaign.id})",
        [
            header(title),
            context(
                f"{code(campaign.id)}, started by {person(campaign.started_by.user)} {when(campaign.started_at)}. "
                f"Owners answer first; from {when(campaign.owners_until)} approvers can, too."
            ),
            *fields(_counts(sheet)),
            *(_waiting(sheet) if campaign.is_open else _signed(campaign)),
            *actions(*_buttons(sheet)),
        ],
    )


def _headline(sheet: ReviewSheet) -> str:
    if not sheet.campaign.is_open:
        return "Signed off"
    total, rest = len(sheet.campaign.items), len(sheet.open_items)
    return f"{total - rest} of {total} done" if rest else "All done, waiting for sign-off"


def _counts(sheet: ReviewSheet) -> list[tuple[str, str]]:
    shorter = sum(one.answer is not None and one.answer.until is not None for one in sheet.campaign.items)
    kept = f"{len(sheet.items(ItemState.KEPT))}{f' ({shorter} for a shorter time)' if shorter else ''}"
    return [
        ("Kept", kept),
        ("Removed", str(len(sheet.items(ItemState.REMOVED)))),
        ("Ended by themselves", str(len(sheet.items(ItemState.ENDED)))),
        ("Open" if sheet.campaign.is_open else "Unanswered", str(len(sheet.open_items))),
    ]


def _waiting(sheet: ReviewSheet) -> list[Block]:
    if not sheet.open_items:
        return []
    waiting = Counter(sheet.owner(one).user for one in sheet.open_items if not one.owner_left)
    owners = [f"{person(user)} {count}" for user, count in waiting.most_common()]
    gone = [f"{person(sheet.owner(one).user)} ({escape(one.owner_left)})" for one in sheet.open_items if one.owner_left]
    lines = [f"*Waiting for owners* {fold(owners, OWNERS_ROOM, joint=', ')}"] if owners else []
    lines += [f"*Owner left* {fold(list(dict.fromkeys(gone)), OWNERS_ROOM, joint=', ')}"] if gone else []
    lines += [f"*For approvers* {_needs(len(sheet.for_approvers))} an answer."] if sheet.for_approvers else []
    return [section(fold(lines))]


def _signed(campaign: Campaign) -> list[Block]:
    signed = campaign.signed
    if signed is None:
        return []
    left = fold([code(one) for one in signed.unanswered], IDS_ROOM, joint=", ")
    return [
        context(f"Signed off by {person(signed.by.user)} {when(signed.at)}."),
        small_plain(f"Conclusion: {signed.reason}"),
        *([context(f"Unanswered, and left as they are: {left}.")] if signed.unanswered else []),
    ]


def _buttons(sheet: ReviewSheet) -> list[Block]:
    campaign = sheet.campaign
    shown = [review_button(campaign, "Review…" if campaign.is_open else "Show answers")]
    return [*shown, *([sign_button(campaign)] if campaign.is_open and not sheet.open_items else [])]


def review_button(campaign: Campaign, text: str = "Review…") -> Block:
    """Opens the items."""
    return button(text, "review_open", value(id=campaign.id))


def sign_button(campaign: Campaign) -> Block:
    """Opens the form that asks for the conclusion."""
    return button("Sign off…", "review_sign", value(id=campaign.id), style="primary")


def _needs(count: int) -> str:
    return f"{count} allowance{' needs' if count == 1 else 's need'}"


def _approvers(config: Configuration) -> str:
    groups = [name for name, group in config.groups.items() if Role.APPROVER in group.roles]
    return " ".join(mention(config, name) for name in groups) or "Approvers"


def review_news(sheet: ReviewSheet, body: Mapping[str, str], recipient: str, config: Configuration) -> Message:
    """One event, as the thread under the card or one person gets it.

    Args:
        sheet: The campaign as it is now.
        body: Of the notice: ``event``.
        recipient: The user id of a direct message: their own items are counted.
        config: Names groups.
    """
    campaign, event = sheet.campaign, body.get("event", "")
    yours = len(sheet.of_owner(Identity(config.team, recipient)))
    words = REVIEW_NEWS[ReviewEvent(event)] if event in REVIEW_NEWS else _OF_A_NEWER_VERSION
    text = (NOTHING_LEFT if event == ReviewEvent.STARTED and not yours else words).format(
        id=campaign.id,
        scope=escape(campaign.scope.words),
        starter=person(campaign.started_by.user),
        owners_until=when(campaign.owners_until),
        yours=f"{yours} of your allowances need{'s' if yours == 1 else ''}",
        theirs=_needs(len(sheet.for_approvers)),
        approvers=_approvers(config),
        signer=person(campaign.signed.by.user) if campaign.signed else "somebody",
    )
    why = [said(campaign.signed.reason)] if campaign.signed and event == ReviewEvent.SIGNED else []
    offered = actions(review_button(campaign)) if campaign.is_open else []
    return message(text, [section(text), *why, *offered, context(f"Review {code(campaign.id)}")])


ROWS = 10
"""Campaigns on one page."""


def review_list(page: CampaignList) -> Message:
    """One page of the campaigns that a person may see, with their progress."""
    if not page.glances:
        return message("No reviews that you can see. Auditors start one with `/egress review start`.")
    blocks = [section(review_line(one), accessory=review_button(one.whole.campaign, "Show…")) for one in page.glances]
    hint = "`/egress review ID` shows the allowances, `/egress review sign ID REASON` signs a review off."
    turn = [button("Older", "reviews_older", value(after=position_text(page.last)))] if page.last else []
    older = ", and older ones" if page.last else ""
    return message(f"{counted(len(page.glances), 'review')}{older}", [*blocks, context(hint), *actions(*turn)])


def review_line(glance: Glance) -> str:
    """One line about a campaign, with what waits for the reader."""
    campaign, mine = glance.whole.campaign, len(glance.to_answer)
    waits = f" *{mine} for you to answer.*" if mine else ""
    text = f"{code(campaign.id)}  *{_headline(glance.whole)}*  {escape(campaign.scope.words)}, started"
    return f"{text} {when(campaign.started_at)} by {person(campaign.started_by.user)}.{waits}"
