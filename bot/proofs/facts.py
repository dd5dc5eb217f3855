"""Holds the stored allowances and scale proposals against the log."""

from collections import defaultdict
from collections.abc import Sequence

from bot.domain.allowance import Allowance, is_wanted
from bot.domain.audit import ChainedEvent
from bot.domain.chain import Record
from bot.domain.chain.facts import FILED, filed_in, gone, hold_against
from bot.domain.scale_proposal import Scale
from bot.errors import ChainBroken
from bot.ports import AllowanceFilter, Context, ListFilter, Transaction

PAGE = 200
"""Rows that are compared at once."""


def check_facts(ctx: Context, *, only_open: bool = False) -> int:
    """Compare stored rows with their events; those with archived events are left out.

    Args:
        ctx: The context.
        only_open: Only those to which something may still happen.

    Returns:
        How many were compared.

    Raises:
        ChainBroken: At the first one that says something else than its events, or cannot be read.
    """
    return _check_allowances(ctx, only_open=only_open) + _check_scales(ctx, only_open=only_open)


def check_stored(tx: Transaction, records: Sequence[Record]) -> None:
    """See that what some events file is still stored.

    Raises:
        ChainBroken: A row was deleted.
    """
    filed = filed_in(records)
    known = tx.allowances.stored(filed) | tx.scales.stored(filed)
    for subject, seq in filed.items():
        if subject not in known:
            raise gone(subject, seq)


def _check_allowances(ctx: Context, *, only_open: bool) -> int:
    before, count = None, 0
    while True:
        with ctx.store.read() as tx:
            rows = tx.allowances.reread(AllowanceFilter(only_open=only_open, before=before, limit=PAGE))
            count += _hold(tx, rows)
            _require_open(tx, [row.id for row in rows if is_wanted(row, ctx.clock.now())])
        if len(rows) < PAGE:
            return count
        before = rows[-1].id


def _require_open(tx: Transaction, wanted: Sequence[str]) -> None:
    """Whoever marks a row as closed takes its rules away."""
    if wanted:
        marked = {row.id for row in tx.allowances.find(AllowanceFilter(ids=tuple(wanted), only_open=True))}
        if closed := sorted(set(wanted) - marked):
            raise ChainBroken(f"Allowance {closed[0]} is in force, but its row is marked as closed.", seq=0)


def _check_scales(ctx: Context, *, only_open: bool) -> int:
    after, count = None, 0
    while True:
        with ctx.store.read() as tx:
            page = tx.scales.page(ListFilter(after=after, limit=PAGE))
            rows = [row.value for row in page if row.place.is_open or not only_open]
            count += _hold(tx, rows)
        if len(rows) < PAGE:  # open ones come first
            return count
        after = page[-1].place


def _hold(tx: Transaction, rows: Sequence[Allowance | Scale]) -> int:
    is_archived, count = bool(tx.seals.archives()), 0
    events: defaultdict[str, list[ChainedEvent]] = defaultdict(list)
    for one in tx.audit.about([row.id for row in rows]):
        events[one.event.subject].append(one)
    for row in rows:
        if not is_archived or (events[row.id] and events[row.id][0].event.action in FILED):
            hold_against(row, events[row.id])
            count += 1
    return count
