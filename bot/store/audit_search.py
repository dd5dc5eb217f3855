"""Searches the audit log, newest first, without reading all of it, whatever is searched for.

Where one condition alone leaves few events, these are read by their numbers. Otherwise blocks of events are read from
the newest down, without those whose terms rule them out; see ``bot.domain.audit_terms``. The newest events, which are
in no block yet, are read as they are. What one search reads is bounded: where there may be more, it says how far it
got.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from bot.domain.audit import AuditFilter
from bot.domain.audit_terms import BLOCK, Needed, Term, block_of, bounds_of, mentions, needed_for
from bot.domain.chain import Record
from bot.domain.people import Identity
from bot.store import schema
from bot.store.audit_filters import OWN, RECORDS, conditions, has_outcome, is_action, newest_first, own, own_values
from bot.store.audit_hosts import Hosts, hosts_with
from bot.store.chain_end import LARGEST
from bot.store.raw_rows import fetch, fetch_values
from bot.store.times import text_from_time

FEW = 1000
"""Events that are read one by one where one condition leaves no more."""

AT_ONCE = 400
"""Of these, in one statement."""

GROUPS = (1, 3, 6, 10)
"""Blocks that are read together, until the page is full; all of them are read in some 20 ms."""

BEYOND = "\U0010ffff"
"""Sorts after every letter."""

_event, _block, _word = schema.audit_event.c, schema.audit_block.c, schema.audit_word.c


@dataclass(frozen=True, slots=True)
class Looked:
    """What a search found.

    Args:
        records: Newest first.
        searched_to: The number of the lowest event that was looked at, where there may be more below it; else None.
    """

    records: list[Record]
    searched_to: int | None = None


class SqlAuditSearch:
    """One search.

    Args:
        connection: The caller's transaction.
        wanted: What is searched for.
        limit: Events of a page.
        groups: Blocks that are read together, one group after the other.
    """

    def __init__(
        self, connection: Connection, wanted: AuditFilter, limit: int, *, groups: Sequence[int] = GROUPS
    ) -> None:
        self._connection = connection
        self._wanted = wanted
        self._limit = limit
        self._groups = groups
        self._hosts: Hosts | None = None
        self._is_mentioned = mentions(wanted.text or "")
        self._since = text_from_time(wanted.since) if wanted.since else ""
        self._until = text_from_time(wanted.until) if wanted.until else BEYOND

    @cached_property
    def _conditions(self) -> list[ColumnElement[bool]]:
        return conditions(replace(self._wanted, since=None, until=None))

    def run(self) -> Looked:
        """Look."""
        if self._is_direct():
            return Looked(self._rows(limit=self._limit))
        if self._wanted.destination is not None:
            self._hosts = hosts_with(self._connection, self._wanted.destination.lower())
            if self._hosts is None:
                return Looked([])
        if self._wanted.own is not None and AuditFilter() == replace(self._wanted, own=None, before=None):
            return Looked(self._all_own(self._wanted.own))
        few = [numbers for each in self._indexed() if len(numbers := self._numbers(each)) <= FEW]
        if few:
            return Looked(self._among(sorted(set.intersection(*few), reverse=True)))
        return self._by_blocks()

    def _is_direct(self) -> bool:
        """Whether one index has the events in their order: that of their numbers, or of one equality."""
        rest = replace(self._wanted, before=None, after=None)
        equal = (replace(rest, actor=None), replace(rest, cluster=None), replace(rest, subject=None))
        return AuditFilter() in (rest, *equal)

    def _all_own(self, who: Identity) -> list[Record]:
        """A person's own events without any other filter: each alternative by its index, then together."""
        self._wanted = replace(self._wanted, own=None)
        before = LARGEST + 1 if self._wanted.before is None else self._wanted.before
        numbers: defaultdict[int, set[int]] = defaultdict(set)
        for way, number in fetch_values(self._connection, OWN_NUMBERS, {"before": before, **own_values(who)}):
            numbers[way].add(number)
        many = [way for way, some in numbers.items() if len(some) > FEW]
        found = {row.seq: row for way in many for row in self._rows(own(who)[way], limit=self._limit)}
        few = set[int]().union(*(some for way, some in numbers.items() if way not in many))
        newest = sorted(few, reverse=True)[: self._limit]
        found |= {row.seq: row for row in fetch(self._connection, NUMBERED, {"numbers": newest})} if newest else {}
        return [found[seq] for seq in sorted(found, reverse=True)][: self._limit]

    def _rows(self, *where: ColumnElement[bool], limit: int | None = None) -> list[Record]:
        query = newest_first(RECORDS.where(*self._conditions, *where)).limit(limit)
        rows = fetch(self._connection, query)
        return [row for row in rows if self._since <= str(row.at) < self._until and self._is_mentioned(row)]

    def _indexed(self) -> Iterator[Sequence[ColumnElement[bool]]]:
        """The conditions that have an index, each as alternatives."""
        wanted = self._wanted
        if wanted.subject is not None:
            yield (_event.subject == wanted.subject,)
        if wanted.actor is not None:
            yield (_event.actor == wanted.actor,)
        if wanted.cluster is not None:
            yield (_event.cluster == wanted.cluster.lower(),)
        if wanted.own is not None:
            yield own(wanted.own)
        if wanted.outcome is not None:
            yield (has_outcome(wanted.outcome),)
        if wanted.action is not None:
            yield (is_action(wanted.action),)

    def _numbers(self, alternatives: Sequence[ColumnElement[bool]]) -> set[int]:
        """The numbers of the events for which one of these holds, as far as they are few."""
        place = [_event.seq < self._wanted.before] if self._wanted.before is not None else []
        found = set[int]()
        for one in alternatives:
            if len(found) <= FEW:
                found.update(self._connection.scalars(select(_event.seq).where(one, *place).limit(FEW + 1)))
        return found

    def _among(self, numbers: Sequence[int]) -> list[Record]:
        found: list[Record] = []
        for at in range(0, len(numbers), AT_ONCE):
            if len(found) >= self._limit:
                break
            found += self._rows(_event.seq.in_(numbers[at : at + AT_ONCE]))
        return found[: self._limit]

    def _by_blocks(self) -> Looked:
        """Block after block, until the page is full, or enough was read."""
        found, low = list[Record](), None
        blocks = self._candidates()
        for size in self._groups:
            some = list(islice(blocks, size))
            for first, last in _joined(some):
                found += self._rows(_event.seq.between(first, last)) if len(found) < self._limit else []
                low = first
            if len(found) >= self._limit or len(some) < size:
                return Looked(found[: self._limit])
        return Looked(found, low if next(blocks, None) else None)

    def _candidates(self) -> Iterator[tuple[int, int]]:
        """The first and the last event of what may have matches, newest first: what is in no block yet, then blocks."""
        wanted, first, last, needed = self._wanted, 1, LARGEST, needed_for(self._wanted)
        if self._hosts is not None:
            first, last, needed = self._hosts.first, self._hosts.last, needed_for(wanted, self._hosts.names)
        last = last if wanted.before is None else min(last, wanted.before - 1)
        indexed = self._connection.scalar(select(func.max(_block.block)))
        indexed = -1 if indexed is None else indexed
        yield from self._tail(max(first, bounds_of(indexed)[1] + 1), last)
        within = _block.block.between(block_of(first), min(block_of(last), indexed))
        for block in self._connection.scalars(_blocks(wanted, needed, within)).all():
            yield bounds_of(block)

    def _tail(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Events that are not in the index, as many together as a block has."""
        while last >= first:
            query = select(_event.seq).where(_event.seq.between(first, last)).order_by(_event.seq.desc()).limit(BLOCK)
            some = self._connection.scalars(query).all()
            if not some:
                return
            yield some[-1], some[0]
            last = some[-1] - 1


# What most people ask is built once: building takes SQLAlchemy longer than the database needs to answer.


def _own_numbers() -> CompoundSelect[Any]:
    """The numbers of a person's own events before one, as far as they are few, and in which way they are theirs."""
    parts = (select(_event.seq).where(one, _event.seq < bindparam("before")).limit(FEW + 1).subquery() for one in OWN)
    return union_all(*(select(literal_column(str(way)), part.c.seq) for way, part in enumerate(parts)))


OWN_NUMBERS = _own_numbers()
NUMBERED = newest_first(RECORDS.where(_event.seq.in_(bindparam("numbers", expanding=True))))


def _joined(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges from the highest down, those that follow each other as one."""
    made: list[tuple[int, int]] = []
    for first, last in ranges:
        if made and made[-1][0] == last + 1:
            made[-1] = (first, made[-1][1])
        else:
            made.append((first, last))
    return made


def _blocks(wanted: AuditFilter, needed: Needed, within: ColumnElement[bool]) -> Any:
    """The numbers of the blocks that may have matches, newest first."""
    where = [within]
    if wanted.since is not None:
        where.append(_block.last_at >= text_from_time(wanted.since))
    if wanted.until is not None:
        where.append(_block.first_at < text_from_time(wanted.until))
    if wanted.after is not None:
        where.append(_block.block >= block_of(wanted.after + 1))
    where += [or_(*(and_(*map(_has, terms)) for terms in anyone)) for anyone in needed]
    return select(_block.block).where(*where).order_by(_block.block.desc()).limit(sum(GROUPS) + 1)


def _has(term: Term) -> ColumnElement[bool]:
    """Whether a block has a term: looked up for each block, never the other way round, because of the limit."""
    begins = and_(_word.word >= term.text, _word.word < term.text + BEYOND)
    is_it = begins if term.is_prefix else _word.word == term.text
    probe = select(_word.block).where(_word.block == _block.block, is_it).correlate(schema.audit_block).limit(1)
    return probe.scalar_subquery().is_not(None)
