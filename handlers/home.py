"""Listener of the Home tab."""

from functools import partial

from bot import allowances, approvals, inventory, scaling
from bot.domain.access import may_decide
from bot.domain.allowance import Allowance, Status, status
from bot.domain.people import Person, Role
from bot.domain.scale_proposal import Scale
from bot.ports import Caller, Context
from handlers.blocks.home import ROWS, Desktop, home_view
from handlers.calls import Call
from handlers.replies import PublishHome, Reply


def opened(ctx: Context, call: Call) -> Reply:
    """Waiting for me, my allowances, expiring soon, fleet health."""
    return desktop(ctx, call.caller)


def redrawn(ctx: Context, caller: Caller) -> tuple[Reply, ...]:
    """The Home tab once more, where something was done on it."""
    return (desktop(ctx, caller),) if caller.via == "slack:home" else ()


def desktop(ctx: Context, caller: Caller) -> PublishHome:
    """Read one person's Home tab: one more row than fits of each list, to know whether there are more."""
    who, now = approvals.standing_in(ctx, inventory.person(ctx, caller)), ctx.clock.now()
    mine = [one for one in allowances.own(ctx, caller) if status(one, now) not in ENDED]
    waiting = allowances.requests(ctx, caller, "pending", fits=partial(_may_decide, who), most=ROWS + 1)
    scales = scaling.proposals(ctx, caller, "pending", fits=partial(_may_decide, who), most=ROWS + 1)
    return PublishHome(
        home_view(
            Desktop(
                waiting=tuple(waiting),
                scales=tuple(scales),
                mine=tuple(mine),
                clusters=tuple(inventory.visible(ctx, who)),
                now=now,
                config=ctx.config,
                unread=who.unread,
                refusals=inventory.refusals(ctx) if who.has_role(Role.OPERATOR) else (),
            )
        )
    )


def _may_decide(who: Person, one: Allowance | Scale) -> bool:
    return may_decide(one.verdict, who, one.requester, one.approvals) and who.identity not in one.askers


ENDED = frozenset({Status.EXPIRED, Status.REVOKED, Status.DENIED, Status.LAPSED, Status.CLOSED})
"""Statuses that the Home tab leaves out."""
