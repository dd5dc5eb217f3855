"""Listener of the Home tab."""

from bot import allowances, capacity, inventory
from bot.domain.access import may_decide
from bot.domain.allowance import Status, status
from bot.ports import Caller, Context
from handlers.blocks.home import Desktop, home_view
from handlers.calls import Call
from handlers.replies import Home, Reply


def opened(ctx: Context, call: Call) -> Reply:
    """Waiting for me, my allowances, expiring soon, fleet health."""
    return desktop(ctx, call.caller)


def redrawn(ctx: Context, caller: Caller) -> tuple[Reply, ...]:
    """The Home tab once more, where something was done on it."""
    return (desktop(ctx, caller),) if caller.via == "slack:home" else ()


def desktop(ctx: Context, caller: Caller) -> Home:
    """What one person sees at home now."""
    who, now = inventory.person(ctx, caller), ctx.clock.now()
    mine = allowances.requests(ctx, caller, "mine")
    pending = allowances.requests(ctx, caller, "pending")
    scales = capacity.proposals(ctx, caller, "pending")
    return Home(
        home_view(
            Desktop(
                waiting=tuple(one for one in pending if may_decide(one.verdict, who, one.requester)),
                scales=tuple(one for one in scales if may_decide(one.verdict, who, one.requester)),
                mine=tuple(one for one in mine if status(one, now) not in ENDED),
                clusters=tuple(inventory.visible(ctx, who)),
                now=now,
            )
        )
    )


ENDED = frozenset({Status.EXPIRED, Status.REVOKED, Status.DENIED, Status.LAPSED, Status.CLOSED})
"""What is not worth a line on the Home tab."""
