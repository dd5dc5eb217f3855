"""Holds the stored allowances against the log."""

from collections import defaultdict

from bot.domain.audit import ChainedEvent
from bot.domain.chain.facts import FILED, hold_against
from bot.ports import AllowanceFilter, Context

PAGE = 200
"""Allowances that are compared at once."""


def check_facts(ctx: Context, *, only_open: bool = False) -> int:
    """Compare stored allowances with their events, newest first; those with archived events are left out.

    Args:
        ctx: The context.
        only_open: Only those to which something may still happen.

    Returns:
        How many were compared.

    Raises:
        ChainBroken: At the first one that says something else than its events.
    """
    before, count = None, 0
    while True:
        wanted = AllowanceFilter(only_open=only_open, before=before, limit=PAGE)
        with ctx.store.read() as tx:
            rows = tx.allowances.reread(wanted)
            found = tx.audit.about([row.id for row in rows])
            is_archived = bool(tx.seals.archives())
        events: defaultdict[str, list[ChainedEvent]] = defaultdict(list)
        for one in found:
            events[one.event.subject].append(one)
        for row in rows:
            if not is_archived or (events[row.id] and events[row.id][0].event.action in FILED):
                hold_against(row, events[row.id])
                count += 1
        if len(rows) < PAGE:
            return count
        before = rows[-1].id
