"""Acts on the passing of time: reminds people, lapses requests, and warns before an end."""

from dataclasses import replace
from datetime import timedelta

from bot.allowances import ALLOWANCES
from bot.approvals import lapse
from bot.domain.allowance import Allowance, Status, is_warning_due, status, warnings
from bot.domain.approval import next_wait
from bot.domain.scale_proposal import ScaleStatus, scale_status
from bot.ports import AllowanceFilter, Finish, NoticeEvent, UnitOfWork
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
    now = run.now
    with run.write() as uow:
        allowances = uow.tx.allowances.find(AllowanceFilter(only_open=True))
        scales = uow.tx.scales.find()
        for allowance in allowances:
            _pass_time(uow, allowance)
        for scale in scales:
            if scale_status(scale, now) is ScaleStatus.LAPSED:
                lapse(uow, scale, SCALES)
    waits = (next_wait(one, run.ctx.config.reminders, now) for one in (*allowances, *scales) if one.is_waiting(now))
    ends = (time for one in allowances for time in warnings(one) if time > now)
    following = min((*waits, *ends), default=None)
    return Finish(None if following is None else max(following - now, timedelta()), state=run.kept)


def _pass_time(uow: UnitOfWork, allowance: Allowance) -> None:
    state = status(allowance, uow.now)
    if state is Status.LAPSED:
        lapse(uow, allowance, ALLOWANCES)
    elif state is Status.EXPIRING and is_warning_due(allowance, uow.now):
        saved = uow.tx.allowances.save(replace(allowance, warned_at=uow.now), is_open=True)
        uow.tell(saved.id, saved.requester, NoticeEvent.EXPIRING)
