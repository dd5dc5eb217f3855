"""The Home tab."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.allowance import MAY_ACT, Act, Allowance, Status, status
from bot.domain.configuration import Configuration
from bot.domain.egress import ClusterEgress
from bot.domain.people import Unread
from bot.domain.scale_proposal import Scale
from bot.domain.snat import capacity
from bot.ports import Pause
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
    value,
    when,
)
from handlers.blocks.clusters import allowance_line
from handlers.blocks.delivery import refusal_blocks
from handlers.blocks.dryrun import dry_line
from handlers.blocks.offers import decision_buttons
from handlers.blocks.scale_card import scale_line
from handlers.blocks.words import NO_CLUSTER, unread_lines
from handlers.replies import Block, View

ROWS = 8
"""Requests in each part; with their buttons all parts together stay below the 100 blocks of a view."""


@dataclass(frozen=True, slots=True)
class Desktop:
    """The contents of one person's Home tab.

    Args:
        waiting: Requests that the person may decide.
        scales: Scale proposals that the person may decide.
        mine: The person's own that have not ended.
        clusters: Those that the person may see, as last read.
        now: The time at which it is drawn.
        config: Knows what bundles contain.
        unread: The user groups that could not be read: there may be more for the person than this shows.
        refusals: What Slack does not take until somebody acts; for operators.
    """

    waiting: tuple[Allowance, ...]
    scales: tuple[Scale, ...]
    mine: tuple[Allowance, ...]
    clusters: tuple[ClusterEgress, ...]
    now: datetime
    config: Configuration
    unread: tuple[Unread, ...] = ()
    refusals: tuple[Pause, ...] = ()


def home_view(uow: Desktop) -> View:
    """Draw it."""
    ending = [one for one in uow.mine if status(one, uow.now) is Status.EXPIRING]
    others = [one for one in uow.mine if status(one, uow.now) is not Status.EXPIRING]
    return home(
        [
            *actions(
                button("Request egress…", "open_request", style="primary"),
                button("Refresh", "refresh_home"),
            ),
            *unread_lines(uow.unread, "You may have access to more than this. Use *Refresh* to check again."),
            *refusal_blocks(uow.refusals),
            *dry_line(uow.config.dry_run),
            header("Waiting for you"),
            *_waiting(uow),
            *([header("Ending soon"), *_mine(uow, ending)] if ending else []),
            header("Your allowances"),
            *(_mine(uow, others) or [section("You have none. Use `/egress request` or the button above.")]),
            divider(),
            header("Clusters"),
            *_health(uow.clusters, is_certain=not uow.unread),
            context(f"Updated {when(uow.now)}. `/egress help` lists all commands."),
        ]
    )


def _waiting(uow: Desktop) -> list[Block]:
    blocks: list[Block] = []
    for scale in uow.scales[:ROWS]:
        blocks += [section(scale_line(scale, uow.now)), *decision_buttons(scale)]
    for one in uow.waiting[:ROWS]:
        line = allowance_line(one, uow.now, uow.config)
        line = f"{line}\nRisk {one.risk.level}, requested by {person(one.requester.user)}"
        blocks += [section(line), *decision_buttons(one)]
    is_more = max(len(uow.scales), len(uow.waiting)) > ROWS
    blocks += [context("and more: `/egress requests pending`")] if is_more else []
    which = "that you are confirmed to be able to decide" if uow.unread else "for your decision"
    return blocks or [section(f"Nothing is waiting {which}.")]


def _mine(uow: Desktop, allowances: Sequence[Allowance]) -> list[Block]:
    blocks: list[Block] = []
    for one in allowances[:ROWS]:
        blocks += [section(allowance_line(one, uow.now, uow.config)), *_own(one, uow.now)]
    rest = len(allowances) - ROWS
    return [*blocks, *([context(f"and {rest} more: `/egress requests mine`")] if rest > 0 else [])]


def _own(one: Allowance, now: datetime) -> list[Block]:
    carried, state = value(id=one.id), status(one, now)
    offered = ((Act.RENEW, button("Renew", "renew", carried)), (Act.REVOKE, button("Revoke", "revoke", carried)))
    return actions(*(made for act, made in offered if state in MAY_ACT[act]))


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
