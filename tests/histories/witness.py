"""Watches a history: what happened to each allowance, in order, and that no life ever goes backwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.domain.allowance import Allowance, Status, status
from bot.domain.audit import Event
from bot.ports import AllowanceFilter
from bot.ports.notice_levels import NoticeLevel
from tests.histories.stage import Stage

FOR_EVER = frozenset({Status.DENIED, Status.REVOKED, Status.LAPSED, Status.CLOSED, Status.EXPIRED})
"""The statuses after which nothing comes."""

_OPENED = (Status.LIVE, Status.EXPIRING, Status.APPLYING, Status.SUSPENDED, Status.FAILED, *FOR_EVER)
LATER: Mapping[Status, frozenset[Status]] = {
    Status.WAITING: frozenset(Status),
    Status.APPROVED: frozenset({Status.APPROVED, *_OPENED}) - {Status.DENIED, Status.LAPSED},
    Status.APPLYING: frozenset(_OPENED) - {Status.DENIED, Status.LAPSED},
    Status.LIVE: frozenset(_OPENED) - {Status.DENIED, Status.LAPSED},
    Status.EXPIRING: frozenset(_OPENED) - {Status.DENIED, Status.LAPSED, Status.LIVE},
    Status.SUSPENDED: frozenset({Status.APPROVED, *_OPENED}) - {Status.DENIED, Status.LAPSED},
    Status.FAILED: frozenset({Status.FAILED, Status.REVOKED, Status.CLOSED, Status.EXPIRED}),
    **{end: frozenset({end}) for end in FOR_EVER},
}
"""What may follow each status, after any number of steps. What was live applies again only while its rules are gone."""


@dataclass(frozen=True)
class Seen:
    """Something that happened to an allowance.

    Args:
        event: What the audit log says of it; None where a row changed that no event is about.
        before: The row as it was; None where there was none.
        after: The row as it was then.
        levels: How much people wanted to be told then, by user id; everything where nothing is said.
    """

    event: Event | None
    before: Allowance | None
    after: Allowance
    levels: Mapping[str, NoticeLevel]


@dataclass
class Witness:
    """Reads the log and the rows after each step.

    Args:
        stage: What it watches.
        rows: Every allowance as it is now, in the order of their first events: ids differ from run to run.
        judges: Called with everything that is seen, and with every event that is about no allowance.
    """

    stage: Stage
    judges: list[Callable[[Seen | Event], None]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    rows: dict[str, Allowance] = field(default_factory=dict)
    states: dict[str, Status] = field(default_factory=dict)
    levels: Mapping[str, NoticeLevel] = field(default_factory=dict)
    seq: int = 0

    def look(self) -> list[Event]:
        """Everything that was put on record since the last look."""
        with self.stage.store.read() as tx:
            new = [one.event for one in tx.audit.chain(after=self.seq, limit=1_000)]
            rows = {one.id: one for one in tx.allowances.find(AllowanceFilter())}
        self.seq += len(new)
        known = dict.fromkeys([*self.rows, *(event.subject for event in new if event.subject in rows)])
        before, self.rows = self.rows, {id_: rows[id_] for id_ in known}
        for event in new:
            self._tell(event, before)
        self._tell_silent({event.subject for event in new}, before)
        self._advance()
        return new

    def note_level(self, user: str) -> None:
        """From now on somebody is told as much as is stored."""
        with self.stage.store.read() as tx:
            self.levels = {**self.levels, user: tx.notice_levels.get(user)}

    def _tell(self, event: Event, before: Mapping[str, Allowance]) -> None:
        if event.subject in self.rows:
            self._judge(Seen(event, before.get(event.subject), self.rows[event.subject], self.levels))
        else:
            for judge in self.judges:
                judge(event)

    def _tell_silent(self, told: set[str], before: Mapping[str, Allowance]) -> None:
        for row in self.rows.values():
            if row.id not in told and row != before.get(row.id):
                self._judge(Seen(None, before.get(row.id), row, self.levels))

    def _judge(self, seen: Seen) -> None:
        self.seen.append(seen)
        for judge in self.judges:
            judge(seen)

    def _advance(self) -> None:
        """Every life goes forward only, and an end that was fixed never moves away."""
        now = self.stage.clock.now()
        for row in self.rows.values():
            state, last = status(row, now), self.states.get(row.id, Status.WAITING)
            assert state in LATER[last], f"{row.id} was {last} and is {state}."
            if state is Status.APPLYING and row.live_at is not None:
                assert row.missing_since is not None, f"{row.id} was live and is applying."
            self.states[row.id] = state
