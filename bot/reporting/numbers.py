"""Numbers of a period, read from the audit log page by page."""

from dataclasses import replace

from bot.auditing import Attempt, observe, readable
from bot.domain.audit import Action, AuditFilter
from bot.domain.statistics import Statistics, Tally
from bot.ports import Caller, Context

PAGE = 1000
"""Events read at once."""

SCANNED = ("allowance", str(Action.ACT_REFUSE), str(Action.FIREWALL_DONE))
"""The events that are counted, each kind in a pass of its own."""


def count_period(ctx: Context, caller: Caller, wanted: AuditFilter) -> tuple[Statistics, AuditFilter]:
    """Count what happened, as far as the caller may read it; the reading is recorded.

    Args:
        ctx: The context.
        caller: Who asks.
        wanted: The period, and the cluster if only one is meant: then firewall updates, which serve several, are not
            counted.

    Returns:
        The numbers, and the filter with what the caller may read.

    Raises:
        MembershipUnknown: Slack could not be asked what they may read.
    """
    scope = readable(ctx, caller, wanted)
    tally = Tally()
    for action in SCANNED:
        _scan(ctx, replace(scope, action=action), tally)
    words = tuple((name, str(value)) for name in ("since", "until", "cluster") if (value := getattr(wanted, name)))
    observe(ctx, caller, Action.AUDIT_READ, Attempt(detail=(("about", "stats"), *words)))
    return tally.result, scope


def _scan(ctx: Context, wanted: AuditFilter, tally: Tally) -> None:
    while True:
        with ctx.store.read() as tx:
            page = tx.audit.find(wanted, limit=PAGE)
        tally.add(one.event for one in page)
        if len(page) < PAGE:
            return
        wanted = replace(wanted, before=page[-1].seq)
