"""The Home tab."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.allowance import MAY_ACT, Act, Allowance, Status, digest, status
from bot.domain.egress import ClusterEgress
from bot.domain.scale import Scale
from bot.domain.snat import capacity
from bot.ports import Pause
from handlers.blocks.delivery import refusal_blocks
from handlers.blocks.fleet import allowance_line
from handlers.blocks.kit import (
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
from handlers.blocks.scale import scale_line
from handlers.blocks.words import NO_CLUSTER
from handlers.replies import Block, View

ROWS = 8
"""Requests in each part; with their buttons all parts together stay below the 100 blocks of a view."""


@dataclass(frozen=True, slots=True)
class Desktop:
    """What one person sees at home.

    Args:
        waiting: Requests that the person may decide.
        scales: Scale proposals that the person may decide.
        mine: The person's own that have not ended.
        clusters: Those that the person may see, as last read.
        now: The time at which it is drawn.
        refusals: What Slack does not take until somebody acts; for operators.
    """

    waiting: tuple[Allowance, ...]
    scales: tuple[Scale, ...]
    mine: tuple[Allowance, ...]
    clusters: tuple[ClusterEgress, ...]
    now: datetime
    refusals: tuple[Pause, ...] = ()


def home_view(desk: Desktop) -> View:
    """Draw it."""
    ending = [one for one in desk.mine if status(one, desk.now) is Status.EXPIRING]
    others = [one for one in desk.mine if status(one, desk.now) is not Status.EXPIRING]
    return home(
        [
            *actions(
                button("Request egress…", "open_request", style="primary"),
                button("Refresh", "refresh_home"),
            ),
            *refusal_blocks(desk.refusals),
            header("Waiting for you"),
            *_waiting(desk),
            *([header("Ending soon"), *_mine(ending, desk.now)] if ending else []),
            header("Your allowances"),
            *(_mine(others, desk.now) or [section("You have none. `/egress request` or the button above asks.")]),
            divider(),
            header("Clusters"),
            *_health(desk.clusters),
            context(f"Drawn {when(desk.now)}. `/egress help` lists everything else."),
        ]
    )


def _waiting(desk: Desktop) -> list[Block]:
    blocks: list[Block] = []
    for scale in desk.scales[:ROWS]:
        blocks += [section(scale_line(scale, desk.now)), *_decision(scale.id, scale.plan.digest)]
    for one in desk.waiting[:ROWS]:
        line = f"{allowance_line(one, desk.now)}\nRisk {one.risk.level}, asked by {person(one.requester.user)}"
        blocks += [section(line), *_decision(one.id, digest(one.scope, one.ask))]
    rest = max(0, len(desk.scales) - ROWS) + max(0, len(desk.waiting) - ROWS)
    blocks += [context(f"and {rest} more: `/egress requests pending`")] if rest else []
    return blocks or [section("Nothing waits for your decision.")]


def _decision(subject: str, seen: str) -> list[Block]:
    carried = value(id=subject, digest=seen)
    return actions(
        button("Approve", "approve", carried, style="primary"), button("Deny…", "deny", carried, style="danger")
    )


def _mine(allowances: Sequence[Allowance], now: datetime) -> list[Block]:
    blocks: list[Block] = []
    for one in allowances[:ROWS]:
        blocks += [section(allowance_line(one, now)), *_own(one, now)]
    rest = len(allowances) - ROWS
    return [*blocks, *([context(f"and {rest} more: `/egress requests mine`")] if rest > 0 else [])]


def _own(one: Allowance, now: datetime) -> list[Block]:
    carried, state = value(id=one.id), status(one, now)
    offered = ((Act.RENEW, button("Renew", "renew", carried)), (Act.REVOKE, button("Revoke", "revoke", carried)))
    return actions(*(made for act, made in offered if state in MAY_ACT[act]))


def _health(clusters: Sequence[ClusterEgress]) -> list[Block]:
    if not clusters:
        return [section(NO_CLUSTER)]
    tight = [one.ref.name for one in clusters if capacity(one).near_exhaustion]
    warned = [one.ref.name for one in clusters if one.warnings and one.ref.name not in tight]
    lines = [f"{len(clusters)} clusters, as last read from Azure."]
    lines += [f":red_circle: SNAT ports near exhaustion: {_names(tight)}"] if tight else []
    lines += [f":warning: Something to know about: {_names(warned)}"] if warned else []
    lines += [":large_green_circle: Nothing needs attention."] if not tight and not warned else []
    return [section("\n".join(lines))]


def _names(names: Sequence[str]) -> str:
    return fold([code(name) for name in names], 1200, most=20, joint=", ")
