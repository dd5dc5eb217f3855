"""What happens because time passes and nobody acts: requests lapse, and people are warned before an end."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot.allowances import ALLOWANCES
from bot.approvals import lapse
from bot.capacity import SCALES
from bot.domain.allowance import Allowance, Status, status, warns_at
from bot.domain.scale import Scale, ScaleStatus, scale_status
from bot.ports import AllowanceFilter, Desk, Finish
from bot.reconciler.run import Run
from bot.reconciler.weighing import weigh_again


def run_timers(run: Run) -> Finish:
    """Re-evaluate waiting requests, lapse undecided ones, warn of ends, and return when the next is due.

    The configuration is read at start, and a run follows every start: so it reaches what waits.
    """
    weigh_again(run)
    now = run.now
    with run.write() as desk:
        allowances = desk.tx.allowances.find(AllowanceFilter(only_open=True))
        scales = desk.tx.scales.find()
        for allowance in allowances:
            _pass_time(desk, allowance)
        for scale in scales:
            if scale_status(scale, now) is ScaleStatus.LAPSED:
                lapse(desk, scale, SCALES)
    following = min(_times(allowances, scales, now), default=None)
    return Finish(None if following is None else following - now, state=run.kept)


def _pass_time(desk: Desk, allowance: Allowance) -> None:
    state = status(allowance, desk.now)
    if state is Status.LAPSED:
        lapse(desk, allowance, ALLOWANCES)
    elif state is Status.EXPIRING and allowance.warned_at is None:
        saved = desk.tx.allowances.save(replace(allowance, warned_at=desk.now), is_open=True)
        desk.tell(saved.id, saved.requester, "expiring")


def _times(allowances: Iterable[Allowance], scales: Iterable[Scale], now: datetime) -> Iterable[datetime]:
    waiting = [a.lapses_at for a in allowances if a.approved_at is None]
    warnings = [warns_at(a) for a in allowances if a.warned_at is None]
    lapsing = [s.lapses_at for s in scales if s.approved_at is None]
    return (time for time in (*waiting, *warnings, *lapsing) if time is not None and time > now)
