"""Looking at requests: lists, and one by its id."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from heapq import merge
from itertools import chain, islice
from typing import TypeVar

from bot.approvals.absences import standing_in
from bot.approvals.reading import require_reading, waits_for
from bot.domain.access import may_decide
from bot.domain.allowance import Allowance
from bot.domain.ids import canonical_id
from bot.domain.people import Person
from bot.domain.request_search import RequestSearch
from bot.domain.scale_proposal import Scale
from bot.errors import UnknownAllowance, UnknownCluster
from bot.inventory import find, former, person, visible
from bot.ports import AllowanceFilter, Caller, Context, ListFilter, Place, PlacedRow, Transaction

Request = Allowance | Scale
"""An item in a list of requests."""

One = TypeVar("One", Allowance, Scale)


@dataclass(frozen=True, slots=True)
class RequestList:
    """One page of a list of requests.

    Args:
        rows: Allowances and scale proposals, open ones first, then the newest first; the place of any of them is where
            the next page can start.
        is_more: Whether more follow.
    """

    rows: tuple[PlacedRow[Request], ...] = ()
    is_more: bool = False

    @property
    def found(self) -> tuple[Request, ...]:
        """The requests themselves."""
        return tuple(one.value for one in self.rows)

    @property
    def last(self) -> Place | None:
        """The start of the next page; None if there is none."""
        return self.rows[-1].place if self.is_more else None


def _any(_one: Request) -> bool:
    return True


def browse(ctx: Context, caller: Caller, which: str, *, rows: int, after: Place | None = None) -> RequestList:
    """One page of ``mine``, ``pending``, or those of a cluster; only what the caller may see, or decides.

    Raises:
        UnknownCluster: If it is none of them.
    """
    who = person(ctx, caller)
    wanted, fits = replace(_wanted(ctx, who, which), after=after), _fits(ctx, who, which)
    if fits is _any:
        wanted = replace(wanted, limit=rows + 1)
    with ctx.store.read() as tx:
        asked: Iterator[PlacedRow[Request]] = _every(tx.allowances.page, wanted, fits)
        proposed: Iterator[PlacedRow[Request]] = _every(tx.scales.page, wanted, fits)
        found = list(islice(merge(asked, proposed, key=lambda one: one.place.key, reverse=True), rows + 1))
    return RequestList(tuple(found[:rows]), len(found) > rows)


def awaiting(ctx: Context, caller: Caller) -> list[Request]:
    """Everything that waits for the caller's decision, whichever clusters they may see; scale proposals first."""
    who, now = standing_in(ctx, person(ctx, caller)), ctx.clock.now()

    def fits(one: Request) -> bool:
        return one.is_waiting(now) and waits_for(one, who)

    with ctx.store.read() as tx:
        every = ListFilter(is_waiting=True, limit=AT_ONCE)
        proposed: Iterator[PlacedRow[Request]] = _every(tx.scales.page, every, fits)
        asked: Iterator[PlacedRow[Request]] = _every(tx.allowances.page, every, fits)
        return [row.value for row in chain(proposed, asked)]


AT_ONCE = 5000
"""Rows in one page where all of them are looked at: each page costs a statement."""

SEARCHED = 5000
"""Requests that one search looks at before it shows what it has: more would take longer than people wait."""


@dataclass(frozen=True, slots=True)
class FoundRequests:
    """One page of what a search finds.

    Args:
        found: Open ones first, then the newest first.
        onward: Where the search goes on; None at its end.
        is_partial: Whether it stopped after so many that did not fit, before it had a whole page.
    """

    found: tuple[Request, ...] = ()
    onward: Place | None = None
    is_partial: bool = False


def search(
    ctx: Context, caller: Caller, wanted: RequestSearch, *, rows: int, after: Place | None = None
) -> FoundRequests:
    """Some of what a search finds among the requests that the caller may see, and where it goes on."""
    who, now = person(ctx, caller), ctx.clock.now()
    seen = ListFilter(tuple(egress.ref.id for egress in visible(ctx, who)), who.identity, after=after, limit=LOOKED)
    found, looked = list[PlacedRow[Request]](), after
    with ctx.store.read() as tx:
        asked: Iterator[PlacedRow[Request]] = _every(tx.allowances.page, seen, _any)
        proposed: Iterator[PlacedRow[Request]] = _every(tx.scales.page, seen, _any)
        for count, row in enumerate(merge(asked, proposed, key=lambda one: one.place.key, reverse=True)):
            if count == SEARCHED:
                return FoundRequests(tuple(one.value for one in found), looked, is_partial=True)
            looked = row.place
            if wanted.fits(row.value, now):
                if len(found) == rows:
                    return FoundRequests(tuple(one.value for one in found), found[-1].place)
                found.append(row)
    return FoundRequests(tuple(one.value for one in found))


