"""Listener of ``/egress away``: who decides in one's place."""

from bot import approvals
from bot.domain.dates import end_of
from bot.domain.people import Identity
from bot.errors import InvalidInput
from bot.ports import Context
from handlers.blocks import absences
from handlers.calls import Call, mentioned_in
from handlers.replies import Ephemeral, Reply

_USAGE = "Write `/egress away until friday to @x`, `/egress away off`, or `/egress away` alone to see what is recorded."


def away(ctx: Context, call: Call) -> Reply:
    """Record an absence, end it, or show what is recorded."""
    match call.text.lower().split():
        case []:
            return Ephemeral(absences.recorded(*approvals.absences_of(ctx, call.caller)))
        case ["off"]:
            approvals.come_back(ctx, call.caller)
            return Ephemeral(absences.back())
    zone = ctx.directory.zone(call.caller.identity)
    zone = ctx.directory.zone(call.caller.identity)
    mentioned, rest = mentioned_in(call.text)
    delegate, until = _delegate(mentioned), _until(rest)
    made = approvals.leave(ctx, call.caller, Identity(ctx.config.team, delegate), end_of(until, ctx.clock.now(), zone))
    return Ephemeral(absences.recorded(made, ()))


def _delegate(mentioned: list[str]) -> str:
    if len(mentioned) != 1:
        raise InvalidInput(f"Name one person to decide in your place. {_USAGE}")
    return mentioned[0]


def _until(rest: str) -> str:
    """The word between ``until`` and ``to``."""
    match rest.lower().split():
        case ["until", day, "to"] | ["until", day] | ["to", "until", day]:
            return day
    raise InvalidInput(f"It is not clear until when. {_USAGE}")
