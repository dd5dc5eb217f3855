"""Numbers of a period, read from the audit log page by page."""

from collections.abc import Callable
from dataclasses import replace

from bot.auditing import Attempt, observe, readable
from bot.domain.audit import Action, AuditFilter, ChainedEvent
from bot.domain.audit_matching import matcher
from bot.domain.chain import event_from_record
from bot.domain.statistics import Statistics, Tally
from bot.ports import AllowanceFilter, Caller, Context
from bot.proofs import ArchiveReader, lowest_stored

PAGE = 1000
"""Events read at once."""

SCANNED = ("allowance", str(Action.ACT_REFUSE), str(Action.FIREWALL_DONE))
"""The events that are counted, each kind in a pass of its own."""


def count_period(ctx: Context, caller: Caller, wanted: AuditFilter) -> tuple[Statistics, AuditFilter, tuple[str, ...]]:
    """Count what happened, as far as the caller may read it; the reading is recorded.

    Args:
        ctx: The context.
        caller: Who asks.
        wanted: The period, and the cluster if only one is meant: then firewall updates, which serve several, are not
            counted.

    Returns:
        The numbers, the filter with what the caller may read, and a sentence for each archive that cannot be read.

    Raises:
        MembershipUnknown: Slack could not be asked what they may read.
    """
    scope = readable(ctx, caller, wanted)
    tally, archived = Tally(), ArchiveReader(ctx, since=wanted.since, until=wanted.until)
    own = _own(ctx, scope)
    for action in SCANNED:
        one_kind = replace(scope, action=action)
        below = _scan(ctx, one_kind, tally)
        archived.refresh()
        _scan_archives(archived, matcher(one_kind, own), tally, below)
    words = tuple((name, str(value)) for name in ("since", "until", "cluster") if (value := getattr(wanted, name)))
    observe(ctx, caller, Action.AUDIT_READ, Attempt(detail=(("about", "stats"), *words)))
    return tally.result, scope, tuple(archived.problems)


def _own(ctx: Context, scope: AuditFilter) -> set[str]:
    if scope.own is None:
        return set()
    with ctx.store.read() as tx:
        return {one.id for one in tx.allowances.find(AllowanceFilter(requester=scope.own))}


def _scan_archives(archived: ArchiveReader, is_meant: Callable[[ChainedEvent], bool], tally: Tally, below: int) -> None:
    """Archive by archive, the newest first, as the log itself."""
    for archive in reversed(archived.archives):
        every = (event_from_record(row) for page in archived.pages(archive) for row in page if row.seq < below)
        tally.add([one.event for one in every if is_meant(one)][::-1])


def _scan(ctx: Context, wanted: AuditFilter, tally: Tally) -> int:
    """Count what is in the database; everything below the number that is returned has moved to archives."""
    while True:
        with ctx.store.read() as tx:
            lowest = lowest_stored(tx)
            page = tx.audit.find(wanted, limit=PAGE)
        tally.add(one.event for one in page)
        if len(page) < PAGE:
            return min(lowest, wanted.before or lowest)
        wanted = replace(wanted, before=page[-1].seq)
