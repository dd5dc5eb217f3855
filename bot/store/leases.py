"""Work rows: who does what next, proven by the database's clock.

A trigger raises ``wanted``; a run serves the ``wanted`` that it saw when it claimed; so a trigger during a run gives
exactly one more run. Leases are short and never span an ARM operation: the operation is pending in the row, the lease
given back, and whichever replica is free looks at it when it is due.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Double,
    Insert,
    Integer,
    Select,
    Update,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.work import WorkKind
from bot.domain.writer_state import WriterState
from bot.errors import LeaseLost
from bot.ports import Claim, Finish, WorkState
from bot.store import schema
from bot.store.rows import claim_from_row, row_from_state, state_from_row

work = schema.work.c


@dataclass(frozen=True, slots=True)
class Backlog:
    """The state of work.

    Args:
        overdue_s: Seconds that the latest due work of each kind waits.
        failures: Failures in a row, the most of each kind.
        due: How many pieces of work of each kind are due.
    """

    overdue_s: dict[str, float]
    failures: dict[str, float]
    due: dict[str, float]


class SqlWork:
    """``ports.Work`` in SQL.

    Args:
        connection: The caller's transaction.
        now: The database's clock, as an expression.

    Attributes:
        is_asked: Whether this transaction asks for work: the other replicas are told with its commit.
        is_moved: Whether work may be due or free sooner than at the last look: who waits for some looks again.
    """

    def __init__(self, connection: Connection, now: ColumnElement[float]) -> None:
        self._connection = connection
        self._now = now
        self._woken: dict[str, timedelta] = {}
        self.is_asked = False
        self.is_moved = False

    def wake(self, key: str, *, within: timedelta) -> None:
        """Raise ``wanted``; bring ``due`` forward, but never before the time that a round not yet over waits for.

        An act owes several notices; the second time in one transaction would change nothing.
        """
        if within < self._woken.get(key, timedelta.max):
            self._bring_forward(key, within, by=1)
            self._woken[key] = within

    def schedule(self, key: str, *, within: timedelta) -> None:
        """Only bring ``due`` forward, for something that happens at that time.

        While somebody runs it, that is a trigger: the run may have looked before this transaction is seen.
        """
        self._bring_forward(key, within, by=0)

    def _bring_forward(self, key: str, within: timedelta, *, by: int) -> None:
        fresh: dict[str, Any] = {
            "key": key,
            "kind": key.split(":", 1)[0],
            "wanted": by,
            "done": 0,
            "token": 0,
            "failures": 0,
            "memo": {},
            "within_s": within.total_seconds(),
        }
        self._connection.execute(_bringing_forward(self._now, self._connection.dialect.name, by), fresh)
        self.is_asked = self.is_moved = True

    def claim(self, owner: str, *, lease: timedelta, without: Collection[str] = ()) -> Claim | None:
        """Claim the row that is longest due and unleased, of all kinds that this version knows but some."""
        values = {"claimer": owner, "lease_s": lease.total_seconds(), "kinds": _but(without)}
        row = self._connection.execute(_claiming(self._now), values).one_or_none()
        return claim_from_row(row) if row else None

    def peek(self, key: str) -> WorkState | None:
        """The state of a piece of work; None if it was never asked for."""
        row = self._connection.execute(_state(self._now), {"sought": key}).one_or_none()
        if row is None:
            return None
        due_in = None if row.due_in is None else timedelta(seconds=float(row.due_in))
        return WorkState(due_in, state_from_row(row))

    def keys(self, kind: WorkKind) -> list[str]:
        """The keys of all work of a kind that was ever asked for, sorted."""
        return sorted(self._connection.scalars(select(work.key).where(work.kind == kind)))

    def hold(self, claim: Claim, *, lease: timedelta) -> None:
        """Prove and prolong a lease: only the last claimer's token fits, and only while its time is not over."""
        self._must_change(_prolonging(self._now), claim, {"lease_s": lease.total_seconds()})

    def remember(self, claim: Claim, state: WriterState) -> None:
        """Keep what the next run must know, whoever runs it."""
        self._must_change(_remembering(self._now), claim, row_from_state(state))

    def finish(self, claim: Claim, end: Finish) -> None:
        """Give a lease back; a trigger that came during the run is due immediately."""
        wait = None if end.due_in is None else end.due_in.total_seconds()
        values = {"owner": None, "lease_until": None, "failures": end.failures, "wait_s": wait, "served": claim.wanted}
        if end.state is not None:
            values |= row_from_state(end.state)
        self._must_change(_finishing(self._now, is_done=end.is_done), claim, values)
        self._woken.pop(claim.key, None)
        self.is_moved = True

    def release(self, owner: str) -> None:
        """Give back everything that one owner holds, due immediately: the last thing a process does."""
        held = update(schema.work).where(work.owner == owner)
        self._connection.execute(held.values(owner=None, lease_until=None))
        self.is_moved = True

    def release_all(self) -> None:
        """Clear every lease and wait: right only where nobody else can be alive."""
        self._connection.execute(update(schema.work).values(owner=None, lease_until=None))
        self.look_again(lease=timedelta())

    def forget_writers(self) -> None:
        """Forget what was written to Azure and what goes on there: the database came from a backup."""
        writers = schema.work.c.kind.in_([WorkKind.RULES, WorkKind.SCALE])
        self._connection.execute(update(schema.work).where(writers).values(parked=None, memo={}, not_before=None))
        self.look_again(lease=timedelta())

    def look_again(self, *, lease: timedelta) -> None:
        """Make everything due now, and no lease longer than this: after the clock was set back, times mean nothing.

        Each kind of work determines when it has to run next.
        """
        longest = self._now + lease.total_seconds()
        values = {"due": self._now, "not_before": None}
        self._connection.execute(update(schema.work).where(work.due > self._now).values(values))
        self._connection.execute(update(schema.work).where(work.lease_until > longest).values(lease_until=longest))
        self._connection.execute(update(schema.notice).where(schema.notice.c.due > self._now).values(due=self._now))
        self.is_moved = True

    def seconds_to_next(self, without: Collection[str] = ()) -> tuple[float | None, float]:
        """Seconds until the next row can be claimed, and the time; one that is held becomes free with its lease."""
        row = self._connection.execute(_next_free(self._now), {"kinds": _but(without)}).one()
        return None if row[0] is None else float(row[0]), float(row[1])

    def backlog(self) -> Backlog:
        """The delay and failure count of work, by kind."""
        late = func.max(case((work.due < self._now, self._now - work.due), else_=0.0))
        due = func.sum(case((work.due < self._now, 1), else_=0))
        query = select(work.kind, late, func.max(work.failures), due).group_by(work.kind)
        rows = self._connection.execute(query).all()
        return Backlog(*({str(row[0]): float(row[column]) for row in rows} for column in (1, 2, 3)))

    def is_quiet(self) -> bool:
        """Whether nothing is due, wanted, begun or held."""
        return self._connection.execute(_moving(self._now)).first() is None

    def fill_and_empty(self, size: int) -> None:
        """Write and remove so many bytes: proves that there is room for them."""
        row = {"key": f"probe:{secrets.token_hex(8)}", "kind": "probe", "wanted": 0, "done": 0, "token": 0}
        row |= {"failures": 0, "memo": {"filling": secrets.token_hex(size // 2)}}
        self._connection.execute(insert(schema.work).values(row))
        self._connection.execute(delete(schema.work).filter_by(key=row["key"]))

    def _must_change(self, statement: Update, claim: Claim, values: dict[str, Any]) -> None:
        values |= {"held_key": claim.key, "held_token": claim.token}
        if self._connection.execute(statement, values).rowcount != 1:
            raise LeaseLost(f"Another replica took over {claim.key}.")


# The frequent statements are built once: building takes SQLAlchemy longer than SQLite needs to answer.

_KINDS: BindParameter[list[str]] = bindparam("kinds", expanding=True)


def _but(without: Collection[str]) -> list[WorkKind]:
    """The kinds to claim: what a newer version asked for waits for a newer version."""
    return [kind for kind in WorkKind if kind not in without]


@lru_cache
def _claiming(now: ColumnElement[float]) -> Update:
    free = or_(work.owner.is_(None), work.lease_until < now)
    candidate = (
        select(work.key)
        .where(work.due <= now, free, work.kind.in_(_KINDS))
        .order_by(work.due)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("candidate")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    lease_until = now + bindparam("lease_s", type_=Double())
    taken = update(schema.work).where(work.key.in_(select(candidate.c.key)))
    taken = taken.values(owner=bindparam("claimer"), lease_until=lease_until, token=work.token + 1)
    return cast("Update", taken.returning(schema.work))


@lru_cache
def _state(now: ColumnElement[float]) -> Select[Any]:
    due_in = (work.due - now).label("due_in")
    return select(due_in, work.key, work.parked, work.memo).where(work.key == bindparam("sought"))


@lru_cache
def _next_free(now: ColumnElement[float]) -> Select[Any]:
    held = case((work.due > work.lease_until, work.due), else_=work.lease_until)
    free_at = case((work.owner.is_(None), work.due), else_=held)
    asked = work.due.is_not(None) & work.kind.in_(_KINDS)
    return select(func.min(free_at) - now, now).where(asked)


@lru_cache
def _moving(now: ColumnElement[float]) -> Select[Any]:
    begun = work.not_before.is_not(None)
    return (
        select(work.key).where(or_(work.due <= now, work.wanted > work.done, begun, work.owner.is_not(None))).limit(1)
    )


_HELD = (work.key == bindparam("held_key")) & (work.token == bindparam("held_token"))


@lru_cache
def _prolonging(now: ColumnElement[float]) -> Update:
    lease_until = now + bindparam("lease_s", type_=Double())
    return update(schema.work).where(_HELD, work.lease_until >= now).values(lease_until=lease_until)


@lru_cache
def _remembering(now: ColumnElement[float]) -> Update:
    return update(schema.work).where(_HELD, work.lease_until >= now)


@lru_cache
def _finishing(now: ColumnElement[float], *, is_done: bool) -> Update:
    """A wait of NULL seconds makes the time NULL: nothing is due."""
    next_due = now + bindparam("wait_s", type_=Double())
    held = update(schema.work).where(_HELD)
    if not is_done:
        return held.values(due=next_due, not_before=next_due)
    served = bindparam("served", type_=Integer())
    due = case((work.wanted > served, now), else_=next_due)
    return held.values(done=served, due=due, not_before=None)


@lru_cache
def _bringing_forward(now: ColumnElement[float], dialect: str, by: int) -> Insert:
    due = now + bindparam("within_s", type_=Double())
    earlier = case((or_(work.due.is_(None), work.due > due), due), else_=work.due)
    more = by or case((work.owner.is_not(None), 1), else_=0)
    changed = {"wanted": work.wanted + more, "due": case((work.not_before > due, work.due), else_=earlier)}
    upsert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return upsert(schema.work).values(due=due).on_conflict_do_update(index_elements=["key"], set_=changed)
