"""The Home tab."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.allowances.campaigns import Glance
from bot.domain.allowance import Allowance, Status, status
from bot.domain.configuration import Configuration
from bot.domain.egress import ClusterEgress
from bot.domain.people import Unread
from bot.domain.scale_proposal import Scale
from bot.domain.snat import capacity
from bot.ports import Pause
from bot.ports.notice_levels import NoticeLevel
from handlers.blocks.block_kit import (
    actions,
    button,
    code,
    context,
    divider,
    fold,
    header,
    home,
    person,
    section,
    when,
)
from handlers.blocks.break_glass import ALARM
from handlers.blocks.buttons import act_buttons
from handlers.blocks.clusters import allowance_line
from handlers.blocks.delivery import refusal_blocks
from handlers.blocks.details import details_button
from handlers.blocks.dryrun import dry_line
from handlers.blocks.notice_choice import level_select
from handlers.blocks.offers import decision_buttons
from handlers.blocks.review_card import review_button, review_line
from handlers.blocks.scale_card import scale_line
from handlers.blocks.words import NO_CLUSTER, unread_lines
from handlers.replies import Block, View

ROWS = 8
"""Requests in each part; with their buttons all parts together stay below the 100 blocks of a view."""


MOST_REVIEWS = 3
"""Review campaigns, a block each."""


@dataclass(frozen=True, slots=True)
class Desktop:
    """The contents of one person's Home tab.

    Args:
        waiting: Requests that the person may decide.
        scales: Scale proposals that the person may decide.
        reviews: Review campaigns that wait for an answer of the person.
        mine: The person's own that have not ended.
        clusters: Those that the person may see, as last read.
        now: The time at which it is drawn.
        config: Knows what bundles contain.
        unread: The user groups that could not be read: there may be more for the person than this shows.
        refusals: What Slack does not take until somebody acts; for operators.
        unreviewed: What was opened by break-glass and waits for a review by the person.
        notices: How much the person is told.
    """

    waiting: tuple[Allowance, ...]
    scales: tuple[Scale, ...]
    mine: tuple[Allowance, ...]
    clusters: tuple[ClusterEgress, ...]
    now: datetime
    config: Configuration
    reviews: tuple[Glance, ...] = ()
    unread: tuple[Unread, ...] = ()
    refusals: tuple[Pause, ...] = ()
    unreviewed: tuple[Allowance, ...] = ()
    notices: NoticeLevel = NoticeLevel.ALL


def home_view(uow: Desktop) -> View:
    """Draw it."""
    ending = [one for one in uow.mine if status(one, uow.now) is Status.EXPIRING]
    others = [one for one in uow.mine if status(one, uow.now) is not Status.EXPIRING]
    return home(
        [
            *actions(
                button("Request egress…", "open_request", style="primary"),
                *([button("Decide several…", "decide_several")] if len(uow.waiting) > 1 else []),
                button("Refresh", "refresh_home"),
            ),
            *unread_lines(uow.unread, "You may have access to more than this. Use *Refresh* to check again."),
            *refusal_blocks(uow.refusals),
            *dry_line(uow.config.dry_run),
            header("Waiting for you"),
            *_waiting(uow),
            *_reviews(uow.reviews),
            *([header("Ending soon"), *_mine(uow, ending)] if ending else []),
            header("Your allowances"),
            *(_mine(uow, others) or [section("You have none. Use `/egress request` or the button above.")]),
            divider(),
            header("Clusters"),
            *_health(uow.clusters, is_certain=not uow.unread),
            *level_select(uow.notices),
            context(f"Updated {when(uow.now)}. `/egress help` lists all commands."),
        ]
    )


def _waiting(uow: Desktop) -> list[Block]:
    blocks: list[Block] = []
    for one in uow.unreviewed[:ROWS]:
        line = f"{ALARM} {allowance_line(one, uow.now, uow.config)}\nOpened by {person(one.requester.user)}"
        blocks += [
            section(line),
            *actions(details_button(one), *act_buttons(one, uow.config, uow.now, only=("review_break_glass",))),
        ]
    for scale in uow.scales[:ROWS]:
        blocks += [section(scale_line(scale, uow.now)), *decision_buttons(scale, uow.config, uow.now)]
    for one in uow.waiting[:ROWS]:
        line = allowance_line(one, uow.now, uow.config)
        line = f"{line}\nRisk {one.risk.level}, requested by {person(one.requester.user)}"
        blocks += [section(line), *decision_buttons(one, uow.config, uow.now)]
    is_more = max(len(uow.scales), len(uow.waiting), len(uow.unreviewed)) > ROWS
    blocks += [context("and more: `/egress requests pending`")] if is_more else []
    which = "that you are confirmed to be able to decide" if uow.unread else "for your decision"
    nothing = [] if uow.reviews else [section(f"Nothing is waiting {which}.")]
    return blocks or nothing


def _reviews(reviews: Sequence[Glance]) -> list[Block]:
    rest = len(reviews) - MOST_REVIEWS
    shown = [section(review_line(one), accessory=review_button(one.whole.campaign)) for one in reviews[:MOST_REVIEWS]]
    return [*shown, *([context(f"and {rest} more reviews: `/egress review`")] if rest > 0 else [])]


def _mine(uow: Desktop, allowances: Sequence[Allowance]) -> list[Block]:
    blocks: list[Block] = []
    for one in allowances[:ROWS]:
        blocks += [section(allowance_line(one, uow.now, uow.config)), *_own(uow, one)]
    rest = len(allowances) - ROWS
    return [*blocks, *([context(f"and {rest} more: `/egress requests mine`")] if rest > 0 else [])]


def _own(uow: Desktop, one: Allowance) -> list[Block]:
    return actions(*act_buttons(one, uow.config, uow.now, only=("renew", "revoke")))


def _health(clusters: Sequence[ClusterEgress], *, is_certain: bool) -> list[Block]:
    if not clusters:
        return [section(NO_CLUSTER)] if is_certain else [section("None that you are confirmed to have access to.")]
    tight = [one.ref.name for one in clusters if capacity(one).near_exhaustion]
    warned = [one.ref.name for one in clusters if one.warnings and one.ref.name not in tight]
    lines = [f"{len(clusters)} clusters, as last read from Azure."]
    lines += [f":red_circle: SNAT ports near exhaustion: {_names(tight)}"] if tight else []
    lines += [f":warning: Has warnings: {_names(warned)}"] if warned else []
    lines += [":large_green_circle: Nothing needs attention."] if not tight and not warned else []
    return [section("\n".join(lines))]


def _names(names: Sequence[str]) -> str:
    return fold([code(name) for name in names], 1200, most=20, joint=", ")
