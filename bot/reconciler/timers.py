"""Acts on the passing of time: reminds people, lapses requests, warns before an end, carries reviews on."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.allowances import ALLOWANCES
from bot.approvals import lapse
from bot.domain.allowance import Allowance, Status, status, warns_at
from bot.domain.approval import TimeWindow, next_wait
from bot.domain.break_glass import next_nag
from bot.domain.expiry import is_card_due, is_warning_due, warnings
from bot.domain.people import Identity
from bot.domain.scale_proposal import ScaleStatus, scale_status
from bot.ports import AllowanceFilter, Finish, NoticeEvent, UnitOfWork
from bot.reconciler.campaigns import carry_on
from bot.reconciler.pieces import Step, write_in_pieces
from bot.reconciler.policy_review import PolicyReview
from bot.reconciler.reminders import remind_pending
from bot.reconciler.run import Run
from bot.scaling import SCALES


class Timers:
    """The timers of one process."""

    def __init__(self) -> None:
        self._review = PolicyReview()

    def run(self, run: Run) -> Finish:
        """Re-evaluate waiting requests, remind of them, lapse undecided ones, warn of ends, and say what is due next.

        The configuration is read at start, and a run follows every start: so it reaches what waits.
        """
        rows = every_open(run)
        if self._review.run(run, rows):
            rows = every_open(run)
        if remind_pending(run, rows):
            rows = every_open(run)
        return _act(run, rows)


def _act(run: Run, allowances: Sequence[Allowance]) -> Finish:
    now, hours = run.now, owners_hours(run, allowances)
    with run.ctx.store.read() as tx:
        scales = tx.scales.find()
    write_in_pieces(run, ((row, _due(row, hours.get(row.owner), now)) for row in allowances))
    for scale in scales:
        if scale_status(scale, now) is ScaleStatus.LAPSED:
            with run.write() as uow:
                lapse(uow, scale, SCALES)
    waits = (next_wait(one, run.ctx.config.reminders, now) for one in (*allowances, *scales) if one.is_waiting(now))
    ends = (time for one in allowances for time in _near_ends(one, hours.get(one.owner)) if time > now)
    nags = (next_nag(one, run.ctx.config.reminders, run.ctx.config.break_glass, now) for one in allowances)
    following = min((time for time in (*waits, *ends, *nags, *carry_on(run)) if time is not None), default=None)
    return Finish(None if following is None else max(following - now, timedelta()), state=run.kept)


def every_open(run: Run) -> list[Allowance]:
    """Every open allowance as it is stored now."""
    with run.ctx.store.read() as tx:
        return tx.allowances.find(AllowanceFilter(only_open=True))


def owners_hours(run: Run, ending: Iterable[Allowance]) -> dict[Identity, TimeWindow | None]:
    """The working hours of everybody who owns something that ends; Slack knows their time zones."""
    pace = run.ctx.config.reminders
    if pace.hours is None:
        return {}
    owners = {one.owner for one in ending if warnings(one)}
    return {owner: pace.hours_in(run.ctx.directory.zone(owner)) for owner in sorted(owners)}


def _due(row: Allowance, hours: TimeWindow | None, now: datetime) -> Step | None:
    """What time has brought about for an allowance: it lapsed, its owner is to be warned, or its card is old."""
    state = status(row, now)
    if state is Status.LAPSED:
        return partial(_lapse, allowance_id=row.id)
    if state in (Status.LIVE, Status.EXPIRING) and is_warning_due(row, now, hours):
        return partial(_warn, allowance_id=row.id, hours=hours)
    return partial(_show_end, allowance_id=row.id) if state is Status.EXPIRING and is_card_due(row, now) else None


def _near_ends(row: Allowance, hours: TimeWindow | None) -> list[datetime]:
    """The times of its warnings, and when it begins to be called expiring."""
    begins = warns_at(row)
    return [*warnings(row, hours), *([begins] if begins else [])]


def _lapse(uow: UnitOfWork, allowance_id: str) -> None:
    row = uow.tx.allowances.get(allowance_id)
    if status(row, uow.now) is Status.LAPSED:  # nobody decided it meanwhile
        lapse(uow, row, ALLOWANCES)


def _warn(uow: UnitOfWork, allowance_id: str, hours: TimeWindow | None) -> None:
    row = uow.tx.allowances.get(allowance_id)
    is_open = status(row, uow.now) in (Status.LIVE, Status.EXPIRING)
    if is_open and is_warning_due(row, uow.now, hours):  # nobody revoked or renewed it meanwhile
        saved = uow.tx.allowances.save(replace(row, warned_at=uow.now), is_open=True)
        uow.tell(saved, NoticeEvent.EXPIRING)


def _show_end(uow: UnitOfWork, allowance_id: str) -> None:
    row = uow.tx.allowances.get(allowance_id)
    if status(row, uow.now) is Status.EXPIRING and is_card_due(row, uow.now):
        uow.draw(uow.tx.allowances.save(replace(row, shown_ending_at=uow.now), is_open=True))