LOOKED = 500
"""Rows that a search reads at once."""


def requests(
    ctx: Context, caller: Caller, which: str, *, fits: Callable[[Allowance], bool] = _any, most: int | None = None
) -> list[Allowance]:
    """List allowances only: the first matches up to a limit, or all.

    Raises:
        UnknownCluster: As ``browse``.
    """
    return list(islice(filter(fits, _all(ctx, caller, which, lambda tx: tx.allowances.page)), most))


def proposals(
    ctx: Context, caller: Caller, which: str, *, fits: Callable[[Scale], bool] = _any, most: int | None = None
) -> list[Scale]:
    """List scale proposals only: the first matches up to a limit, or all.

    Raises:
        UnknownCluster: As ``browse``.
    """
    return list(islice(filter(fits, _all(ctx, caller, which, lambda tx: tx.scales.page)), most))


def _all(
    ctx: Context,
    caller: Caller,
    which: str,
    page: Callable[[Transaction], Callable[[ListFilter], list[PlacedRow[One]]]],
) -> Iterator[One]:
    who = person(ctx, caller)
    wanted, fits = _wanted(ctx, who, which), _fits(ctx, who, which)
    with ctx.store.read() as tx:
        yield from (one.value for one in _every(page(tx), wanted, fits))


def own(ctx: Context, caller: Caller) -> list[Allowance]:
    """Everything of the caller's to which something may still happen, the newest first."""
    who = person(ctx, caller)
    with ctx.store.read() as tx:
        return tx.allowances.find(AllowanceFilter(requester=who.identity, only_open=True))


def unreviewed(ctx: Context, who: Person) -> list[Allowance]:
    """What was opened by break-glass and waits for a review by somebody, the newest first."""
    with ctx.store.read() as tx:
        found = tx.allowances.find(AllowanceFilter(only_open=True, is_for_review=True))
    waiting = (one for one in found if one.needs_review and who.identity not in (*one.askers, one.owner))
    return [one for one in waiting if may_decide(one.verdict.review, who, one.requester)]


def _wanted(ctx: Context, who: Person, which: str) -> ListFilter:
    if which == "mine":
        return ListFilter(requester=who.identity)
    if which == "pending":
        return ListFilter(is_waiting=True)
    return ListFilter(clusters=_cluster_ids(ctx, who, which))


def _fits(ctx: Context, who: Person, which: str) -> Callable[[Request], bool]:
    """What waits now, and may be seen: by its cluster, because it is one's own, or because one decides it."""
    if which != "pending":
        return _any
    now, seen = ctx.clock.now(), {egress.ref.id for egress in visible(ctx, who)}
    decider = standing_in(ctx, who)

    def fits(one: Request) -> bool:
        is_own = who.identity in (*one.askers, one.owner)
        return one.is_waiting(now) and (is_own or one.cluster_id in seen or waits_for(one, decider))

    return fits


def _every(
    page: Callable[[ListFilter], list[PlacedRow[One]]], wanted: ListFilter, fits: Callable[[Request], bool]
) -> Iterator[PlacedRow[One]]:
    """Page after page, so that a limit counts only what fits."""
    while True:
        rows = page(wanted)
        yield from (row for row in rows if fits(row.value))
        if len(rows) < wanted.limit:
            return
        wanted = replace(wanted, after=rows[-1].place)


def _cluster_ids(ctx: Context, who: Person, name: str) -> tuple[str, ...]:
    """The cluster that a person means, and deleted or moved clusters of that name."""
    gone = tuple(period.ref.id for period in former(ctx, who, name))
    try:
        return (find(ctx, who, name).ref.id, *gone)
    except UnknownCluster:
        if not gone:
            raise
    return gone


def get(ctx: Context, caller: Caller, allowance_id: str) -> Allowance:
    """One allowance by what a person typed: of a cluster that they may see, their own, or one that they decide.

    Raises:
        UnknownAllowance: It does not exist, or they may not see it.
        NotPermitted: For people of other workspaces.
        MembershipUnknown: There is one, and whether the person may see its cluster could not be checked.
    """
    who = person(ctx, caller)
    with ctx.store.read() as tx:
        found = tx.allowances.get(canonical_id(allowance_id))
    if who.identity not in (found.owner, *found.followers):
        unseen = UnknownAllowance(f"No allowance {found.id} that you can see. `/egress requests` lists them.")
        require_reading(ctx, who, found, unseen)
    return found
