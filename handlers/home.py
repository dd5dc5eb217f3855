"""Listener of the Home tab."""

from bot import allowances, capacity, inventory
from bot.domain.access import may_decide
from bot.domain.allowance import Status, status
from bot.ports import Context
from handlers.blocks.home import Desktop, home_view
from handlers.calls import Call
from handlers.replies import Home, Reply


def opened(ctx: Context, call: Call) -> Reply:
    """Waiting for me, my allowances, expiring soon, fleet health."""
    who, now = inventory.person(ctx, call.caller), ctx.clock.now()
    mine = allowances.requests(ctx, call.caller, "mine")
    pending = allowances.requests(ctx, call.caller, "pending")
    scales = capacity.proposals(ctx, call.caller, "pending")
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


ENDED = frozenset({Status.EXPIRED, Status.REVOKED, Status.DENIED, Status.LAPSED})
"""What is not worth a line on the Home tab."""
