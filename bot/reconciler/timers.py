"""Acts on the passing of time: lapses requests, warns people before an end, carries review campaigns on."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot.allowances import ALLOWANCES
from bot.approvals import lapse
from bot.domain.allowance import Allowance, Status, is_warning_due, status, warnings
from bot.domain.scale_proposal import Scale, ScaleStatus, scale_status
from bot.ports import AllowanceFilter, Finish, NoticeEvent, UnitOfWork
from bot.reconciler.campaigns import carry_on
from bot.reconciler.policy_review import review_pending
from bot.reconciler.run import Run
from bot.scaling import SCALES


def run_timers(run: Run) -> Finish:
    """Re-evaluate waiting requests, lapse undecided ones, warn of ends, and return when the next is due.

    The configuration is read at start, and a run follows every start: so it reaches what waits.
    """
    review_pending(run)
    now = run.now
    with run.write() as uow:
        allowances = uow.tx.allowances.find(AllowanceFilter(only_open=True))
        scales = uow.tx.scales.find()
        for allowance in allowances:
            _pass_time(uow, allowance)
        for scale in scales:
            if scale_status(scale, now) is ScaleStatus.LAPSED:
                lapse(uow, scale, SCALES)
    following = min((*_times(allowances, scales, now), *carry_on(run)), default=None)
    return Finish(None if following is None else following - now, state=run.kept)


def _pass_time(uow: UnitOfWork, allowance: Allowance) -> None:
    state = status(allowance, uow.now)
    if state is Status.LAPSED:
        lapse(uow, allowance, ALLOWANCES)
    elif state is Status.EXPIRING and is_warning_due(allowance, uow.now):
        saved = uow.tx.allowances.save(replace(allowance, warned_at=uow.now), is_open=True)
        uow.tell(saved.id, saved.requester, NoticeEvent.EXPIRING)


def _times(allowances: Iterable[Allowance], scales: Iterable[Scale], now: datetime) -> Iterable[datetime]:
    waiting = [a.lapses_at for a in allowances if a.approved_at is None]
    ending = [time for a in allowances for time in warnings(a)]
    lapsing = [s.lapses_at for s in scales if s.approved_at is None]
    return (time for time in (*waiting, *ending, *lapsing) if time > now)
