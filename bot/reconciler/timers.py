"""Acts on the passing of time: reminds people, lapses requests, warns before an end, carries reviews on."""

from dataclasses import replace
from datetime import timedelta

from bot.allowances import ALLOWANCES
from bot.approvals import lapse
from bot.domain.allowance import Allowance, Status, status
from bot.domain.approval import TimeWindow, next_wait
from bot.domain.break_glass import next_nag
from bot.domain.expiry import is_warning_due, warnings
from bot.domain.people import Identity
from bot.domain.scale_proposal import ScaleStatus, scale_status
from bot.ports import AllowanceFilter, Finish, NoticeEvent, UnitOfWork
from bot.reconciler.campaigns import carry_on
from bot.reconciler.policy_review import review_pending
from bot.reconciler.reminders import remind_pending
from bot.reconciler.run import Run
from bot.scaling import SCALES


def run_timers(run: Run) -> Finish:
    """Re-evaluate waiting requests, remind of them, lapse undecided ones, warn of ends, and say when the next is due.

    The configuration is read at start, and a run follows every start: so it reaches what waits.
    """
    review_pending(run)
    remind_pending(run)
    now, hours = run.now, owners_hours(run)
    with run.write() as uow:
        allowances = uow.tx.allowances.find(AllowanceFilter(only_open=True))
        scales = uow.tx.scales.find()
        for allowance in allowances:
            _pass_time(uow, allowance, hours.get(allowance.owner))
        for scale in scales:
            if scale_status(scale, now) is ScaleStatus.LAPSED:
                lapse(uow, scale, SCALES)
    waits = (next_wait(one, run.ctx.config.reminders, now) for one in (*allowances, *scales) if one.is_waiting(now))
    ends = (time for one in allowances for time in warnings(one, hours.get(one.owner)) if time > now)
    nags = (next_nag(one, run.ctx.config.reminders, run.ctx.config.break_glass, now) for one in allowances)
    following = min((time for time in (*waits, *ends, *nags, *carry_on(run)) if time is not None), default=None)
    return Finish(None if following is None else max(following - now, timedelta()), state=run.kept)


def owners_hours(run: Run) -> dict[Identity, TimeWindow | None]:
    """The working hours of everybody who owns something that ends; Slack knows their time zones."""
    pace = run.ctx.config.reminders
    if pace.hours is None:
        return {}
    with run.ctx.store.read() as tx:
        ending = tx.allowances.find(AllowanceFilter(only_open=True))
    owners = {one.owner for one in ending if warnings(one)}
    return {owner: pace.hours_in(run.ctx.directory.zone(owner)) for owner in sorted(owners)}


def _pass_time(uow: UnitOfWork, allowance: Allowance, hours: TimeWindow | None) -> None:
    state = status(allowance, uow.now)
    if state is Status.LAPSED:
        lapse(uow, allowance, ALLOWANCES)
    elif state in (Status.LIVE, Status.EXPIRING) and is_warning_due(allowance, uow.now, hours):
        saved = uow.tx.allowances.save(replace(allowance, warned_at=uow.now), is_open=True)
        uow.tell(saved, NoticeEvent.EXPIRING)
